"""A lecturer's copy, made and merged with git, of a course of four notebooks."""

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from course import build, edition, fork, slides

ROOT = Path(__file__).parents[2]
SOURCE = """\
# %% [markdown]
# # {number} · A title
#
# Words at the top.

# %%
print("one")

# %% [markdown]
# Words at the end.
#
# **Next:** [{following} · A title]({following}_notebook.ipynb)
"""
NUMBERS = ("00", "01", "04", "05")


def git(folder, *arguments):
    """What git answers: (its status, its words)."""
    mine = {"GIT_CONFIG_GLOBAL": os.devnull} | {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER")
                                               for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *arguments], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=os.environ | mine)
    return done.returncode, done.stdout


def commit(folder):
    assert git(folder, "add", "--all")[0] == git(folder, "commit", "--message", "Change")[0] == 0


@pytest.fixture
def work_in(monkeypatch):
    """A function that has `course` take a folder for ours."""
    def work_in(folder):
        monkeypatch.setattr(build, "SOURCES", folder / "course")
        monkeypatch.setattr(build, "FOLDER", folder / "notebooks")
        monkeypatch.setattr(edition, "FILE", folder / "course.toml")
        monkeypatch.setattr(fork, "ROOT", folder)
        monkeypatch.setattr(build, "run", None)
        return folder
    return work_in


def change(folder, name, *words):
    """Put the second of each two words in the place of the first, in a source."""
    source = folder / "course" / f"{name}_notebook.py"
    text = source.read_text("utf-8")
    for old, new in zip(words[::2], words[1::2]):
        assert old in text
        text = text.replace(old, new)
    source.write_text(text, "utf-8")


def run(name, printed):
    """The notebook made of its source, as if its code had been run."""
    source = build.SOURCES / f"{name}_notebook.py"
    notebook = build.learner(source)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[1].outputs = [nbformat.v4.new_output("stream", text=f"{printed}\n")]
    build.number(code)
    build.write(notebook, build.FOLDER / f"{source.stem}.ipynb")


@pytest.fixture
def course(tmp_path, work_in):
    """The course, in git."""
    folder = work_in(tmp_path / "upstream")
    for place in ("course", "notebooks", ".github"):
        (folder / place).mkdir(parents=True)
    shutil.copy(ROOT / ".gitattributes", folder)
    for number, following in zip(NUMBERS, (*NUMBERS[1:], "00")):
        text = SOURCE.format(number=number, following=following)
        (folder / "course" / f"{number}_notebook.py").write_text(text, "utf-8")
        run(number, "one")
    git(folder, "init", "--initial-branch", "main")
    commit(folder)
    return folder


@pytest.fixture
def copy(course, work_in):
    """A lecturer's clone, with two of the four notebooks, and words of its own at the top of 04."""
    folder = course.parent / "copy"
    git(course, "clone", ".", folder)
    work_in(folder)
    fork.main(["--title", 'The "maps"', "--institution", "Universität", "--repository", "https://github.com/uni/cam",
               "--notebooks", "04", "00", "--dates", "2027-04-20", "2027-05-04"])
    change(folder, "04", "Words at the top", "Our words at the top")
    fork.main([])
    commit(folder)
    return folder


def goes_on(course, work_in):
    """The course changes words and code of 04, and words of 01, which the copy leaves out."""
    work_in(course)
    change(course, "04", "Words at the end", "Later words at the end", '"one"', '"two"')
    run("04", "two")
    change(course, "01", "Words", "Other words")
    run("01", "one")
    commit(course)


def texts(folder, name):
    """What the cells of a notebook say, and what its code has printed."""
    cells = nbformat.read(folder / "notebooks" / f"{name}_notebook.ipynb", 4).cells
    printed = [output.text for cell in cells for output in cell.get("outputs", ())]
    return "\n".join(cell.source for cell in cells), printed


