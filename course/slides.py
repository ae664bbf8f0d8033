"""One deck a session, made of the notebooks' cells: `python -m course.slides`, or with numbers of sessions.

A cell tagged `slide` begins a slide, a cell tagged `fragment` joins it at the next key, and one tagged `notes` is for
the speaker, who sees it after pressing S. With `guide` besides, a text is on a slide and in no learner's notebook: the
short form of one that is too long for a slide. Outputs are those of the learner's notebooks. Code is shown unless its
output is a picture or an explorer. A deck is one page that needs the folder beside it, and no network. With
`?print-pdf` after its address, the browser prints it, a slide a page.
"""

import argparse
import base64
import functools
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import jinja2
import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from camlib.files import whole_file

from . import build
from .edition import edition

FOLDER = Path(__file__).parents[1] / "out" / "slides"
SESSIONS = {1: ("00", "01"), 2: ("02",), 3: ("03",), 4: ("04",), 5: ("05", "07"), 6: ("06", "09"),
            7: ("08",)}  # of notebooks
REVEAL = "reveal.js@6.0.2"
INTEGRITY = "sha512-JYIg5D9aoxoaLeb84O+OvAwsKWdIavVgEDScxtYEXFCT6t6TQrhNtSgogcjdCpdLsWglhJn3zyE3fUOwiH5KEg=="
REVEAL_FILES = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js")
MATHJAX = "sphinx-mathjax-offline"  # the name of a package, from which one file is taken
STEPS = {"slide", "fragment", "notes"}


def sessions(copy):
    """The sessions in which the edition `copy` has notebooks, with its dates: number → (date or "", their sources)."""
    found = {number: [path for path in build.chosen(copy) if path.stem[:2] in starts]
             for number, starts in SESSIONS.items()}
    days = dict(zip((number for number, paths in found.items() if paths), copy.dates))
    return {number: (days.get(number, ""), paths) for number, paths in found.items() if paths}


def slides(notebook):
    """The slides of a notebook with outputs: a list of lists of (tag, HTML), whose first tag is "slide".

    Raises ValueError for a cell with two of the three tags, and for a fragment or notes before any slide.
    """
    found = []
    for cell in notebook.cells:
        match sorted(STEPS & set(build.tags(cell))):
            case []:
                continue
            case ["slide"]:
                found.append([("slide", html(cell))])
            case [tag] if found:
                found[-1].append((tag, html(cell)))
            case [tag]:
                raise ValueError(f"a cell tagged {tag} stands before the first slide: {cell.source[:60]!r}")
            case several:
                raise ValueError(f"a cell is tagged {' and '.join(several)}, expected one: {cell.source[:60]!r}")
    return found


def with_guides(source):
    """The learner's notebook of the file `source`, not run, with the notes and the guide cells that are on slides."""
    notebook = build.learner(source, without=())
    notebook.cells = [cell for cell in notebook.cells
                      if "guide" not in build.tags(cell) or STEPS & set(build.tags(cell))]
    return notebook


def html(cell):
    """One cell as HTML. Links to other notebooks become plain text: a deck stands by itself."""
    pictured = any(not {"text/html", "image/png", "image/jpeg"}.isdisjoint(output.get("data", ()))
                   for output in cell.get("outputs", ()))
    body, _ = exporter(pictured).from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    body = re.sub(r' id="cell-id=[^"]*"', "", body)  # two notebooks of a session would give it twice
    return re.sub(r'<a href="[^":]*\.ipynb[^"]*">(.*?)</a>', r"\1", body, flags=re.S)


@functools.cache
def exporter(without_code):
    """An exporter compiles its templates at its first cell, which takes longer than a cell does."""
    return HTMLExporter(template_name="basic", exclude_anchor_links=True, exclude_input=without_code,
                        exclude_input_prompt=True, exclude_output_prompt=True)


def page(title, found):
    """A deck: the HTML of the slides `found`, for reveal.js in the folder beside it."""
    text = Path(__file__).with_name("slides.html").read_text("utf-8")
    return jinja2.Template(text, autoescape=True).render(title=title, slides=found,
                                                         code_style=HtmlFormatter().get_style_defs(".highlight"))


def of_session(number):
    """The slides of all notebooks of a session.

    Raises ValueError where a notebook is older than its source, or a tag is where it can not be.
    """
    found = []
    for source in sessions(edition())[number][1]:
        notebook = with_guides(source)
        if any("slide" in build.tags(cell) for cell in notebook.cells):
            found += slides(build.with_outputs(notebook, build.FOLDER / f"{source.stem}.ipynb"))
    return found


def fetch_reveal(folder):
    """Put what decks need of reveal.js into `folder`, unless it is there, by npm; its bytes are checked.

    Raises OSError without npm or without a connection, and ValueError for other bytes.
    """
    if folder.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise OSError(f"the decks need {REVEAL}, which npm fetches, and there is no npm: install Node.js, "
                      "then run make slides again")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        fetched = subprocess.run([npm, "pack", "--silent", REVEAL], cwd=scratch, text=True, capture_output=True)
        if fetched.returncode:
            raise OSError(f"npm could not fetch {REVEAL}, and needs a connection once: {fetched.stderr[-300:]}")
        archive = Path(scratch, fetched.stdout.split()[-1])
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise ValueError(f"npm delivered another {REVEAL} than the one the course was tried with: sha512-{digest}")
        with tarfile.open(archive) as tar:
            for name in REVEAL_FILES:  # extractall has no filter in Python 3.11.2, which Debian 12 has
                path = Path(scratch, "package", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(f"package/{name}").read())
        Path(scratch, "package").rename(folder)


def lay_out(folder, reveal):
    """Put reveal.js and MathJax where decks in `folder` look for them.

    Raises OSError where the package with MathJax is not installed.
    """
    package = importlib.util.find_spec(MATHJAX)
    if package is None:
        raise OSError(f"the decks' formulas need the package {MATHJAX}: make slides installs it")
    mathjax = Path(package.origin).parent / "static" / "mathjax" / "tex-svg.js"
    shutil.copytree(reveal, folder / "reveal", dirs_exist_ok=True)
    shutil.copy(mathjax, folder / "reveal")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.slides", description=__doc__.split("\n")[0])
    parser.add_argument("sessions", nargs="*", type=int, metavar="session", help="1 to 7; all without")
    parser.add_argument("--reveal", type=Path, default=Path(".venv/reveal"), help="the folder that keeps reveal.js")
    asked = parser.parse_args(arguments)
    try:
        known = sessions(edition())
        if unknown := set(asked.sessions) - set(known):
            raise ValueError(f"there is no session {min(unknown)}: expected one of {', '.join(map(str, known))}")
        fetch_reveal(asked.reveal)
        lay_out(FOLDER, asked.reveal)
        for number in asked.sessions or known:
            found, path = of_session(number), FOLDER / f"session_{number}.html"
            if not found:
                print(f"session {number}: no cell of its notebooks is tagged slide")
                continue
            title = " · ".join(filter(None, (f"Session {number}", known[number][0], edition().institution)))
            with whole_file(path) as part:
                part.write_text(page(title, found), encoding="utf-8")
            print(f"{path}: {len(found)} slides")
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
