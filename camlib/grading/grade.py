"""Collected notebooks in, one row of verdicts for each out."""

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from .. import checks
from ..checks.checker import NOT_ATTEMPTED, hint
from ..files import whole_file
from . import notebooks
from .contexts import context
from .sandbox import LearnersFunction, Limits

RIGHT = "right"
LONGEST = 300  # characters of a hint or a name, into which goes what a learner likes


class Row(NamedTuple):
    """What became of one file. verdicts: exercise → "right", "not attempted yet", or the hint that its checker gave.

    notebook: the name of the course's, "" where the file's name holds none. problem: why there are no verdicts, or "".
    """

    learner: str
    notebook: str
    file: str
    verdicts: dict
    problem: str = ""


def collected(folder, names):
    """Yield (learner, notebook, path) for each notebook in a folder, in order.

    In FOLDER/LEARNER/…/NAME.ipynb the learner is the folder, in FOLDER/LEARNER_NAME.ipynb what else the name holds.
    NAME holds one of the course's `names`; the notebook is "" where it does not.
    Raises ValueError where there is no notebook.
    """
    folder = Path(folder)
    paths = [path for path in sorted(folder.rglob("*.ipynb"))
             if not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)]
    if not paths:
        raise ValueError(f"{folder} holds no notebook: expected LEARNER/NAME.ipynb or LEARNER_NAME.ipynb, with NAME "
                         "as in the course, such as 04_class_activation_maps")
    for path in paths:
        notebook = next((name for name in names if name in path.stem), "")
        inner = path.relative_to(folder).parts[:-1]
        yield (inner[0] if inner else path.stem.replace(notebook, "").strip(" _-.")) or path.stem, notebook, path


def grade(folder, limits=Limits(), course=notebooks.COURSE):  # noqa: B008, a tuple
    """Yield a `Row` for each notebook in a folder. `limits` hold for each exercise; `course` has learners' copies.

    Raises ValueError where the folder holds no notebook.
    """
    asked = {name: notebooks.exercises(path) for name, path in notebooks.course(course).items()}

    def row(learner, notebook, path):
        learner, file = _line(learner), _line(path.relative_to(folder).as_posix())
        try:
            if not notebook:
                raise ValueError("the file's name holds no name of a notebook of the course")
            cells = notebooks.code_cells(path)
        except ValueError as error:
            return Row(learner, notebook, file, {}, str(error))
        return Row(learner, notebook, file, verdicts(cells, asked[notebook], limits))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # threads that wait for processes
        yield from pool.map(row, *zip(*collected(folder, asked)))


def verdicts(cells, exercises, limits):
    """The verdicts on a learner's code cells: exercise → "right", or a hint, a text of one line.

    An answer may call those before it; a cell that is there twice, or not at all, is told, and harms no other.
    """
    said, earlier = {}, {}
    for exercise in exercises:
        try:
            source = notebooks.answer(cells, exercise.name)
        except ValueError as error:
            said[exercise.name] = str(error)
            continue
        try:
            said[exercise.name] = _line(verdict(source, exercise, exercise.above | earlier, limits))
        except OSError as error:
            said[exercise.name] = f"not graded: {error}"
        earlier[exercise.name] = source
    return said


def verdict(source, exercise, above, limits):
    """The verdict on the cell `source`, which may rely on the definitions `above`, name → source: "right", or a hint.

    Where an answer is right and changes the arrays it was given, it is judged once more by one who keeps the arrays:
    an answer must not be right because it wrote over what it is compared with.
    Raises OSError where no process can be started.
    """
    judge = getattr(checks, exercise.checker).__wrapped__
    for reflects in (True, False):
        with LearnersFunction(source, exercise.name, above, limits, reflects) as answer:
            said = hint(judge, answer, context(exercise.checker))
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
            about = dict(learner=_text(row.learner), notebook=row.notebook, file=_text(row.file), problem=row.problem,
                         right=points(row), exercises=len(row.verdicts))
            table.writerow(about | {_column(row, name): marked(said) for name, said in row.verdicts.items()})


def points(row):
    """How many exercises of a row are right."""
    return list(row.verdicts.values()).count(RIGHT)


def marked(said):
    """A verdict with its mark in front."""
    return f"{ {RIGHT: '✔', NOT_ATTEMPTED: '○'}.get(said, '✘')} {said}"


def _line(text):
    """What a stranger wrote, on one line, without what no file or screen can show."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= LONGEST else text[:LONGEST - 1] + "…"


def _column(row, name):
    return f"{row.notebook[:2]} {name}"


def _text(name):
    """A name, which a spreadsheet must not take for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
