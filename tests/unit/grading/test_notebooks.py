import json

import pytest

from camlib.grading import notebooks
from camlib.grading.notebooks import Cell

COURSE = [
    ("import numpy as np, os.path\nfrom camlib import boxes as b\nSIZE, n = 3, 4\nnet = load(SIZE)", ()),
    ("def double(x):\n    return 2 * x\nfor n in range(3):\n    pass", ()),
    ("def first(x):\n    '''Doc.'''\n    return None", ("exercise",)),
    ("small = SIZE\nchecks.first_of_all(first, small)", ()),
    ("SIZE = [1, 2]", ()),
    ("def second():\n    '''Doc.'''\n    return None", ("exercise",)),
    ("checks.second_of_all(second)", ()),
]


def saved(path, cells):
    cells = [{"cell_type": "code", "source": source.splitlines(keepends=True), "metadata": {"tags": list(tags)}}
             for source, tags in cells]
    path.write_text(json.dumps({"cells": [*cells, {"cell_type": "markdown", "source": "text", "metadata": {}}]}))
    return path


def test_exercises_know_their_checkers_and_what_is_defined_above_them(tmp_path):
    first, second = notebooks.exercises(saved(tmp_path / "01_course.ipynb", COURSE))
    assert (first.name, first.checker) == ("first", "first_of_all")
    assert (second.name, second.checker) == ("second", "second_of_all")
    assert sorted(first.above) == ["SIZE", "b", "double", "np", "os"]  # not net, nor n, which are computed
    assert first.above["SIZE"] == "SIZE, n = (3, 4)" and second.above["SIZE"] == "SIZE = [1, 2]"


def test_a_course_has_notebooks(tmp_path):
    with pytest.raises(ValueError, match="holds no notebook of the course"):
        notebooks.course(tmp_path)


def test_an_exercise_without_a_checker_is_told(tmp_path):
    path = saved(tmp_path / "01_course.ipynb", [*COURSE[:3], ("print(first)", ())])
    with pytest.raises(ValueError, match=r"01_course.ipynb: the code cell after the exercise first should call its"):
        notebooks.exercises(path)


F = notebooks.Exercise("f", "", {}, "def f():\n  0")


def test_answers_are_found_by_tag_or_else_by_name():
    exercise, scratch, other = Cell("def f():\n  1", True), Cell("def f(x):\n  2", False), Cell("def g(): 3", True)
    assert notebooks.answers([other, exercise, scratch], F)[0] == 1
    assert notebooks.answers([other, scratch], F) == [1]
    assert notebooks.answers([Cell("f = max", False), Cell("f == max", False)], F) == [0]
    for cells, said in (([exercise, exercise], "2 cells define f: keep one"), ([other], "no cell defines f"),
                        ([Cell("def foo(): 1", True)], "no cell defines f"),
                        ([Cell("g = f(f=3)\nf.a = f[0] = [f for f in 'ab']\ndef h():\n    f = 1", True)], "no cell"),
                        ([Cell("class A:\n    def f(self): 1", True)], "no cell defines f")):
        with pytest.raises(ValueError, match=said):
            notebooks.answers(cells, F)


def test_below_the_stub_the_last_cell_of_ones_own_counts():
    stub, copy, own = Cell("def f():\n  0\n", True), Cell("def f():\n  1", True), Cell("def f(x):\n  2", False)
    assert notebooks.answers([stub, copy, own], F) == [1, 2, 0]
    assert notebooks.answers([own, stub, own, Cell("f(3)", False)], F) == [2, 1, 0]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"cells": 3}', '{"cells": [1]}', '{"cells": [{}]}',
                                  '{"cells": [{"cell_type": "code"}]}', "[" * 100_000, "\x00",
                                  '{"cells": [{"cell_type": "code", "source": [1]}]}'])
def test_a_broken_file_is_told_in_a_sentence(tmp_path, text):
    path = tmp_path / "01.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="not a notebook that can be read"):
        notebooks.code_cells(path)


def test_too_large_a_file_is_not_read(tmp_path):
    path = tmp_path / "01.ipynb"
    with path.open("wb") as file:
        file.truncate(60 << 20)
    with pytest.raises(ValueError, match="has 60 MB, more than 50: clear its outputs"):
        notebooks.code_cells(path)
    with pytest.raises(ValueError, match="not a file"):
        notebooks.code_cells(tmp_path)
