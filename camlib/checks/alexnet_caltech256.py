"""Checkers of notebook 06."""

import numpy as np

from .checker import checker, close_hint, shape_hint


@checker
def map_side(answer, pixels):
    """Exercise 5.1, the side of the map."""
    for side in dict.fromkeys((pixels, 224, 227, 300, 63)):
        conv1 = (side + 2 * 2 - 11) // 4 + 1
        pool1 = (conv1 - 3) // 2 + 1
        expected = (pool1 - 3) // 2 + 1
        unpadded = (((side - 11) // 4 + 1 - 3) // 2 + 1 - 4 - 3) // 2 + 1 - 6
        wrong = {
            "that is the map after conv1: go on through all of LAYERS": conv1,
            "that is the map after the first pool: go on through all of LAYERS": pool1,
            "the padding is missing: it adds 2p": unpadded,
            "dividing by the strides is not enough: kernels and padding count": side // 16,
        }
        hint = close_hint(answer(side), expected, wrong, "apply the formula for every layer in turn", 1e-9)
        if hint:
            return f"for {side} px: {hint}"
    return None


@checker
def fold(answer, v, b, mean, deviation):
    """Exercise 5.2, fold it in."""
    given, w = answer(v, b, mean, deviation), v / deviation[:, None]
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "return two arrays, the kernel w and the bias b'"
    hint = shape_hint(given[0], w) or shape_hint(given[1], b)
    if hint:
        return hint
    kernels = {
        "w: divide by the deviation, do not multiply": v * deviation[:, None],
        "w: v is as it was; divide each channel's row by its deviation": v,
    }
    biases = {
        "b': the means are to be taken off, not added": b + mean @ w,
        "b': each mean counts in units of its channel's deviation": b - mean @ v,
        "b': it is the one for standardised features; take the means off": b,
    }
    return (close_hint(given[0], w, kernels, "w: divide each channel's row by its deviation")
            or close_hint(given[1], b - mean @ w, biases, "b': take off what the means bring"))


@checker
def mean_of_classes(answer, guesses, truth):
    """Exercise 5.3, every class counts alike."""
    result, right, classes = answer(guesses, truth), guesses == truth, np.unique(truth)
    expected = np.mean([right[truth == which].mean() for which in classes])
    if np.ndim(result):
        return f"expected one number, got shape {np.shape(result)}: take the mean over the classes"
    called = [right[guesses == which].mean() for which in np.unique(guesses)]
    wrong = {
        "that is the share of all photographs: a class with many counts more in it": right.mean(),
        "that asks how often a name was right; ask how often a class was named": np.mean(called),
        "give a fraction from 0 to 1, not percent": 100 * expected,
        "that counts a class that has no photograph": expected * len(classes) / len(np.union1d(guesses, truth)),
    }
    return close_hint(result, expected, wrong, "take each class's share by itself, then their mean", 1e-9)
