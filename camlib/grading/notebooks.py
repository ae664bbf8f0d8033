"""Exercises as the course's notebooks state them, and as a learner's notebook answers them. Nothing is run here."""

import ast
import json
import re
from pathlib import Path
from typing import NamedTuple

from ..files import ROOT
from .names import defined

COURSE = ROOT / "notebooks"
LARGEST = 50 << 20  # bytes of a notebook


class Cell(NamedTuple):
    """A code cell."""

    source: str
    exercise: bool


class Exercise(NamedTuple):
    """name: of the function to write. checker: its name in `camlib.checks`.

    above: what the notebook defines before it by imports, functions and constants, name → source.
    stub: the text of its cell.
    """

    name: str
    checker: str
    above: dict
    stub: str = ""


def code_cells(path):
    """The code cells of a notebook, list of `Cell`. Raises ValueError, with a short reason, for another file."""
    if not path.is_file():
        raise ValueError("not a file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"the file has {path.stat().st_size >> 20} MB, more than {LARGEST >> 20}: clear its outputs")
    try:
        found = [_code_cell(cell) for cell in json.loads(path.read_bytes())["cells"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not a notebook that can be read ({type(error).__name__})") from error
    if not any(cell and cell.source for cell in found):
        raise ValueError("not a notebook that can be read (it holds no code)")
    return [cell for cell in found if cell]


def _code_cell(cell):
    """What a notebook's JSON says of a code cell, as a `Cell`; None for another cell, and for one without a text."""
    match cell:
        case {"cell_type": "code", "source": str() | list() as source}:
            text = "".join(part for part in source if isinstance(part, str))
        case _:
            return None
    match cell:
        case {"metadata": {"tags": [*tags]}}:
            return Cell(text, "exercise" in tags)
    return Cell(text, False)


def exercises(path):
    """The exercises of a notebook of the course, as learners get it: a list of `Exercise`, in order.

    Raises ValueError where the code cell after an exercise calls no checker.
    """
    found, above, name = [], {}, None
    for cell in code_cells(path):
        body = ast.parse(cell.source).body
        if cell.exercise:
            name, stub = body[0].name, cell.source.strip()
        elif name:
            found.append(Exercise(name, _checker(body, path, name), dict(above), stub))
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


def answers(cells, exercise):
    """The places in `cells`, a list, of those that may answer an `Exercise`, the likeliest first.

    That is the one cell tagged as an exercise that defines the function and is no longer the stub; then, for the case
    that it returns nothing, those of the learner's own that do, the last first. Raises ValueError where there is none,
    or where several are tagged.
    """
    name = exercise.name
    defining = [place for place, cell in enumerate(cells)
                if _defines(cell.source, name)]
    tagged = [place for place in defining if cells[place].exercise and cells[place].source.strip() != exercise.stub]
    if len(tagged) > 1:
        raise ValueError(f"{len(tagged)} cells define {name}: keep one")
    if not defining:
        raise ValueError(f"no cell defines {name}")
    return tagged + [place for place in reversed(defining) if place not in tagged]


def _defines(source, name):
    """Whether a cell defines `name`, as a function or otherwise; told by its lines where it is not plain Python."""
    try:
        return name in defined(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # magics, a slip, zeros, parentheses without end
        return bool(re.search(rf"^([ \t]*def {name}\b|{name} *(:[^=\n]*)?=(?!=))", source, re.M))


def course(folder=COURSE):
    """The notebooks of the course: a dict, name → path. Raises ValueError where a folder holds none."""
    found = {path.stem: path for path in sorted(Path(folder).glob("[0-9]*.ipynb"))}
    if not found:
        raise ValueError(f"{folder} holds no notebook of the course: camlib alone, without them, cannot grade")
    return found
