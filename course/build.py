"""The notebooks, made from their one source: `python -m course.build learner`, `texts` or `solved`; 03 for one.

A source, `course/NN_name.py`, is a solved notebook in jupytext's percent format. Its cells may be tagged:
`exercise` (the one function that a reader is to write; the next code cell checks it), `answer` (gives an exercise
away) and `own-test` (holds the course to what it says), which stay closed until the reader opens them, `guide` (for
teachers) and `notes` (a speaker's, for the decks of `slides`), neither of which readers get, and whatever else is
looked for elsewhere, such as `nbval-check-output`.
"""

import argparse
import ast
import re
import sys
from difflib import SequenceMatcher
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError

from camlib.files import whole_file

from .edition import colab, edition, unlinked

SOURCES = Path(__file__).parent
FOLDER = SOURCES.with_name("notebooks")  # the learners' copies
SOLUTIONS = FOLDER.parent / "out" / "solutions"
CLOSED = {"answer", "own-test"}
WIDGET = "application/vnd.jupyter.widget-view+json"  # of a kernel that has gone: a page without it shows an error
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def sources(*only):
    """The paths of all sources in order, or of those whose names start with one of `only`, such as "03".

    Raises ValueError where one of `only` fits no source.
    """
    paths = sorted(SOURCES.glob("[0-9]*.py"))
    for start in only:
        if not any(path.stem.startswith(start) for path in paths):
            raise ValueError(f"no notebook starts with {start!r}: expected one of {', '.join(p.stem for p in paths)}")
    return [path for path in paths if not only or path.stem.startswith(only)]


def chosen(copy):
    """The paths of the sources of the notebooks that the edition `copy` has. Raises ValueError for one unknown."""
    return sources(*copy.notebooks)


def title(source):
    """The title of a notebook, which is the first line of its source, such as "04 · Which places cast the vote?"."""
    return re.search("^# # (.+)$", source.read_text("utf-8"), re.M)[1]


def left_out():
    """The names of the notebooks that this edition leaves out, a set."""
    return {path.stem for path in sources()} - {path.stem for path in chosen(edition())}


def unlink(source, cells):
    """The Markdown among `cells`, in place, without links to notebooks that this edition leaves out."""
    kept, gone = chosen(edition()), left_out()
    following = next((f"[{title(path)}]({path.stem}.ipynb)" for path in kept if path.name > source.name), "")
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = unlinked(cell.source, gone, following)


def tags(cell):
    """The tags of a cell, a list of texts."""
    return cell.metadata.get("tags", [])


def solved(source):
    """The solved notebook that the file `source` holds, not run. A cell's id tells its place there."""
    notebook = jupytext.read(source, fmt="py:percent")
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place:02}"
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    return notebook


def learner(source, without=("guide", "notes")):
    """The reader's notebook, not run: exercises without their solutions, and no cell with one of the tags `without`.

    Below its title it has the cell that `colab` makes.
    Raises ValueError for an exercise of which `stub` cannot be made.
    """
    notebook = solved(source)
    notebook.cells = [cell for cell in notebook.cells if not set(without) & set(tags(cell))]
    for cell in notebook.cells:
        if CLOSED & set(tags(cell)):
            close(cell)
        if "exercise" in tags(cell):
            try:
                cell.source = stub(cell.source)
            except (ValueError, SyntaxError) as error:
                first = cell.source.partition("\n")[0]
                raise ValueError(f"{source.name}, exercise {first!r}: {error}") from error
    unlink(source, notebook.cells)
    notebook.cells.insert(1, colab(edition()))
    return notebook


def close(cell):
    """Fold a cell, its code and outputs, or its text, until the reader opens it."""
    if cell.cell_type == "code":
        cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        cell.metadata["tags"] = [*tags(cell), "hide-cell"]  # the same for the site
    else:
        cell.source = f"<details><summary>After your attempt</summary>\n\n{cell.source}\n\n</details>"


def stub(solution):
    """What a reader gets of the function `solution`: its head and docstring, then `return None`.

    Raises ValueError unless it is one function with a docstring and something to write.
    """
    match ast.parse(solution).body:
        case [ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as docstring), *rest])]:
            if "\n".join(map(ast.unparse, rest)) in ("", "pass", "return", "return None"):
                raise ValueError("the stub would equal the solution: write the solution")
            head = solution.splitlines()[:docstring.end_lineno]
            return "\n".join([*head, " " * docstring.col_offset + "return None"])
        case [ast.FunctionDef()]:
            raise ValueError("the function has no docstring: say there what it takes and returns")
        case parts:
            raise ValueError(f"expected one function and nothing else, the cell holds {len(parts)} statements")


