"""An edition of the course: what a lecturer's own copy says in `course.toml`, and what follows from it.

The course itself has no such file: a copy's, which `course.fork` writes, conflicts with no change of the course.
"""

import re
import tomllib
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from urllib.parse import quote

import nbformat

import camlib

ROOT = Path(__file__).parents[1]
FILE = ROOT / "course.toml"
VERSION = camlib.__version__
LINK = re.compile(r"\[([^\]]*)\]\((?:[./\w]*/)?(\d\d_\w+)\.ipynb(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Edition:
    """title, term, institution: as decks and site name the course.

    repository: https://HOST/OWNER/NAME, where this copy is published, or "". branch: the one that learners see.
    notebooks: starts of names, such as "04", in order; all of the course where there are none. dates: of the sessions
    that have notebooks, in order, as YYYY-MM-DD, or none.
    Raises ValueError for a value that is not so.
    """

    title: str = "Where does a network look?"
    term: str = ""
    institution: str = ""
    repository: str = ""
    branch: str = "main"
    notebooks: tuple = ()
    dates: tuple = ()

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            many = isinstance(field.default, tuple)
            if not isinstance(value, (tuple, list) if many else str) or not all(isinstance(one, str) for one in value):
                raise ValueError(f"{field.name} is {value!r}: expected a {'list of texts' if many else 'text'}")
            object.__setattr__(self, field.name, tuple(value) if many else value)
        host, _, path = self.repository.removeprefix("https://").partition("/")
        object.__setattr__(self, "repository", f"https://{host.lower()}/{path}" if path else self.repository)
        known = re.fullmatch(r"https://[\w.-]+(/[\w.-]+){2,}(?<!\.git)", self.repository)
        if self.repository and (not known or (host.lower() == "github.com" and path.count("/") != 1)):
            raise ValueError(f"the repository is {self.repository!r}: expected its address without .git, as in "
                             "https://github.com/OWNER/NAME")
        if not re.fullmatch(r"[\w./-]+", self.branch):
            raise ValueError(f"the branch is {self.branch!r}: expected a name such as main")
        if self.notebooks and not any(start.startswith("00") for start in self.notebooks):
            raise ValueError(f"the notebooks are {', '.join(self.notebooks)}: expected 00 among them, "
                             "on which JupyterLab opens")
        for day in self.dates:
            try:
                if date.fromisoformat(day).isoformat() != day:  # it reads 20270420, too
                    raise ValueError(day)
            except ValueError:
                raise ValueError(f"a date is {day!r}: expected one as in 2027-04-20") from None

    @property
    def subtitle(self):
        """Term and institution, as far as there are any."""
        return " · ".join(filter(None, (self.term, self.institution)))

    def links(self, name, badges=False):
        """Where the notebook `name` opens in a browser, as Markdown, with pictures from there as `badges`.

        Colab knows GitHub alone; "" without a repository.
        """
        if not self.repository:
            return ""
        host, path = self.repository.removeprefix("https://").split("/", 1)
        kind = {"github.com": f"gh/{path}", "gitlab.com": f"gl/{quote(path, safe='')}"}.get(
            host, f"git/{quote(self.repository, safe='')}")
        places = [("Colab", "https://colab.research.google.com/assets/colab-badge.svg",
                   f"https://colab.research.google.com/github/{path}/blob/{self.branch}/notebooks/{name}.ipynb"),
                  ("Binder", "https://mybinder.org/badge_logo.svg",
                   f"https://mybinder.org/v2/{kind}/{quote(self.branch, safe='')}?labpath=notebooks%2F{name}.ipynb")]
        return " · ".join(f"[{f'![{place}]({picture})' if badges else place}]({address})"
                          for place, picture, address in places[host != "github.com":])


def edition():
    """The `Edition` of this copy. Raises ValueError where `course.toml` cannot be read or says something else."""
    if not FILE.exists():
        return Edition()
    names = [field.name for field in fields(Edition)]
    try:
        said = tomllib.loads(FILE.read_text("utf-8"))
        if unknown := sorted(set(said) - set(names)):
            raise ValueError(f"{unknown[0]} is unknown: expected some of {', '.join(names)}")
        return Edition(**said)
    except ValueError as error:  # one of tomllib's, too
        raise ValueError(f"{FILE.name}: {error}") from error


def unlinked(text, left_out, following=""):
    """A Markdown text without links to the notebooks `left_out`, a set of names.

    Such links become their words, rows of a table that begin with one go, and a line “**Next:**” with one leads to
    `following`, a link or "", in which case it goes.
    """
    lines = []
    for line in text.split("\n"):
        gone = left_out & {name for _, name in LINK.findall(line)}
        if gone and line.startswith("**Next:**"):
            lines += [f"**Next:** {following}"] if following else []
        elif not (gone and line.startswith("| [") and (first := LINK.match(line, 2)) and first[2] in gone):
            lines.append(LINK.sub(lambda link: link[1] if link[2] in left_out else link[0], line))
    return "\n".join(lines).rstrip("\n")


COLAB = """\
# @title On Google Colab this fetches camlib {version}; elsewhere it does nothing
import sys

if "google.colab" in sys.modules:
    home = "/content/cam-course-{version}"
    {fetch}
    sys.path.insert(0, home)
    from importlib.metadata import version
    print("Colab keeps its own TensorFlow,", version("tensorflow"))"""
CLONE = """\
url = "{copy.repository}"
    get = f"git -c advice.detachedHead=false clone -q --depth 1 {{url}} {{home}} -b"
    get_ipython().system(f"test -d {{home}} || {{get}} v{version} || {{get}} {copy.branch}")"""
UPLOAD = 'print("This course names no repository: unzip its folder to", home)'


def colab(copy):
    """The cell that on Google Colab fetches `camlib` from an edition's repository: the notebook's version, if tagged.

    It is folded in JupyterLab and a form on Colab; where it is not needed it prints nothing. Nothing of Colab's is
    replaced: `camlib` is not installed but found, with its data, in a clone.
    """
    fetch = (CLONE if copy.repository else UPLOAD).format(version=VERSION, copy=copy)
    return nbformat.v4.new_code_cell(COLAB.format(version=VERSION, fetch=fetch), id="colab", metadata={
        "cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["colab"]})


if __name__ == "__main__":  # what make lab is not to list
    starts = edition().notebooks
    found = sorted(path.stem for path in ROOT.glob("course/[0-9]*.py"))
    print(*(name for name in found if starts and not name.startswith(starts)))
