"""A lecturer's own copy: `python -m course.fork --title … --repository https://…`, in a clone of the course.

It writes what the copy is called, which notebooks it has and when into `course.toml`, tells git how to merge later
changes of the course, and makes the notebooks' texts and GitHub's first page, `.github/README.md`, anew. What no
option says stays as it was: without any, all that is made is brought up to date, in another clone or after a merge.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
from dataclasses import fields

from camlib.files import whole_file

from . import build, edition, slides
from .edition import ROOT

# A merge takes the course's made notebook, whose outputs are those of its code; the merged source then makes it anew.
DRIVER = {"merge.made.name": "made from another file: theirs, to be made anew", "merge.made.driver": "cp -f %B %A"}
HELP = {"title": "of the course", "term": "such as “Summer 2027”", "institution": "whose course it is",
        "repository": "where the copy is published, https://HOST/OWNER/NAME: Colab and Binder open it there",
        "branch": "that learners see; main without", "notebooks": "starts of names, such as 00 01 04 05; all without",
        "dates": "one a session that has notebooks, as 2027-04-20"}
NOTE = "# What is this copy's own. Change it by the options of python -m course.fork, or here, and then run that.\n"
FRONT = """\
# {title}

{syllabus}
To install the course on a computer of your own, and for what it measures, read [README.md](../README.md).
"""


def syllabus(copy, folder="notebooks", badges=False):
    """An edition as Markdown: term, institution, and a table of sessions whose links lead into `folder`."""
    columns = {"session": [], "date": [], "notebook": [], "in the browser": []}
    for number, (day, sources) in slides.sessions(copy).items():
        for source in sources:
            link = f"[{build.title(source)}]({folder}/{source.stem}.ipynb)"
            for column, cell in zip(columns.values(), (str(number), day, link, copy.links(source.stem, badges))):
                column.append(cell)
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    rows = [columns, ["---"] * len(columns), *zip(*columns.values())]
    return f"{copy.subtitle}\n\n" * bool(copy.subtitle) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def checked(copy):
    """An edition, its notebooks by number. Raises ValueError for an unknown notebook and for too few or many dates."""
    numbers = [path.stem[:2] for path in build.chosen(copy)]
    sessions = [str(number) for number in slides.sessions(copy)]
    if copy.dates and len(copy.dates) != len(sessions):
        raise ValueError(f"there are {len(copy.dates)} dates: expected one for each session that has notebooks, "
                         f"{', '.join(sessions)}")
    return dataclasses.replace(copy, notebooks=numbers if copy.notebooks else ())


def write(copy):
    """Make the checkout the edition `copy`, all but its notebooks.

    Raises OSError where it is no clone, or a file cannot be written.
    """
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], cwd=ROOT, capture_output=True, text=True).stdout
    if not top.strip() or not ROOT.samefile(top.strip()):
        raise OSError(f"{ROOT} is no clone of the course: get it by git clone, to merge what will change in it")
    for name, value in DRIVER.items():
        subprocess.run(["git", "config", name, value], cwd=ROOT, check=True)
    values = dataclasses.asdict(copy).items()
    front = FRONT.format(title=copy.title, syllabus=syllabus(copy, "../notebooks", badges=True))
    for path, text in ((edition.FILE, NOTE + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
                                                     for name, value in values)),  # a text of JSON is one of TOML
                       (ROOT / ".github" / "README.md", front)):
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
        print(path)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.fork", description=__doc__.split("\n")[0])
    for field in fields(edition.Edition):
        parser.add_argument(f"--{field.name}", nargs="*" if isinstance(field.default, tuple) else None,
                            metavar=field.name.upper(), help=HELP[field.name])
    asked = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        copy = checked(dataclasses.replace(edition.edition(), **asked))
        write(copy)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        missing = isinstance(error, FileNotFoundError) and error.filename == "git"
        sys.exit("git is not there: install it, for a copy is merged with it" if missing else str(error))
    stale = []
    for source in build.sources():
        try:
            build.main(["texts", source.stem])
        except SystemExit as error:
            stale.append(str(error))
    if stale:
        sys.exit("\n".join(stale))
    print("Look at it, then: git add --all && git commit -m 'Our copy of the course'"
          + f" && git push {copy.repository} HEAD:{copy.branch}" * bool(copy.repository))


if __name__ == "__main__":
    main()
