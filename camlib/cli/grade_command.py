"""The command for teachers: collected notebooks in, a table of verdicts out."""

import os
from pathlib import Path

from .options import check_can_write, whole

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
    """Print a line for each notebook as it is done, then write the table."""
    if os.name == "nt":
        raise ValueError("limits for learners' code need Linux or macOS: run this in a container, or in WSL")
    from ..grading import grade, gradebook
    from ..grading.sandbox import Limits

    check_can_write(options.csv, options.nbgrader)
    if options.nbgrader:
        gradebook.nbgrader()
    print(WARNING)
    rows = []
    for row in grade.grade(options.folder, Limits(options.seconds, options.memory)):
        rows.append(row)
        print(f"{row.file}: {row.problem or f'{grade.points(row)} of {len(row.verdicts)} right'}")
    grade.write_csv(rows, options.csv)
    print(options.csv)
    if options.nbgrader:
        gradebook.write(rows, options.nbgrader)
        print(options.nbgrader)
