"""findings/: each script has the form that CONTRIBUTING gives, and its line in the index. None is run."""

import os
import re
from pathlib import Path

import pytest

FINDINGS = Path(__file__).parents[2] / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
ROWS = [line for line in (FINDINGS / "README.md").read_text().splitlines() if line.startswith("| [")]


def test_the_index_names_each_script_once_in_order():
    assert SCRIPTS and [re.findall(r"\((\w+\.sh)\)", row) for row in ROWS] == [[path.name] for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_the_form(path):
    text = path.read_text()
    lines = text.splitlines()
    assert os.access(path, os.X_OK) and len(lines) <= 60 and max(map(len, lines)) <= 119
    needed = ("# Believed: ", "# So: ", "mktemp -d", "trap ", "-m venv ", "expected: ", "seen: ")
    assert [word for word in needed if word not in text] == []
    assert not [word for word in ("camlib", "http", "index-url") if word in text]
    pins = re.search(r"pip install((?: -\S+)*)((?:\s+\\?\s*[\w.-]+==[\w.]+)+)\n", text)[2].replace("\\", "").split()
    said = re.search(r"# With (.+); about \d+ s", text)[1].split(", ")
    assert [pin.replace("==", " ") for pin in pins] == said
    row = next(row for row in ROWS if path.name in row)
    assert all(about in said for about in re.split(", | on | and ", row.split("|")[4].strip()))
