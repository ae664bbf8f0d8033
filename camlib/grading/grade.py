"""Collected notebooks in, one row of verdicts for each out."""

import csv
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from .. import checks
from ..checks.checker import NOT_ATTEMPTED, hint
from ..files import whole_file
from . import notebooks
from .contexts import context
from .sandbox import LearnersFunction, Limits, within

RIGHT = "right"
LONGEST = 300  # characters of a hint or a name, into which goes what a learner likes
COPY = (r"((?:(?:copy[ _]of|kopie[ _]von|copie[ _]de|c[oó]pia[ _]d[ei])[ _]+)*)(.*?){0}"
        r"((?:-|(?<=.{0})[_.])\d\d?(?!\d))?(.*?)"  # behind a learner's name _2 is a copy, else the learner's number
        r"((?:[ -]+(?:copy|kopie|copie|c[oó]pia)[ -]?\d*)?(?: ?\(\d+\))?)")  # what browsers, JupyterLab and Drive make
FORMULA = re.compile(  # at the start, and behind what a spreadsheet may split at
    r"""(^[\s"]*|[;|\t\r\n][\s"]*|[\s,]"*(?=.\S)(?![+-]\d))(?=[=+@＝＋＠－-])""")


class Row(NamedTuple):
    """What became of one file. verdicts: exercise → "right", "not attempted yet", or the hint that its checker gave.

    notebook: the name of the course's, "" where the file's name holds none. problem: why there are no verdicts, or "".
    place: among the rows of a table.
    """

    learner: str
    notebook: str
    file: str
    verdicts: dict
    problem: str = ""
    place: int = 0


def collected(folder, names):
    """(learner, notebook, path, problem) of each file in a folder, a list: a learner's later copies after the first.

    In FOLDER/LEARNER/…/NAME.ipynb the learner is the folder, in FOLDER/LEARNER_NAME.ipynb what else the name holds.
    NAME holds one of the course's `names`; the notebook is "" where it does not. problem: why a file is left out, or
    ""; those left out come last. Hidden files that are no notebooks are not there.
    Raises ValueError where there is no notebook.
    """
    folder, found = Path(folder), []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if (reason := _left_out(path, inner)) is not None:
            learner, notebook, *copy = _named(path, inner, names)
            problem = (f"left out: {reason}" if reason else
                       "" if notebook else "the file's name holds no name of a notebook of the course")
            found.append(((bool(reason), inner[:-1], *copy), learner, notebook, path, problem))
    if all(left_out for (left_out, *_), *_ in found):
        raise ValueError(f"{folder} holds no notebook: expected LEARNER/NAME.ipynb or LEARNER_NAME.ipynb, with NAME "
                         "as in the course, such as 04_class_activation_maps")
    return [file for _, *file in sorted(found, key=itemgetter(0))]


def _left_out(path, inner):
    """Why a path, in the folder `inner`, is not graded; "" where it is, None where that needs no word."""
    hidden, is_notebook = any(part.startswith((".", "__")) for part in inner), path.suffix.lower() == ".ipynb"
    closed = path.is_dir() and not os.access(path, os.R_OK | os.X_OK)
    if not is_notebook and (hidden or (path.is_dir() and not closed)):
        return None
    return ("hidden, a name in its path begins with . or __" if hidden else "a folder that you may not read" if closed
            else "" if is_notebook else "its name does not end in .ipynb")


def _named(path, inner, names):
    """(learner, notebook, its name without what copying adds, its version): copies sort by the latter, a list."""
    notebook = next((name for name in names if name.lower() in path.name.lower()), "")
    prefix, before, number, behind, later = re.fullmatch(
        COPY.format(re.escape(notebook)), path.stem, re.I | re.S).groups("")
    base = (before + notebook + behind).strip()
    learner = inner[0] if inner[1:] else (before + behind).strip(" _-.") or base
    return learner, notebook, base, [bool(prefix or number or later), *map(int, re.findall(r"\d+", number + later))]


