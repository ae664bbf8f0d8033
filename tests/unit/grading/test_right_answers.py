"""Right answers get their points however a notebook holds them, and wrong ones do not."""

import json

import pytest

from camlib.grading import grade, notebooks
from camlib.grading.notebooks import Cell
from camlib.grading.sandbox import Limits

from .conftest import HEADS, NAME, cells_of

RIGHT = HEADS["maps_by_hand"] + "    return features @ kernel\n"
WRONG = HEADS["maps_by_hand"] + "    return features * 2\n"
STUB = HEADS["maps_by_hand"] + "    return None\n"


@pytest.fixture(scope="module")
def task(course):
    """The exercise maps_by_hand."""
    return notebooks.exercises(course / f"{NAME}.ipynb")[0]


def said(task, *cells, course=()):
    """The verdict on an exercise in a notebook with these cells: texts, or (text, whether it is tagged)."""
    cells = [Cell(*cell) if isinstance(cell, tuple) else Cell(cell, False) for cell in cells]
    return grade.verdicts(cells, [task], set(course), Limits())[task.name]


@pytest.mark.parametrize("cell", [
    RIGHT + "maps_by_hand(features, kernel)",
    RIGHT + "maps = maps_by_hand(features, kernel)\nprint(maps.shape)\nmaps.max()",
    RIGHT + "checks.maps_by_hand(maps_by_hand, features, kernel)\nplt.imshow(maps_by_hand(features, kernel)[..., 0])",
    RIGHT + "display(maps_by_hand(np.ones((2, 2, 3)), np.ones((3, 4))))",
    "display(network)\nrows, columns = features.shape[:2]\n" + RIGHT,
    "%%time\n" + RIGHT,
    "\n%%capture out\n%%timeit -n 1\n" + RIGHT + "maps_by_hand(features, kernel)",
    "%matplotlib inline\n" + RIGHT + "%timeit maps_by_hand(features, kernel)",
    "!ls\nfiles = !ls\n" + RIGHT + "help?\n?help\nnp.einsum??",
    HEADS["maps_by_hand"] + "    %time maps = features @ kernel\n    !ls\n    display(maps)\n    return maps",
    "%time rows = 1\n" + HEADS["maps_by_hand"] + "    return rows * features @ kernel",
    "import sys\n" + RIGHT + "sys.exit('done')",
    "import no_such_library\nawait something\n" + RIGHT,
    "try:\n    import no_such_library\nexcept ImportError:\n    " + RIGHT.replace("\n", "\n    "),
    "from __future__ import annotations\ndef maps_by_hand(features: Array, kernel: Array): return features @ kernel",
    "maps_by_hand = lambda features, kernel: features @ kernel",
    "other = maps_by_hand = lambda features, kernel: features @ kernel",
    "maps_by_hand: callable = lambda features, kernel: features @ kernel",
    "%%time\nmaps_by_hand: callable = lambda features, kernel: features @ kernel",
    "one, (maps_by_hand, *_) = 1, (lambda features, kernel: features @ kernel, 2)",
    "(maps_by_hand := lambda features, kernel: features @ kernel)",
])
def test_a_right_answer_is_right_whatever_its_cell_does_beside(task, cell):
    assert said(task, (cell, True)) == "right"


@pytest.mark.parametrize("cells", [
    [(STUB, True), RIGHT],
    [(STUB, True), WRONG, RIGHT],
    [RIGHT, (STUB, True)],
    [(STUB, True), (RIGHT, True)],
    [(STUB.replace("None", "None  # below"), True), RIGHT],
    ["def weighted(f, k):\n    return f @ k * ONE", "ONE = np.ones(1).sum()\n%matplotlib inline",
     (HEADS["maps_by_hand"] + "    return weighted(features, kernel)", True)],
    ["from numpy import *", (HEADS["maps_by_hand"] + "    return dot(features, kernel)", True)],
    ["if True:\n    def weigh(f, k): return f @ k\nelse:\n    weigh = None", "not Python",
     (HEADS["maps_by_hand"] + "    return weigh(features, kernel)", True)],
])
def test_cells_of_ones_own_count(task, cells):
    task = task._replace(stub=STUB.strip())
    assert said(task, *cells) == "right"


