"""A lecturer's copy: what `course.toml` may say, what notebooks make of it, and the cell that Colab needs."""

import os
import subprocess
import sys
from types import ModuleType

import pytest

from course import edition
from course.edition import Edition, colab, unlinked

MARKDOWN = """\
See [04](04_maps.ipynb), [05](05_boxes.ipynb#at-the-end) and [elsewhere](https://example.org/05_boxes.html).

| notebook | minutes |
| --- | --- |
| [04](04_maps.ipynb) | after [05](../notebooks/05_boxes.ipynb) |
| [05](05_boxes.ipynb) | 80 |

**Next:** [05 · Boxes](05_boxes.ipynb) measures it."""
WITHOUT = """\
See [04](04_maps.ipynb), 05 and [elsewhere](https://example.org/05_boxes.html).

| notebook | minutes |
| --- | --- |
| [04](04_maps.ipynb) | after 05 |

**Next:** [06 · Photographs](06_photographs.ipynb)"""


def test_the_course_has_no_edition_and_all_its_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(edition, "FILE", tmp_path / "course.toml")
    assert edition.edition() == Edition() and Edition().notebooks == () and Edition().links("00_start_here") == ""


def test_links_to_notebooks_that_are_left_out_lead_nowhere_else():
    assert unlinked(MARKDOWN, {"05_boxes"}, "[06 · Photographs](06_photographs.ipynb)") == WITHOUT
    assert unlinked(MARKDOWN, {"05_boxes"}) == WITHOUT[:WITHOUT.index("\n\n**Next")]
    assert unlinked(MARKDOWN, set()) == unlinked(MARKDOWN, {"06_photographs"}) == MARKDOWN
    assert unlinked("| [x](a.md) | [y](05_boxes.ipynb) |", {"05_boxes"}) == "| [x](a.md) | y |"


@pytest.mark.parametrize("text, message", [
    ("title = 3", "title is 3: expected a text"),
    ('dates = "2027-04-20"', "dates is '2027-04-20': expected a list of texts"),
    ("notebooks = [0, 1]", r"notebooks is \[0, 1\]: expected a list of texts"),
    ('tittle = "Maps"', "tittle is unknown: expected some of title, term"),
    ('dates = ["2027-02-30"]', "a date is '2027-02-30': expected one as in 2027-04-20"),
    ('dates = ["20270420"]', "a date is '20270420': expected one as in 2027-04-20"),
    ('notebooks = ["04"]', "the notebooks are 04: expected 00 among them"),
    ('branch = "a b"', "the branch is 'a b': expected a name such as main"),
    *[(f'repository = "{address}"', "expected its address without .git, as in https://github.com/OWNER/NAME")
      for address in ("git@github.com:uni/cam", "https://github.com/uni/cam.git", "https://github.com/uni",
                      "https://github.com/uni/cam/", "https://github.com/uni/cam/tree/main",
                      "https://github.com/uni/$(cam)", "http://github.com/uni/cam")],
    ("title", "course.toml: "),
])
def test_what_a_copy_cannot_be_is_told_in_a_sentence(tmp_path, monkeypatch, text, message):
    monkeypatch.setattr(edition, "FILE", tmp_path / "course.toml")
    edition.FILE.write_text(text + "\n")
    with pytest.raises(ValueError, match=message):
        edition.edition()


def test_a_host_is_written_small():
    assert Edition(repository="https://GitHub.com/Uni/Cam").repository == "https://github.com/Uni/Cam"


@pytest.mark.parametrize("repository, addresses", [
    ("https://github.com/uni/cam", ["https://colab.research.google.com/github/uni/cam/blob/main/notebooks/04_a.ipynb",
                                    "https://mybinder.org/v2/gh/uni/cam/main?labpath=notebooks%2F04_a.ipynb"]),
    ("https://gitlab.com/uni/lab/cam", ["https://mybinder.org/v2/gl/uni%2Flab%2Fcam/main?labpath=notebooks%2F04_a.ipynb"]),
    ("https://git.uni.edu/me/cam",
     ["https://mybinder.org/v2/git/https%3A%2F%2Fgit.uni.edu%2Fme%2Fcam/main?labpath=notebooks%2F04_a.ipynb"]),
])
def test_where_a_notebook_opens(repository, addresses):
    """As Colab's and Binder's own pages write such addresses."""
    links = Edition(repository=repository).links("04_a").split(" · ")
    assert [link.partition("](")[2].removesuffix(")") for link in links] == addresses
    assert Edition(repository=repository).links("04_a", badges=True).count("[![") == len(addresses)


def test_the_notebooks_that_are_left_out_are_told_to_make(tmp_path):
    (tmp_path / "course").symlink_to(edition.ROOT / "course")
    (tmp_path / "camlib").symlink_to(edition.ROOT / "camlib")
    names = [path.stem for path in sorted(edition.ROOT.glob("course/[0-9]*.py"))]
    for text, left_out in (("", []), ('notebooks = ["00", "04_class"]', [*names[1:4], *names[5:]])):
        (tmp_path / "course.toml").write_text(text)
        said = subprocess.run([sys.executable, "-m", "course.edition"], cwd=tmp_path, check=True, text=True,
                              stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(tmp_path)}).stdout
        assert said.split() == left_out


class Shell:
    """What `get_ipython()` is: here it notes what it is asked."""

    def __init__(self):
        self.asked = []

    def system(self, command):
        self.asked.append(command)


@pytest.fixture
def shell():
    return Shell()


@pytest.fixture
def on_colab(monkeypatch):
    """What tells Colab, as anywidget looks for it too, and a path that goes again."""
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.parametrize("repository", ["", "https://github.com/uni/cam"])
def test_elsewhere_the_cell_for_colab_does_nothing(shell, capsys, repository):
    before = [*sys.path]
    exec(colab(Edition(repository=repository)).source, {"get_ipython": lambda: shell})
    assert shell.asked == [] and sys.path == before and capsys.readouterr().out == ""


def test_on_colab_the_cell_fetches_the_version_or_else_the_branch(shell, on_colab, capsys):
    exec(colab(Edition(repository="https://github.com/uni/cam", branch="2027")).source, {"get_ipython": lambda: shell})
    home, clone = f"/content/cam-course-{edition.VERSION}", "-q --depth 1 https://github.com/uni/cam"
    version, branch = (f"git -c advice.detachedHead=false clone {clone} {home} -b {name}"
                       for name in (f"v{edition.VERSION}", "2027"))
    assert shell.asked == [f"test -d {home} || {version} || {branch}"]
    assert sys.path[0] == home
    assert "Colab keeps its own TensorFlow, 2." in capsys.readouterr().out


def test_on_colab_a_course_without_an_address_says_what_to_do(shell, on_colab, capsys):
    exec(colab(Edition()).source, {"get_ipython": lambda: shell})
    assert shell.asked == [] and sys.path[0] == f"/content/cam-course-{edition.VERSION}"
    assert f"This course names no repository: unzip its folder to {sys.path[0]}\n" in capsys.readouterr().out


def test_the_cell_for_colab_is_closed_and_small():
    cell = colab(Edition(repository="https://github.com/university/class-activation-maps"))
    assert cell.metadata.jupyter.source_hidden and cell.metadata.cellView == "form" and cell.outputs == []
    assert len(cell.source) < 600 and max(map(len, cell.source.splitlines())) <= 88
