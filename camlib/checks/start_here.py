"""Checkers of notebook 00."""

import numpy as np

from .checker import checker


@checker
def hottest_cell(answer, maps, logits):
    """Exercise 0.1, the cell with the most evidence."""
    named = maps[:, :, logits.argmax()]
    result = answer(maps, logits)
    if np.shape(result) == ():
        return f"{result} is a flat index: np.unravel_index(index, shape) turns it into a row and a column"
    if np.shape(result) == (3,):
        return "three numbers came back: choose the map of the class with the largest logit, then its hottest cell"
    if np.shape(result) != (2,):
        return f"expected two numbers, a row and a column, got shape {np.shape(result)}"
    row, column = result
    if not (0 <= row < named.shape[0] and 0 <= column < named.shape[1]):
        return f"row {row}, column {column} is no cell of a map of {named.shape[0]} × {named.shape[1]}"
    if named[row, column] == named.max():
        return None
    if named.T[row, column] == named.max():
        return "row and column are exchanged"
    return "that cell is not the hottest in the map of the class with the largest logit"