@pytest.mark.parametrize("filled, one", [
    ("w = np.zeros(3)\nw[:] = 1", "w"), ("d = {}\nfor c in range(3):\n    d[c] = 1.0", "d[2]"),
    ("ones = []\nones.append(1.0)", "ones[0]"), ("d = {}\nd.update(a=1)", "d['a']"),
    ("import types\nbox = types.SimpleNamespace(w=[0])\nbox.w[0] = box.k = 1.0", "box.k * box.w[0]"),
    ("w = np.zeros(3)\nif True:\n    w.fill(1)", "w"), ("d = [2, 1]\ndel d[0]", "d[0]"),
])
def test_what_cells_of_ones_own_fill_is_filled(task, filled, one):
    assert said(task, *filled.partition("\n")[::2], (HEADS["maps_by_hand"] + f"    return features @ kernel * {one}",
                                                     True)) == "right"


def test_what_a_function_fills_waits_for_its_call(task):
    cell = "ones = [1.0]\ndef spoil():\n    ones[0] = 7\nclass Box:\n    ones = [3]\n    ones[0] = 7"
    assert said(task, cell, (HEADS["maps_by_hand"] + "    return features @ kernel * ones[0]", True)) == "right"


HELPED = HEADS["maps_by_hand"] + "    return weigh(features, kernel)"
CHECK = "checks.maps_by_hand(maps_by_hand, features, kernel)"


def test_a_helper_below_the_answer_counts_where_it_runs_before_the_check(task):
    helper, spoilt = "def weigh(f, k):\n    return f @ k", "def weigh(f, k):\n    return f"
    assert said(task, (HELPED, True), helper, CHECK, course=[CHECK]) == "right"
    assert said(task, helper, (HELPED, True), CHECK, spoilt, course=[CHECK]) == "right"
    assert "NameError" in said(task, (HELPED, True), CHECK, helper, course=[CHECK])
    assert "NameError" in said(task, (HELPED, True), helper, CHECK, course=[CHECK, helper])


def test_what_the_course_computes_is_not_run_again(task):
    slow = "weight = 1 / 0 or network.predict(scenes)"
    cell = (HEADS["maps_by_hand"] + "    return weight", True)
    assert "NameError" in said(task, slow, cell, course=[slow])


@pytest.mark.parametrize("cells, hint", [
    ([(WRONG, True), RIGHT], "shape"),
    ([(STUB, True), RIGHT, WRONG], "shape"),
    ([(STUB, True)], "not attempted yet"),
    ([(RIGHT, True), (RIGHT, True)], "2 cells define maps_by_hand: keep one"),
    ([(HEADS["maps_by_hand"] + "    return features @ kernel +", True)], "SyntaxError"),
    ([("%%time\nmaps_by_hand(features, kernel)\n1 / 0\ndef maps_by_hand_(): pass\n" + STUB, True)], "not attempted"),
])
def test_and_nothing_else_does(task, cells, hint):
    assert hint in said(task._replace(stub=STUB.strip()), *cells)


@pytest.mark.parametrize("odd", [
    {"cell_type": "code"}, {"cell_type": "code", "source": None, "metadata": {"tags": ["exercise"]}},
    {"cell_type": "code", "source": "x", "metadata": None}, {"cell_type": "code", "source": "x", "metadata": []},
    {"cell_type": "code", "source": ["x", 3, None], "metadata": {"tags": None}}, {"cell_type": "raw"}, {}, None, 7, [],
    {"cell_type": "code", "source": "x", "metadata": {"tags": 7}},
    {"cell_type": "code", "source": "x", "metadata": {"tags": [["exercise"], {}]}},
])
def test_an_odd_cell_harms_no_other(tmp_path, course, odd):
    notebook = json.loads((course / f"{NAME}.ipynb").read_text())
    first, second, *_ = cells_of(notebook)
    del first["source"]
    second["metadata"]["tags"] = None
    notebook["cells"].insert(0, odd)
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook), "utf-8-sig")
    cells = notebooks.code_cells(tmp_path / "a.ipynb")
    lost, *others = notebooks.exercises(course / f"{NAME}.ipynb")
    assert [len(notebooks.answers(cells, exercise)) for exercise in others] == [1, 1, 1]
    with pytest.raises(ValueError, match="no cell defines"):
        notebooks.answers(cells, lost)


