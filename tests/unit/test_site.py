"""What the site is made of, before Sphinx sees it."""

import re
import runpy
from pathlib import Path

import jupytext
import nbformat
import pytest

import camlib
from course import build
from course import edition as course_edition
from course.edition import edition
from docs import pages

ROOT = Path(__file__).parents[2]


def as_list(docstring, monkeypatch):
    """`docstring` as docs/conf.py hands it to Sphinx; MathJax, of which only the place is asked, need not be there."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: type("Spec", (), {"origin": __file__}))
    lines = docstring.splitlines()
    runpy.run_path(str(ROOT / "docs" / "conf.py"))["as_list"](None, "function", "f", None, None, lines)
    return "\n".join(lines)


PLAIN = """\
Twice.
x: a number,
or two. y, z: more
kind, of: x
    or y.
Raises ValueError for f(*a).

>>> 2 * 3"""
LIST = """\
Twice.

- **x**: a number,
  or two. y, z: more
- **kind, of**: x
  or y.

Raises ValueError for f(\\*a).

>>> 2 * 3"""


def test_what_a_docstring_says_of_each_name_becomes_a_list(monkeypatch):
    assert as_list(PLAIN, monkeypatch) == LIST


def test_every_name_of_camlib_is_in_the_api():
    text = "\n".join(pages.api().values())
    for name, home in {**camlib._FUNCTIONS, **camlib._MODULES}.items():
        assert f".. automodule:: camlib.{home}\n" in text
        assert name in camlib._MODULES or f"`{name}`" in text


@pytest.fixture(scope="module", params=[False, True], ids=["learners", "teachers"])
def gathered(request, tmp_path_factory):
    """(whether for teachers, the folder that Sphinx reads)"""
    folder = tmp_path_factory.mktemp("site") / "pages"
    pages.gather(folder, teachers=request.param)
    return request.param, folder


def test_pages_lead_to_each_part(gathered):
    teachers, folder = gathered
    index = (folder / "index.md").read_text("utf-8")
    listed = [line for line in index.splitlines() if line.startswith("api/")]
    assert sorted(listed) == sorted(f"api/{name}" for name in pages.api())
    names = {path.stem for path in (folder / "notebooks").iterdir()}
    assert names == {source.stem for source in build.chosen(edition())}
    assert ("guide/*" in index) == teachers


def texts(folder):
    """All texts that Sphinx reads in `folder`."""
    cells = [cell.source for path in folder.rglob("*.ipynb") for cell in nbformat.read(path, 4).cells]
    return "\n".join([*cells, *(path.read_text("utf-8") for path in folder.rglob("*.md"))])


def test_a_copy_with_fewer_notebooks_has_no_link_to_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(course_edition, "FILE", tmp_path / "course.toml")
    course_edition.FILE.write_text('notebooks = ["00", "01"]')
    pages.gather(tmp_path / "pages")
    text = "".join(page.read_text("utf-8") for page in (tmp_path / "pages").rglob("*.md"))
    named = set(re.findall(r"\]\((?:[./\w]*/)?(\d\d)_\w+\.ipynb", text))
    assert named == {"00", "01"} and len(list((tmp_path / "pages" / "notebooks").glob("*.ipynb"))) == 2


def test_only_teachers_get_guides_and_solutions(gathered):
    """Of guides, with the model report: all lines or none."""
    teachers, folder = gathered
    text = texts(folder)
    for source in build.chosen(edition()):
        learners = "\n".join(cell.source for cell in build.learner(source).cells)
        for cell in jupytext.read(source).cells:
            tags = set(build.tags(cell))
            lines = [line for line in cell.source.splitlines()
                     if len(line) > 40 and "](" not in line and line not in learners]
            if tags == {"guide"}:
                assert {line in text for line in lines} <= {teachers}
            elif tags & {"guide", "notes"}:
                assert not [line for line in lines if line in text]
            elif "exercise" in tags:
                assert (cell.source in text) == teachers
    audit = [source for source in build.chosen(edition()) if source.name.startswith("09")]
    assert ("A model report" in text) == (teachers and bool(audit))


def code(source, *outputs):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


def test_pages_that_nobody_runs_do_not_ask_to():
    """The course's own, too: no menu to press, no answer to what was not attempted."""
    not_yet = nbformat.v4.new_output("stream", text="○ Exercise 9.1, twice: not attempted yet\n")
    other = nbformat.v4.new_output("stream", text="3\n")
    cells = [nbformat.v4.new_markdown_cell("Of a course. Press **Run ▸ Run All Cells** now. (But read.)\n\nNext."),
             code("checks.double(double, 3)", not_yet), code("x = 1\nchecks.double(double, x)", not_yet),
             code("print(3)", other), nbformat.v4.new_markdown_cell("Write `checks.double(double, 3)`.")]
    text, setup, printed, said = pages.to_read(nbformat.v4.new_notebook(cells=cells)).cells
    assert text.source == "Of a course.\n\nNext." and said.source == "Write `checks.double(double, 3)`."
    assert setup.source.startswith("x = 1") and setup.outputs == [] and printed.outputs == [other]


def test_no_page_of_the_course_speaks_of_running_it(gathered):
    _, folder = gathered
    for path in (folder / "notebooks").iterdir():
        text = path.read_text("utf-8")
        assert "Run All" not in text and "not attempted yet\\n" not in text and "Google Colab" not in text


def test_figures_keep_their_text_alternatives():
    """Where MyST-NB looks for them; decks have them from nbconvert."""
    figure = nbformat.v4.new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": "Two 3s"}})
    one, none = pages.to_read(nbformat.v4.new_notebook(cells=[code("plot()", figure), code("1 + 1")])).cells
    assert one.metadata == {"mystnb": {"image": {"alt": "Two 3s"}}} and none.metadata == {}


def test_the_guide_is_the_cells_tagged_so_and_the_solutions(tmp_path):
    source = tmp_path / "09_two.py"
    source.write_text('# %% [markdown]\n# # A title\n\n# %% tags=["guide"]\nanswer = 42\n\n'
                      '# %% [markdown] tags=["guide", "slide"]\n# for the deck\n\n'
                      '# %% [markdown] tags=["guide"]\n# See [01](01_one.ipynb).\n\n'
                      '# %% tags=["exercise"]\nsolved = 1\n')
    first, second, third, fourth = pages.guide(source).cells
    assert first.source.startswith("# 09 two: the guide") and second.source == "answer = 42"
    assert third.source == "See [01](../notebooks/01_one.ipynb)."
    assert fourth.source == "solved = 1"
    source.write_text("# %%\nanswer = 42\n")
    assert pages.guide(source) is None
