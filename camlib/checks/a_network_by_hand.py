"""Checkers of notebook 02."""

import numpy as np

from .checker import checker, close_hint, predicted, shape_hint


@checker
def max_pool(answer, feature_map):
    """Exercise 2.1, max-pooling."""
    slope = np.arange(24.0).reshape(4, 6) - 30  # not square, and below zero everywhere
    for values in (np.asarray(feature_map, float), slope):
        hint = _pool_hint(np.asarray(answer(values.copy())), values)
        if hint:
            return hint
    return None


def _pool_hint(given, values):
    rows, columns = values.shape
    corners = [values[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    expected = np.maximum.reduce(corners)
    if given.shape == (rows // 2,):
        return "f[i:i + 2] is two whole rows: a square has two columns as well, f[i:i + 2, j:j + 2]"
    if given.shape == (rows - 1, columns - 1):
        return f"the shape is {given.shape}, expected {expected.shape}: the squares must not overlap"
    strips = values.reshape(rows // 2, columns // 2, 4).max(axis=2)
    wrong = {
        "that is the mean of each square; pooling keeps its largest number": np.mean(corners, axis=0),
        "you keep one corner of each square, whatever the other three hold": corners[0],
        "that is the smallest number of each square": np.minimum.reduce(corners),
        "that is the sum of each square": np.sum(corners, axis=0),
        "your groups of four lie along a row: two rows must meet in each square": strips,
        "below zero it goes wrong: a maximum that starts at 0 never finds a smaller one": np.maximum(expected, 0),
    }
    blocks = values.reshape(2, rows // 2, 2, columns // 2).max(axis=(0, 2))
    wrong["your groups of four are cells that lie half a map apart, not neighbours"] = blocks
    return close_hint(given, expected, wrong, "the numbers are not the largest of each 2 × 2 square")


@checker
def logit_gradient(answer):
    """Exercise 2.2, the slope of the loss in each logit."""
    for logits, label in (((1.0, -0.5, 0.3), 0), ((0.2, 0.1, 2.0), 1), ((0.0, 1.0, -1.0, 3.0), 3)):
        logits = np.array(logits)
        given = np.asarray(answer(logits.copy(), label))
        p = np.exp(logits) / np.exp(logits).sum()
        y = np.eye(len(logits))[label]
        hint = shape_hint(given, p) or close_hint(given, p - y, _wrong_gradients(logits, p, y))
        if hint:
            return hint
    return None


def _wrong_gradients(logits, p, y):
    return {
        "right for the other classes; the label's logit stands above the fraction line as well as below": p,
        "the sign is turned: a step against this slope would make the label less probable": y - p,
        "that is the slope in the probability: how does the probability change with each logit?": -y / (p @ y),
        "right for the label; but every logit stands in softmax's sum, so all of them count": y * (p - y),
        "right for the label; only its logit stands above the fraction line, what of the others?": p - 1,
        "those are the logits as they are: softmax is missing": logits - y,
        "that is how p changes with its own logit; the loss is a logarithm of one of them": p * (1 - p),
        "nearly: −log p is asked for, not p itself": (p @ y) * (p - y),
    }


@checker
def moved_digit(answer):
    """Exercise 2.3, a digit that moves."""
    misled = {
        "A": "a mean adds up all cells before it divides: does it know in which of them a number stood?",
        "B": "a pool forgives one pixel inside a square at most: what does a kernel find on blank paper?",
        "D": "weights learn what they saw, but which weight here belongs to one place of the picture?",
    }
    cells = predicted(answer(), "C", misled, '("A", 0)')
    wrong = {
        "the maps follow the ink. By how much": 0,
        "that counts pixels; how many pixels wide is a cell of the last maps": 8,
        "look at its layers: how often does this network pool": 2,
    }
    hint = close_hint(cells, 4, wrong, "how many pixels does a cell of the last maps stand for")
    return hint and f"the statement is right; the cells are not: {hint}?"


@checker
def high_loss(answer):
    """Exercise 2.4, a loss that stays high."""
    misled = {
        "A": "more steps would help a little; but what would the loss be if every answer were perfect?",
        "B": "the two networks read almost equally many digits right, and one of them has a low loss",
        "D": "then the network would be right about one time in three; how often is it?",
    }
    for classes in (3, 10):
        if hint := _floor_hint(predicted(answer(classes), "C", misled, '("A", 0.0)'), classes):
            return hint
    return None


def _floor_hint(floor, classes):
    best = -np.log(np.e / (np.e + classes - 1))
    wrong = {
        "0 would need a probability of 1; feed the best possible output in, and see what comes out": 0,
        "that is the loss of a network that knows nothing; the floor is a perfect one's": np.log(classes),
        "the label's own share is counted twice: only the other classes have exp(0)": -np.log(np.e / (np.e + classes)),
        "a floor is a loss, minus the logarithm of a probability; that is the probability": np.exp(-best),
    }
    hint = close_hint(floor, best, wrong, "what is the best output that this network can give, and its loss?")
    return hint and f"the cause is right; the floor for {classes} classes is not: {hint}"