def test_copies_are_the_same_learners_later_files(tmp_path):
    copies = "", " copy", " (1)", "-2", "-Copy3", " - Copy (4)", " copy 11"
    first, *later = (f"{NAME}{copy}.ipynb" for copy in copies)
    others = f"{NAME}-20251.ipynb", f"{NAME}-bo.ipynb"
    for name in (*later, *others, first):
        for path in (tmp_path / f"ana_{name}", tmp_path / "eva" / name):
            path.parent.mkdir(exist_ok=True)
            path.touch()
    found = [(learner, path.name) for learner, _, path, _ in grade.collected(tmp_path, [NAME])]
    assert [name for learner, name in found if learner == "ana"] == [f"ana_{name}" for name in (first, *later)]
    assert [name for learner, name in found if learner == "eva" and "bo" not in name and "251" not in name] == [
        first, *later]
    assert {learner for learner, _ in found} == {"ana", "eva", "ana_-20251", "ana_-bo"}


@pytest.mark.parametrize("copy", [
    "Copy of ana_{}", "Kopie von ana_{}", "Copy_of_Copy_of_ana_{}", "Copia de ana_{}", "ana_{}_1", "ana_{}.1",
    "ana_{} - Kopie", "ana_{} - Copie (2)", "Copy of ana_{}_2 (1)",
])
def test_copies_have_names_in_other_places_and_languages(tmp_path, copy):
    names = f"ana_{NAME}.ipynb", f"{copy.format(NAME)}.ipynb"
    for name in names:
        (tmp_path / name).touch()
    assert [(learner, path.name) for learner, _, path, _ in grade.collected(tmp_path, [NAME])] == [
        ("ana", name) for name in names]


@pytest.mark.parametrize("name, learner", [("{}_1", "1"), ("{}.2", "2"), ("ana_{}_20251", "ana__20251"),
                                           ("copyof_{}", "copyof"), ("Copy of {}", NAME)])
def test_and_numbers_of_learners_are_no_copies(tmp_path, name, learner):
    (tmp_path / f"{name.format(NAME)}.ipynb").touch()
    (found, *_), = grade.collected(tmp_path, [NAME])
    assert found == learner


@pytest.mark.parametrize("file, why", [
    (f"ana/{NAME}.py", "left out: its name does not end in .ipynb"), ("ana/photo.jpg", "left out: its name"),
    (f"ana/{NAME}.ipynb.txt", "left out: its name"), (f"ana/.ipynb_checkpoints/{NAME}.ipynb", "left out: hidden"),
    (f"__MACOSX/ana/._{NAME}.ipynb", "left out: hidden"), ("ana/work.ipynb", "the file's name holds no name"),
])
def test_a_file_that_is_left_out_has_a_row_that_says_why(tmp_path, file, why, course):
    for path in (tmp_path / f"z/{NAME.upper()}.IPYNB", tmp_path / file):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    row, = (row for row in grade.grade(tmp_path, course=course) if row.learner != "z")
    assert row.file == file and row.problem.startswith(why) and row.verdicts == {}


def test_a_folder_that_cannot_be_looked_into_has_a_row(tmp_path, monkeypatch):
    (tmp_path / "ana").mkdir()
    (tmp_path / f"bo_{NAME}.ipynb").touch()
    monkeypatch.setattr("os.access", lambda path, mode: path.name != "ana")
    *_, (learner, _, _, problem) = grade.collected(tmp_path, [NAME])
    assert (learner, problem) == ("ana", "left out: a folder that you may not read")


def test_a_file_that_cannot_be_read_is_told(tmp_path, course, monkeypatch):
    for learner in ("ana", "bo"):
        (tmp_path / f"{learner}_{NAME}.ipynb").write_bytes((course / f"{NAME}.ipynb").read_bytes())
    read = notebooks.code_cells

    def denied(path):
        if path.name.startswith("ana"):
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(notebooks, "code_cells", denied)
    ana, bo = sorted(grade.grade(tmp_path, course=course), key=lambda row: row.place)
    assert "Permission denied" in ana.problem and len(bo.verdicts) == 4
