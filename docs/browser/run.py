"""The page's Python: how a cell is run, and what it can call besides NumPy and camlib. Runs in Pyodide alone."""

import linecache
import traceback

import numpy as np
from page import draw  # the worker's
from pyodide.code import eval_code

SIGNED = np.load("scenes.npz")["signed"]  # colours, uint8, (256, 3): against, 0 is white, for


def show(values):
    """Draw below the cell a scene, uint8, as ink on paper, or a map around a white zero, and say in words what it is.

    values: finite numbers, (rows, columns). Raises ValueError for others.
    """
    values = np.asarray(values)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"show draws (rows, columns) of numbers, as maps[:, :, 7]; this is {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("show draws finite numbers; among these there are NaN or infinite ones")
    rows, columns = values.shape
    if values.dtype == np.uint8:
        colours, words = np.stack([255 - values] * 3, axis=2), f"A picture of {rows} × {columns} pixels."
    else:
        limit = max(abs(values).max(), 1e-9)
        colours = SIGNED[np.rint(127.5 + 127.5 * values / limit).astype(int)]
        y, x = np.unravel_index(values.argmax(), values.shape)
        words = (f"A map of {rows} × {columns}, from {values.min():.1f} to {values.max():.1f}, in row {y}, "
                 f"column {x}. Red: evidence for, blue: against, white: 0.")
    opaque = np.full((rows, columns, 1), 255, np.uint8)
    draw(np.concatenate([colours, opaque], axis=2, dtype=np.uint8).tobytes(), columns, rows, words)


CELLS = {"show": show}  # what the cells have defined


def run(code, name):
    """Run a cell, show the value that it ends in, and print an error as its reader needs it; whether all went well."""
    linecache.cache[name] = len(code), None, code.splitlines(keepends=True), name
    try:
        value = eval_code(code, CELLS, filename=name)
    except BaseException as error:  # SystemExit, too, is no more than the end of a cell
        for step in traceback.extract_tb(error.__traceback__):
            if step.filename.startswith("cell "):
                print(f"{step.filename}, line {step.lineno}: {step.line}")
        print("".join(traceback.format_exception_only(error)).strip())
        return False
    if value is not None:
        print(repr(value))
    return True
