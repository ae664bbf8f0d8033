"""Checkers of notebook 00."""

import numpy as np

from .checker import checker, close_hint, predicted


@checker
def hottest_cell(answer, maps, logits):
    """Exercise 0.1, the cell with the most evidence."""
    named = maps[:, :, logits.argmax()]
    result = answer(maps, logits)
    if np.shape(result) in ((2, 1), (1, 2)):  # as np.where and np.argwhere give one place
        result = np.ravel(result)
    if np.shape(result) == ():
        if np.asarray(result).dtype.kind == "f":
            return f"{result:g} is the value of a cell: where does it stand? np.argmax and np.unravel_index tell"
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


@checker
def added_by_each_cell(answer):
    """Exercise 0.2, what each cell adds."""
    values = np.random.default_rng(0).normal(scale=100, size=(4, 5))
    result = answer(values.copy())
    if np.shape(result) == ():
        return "that is one number: what does each cell add? Its row and column should stay"
    wrong = {
        "these add up to far more than the logit: it is the mean of the map, not the sum": values,
        "right for 25 × 25 cells only: read the number of cells from the map": values / 625,
        "every cell got the same: a cell that speaks against the class should take something off":
            np.full((4, 5), values.mean() / 20),
        "these add up to 1 on every map: shares of a whole, and the question is how much": values / values.sum(),
        "divide by the number of cells, not of rows": values / 4,
        "divide by the number of cells, not of columns": values / 5,
        "what speaks against the class counts too": np.maximum(values, 0) / 20,
        "that adds up to nothing: leave the mean in": values - values.mean(),
    }
    return close_hint(result, values / 20, wrong, "all of them together, plus the bias, should be the logit")


@checker
def before_training(answer):
    """Exercise 0.3, before training."""
    misled = {
        "A": "that such maps mean nothing to us is true. But the equation does not ask what a map means: whose sum "
             "does a map show?",
        "B": "maps and logits do change in training. Are they two things that are trained, or one made of the other?",
        "D": "does the equation hear the label? Look for it there",
    }
    count = predicted(answer(), "C", misled, '("A", 5000)')
    wrong = {
        "that is how many logits there are. If the equation holds, in how many do its sides differ?": 10000,
        "this counts logits where the two sides differ; you say that the equation holds": 1000,
    }
    return close_hint(count, 0, wrong, "you say that the equation holds, up to rounding: how often does it not?")