def grade(folder, limits=Limits(), course=notebooks.COURSE):  # noqa: B008, a tuple
    """Yield a `Row` for each notebook in a folder, as they are done. `course` has learners' copies.

    `limits` hold for each exercise. Where the generator is closed, all that it has started ends with it.
    Raises ValueError where the folder holds no notebook.
    """
    course = {name: (notebooks.exercises(path), {cell.source.strip() for cell in notebooks.code_cells(path)})
              for name, path in notebooks.course(course).items()}
    limits = limits._replace(stop=threading.Event())

    def row(place, learner, notebook, path, problem):
        said = {}
        try:
            if not problem:
                said = verdicts(notebooks.code_cells(path), *course[notebook], limits)
        except Exception as error:  # whatever is wrong with a stranger's file, the others have their rows
            problem = str(error)
        return Row(_line(learner), notebook, _line(path.relative_to(folder).as_posix()), said, _line(problem), place)

    files = collected(folder, course)
    pool = ThreadPoolExecutor(os.cpu_count())  # threads that wait for processes
    try:
        for done in as_completed([pool.submit(row, place, *file) for place, file in enumerate(files)]):
            yield done.result()
    finally:
        limits.stop.set()
        pool.shutdown(cancel_futures=True)


def verdicts(cells, exercises, course, limits):
    """The verdicts on a learner's code cells: exercise → "right", or a hint, a text of one line.

    An answer may call those before it, and what the learner's own cells above its check define, those that are not in
    `course`, a set of sources. A cell that is there twice, or not at all, is told, and harms no other.
    """
    said, earlier = {}, []
    for exercise in exercises:
        try:
            for place in notebooks.answers(cells, exercise):
                source = cells[place].source
                above = [*dict.fromkeys(exercise.above.values()), *_own(cells, place, exercise, course), *earlier]
                said[exercise.name] = _line(verdict(source, exercise, above, limits))
                if said[exercise.name] != NOT_ATTEMPTED:
                    break
            earlier.append(source)
        except ValueError as error:
            said[exercise.name] = _line(str(error))
        except Exception as error:
            said[exercise.name] = _line(f"not graded: {error}")
    return said


def _own(cells, place, exercise, course):
    """The sources of the learner's own cells above the one at `place`, and of those between it and its check."""
    check = next((below for below in range(place + 1, len(cells))
                  if f"checks.{exercise.checker}(" in cells[below].source), place)
    return [cell.source for number, cell in enumerate(cells[:check])
            if number != place and (cell.exercise or cell.source.strip() not in course)]


def verdict(source, exercise, above, limits):
    """The verdict on the cell `source`, which may rely on what the sources `above` define: "right", or a hint.

    Where an answer is right and changes the arrays it was given, it is judged once more by one who keeps the arrays:
    an answer must not be right because it wrote over what it is compared with.
    Raises OSError where no process can be started, TimeoutError where judging takes too long.
    """
    judge = getattr(checks, exercise.checker).__wrapped__
    for reflects in (True, False):
        with LearnersFunction(source, exercise.name, above, limits, reflects) as answer:
            said = within(limits, lambda: hint(judge, answer, context(exercise.checker)))
        if said or not answer.changes:
            break
    return said or RIGHT


def write_csv(rows, path):
    """Write rows to a file that spreadsheets read: a line a notebook, a column an exercise, named "NN name".

    A verdict begins with ✔, ○ or ✘; a notebook that could not be read has a problem, and no verdicts.
    """
    columns = dict.fromkeys(_column(row, name) for row in sorted(rows, key=lambda row: row.notebook)
                            for name in row.verdicts)
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, ["learner", "notebook", "file", "right", "exercises", "problem", *columns])
        table.writeheader()
        for row in rows:
            cells = dict(learner=row.learner, notebook=row.notebook, file=row.file, problem=row.problem)
            cells |= {_column(row, name): marked(said) for name, said in row.verdicts.items()}
            table.writerow({column: FORMULA.sub(r"\1'", text) for column, text in cells.items()}
                           | dict(right=points(row), exercises=len(row.verdicts)))


def points(row):
    """How many exercises of a row are right."""
    return list(row.verdicts.values()).count(RIGHT)


def marked(said):
    """A verdict with its mark in front."""
    return f"{ {RIGHT: '✔', NOT_ATTEMPTED: '○'}.get(said, '✘')} {said}"


def _line(text):
    """What a stranger wrote, on one line, without what no file or screen can show."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:9 * LONGEST]).split())
    return text if len(text) <= LONGEST else text[:LONGEST - 1] + "…"


def _column(row, name):
    return f"{row.notebook[:2]} {name}"
