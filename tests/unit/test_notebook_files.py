"""What every notebook must be, beyond running: made from its source, with its anatomy and its stored outputs."""

import json
import re
from pathlib import Path

import jupytext
import pytest

from course import build

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NAMES = ["00_start_here", "01_cluttered_mnist", "02_a_network_by_hand", "03_lenet_gap",
         "04_class_activation_maps", "05_measuring_localization", "06_alexnet_caltech256", "07_beyond_cam",
         "08_a_network_without_places", "09_audit_a_network"]


def read(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def prose(notebook):
    return "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def tagged(tag, cells):
    return [cell for cell in cells if tag in cell["metadata"].get("tags", [])]


def test_sources_notebooks_and_the_readme_name_the_same():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES
    assert sorted(path.stem for path in (ROOT / "course").glob("[0-9]*.py")) == NAMES
    assert re.findall(r"^\| \[.+\]\(notebooks/(\w+)\.ipynb\) \|", (ROOT / "README.md").read_text(), re.M) == NAMES


def opened(cell):
    """A closed cell as it would be if it were open."""
    metadata, text = dict(cell["metadata"]), source(cell)
    if cell["cell_type"] == "code":
        assert metadata.pop("jupyter") == {"source_hidden": True, "outputs_hidden": True}
        assert metadata["tags"][-1] == "hide-cell"
        metadata["tags"] = metadata["tags"][:-1]
    else:
        head, text, end = text.split("\n\n", 1)[0], text.split("\n\n", 1)[1].rsplit("\n\n", 1)[0], text[-10:]
        assert head.startswith("<details><summary>") and end == "</details>"
    return cell | {"metadata": metadata, "source": [text]}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_its_source_without_guide_notes_and_solutions(name):
    """Whoever changes a source runs `make notebooks`; whoever changes a notebook is told to change its source."""
    first, made, *others = read(name)["cells"]
    assert made["metadata"]["tags"] == ["colab"] and not made["outputs"]
    cells = [first, *others]
    solved = [cell for cell in jupytext.read(ROOT / "course" / f"{name}.py").cells
              if not {"guide", "notes"} & set(cell.metadata.get("tags", []))]
    build.unlink(ROOT / "course" / f"{name}.py", solved)  # what a lecturer's copy leaves out
    assert len(cells) == len(solved)
    for ours, theirs in zip(cells, solved):
        if tagged("answer", [ours]) or tagged("own-test", [ours]):
            ours = opened(ours)
        assert ours["cell_type"] == theirs.cell_type and ours["metadata"] == theirs.metadata
        if tagged("exercise", [ours]):
            head, rest = source(ours).split("    return None")
            assert rest == "" and head.endswith('"""\n') and theirs.source.startswith(head)
            assert theirs.source != source(ours)
        else:
            assert source(ours) == theirs.source


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_is_checked_and_not_attempted(name):
    cells = code_cells(read(name))
    exercises = tagged("exercise", cells)
    assert 1 <= len(exercises) <= 4
    for exercise in exercises:
        check = cells[cells.index(exercise) + 1]
        printed = "".join("".join(output.get("text", "")) for output in check["outputs"])
        assert source(check).count("checks.") == 1
        assert re.findall(r"^([○✔✘]) Exercise .+: (.+)$", printed, re.M) == [("○", "not attempted yet")]


@pytest.mark.parametrize("name", NAMES)
def test_stored_outputs_are_whole_and_clean(name):
    cells = code_cells(read(name))
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000
    counts = [cell["execution_count"] for cell in cells]
    assert counts == list(range(1, len(cells) + 1)), "run from top to bottom, every cell"
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert list(read(name)["metadata"]) == ["kernelspec"]  # no widgets, and no Python that made it


@pytest.mark.parametrize("name", NAMES)
def test_anatomy(name):
    notebook = read(name)
    for part in ("# " + name[:2] + " ·", "You will be able to", "Time", "Predict first", "References"):
        assert part.lower() in prose(notebook).lower(), part
    failures = tagged("honest-failure", notebook["cells"])
    assert len(failures) == 1 and re.search("^## ", source(failures[0]), re.M), "a section with one honest failure"
    assert all(len(source(cell).strip().splitlines()) <= 15 for cell in code_cells(notebook))
    assert all(len(line) <= 88 for cell in code_cells(notebook) for line in source(cell).splitlines())
    assert tagged("nbval-check-output", code_cells(notebook))
    assert "import tensorflow" not in "".join(source(cell) for cell in code_cells(notebook))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_has_1500_words_at_most(name):
    """Without formulas, addresses, and what opens at a click."""
    text = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|\$.*?\$|\(http\S+\)", "", prose(read(name)), flags=re.DOTALL)
    assert len(re.findall(r"[A-Za-z][\w’'-]*", text)) <= 1500


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\(([^)]+)\)", prose(read(name)))
    missing = [link for link in links if not re.match("[a-z]+://|#", link) and not (FOLDER / link).exists()]
    assert links and not missing