def with_outputs(notebook, committed, changed=False):
    """The learner's `notebook` with the outputs that the file `committed` holds of the same code.

    changed: whether a cell whose code has changed keeps the outputs of the cell that stood in its place.
    Raises ValueError where a cell has no counterpart, and OSError where there is no such file.
    """
    ours, run = ([cell for cell in cells if cell.cell_type == "code" and "colab" not in tags(cell)]
                 for cells in (notebook.cells, nbformat.read(committed, as_version=4).cells))
    alike = SequenceMatcher(None, *([cell.source for cell in cells] for cells in (ours, run)), autojunk=False)
    pairs = [pair for kind, a, b, c, d in alike.get_opcodes() if kind == "equal" or (changed and b - a == d - c)
             for pair in zip(ours[a:b], run[c:d])]
    if len(pairs) < max(len(ours), len(run)):
        raise ValueError(f"{committed.name} holds outputs of other code than its source: "
                         f"run make notebooks ONLY={committed.stem[:2]}")
    if newer := sum(cell.source != old.source for cell, old in pairs):
        print(f"{committed.name}: {newer} of its cells have changed since their outputs were made: "
              f"make notebooks ONLY={committed.stem[:2]} runs them")
    for cell, old in pairs:
        cell.outputs = old.outputs
    number([cell for cell in notebook.cells if cell.cell_type == "code"])
    return notebook


def number(cells):
    """Count code cells from 1, as a run from top to bottom does, and their results with them."""
    for place, cell in enumerate(cells, 1):
        cell.execution_count = place
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = place


def checked(source, committed):
    """The learner notebook in the file `committed`, with its outputs, for nbval: each check is followed by `verdicts`.

    Raises ValueError where `committed` is not made from `source`.
    """
    notebook, current = nbformat.read(committed, as_version=4), learner(source)
    if [(cell.id, cell.source) for cell in notebook.cells] != [(cell.id, cell.source) for cell in current.cells]:
        raise ValueError(f"{committed.name} is not made from {source.name}: run make notebooks ONLY={source.stem[:2]}")
    solutions = {cell.id: cell.source for cell in solved(source).cells}
    cells, exercise = [], None
    for cell in notebook.cells:
        cells.append(cell)
        if "exercise" in tags(cell):
            exercise = cell
        elif exercise and cell.cell_type == "code":
            cells += verdicts(exercise.source, solutions[exercise.id], cell)
            exercise = None
    notebook.cells = cells
    return notebook


def verdicts(unsolved, solution, check):
    """Two cells, with what they are to print: the checker called in the cell `check`, for the solution, then the stub.

    The stub comes last, so that the cells after it run as they do for a reader who has written nothing.
    """
    statements = map(ast.unparse, ast.parse(check.source).body)
    call = next((line for line in statements if line.startswith("checks.")), None)
    printed = "".join(output.get("text", "") for output in check.outputs)
    blank = re.search("^○ (.*): not attempted yet$", printed, re.M)
    if call is None or blank is None:
        raise ValueError("the cell after an exercise should call its checker, checks.…, and hold its answer to the "
                         f"stub, “○ …: not attempted yet”; the cell {check.source!r} holds {printed!r}")
    for function, line in ((solution, f"✔ {blank[1]}: right"), (unsolved, blank[0])):
        output = nbformat.v4.new_output("stream", text=f"{line}\n")
        yield nbformat.v4.new_code_cell(f"{function}\n\n{call}", outputs=[output], execution_count=0,
                                        metadata={"tags": ["nbval-check-output"]})


def run(notebook, seconds=900):
    """Execute every cell, in the folder of the notebooks; the outputs are in `notebook` afterwards.

    Raises CellExecutionError where a cell does, and CellTimeoutError for one that takes more than `seconds`.
    """
    NotebookClient(notebook, timeout=seconds, kernel_name=KERNEL["name"], resources={"metadata": {"path": FOLDER}},
                   store_widget_state=False, record_timing=False, coalesce_streams=True).execute()
    notebook.metadata.pop("language_info", None)  # which says what Python it was
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)


def write(notebook, path):
    """Write a notebook in one piece or not at all."""
    with whole_file(path) as part:
        nbformat.write(notebook, part)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.build", description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=("learner", "texts", "solved"), help="stubs, executed; stubs, with the "
                        "outputs that they have, cell by cell; solutions, not executed")
    parser.add_argument("only", nargs="*", help="starts of names, such as 03; all without")
    asked = parser.parse_args(arguments)
    try:
        for source in sources(*asked.only):
            path = (SOLUTIONS if asked.kind == "solved" else FOLDER) / f"{source.stem}.ipynb"
            notebook = solved(source) if asked.kind == "solved" else learner(source)
            if asked.kind == "texts":
                with_outputs(notebook, path, changed=True)
            elif asked.kind == "learner":
                run(notebook)
            write(notebook, path)
            print(path)
    except (ValueError, OSError, CellControlSignal, DeadKernelError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
