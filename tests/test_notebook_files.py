"""What every notebook must be, beyond running: its anatomy, its solved twin, its stored outputs."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("[0-9]*.ipynb"))
ALL = NAMES + [f"solutions/{name}" for name in NAMES]


def read(name):
    return json.loads((FOLDER / name).read_text())


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def is_exercise(cell):
    return "exercise" in cell["metadata"].get("tags", [])


def test_there_are_notebooks():
    assert len(NAMES) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_the_solved_twin_differs_in_its_exercises_only(name):
    ours, solved = read(name)["cells"], read(f"solutions/{name}")["cells"]
    assert [cell["id"] for cell in ours] == [cell["id"] for cell in solved]
    for left, right in zip(ours, solved):
        if is_exercise(left):
            assert is_exercise(right) and "return None" in source(left) and source(left) != source(right)
            head = source(left).split("return None")[0].rstrip()
            assert source(right).startswith(head), "the twin keeps the stub's name and docstring"
        else:
            assert source(left) == source(right)


@pytest.mark.parametrize("name", NAMES)
def test_exercises_are_unattempted_here_and_right_there(name):
    def marks(which):
        text = "".join("".join(o.get("text", "")) for cell in code_cells(read(which)) for o in cell["outputs"])
        return re.findall(r"^([○✔✘]) Exercise", text, re.M)

    exercises = sum(map(is_exercise, read(name)["cells"]))
    assert 1 <= exercises <= 4
    assert marks(name) == ["○"] * exercises and marks(f"solutions/{name}") == ["✔"] * exercises


@pytest.mark.parametrize("name", ALL)
def test_stored_outputs_are_whole_and_clean(name):
    path, cells = FOLDER / name, code_cells(read(name))
    assert path.stat().st_size < 1_000_000
    counts = [cell["execution_count"] for cell in cells]
    assert counts == list(range(1, len(cells) + 1)), "run from top to bottom, every cell"
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert "widgets" not in read(name)["metadata"]


@pytest.mark.parametrize("name", NAMES)
def test_anatomy(name):
    cells = read(name)["cells"]
    prose = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
    for part in ("# " + name[:2] + " ·", "You will be able to", "Time", "Predict first", "References"):
        assert part.lower() in prose.lower(), part
    assert re.search("fail|lies|mistake", prose), "one honest failure"
    assert all(len(source(cell).strip().splitlines()) <= 15 for cell in code_cells(read(name)))
    assert all(len(line) <= 120 for cell in code_cells(read(name)) for line in source(cell).splitlines())
    assert any("nbval-check-output" in cell["metadata"].get("tags", []) for cell in cells)
    assert "import tensorflow" not in "".join(source(cell) for cell in code_cells(read(name)))


@pytest.mark.parametrize("name", ALL)
def test_links_lead_somewhere(name):
    prose = "\n".join(source(cell) for cell in read(name)["cells"] if cell["cell_type"] == "markdown")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if "://" not in link and not link.startswith("#")]
    missing = [link for link in links if not (FOLDER / name).parent.joinpath(link).exists()]
    assert not missing
