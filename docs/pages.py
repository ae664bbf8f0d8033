"""What Sphinx makes the site of, gathered into one folder: `python -m docs.pages [--teachers] [--try PYODIDE] FOLDER`.

The pages of `docs`, the learner's notebooks with their outputs, and a page of the API for each folder of `camlib`. For
teachers, who ask for it, the cells tagged `guide` and the exercises solved besides, apart.
"""

import argparse
import re
import shutil
from pathlib import Path

import nbformat

import camlib
from course import build
from course.edition import Edition, edition, unlinked
from course.fork import syllabus

from . import in_browser

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GUIDES = """
```{toctree}
:caption: For teachers
:maxdepth: 1
:glob:

guide/*
```
"""


def guide(source):
    """A notebook with the title of `source`, what it tells teachers, and its exercises solved; or None."""
    cells = [cell for cell in build.solved(source).cells if "exercise" in build.tags(cell)
             or ("guide" in build.tags(cell) and not {"slide", "fragment"} & set(build.tags(cell)))]  # a deck's texts
    if not cells:
        return None
    build.unlink(source, cells)
    for cell in cells:  # the page lies beside the notebooks' folder, not in it
        cell.source = re.sub(r"\]\((\d\d_\w+\.ipynb)\)", r"](../notebooks/\1)", cell.source)
    title = f"# {source.stem.replace('_', ' ')}: the guide\n\nOf [this notebook](../notebooks/{source.stem}.ipynb)."
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(title), *cells])
    notebook.metadata.kernelspec = build.KERNEL
    return notebook


def to_read(notebook):
    """The learner's notebook, in place, as a page that nobody runs, its figures with their text alternatives.

    Without the cell for Colab, the answers to what was not attempted, and the cells that do nothing but ask for one;
    without what begins with “Press **Run”, to the end of its paragraph.
    """
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if cell.cell_type == "markdown":
            cell.source = re.sub(r" *Press \*\*Run.*", "", cell.source)
        elif any("not attempted yet" in output.get("text", "") for output in outputs):
            cell.outputs = []
        told = [output.metadata[kind].alt for output in outputs for kind in output.get("metadata", {})
                if "alt" in output.metadata[kind]]
        if told:
            cell.metadata["mystnb"] = {"image": {"alt": " ".join(told)}}
    notebook.cells = [cell for cell in notebook.cells
                      if "colab" not in build.tags(cell) and not re.fullmatch(r"checks\.\w+\(.*\)", cell.source)]
    return notebook


def api():
    """The API's pages, folder → Markdown: every module that `camlib` names, or has a function of, in their order."""
    pages = {}
    for place in sorted({*camlib._FUNCTIONS.values(), *camlib._MODULES.values()}):
        names = [f"`{name}`" for name, home in camlib._FUNCTIONS.items() if home == place]
        folder = place.partition(".")[0]
        pages.setdefault(folder, f"# camlib.{folder}\n")
        pages[folder] += f"\n## camlib.{place}\n" if "." in place else ""
        pages[folder] += f"\n`from camlib import` {', '.join(names)}\n" if names else ""
        pages[folder] += f"\n```{{eval-rst}}\n.. automodule:: camlib.{place}\n```\n"
    return pages


def gather(folder, teachers=False, pyodide=None):
    """Fill the new folder `folder`; with `teachers`, guides and solutions are in it.

    pyodide: the folder of Pyodide, for the page that runs Python in the browser; None leaves that page out.
    Raises OSError where a file is missing or `folder` cannot be written, FileExistsError where it is there.
    """
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.txt", "__pycache__", "pages.py", "*browser*"))
    for name in ("notebooks", "api", "data"):
        (folder / name).mkdir()
    for name, page in api().items():
        (folder / "api" / f"{name}.md").write_text(page, encoding="utf-8")
    shutil.copy(ROOT / "data" / "course.png", folder / "data")
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder)
    index = folder / "index.md"
    index.write_text(front(edition(), index.read_text("utf-8")), encoding="utf-8")
    for source in build.chosen(edition()):
        name = f"{source.stem}.ipynb"
        build.write(to_read(nbformat.read(build.FOLDER / name, as_version=4)), folder / "notebooks" / name)
    if pyodide:
        in_browser.add(folder, pyodide)
    if teachers:
        add_guides(folder)
    gone = build.left_out()
    for page in folder.glob("*.md"):
        page.write_text(unlinked(page.read_text("utf-8"), gone) + "\n", encoding="utf-8")


def front(copy, text):
    """The site's first page for an edition: its title, then its sessions where it is more than the course."""
    rest = text.partition("\n")[2]
    return text if copy == Edition() else f"# {copy.title}\n\n{syllabus(copy)}{rest}"


def add_guides(folder):
    """Put the guides into the folder of `gather`, and a list of them at the end of its first page."""
    (folder / "guide").mkdir()
    for source in build.chosen(edition()):
        if notebook := guide(source):
            build.write(notebook, folder / "guide" / f"{source.stem}_guide.ipynb")
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.write(GUIDES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.pages", description=__doc__.split("\n")[0])
    parser.add_argument("--teachers", action="store_true", help="with guides, solutions and the model report of 09")
    parser.add_argument("--try", dest="pyodide", type=Path, metavar="PYODIDE",
                        help="with a page that runs Python by Pyodide, which lies in this folder")
    parser.add_argument("folder", type=Path)
    gather(**vars(parser.parse_args()))
