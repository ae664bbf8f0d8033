"""Exercises as the course's notebooks state them, and as a learner's notebook answers them. Nothing is run here."""

import ast
import json
import re
from pathlib import Path
from typing import NamedTuple

from ..files import ROOT

COURSE = ROOT / "notebooks"
LARGEST = 50 << 20  # bytes of a notebook


class Cell(NamedTuple):
    """A code cell."""

    source: str
    exercise: bool


class Exercise(NamedTuple):
    """name: of the function to write. checker: its name in `camlib.checks`.

    above: what the notebook defines before it by imports, functions and constants, name → source.
    """

    name: str
    checker: str
    above: dict


def code_cells(path):
    """The code cells of a notebook, list of `Cell`. Raises ValueError, with a short reason, for another file."""
    if not path.is_file():
        raise ValueError("not a file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"the file has {path.stat().st_size >> 20} MB, more than {LARGEST >> 20}: clear its outputs")
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [Cell("".join(cell["source"]), "exercise" in cell.get("metadata", {}).get("tags", []))
                for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError) as error:
        raise ValueError(f"not a notebook that can be read ({type(error).__name__})") from error


def exercises(path):
    """The exercises of a notebook of the course, as learners get it: a list of `Exercise`, in order.

    Raises ValueError where the code cell after an exercise calls no checker.
    """
    found, above, name = [], {}, None
    for cell in code_cells(path):
        body = ast.parse(cell.source).body
        if cell.exercise:
            name = body[0].name
        elif name:
            found.append(Exercise(name, _checker(body, path, name), dict(above)))
            name = None
        if not cell.exercise:
            for statement in body:
                _note(statement, above)
    return found


def _checker(body, path, exercise):
    for statement in body:
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name("checks"), checker))):
                return checker
    raise ValueError(f"{path.name}: the code cell after the exercise {exercise} should call its checker, checks.…")


def _note(statement, above):
    """Add what a statement defines to `above`, name → source, and take away what it makes by computing."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            names = [(name.asname or name.name).partition(".")[0] for name in statement.names]
        case ast.FunctionDef() | ast.ClassDef():
            names = [statement.name]
        case ast.Assign(value=value) if _is_constant(value):
            names = _assigned(statement)
        case _:
            for name in _assigned(statement):
                above.pop(name, None)
            return
    above |= dict.fromkeys(names, ast.unparse(statement))


def _assigned(statement):
    return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _is_constant(value):
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def answer(cells, name):
    """The source of the one cell that answers the exercise `name`. Raises ValueError where there is none, or several.

    Cells tagged as exercises count; where a program has dropped the tags, every cell that defines the function.
    """
    defining = [cell for cell in cells if re.search(rf"^def {name}\b", cell.source, re.M)]
    chosen = [cell for cell in defining if cell.exercise] or defining
    if len(chosen) != 1:
        raise ValueError(f"{len(chosen)} cells define {name}: keep one" if chosen else f"no cell defines {name}")
    return chosen[0].source


def course(folder=COURSE):
    """The notebooks of the course: a dict, name → path. Raises ValueError where a folder holds none."""
    found = {path.stem: path for path in sorted(Path(folder).glob("[0-9]*.ipynb"))}
    if not found:
        raise ValueError(f"{folder} holds no notebook of the course: camlib alone, without them, cannot grade")
    return found
