"""Verdicts into the gradebook of nbgrader 0.9, for those who keep one: from there, `nbgrader export` gives totals."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from .grade import RIGHT, marked


def nbgrader():
    """nbgrader's programming interface. Raises ValueError where it is not installed, or cannot find its tools."""
    try:
        from nbgrader import api
    except ImportError as error:
        raise ValueError(f"a gradebook needs nbgrader ({error}): pip install nbgrader, or leave out "
                         "--nbgrader") from error
    if not shutil.which("alembic"):
        raise ValueError("nbgrader looks for the program alembic, which came with it, on the PATH: activate the "
                         "environment first, source .venv/bin/activate")
    return api


def check(path):
    """Raise ValueError where nbgrader is not installed, and where the file `path` is there but is no gradebook."""
    api = nbgrader()
    if path.exists():
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as book:
                tables = {name for name, in book.execute("SELECT name FROM sqlite_master")}
            if tables and "submitted_assignment" not in tables:
                raise ValueError("it has other tables")
            api.Gradebook(f"sqlite:///{path.resolve()}").close()  # older versions' raise here
        except Exception as error:
            raise ValueError(f"{path} is no gradebook of nbgrader 0.9 ({error}): expected one, or a name that is free"
                             ) from error


def write(rows, path):
    """Enter rows into the gradebook in the file `path`, made where there is none; what it holds else stays.

    Each notebook is an assignment of its name, each exercise a cell of one point, each hint a comment. A notebook that
    could not be read is a submission without points, marked as one to be graded by hand, if there is another of its
    name that could; else it is left out. Of several files that a learner hands in for one notebook, the last counts.
    Raises ValueError where nbgrader is not installed.
    """
    book = nbgrader().Gradebook(f"sqlite:///{Path(path).resolve()}")
    try:
        exercises = {row.notebook: list(row.verdicts) for row in rows if row.verdicts}
        for name, cells in exercises.items():
            _declare(book, name, cells)
        for row in rows:
            if row.notebook in exercises:
                _enter(book, row, exercises[row.notebook])
        book.db.commit()
    finally:
        book.close()


def _declare(book, name, cells):
    book.update_or_create_assignment(name)
    book.update_or_create_notebook(name, name)
    for cell in cells:
        book.update_or_create_grade_cell(cell, name, name, max_score=1, cell_type="code")
        book.update_or_create_solution_cell(cell, name, name)


def _enter(book, row, cells):
    name, learner = row.notebook, row.learner
    book.update_or_create_student(learner)
    book.update_or_create_submission(name, learner)
    for cell in cells:
        grade, comment = (find(cell, name, name, learner) for find in (book.find_grade, book.find_comment))
        said = row.verdicts.get(cell)
        grade.auto_score, grade.needs_manual_grade = float(said == RIGHT), said is None
        comment.auto_comment = marked(said) if said else row.problem
