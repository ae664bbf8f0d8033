"""Notebooks from their source: what readers get, what nbval gets, and what is refused."""

import nbformat
import pytest

from course import build, edition

SOURCE = '''\
# %% [markdown] tags=["slide"]
# # A title

# %% [markdown] tags=["guide"]
# For teachers.

# %%
from camlib.checks.checker import checker

class checks:
    @checker
    def double(answer, number):
        """Exercise 9.1, twice."""
        return None if answer(number) == 2 * number else "not twice"

# %% tags=["exercise"]
def double(number):
    """Twice the number.

    An int.
    """
    # adding would do
    return 2 * number

# %%
three = 3
checks.double(double, three)

# %% tags=["nbval-check-output"]
print(three)
'''
STUB = '''\
def double(number):
    """Twice the number.

    An int.
    """
    return None'''
NOT_YET = "○ Exercise 9.1, twice: not attempted yet\n"
RIGHT = "✔ Exercise 9.1, twice: right\n"


def lay_out(folder, patch):
    """A course of one short notebook, 09_double, which `build` takes for ours."""
    (folder / "source").mkdir()
    (folder / "source" / "09_double.py").write_text(SOURCE)
    patch.setattr(build, "SOURCES", folder / "source")
    patch.setattr(build, "FOLDER", folder)
    patch.setattr(edition, "FILE", folder / "course.toml")
    patch.setattr(build, "SOLUTIONS", folder / "solutions")
    return folder


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Its folder, with its source only."""
    return lay_out(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def learner(tmp_path_factory):
    """The notebook that `make notebooks` makes of it, in bytes."""
    with pytest.MonkeyPatch.context() as patch:
        folder = lay_out(tmp_path_factory.mktemp("course"), patch)
        build.main(["learner"])
        return (folder / "09_double.ipynb").read_bytes()


@pytest.fixture
def made(course, learner):
    """(source, notebook): both paths in the course, once it is made."""
    (course / "09_double.ipynb").write_bytes(learner)
    return course / "source" / "09_double.py", course / "09_double.ipynb"


def outputs(path):
    return [output.text for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]


def test_readers_get_stubs_and_no_guide(course):
    source = course / "source" / "09_double.py"
    ours, solved = build.learner(source), build.solved(source)
    assert [cell.cell_type for cell in ours.cells] == ["markdown", "code", "code", "code", "code", "code"]
    assert [build.tags(cell) for cell in ours.cells] == [["slide"], ["colab"], [], ["exercise"], [],
                                                         ["nbval-check-output"]]
    assert ours.cells[3].source == STUB
    assert solved.cells[1].source == "For teachers." and solved.cells[3].source.endswith("return 2 * number")
    ids = [cell.id for cell in solved.cells if cell.source != "For teachers."]
    assert [cell.id for cell in ours.cells] == [ids[0], "colab", *ids[1:]]
    nbformat.validate(ours)


@pytest.mark.parametrize("code, message", [
    ('def f():\n    """One."""\n    return 1\n\ndef g():\n    """Two."""\n    return 2', "holds 2 statements"),
    ('x = 1\ndef f():\n    """One."""\n    return 1', "one function and nothing else"),
    ("x = 1", "one function and nothing else"),
    ("", "the cell holds 0 statements"),
    ("def f():\n    return 1", "no docstring"),
    ('def f():\n    """One."""\n    return None  # as in the stub', "would equal the solution"),
    ('def f():\n    """One."""', "would equal the solution"),
    ("def f(:", "invalid syntax"),
])
def test_an_exercise_of_which_no_stub_can_be_made(course, code, message):
    source = course / "source" / "09_double.py"
    source.write_text(f'# %% tags=["exercise"]\n{code}\n')
    with pytest.raises(ValueError, match=f"09_double.py, exercise .*{message}"):
        build.learner(source)


def test_learner_copies_are_executed_and_solved_ones_are_not(course, made):
    assert outputs(made[1]) == [NOT_YET, "3\n"]
    build.main(["solved", "09"])
    assert outputs(course / "solutions" / "09_double.ipynb") == []
    assert "return 2 * number" in (course / "solutions" / "09_double.ipynb").read_text()


@pytest.mark.parametrize("end, message", [("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "Kernel died")])
def test_a_failing_run_leaves_the_old_notebook(course, end, message):
    (course / "09_double.ipynb").write_text("old")
    with (course / "source" / "09_double.py").open("a") as source:
        source.write(f"\n# %%\n{end}\n")
    with pytest.raises(SystemExit, match=message):
        build.main(["learner"])
    assert (course / "09_double.ipynb").read_text() == "old" and len(list(course.iterdir())) == 2


def test_texts_and_tags_change_without_a_run(course, made, monkeypatch):
    monkeypatch.setattr(build, "run", None)
    before = outputs(made[1])
    made[0].write_text(SOURCE.replace("# # A title", "# # Another title\n\n# %% [markdown] tags=[\"notes\"]\n# Ask."))
    build.main(["texts", "09"])
    cells = nbformat.read(made[1], 4).cells
    assert cells[0].source == "# Another title" and "Ask." not in made[1].read_text()
    assert outputs(made[1]) == before == [NOT_YET, "3\n"]
    assert [cell.execution_count for cell in cells if cell.cell_type == "code"] == [1, 2, 3, 4, 5]


def test_the_cell_for_colab_comes_and_changes_without_a_run(course, made, monkeypatch):
    """Into a notebook that has none, and where its version changed: outputs stay, and counts are those of a run."""
    monkeypatch.setattr(build, "run", None)
    whole, notebook = nbformat.read(made[1], 4).cells, nbformat.read(made[1], 4)
    notebook.cells[1].source = "print('of an older version')"
    nbformat.write(notebook, made[1])
    build.main(["texts"])
    assert nbformat.read(made[1], 4).cells == whole
    del notebook.cells[1]
    for place, cell in enumerate([cell for cell in notebook.cells if cell.cell_type == "code"], 1):
        cell.execution_count = place
    nbformat.write(notebook, made[1])
    build.main(["texts"])
    assert nbformat.read(made[1], 4).cells == whole


def test_code_that_changes_keeps_the_outputs_of_its_place_until_it_is_run(course, made, monkeypatch, capsys):
    monkeypatch.setattr(build, "run", None)
    before = outputs(made[1])
    made[0].write_text(SOURCE.replace("three = 3", "three = 4"))
    build.main(["texts"])
    assert "three = 4" in made[1].read_text() and outputs(made[1]) == before
    assert "1 of its cells have changed since their outputs were made" in capsys.readouterr().out


def test_a_cell_that_is_new_or_gone_needs_a_run(course, made):
    old = made[1].read_bytes()
    message = "holds outputs of other code than its source: run make notebooks ONLY=09"
    for source in (f"{SOURCE}\n# %%\n1 + 1\n", SOURCE[:SOURCE.rindex("# %%")]):
        made[0].write_text(source)
        with pytest.raises(SystemExit, match=message):
            build.main(["texts"])
        assert made[1].read_bytes() == old


def test_outputs_of_other_code_are_not_for_decks(made):
    made[0].write_text(SOURCE.replace("three = 3", "three = 4"))
    with pytest.raises(ValueError, match="holds outputs of other code"):
        build.with_outputs(build.learner(made[0]), made[1])


def test_a_cell_has_its_time(course):
    notebook = build.solved(course / "source" / "09_double.py")
    notebook.cells[-1].source = "while True: pass"
    with pytest.raises(TimeoutError):
        build.run(notebook, seconds=1)


def test_only_names_what_there_is(course):
    with pytest.raises(SystemExit, match="no notebook starts with '07': expected one of 09_double"):
        build.main(["learner", "07"])


def test_nbval_gets_each_cell_once_then_the_solution_and_the_stub_checked(made):
    ours, copy = nbformat.read(made[1], 4).cells, build.checked(*made).cells
    right, blank = copy[5:7]
    assert copy[:5] + copy[7:] == ours
    assert right.source.endswith("    return 2 * number\n\nchecks.double(double, three)")
    assert blank.source == f"{STUB}\n\nchecks.double(double, three)"
    for cell, line in ((right, RIGHT), (blank, NOT_YET)):
        assert cell.outputs[0].text == line and cell.metadata.tags == ["nbval-check-output"]
        assert cell.execution_count is not None  # nbval compares no cell that was never run


def test_a_copy_for_nbval_is_run_as_it_foresees(made):
    """Stub and solution in one kernel: all outputs are the foreseen ones."""
    copy = build.checked(*made)
    foreseen = [cell.outputs for cell in copy.cells if cell.cell_type == "code"]
    build.run(copy)
    assert [cell.outputs for cell in copy.cells if cell.cell_type == "code"] == foreseen
    assert [output.text for outputs in foreseen for output in outputs] == [NOT_YET, RIGHT, NOT_YET, "3\n"]


def test_a_notebook_older_than_its_source_is_not_for_nbval(made):
    made[0].write_text(SOURCE.replace("three = 3", "three = 4"))
    with pytest.raises(ValueError, match="09_double.ipynb is not made from 09_double.py: run make notebooks ONLY=09"):
        build.checked(*made)


@pytest.mark.parametrize("old, new", [("not attempted yet", "right"), ("checks.double(double, three)", "three")])
def test_a_check_without_a_verdict_is_not_for_nbval(made, old, new):
    for path in made:
        path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match="should call its checker, checks.…, and hold its answer to the stub"):
        build.checked(*made)
