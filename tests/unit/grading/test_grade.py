import csv
import re

import pytest

from camlib import cli
from camlib.grading import grade
from camlib.grading.notebooks import Exercise
from camlib.grading.sandbox import Limits

from .conftest import CHEATS, HONEST, NAME, TASKS


@pytest.fixture(scope="module")
def rows(collected, course):
    rows = sorted(grade.grade(collected, Limits(seconds=10, memory=1024), course), key=lambda row: row.place)
    *rows, copy = rows
    assert "checkpoints" in copy.file and copy.problem.startswith("left out: hidden")
    return {row.learner: row for row in rows}


def test_each_learner_has_one_row(rows):
    assert len(rows) == 20 and {row.notebook for learner, row in rows.items() if learner != "sam"} == {NAME}


@pytest.mark.parametrize("learner", HONEST)
def test_honest_work_gets_what_is_right(rows, learner):
    assert grade.points(rows[learner]) == HONEST[learner][1], rows[learner]
    assert rows[learner].problem == ""


@pytest.mark.parametrize("learner, exercise, hint", [
    ("ben", "mended_maps", "not attempted yet"),
    ("cai", "maps_by_hand", "these are ten numbers, not ten maps"),
    ("eli", "maps_by_hand", "your code stopped with IndexError"),
    ("jon", "maps_by_hand", "your code stopped with NameError: name 'feature' is not defined"),
    ("gus", "on_a_wide_canvas", "your code stopped with ValueError: [2J very very"),
    ("hal", "mended_maps", "upside down is another fault"),
    ("que", "maps_by_hand", "2 cells define maps_by_hand: keep one"),
    ("rob", "maps_of_flattened", "no cell defines maps_of_flattened"),
])
def test_hints_are_those_of_the_checkers(rows, learner, exercise, hint):
    assert hint in rows[learner].verdicts[exercise]


@pytest.mark.parametrize("learner", CHEATS)
@pytest.mark.parametrize("exercise", TASKS)
def test_cheats_and_accidents_earn_nothing_and_are_named(rows, learner, exercise):
    said = rows[learner].verdicts[exercise]
    assert CHEATS[learner][exercise][1] in said and "\n" not in said and len(said) <= 300


@pytest.mark.parametrize("learner, problem", [
    ("pia", "not a notebook that can be read"), ("tia", "the file has 51 MB"), ("sam", "holds no name of a notebook")])
def test_a_file_without_verdicts_says_why(rows, learner, problem):
    assert problem in rows[learner].problem and rows[learner].verdicts == {}


@pytest.mark.parametrize("learner", ["que", "rob"])
def test_what_is_left_of_a_damaged_notebook_counts(rows, learner):
    assert grade.points(rows[learner]) == 3


def test_the_table_has_a_row_a_notebook_and_a_column_an_exercise(rows, tmp_path):
    grade.write_csv(list(rows.values()), tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        table = {line["learner"]: line for line in csv.DictReader(file)}
    assert len(table) == 20
    assert list(table["ada"])[6:] == [f"04 {name}" for name in TASKS]
    assert table["ada"]["right"] == table["ada"]["exercises"] == "4" and table["ada"]["04 mended_maps"] == "✔ right"
    assert table["ben"]["04 mended_maps"] == "○ not attempted yet" and table["cai"]["04 maps_by_hand"][:2] == "✘ "
    assert table["pia"]["right"] == "0" and table["pia"]["problem"] and table["pia"]["04 mended_maps"] == ""


def test_a_name_is_no_formula(tmp_path):
    grade.write_csv([grade.Row("=1+1", "", "@x.ipynb", {}, "broken")], tmp_path / "grades.csv")
    assert re.search("^'=1.1,,'@x.ipynb,0,0,broken", (tmp_path / "grades.csv").read_text(), re.M)


@pytest.mark.parametrize("file, learner, notebook", [
    (f"ana/{NAME}.ipynb", "ana", NAME),
    (f"ana/week 3/{NAME} (1).ipynb", "ana", NAME),
    (f"ana_{NAME}.ipynb", "ana", NAME),
    (f"{NAME}-ana b.ipynb", "ana b", NAME),
    (f"{NAME}.ipynb", NAME, NAME),
    ("ana.ipynb", "ana", ""),
    ("ana/work.ipynb", "ana", ""),
])
def test_files_map_to_learners(tmp_path, file, learner, notebook):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    (_, *found), = [("", *file[:3]) for file in grade.collected(tmp_path, [NAME])]
    assert found == [learner, notebook, tmp_path / file]


@pytest.mark.parametrize("name, checker, cell, said", [
    ("f", "erased", "def f(images, boxes):\n    images[:] = 0\n    return images", "work on a copy"),
    ("f", "logit_gradient", "import numpy as np\ndef f(z, label):\n    np.exp(z, out=z)\n    z /= z.sum()\n"
     "    z[label] -= 1\n    return z", "^right$"),
])
def test_an_answer_that_writes_over_what_it_is_given_is_judged_as_in_a_notebook(name, checker, cell, said):
    assert re.search(said, grade.verdict(cell, Exercise(name, checker, {}), [], Limits()))


def test_where_no_process_starts_the_exercise_is_not_graded(tmp_path, monkeypatch, course):
    def refused(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    (tmp_path / f"ana_{NAME}.ipynb").write_bytes((course / f"{NAME}.ipynb").read_bytes())
    monkeypatch.setattr("subprocess.Popen", refused)
    row, = grade.grade(tmp_path, course=course)
    assert set(row.verdicts.values()) == {"not graded: [Errno 11] Resource temporarily unavailable"}


def test_the_command_writes_the_table_and_says_what_it_does_not_guard_against(tmp_path, capsys):
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / f"{NAME}.ipynb").write_text("{")
    cli.main(["grade", str(tmp_path), "--csv", str(tmp_path / "grades.csv")])
    printed = capsys.readouterr().out
    assert "Run it in a container" in printed and f"ana/{NAME}.ipynb: not a notebook that can be read" in printed
    assert f"ana,{NAME},ana/{NAME}.ipynb,0,0,not a notebook" in (tmp_path / "grades.csv").read_text()


def test_a_folder_without_notebooks_is_told(tmp_path):
    with pytest.raises(SystemExit, match=r"holds no notebook: expected LEARNER/NAME.ipynb"):
        cli.main(["grade", str(tmp_path), "--csv", str(tmp_path / "grades.csv")])
