"""The command for teachers: collected notebooks in, a table of verdicts out."""

import os
import signal
import sys
import tempfile
import time
from bisect import insort
from contextlib import closing
from itertools import count
from operator import attrgetter
from pathlib import Path

from .options import check_can_write, silence, whole

WARNING = """It runs what learners wrote, with your rights: such code can read and delete your files, reach the
network, end your processes, and read the solutions. Run it in a container, or as a user who owns nothing."""


def declare(add):
    """Declare the command. add(name, function, about) returns an argparse parser for it."""
    sub = add("grade", grade, "grade collected notebooks by the course's checkers")
    sub.description += ". " + WARNING
    sub.add_argument("folder", type=Path, help="holds LEARNER/NAME.ipynb, or LEARNER_NAME.ipynb, with NAME as in the "
                     "course, such as 04_class_activation_maps")
    sub.add_argument("--csv", type=Path, metavar="FILE", required=True,
                     help="the table: a row a notebook, a column an exercise, with the hint")
    sub.add_argument("--nbgrader", type=Path, metavar="FILE", help="write points to this gradebook of nbgrader, too")
    sub.add_argument("--seconds", type=whole(1), default=20, metavar="N", help="for each exercise (default: 20)")
    sub.add_argument("--memory", type=whole(256), default=2048, metavar="MB", help="for each exercise (default: 2048)")


def grade(options):
    """Print a line for each notebook as it is done; then the table lies where it should, and the gradebook."""
    if os.name == "nt":
        raise ValueError("limits for learners' code need Linux or macOS: run this in a container, or in WSL")
    from ..grading import gradebook

    check_can_write(options.csv, options.nbgrader)
    if options.nbgrader:
        if options.nbgrader.resolve() == options.csv.resolve():
            raise ValueError(f"{options.csv} cannot be the table and the gradebook: expected two files")
        gradebook.check(options.nbgrader)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    _say(WARNING)
    rows = _graded(options)
    _say(options.csv)
    if options.nbgrader:
        gradebook.write(rows, options.nbgrader)
        _say(options.nbgrader)


def _graded(options):
    """The rows of the table, which is written.

    Until it is whole it lies in a file beside it, which stays where grading is interrupted. That is written once a
    second at most: written anew for each of some thousand rows, it would take longer than grading.
    """
    from ..grading import grade
    from ..grading.sandbox import Limits

    rows, unfinished, due = [], _unfinished(options.csv), 0
    try:
        with closing(grade.grade(options.folder, Limits(options.seconds, options.memory))) as graded:
            for row in graded:
                insort(rows, row, key=attrgetter("place"))
                if time.monotonic() >= due:
                    grade.write_csv(rows, unfinished)
                    due = time.monotonic() + 1
                _say(f"{row.file}: {row.problem or f'{grade.points(row)} of {len(row.verdicts)} right'}")
        grade.write_csv(rows, options.csv)
    except BaseException:
        if rows:
            grade.write_csv(rows, unfinished)
            _say(f"the {len(rows)} that were graded are in {unfinished}", sys.stderr)
        raise
    unfinished.unlink()
    return rows


def _end(number, _):
    sys.exit(128 + number)


def _unfinished(path):
    """A name for a table that is not whole yet, which no file has: beside `path`, or where temporary files are."""
    folder = Path(tempfile.gettempdir()) if path.exists() and not path.is_file() else path.parent
    names = (folder / f"{path.stem}-unfinished-{number}.csv" for number in count(1))
    return next(name for name in names if not name.exists())


def _say(text, to=None):
    """Print what can be printed; the table does not depend on who reads along."""
    to = to or sys.stdout
    try:
        encoding = getattr(to, "encoding", None) or "utf-8"
        print(str(text).encode(encoding, "backslashreplace").decode(encoding), file=to, flush=True)
    except OSError:  # nobody reads any more
        silence(to)
