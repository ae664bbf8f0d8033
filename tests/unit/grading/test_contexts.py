"""Every exercise of the course can be graded: its checker gets all that it asks for."""

import inspect

import jupytext
import nbformat
import numpy as np
import pytest

from camlib import checks
from camlib.grading import grade, notebooks
from camlib.grading.contexts import CONTEXTS, context

SOURCES = notebooks.COURSE.with_name("course")


def asked_for(checker):
    """How many arguments a checker wants after the answer."""
    parameters = list(inspect.signature(getattr(checks, checker)).parameters.values())[1:]
    return sum(parameter.default is parameter.empty for parameter in parameters)


def test_there_is_a_context_where_a_checker_asks_for_one_and_nowhere_else():
    assert sorted(CONTEXTS) == [name for name in sorted(checks.__all__) if asked_for(name)]
    assert {name: len(context(name)) for name in CONTEXTS} == {name: asked_for(name) for name in CONTEXTS}


def test_a_context_is_the_same_each_time_and_not_the_same_object():
    first, second = context("fold"), context("fold")
    assert all(np.array_equal(a, b) and a is not b for a, b in zip(first, second))


@pytest.mark.parametrize("name", notebooks.course())
def test_solutions_are_right_and_stubs_are_not_attempted(name, tmp_path):
    """The solved source, and the learners' copy, as if they were collected."""
    solved, stubs = tmp_path / "solved" / f"{name}.ipynb", tmp_path / "stubs" / f"{name}.ipynb"
    solved.parent.mkdir()
    nbformat.write(jupytext.read(SOURCES / f"{name}.py"), solved)
    stubs.parent.mkdir()
    stubs.write_bytes((notebooks.COURSE / f"{name}.ipynb").read_bytes())
    right, blank = sorted(grade.grade(tmp_path), key=lambda row: row.place)
    assert (right.learner, right.notebook, right.problem) == ("solved", name, "")
    assert set(right.verdicts.values()) == {"right"}, right
    assert set(blank.verdicts.values()) == {"not attempted yet"}, blank
    asked = (SOURCES / f"{name}.py").read_text().count('tags=["exercise"]')
    assert len(right.verdicts) == len(blank.verdicts) == asked