def test_a_copy_is_named_dated_and_linked(copy):
    assert edition.edition() == edition.Edition(
        title='The "maps"', institution="Universität", repository="https://github.com/uni/cam", notebooks=("00", "04"),
        dates=("2027-04-20", "2027-05-04"))
    first = (copy / ".github" / "README.md").read_text("utf-8")
    assert first.startswith('# The "maps"\n\nUniversität\n\n| session | date | notebook | in the browser |\n')
    assert "| 1 | 2027-04-20 | [00 · A title](../notebooks/00_notebook.ipynb) | [![Colab](" in first
    assert "| 4 | 2027-05-04 | [04 · A title]" in first and "01_notebook" not in first
    assert "[04 · A title](04_notebook.ipynb)" in texts(copy, "00")[0]  # the next that there is
    assert "https://github.com/uni/cam" in texts(copy, "04")[0] and "Next" not in texts(copy, "04")[0]


@pytest.mark.parametrize("dates, days", [((), ["", ""]), (("2027-04-20",), ["2027-04-20", ""]),
                                         (("2027-04-20", "2027-05-04", "2027-05-11"), ["2027-04-20", "2027-05-04"])])
def test_sessions_are_those_with_notebooks_and_have_dates_in_order(course, dates, days):
    """Also where a hand in course.toml wrote too few or too many."""
    found = slides.sessions(edition.Edition(notebooks=("00", "04"), dates=dates))
    assert [(number, day) for number, (day, _) in found.items()] == list(zip((1, 4), days))


def test_later_changes_of_the_course_merge_without_a_conflict(copy, course, work_in):
    goes_on(course, work_in)
    git(copy, "fetch")
    assert git(copy, "merge", "--no-edit", "origin/main")[0] == 0
    work_in(copy)
    fork.main([])
    text, printed = texts(copy, "04")
    assert "Our words at the top" in text and "Later words at the end" in text and printed == ["two\n"]
    assert "https://github.com/uni/cam" in text and "Next" not in text
    assert "Other words" in texts(copy, "01")[0]


def test_without_the_command_a_made_notebook_conflicts(copy, course, work_in):
    """So that the test above can fail: in another clone git knows nothing of made files."""
    goes_on(course, work_in)
    git(copy, "fetch")
    git(copy, "config", "--remove-section", "merge.made")
    status, said = git(copy, "merge", "--no-edit", "origin/main")
    assert status and "CONFLICT (content): Merge conflict in notebooks/04_notebook.ipynb" in said


def test_a_notebook_that_has_to_be_run_is_named_after_the_others_were_made(copy):
    change(copy, "00", "# %%\nprint", "# %%\n1 + 1\n\n# %%\nprint")
    change(copy, "04", "Words at the end", "Last words")
    with pytest.raises(SystemExit, match="run make notebooks ONLY=00"):
        fork.main([])
    assert "Last words" in texts(copy, "04")[0]


@pytest.mark.parametrize("asked, message", [
    (["--dates", "2027-04-20"], "there are 1 dates: expected one for each session that has notebooks, 1, 4"),
    (["--notebooks", "00", "07"], "no notebook starts with '07': expected one of 00_notebook"),
    (["--repository", "uni/cam"], "expected its address without .git"),
])
def test_what_does_not_fit_changes_nothing(copy, asked, message):
    before = edition.FILE.read_bytes()
    with pytest.raises(SystemExit, match=message):
        fork.main(asked)
    assert edition.FILE.read_bytes() == before and git(copy, "status", "--short") == (0, "")


def test_a_folder_without_git_is_told(course):
    shutil.rmtree(course / ".git")
    with pytest.raises(SystemExit, match="is no clone of the course: get it by git clone"):
        fork.main(["--title", "Maps"])
    assert not edition.FILE.exists()


def test_a_folder_within_another_repository_is_told(course, tmp_path_factory, monkeypatch):
    outer = tmp_path_factory.mktemp("outer")
    assert git(outer, "init")[0] == 0
    shutil.rmtree(course / ".git")
    shutil.move(course, outer / "course")
    monkeypatch.setattr(fork, "ROOT", outer / "course")
    with pytest.raises(OSError, match="is no clone of the course"):
        fork.write(edition.Edition())
    assert "merge.made" not in (outer / ".git" / "config").read_text()


def test_what_is_made_for_teachers_stays_out_of_git():
    for place in ("solutions/04.ipynb", "site/index.html", "slides/session_1.html"):
        assert git(ROOT, "check-ignore", f"out/{place}")[0] == 0
