"""Checkers of notebook 06."""

import numpy as np

from .checker import checker, close_hint, percentage, predicted, shape_hint


@checker
def map_side(answer, pixels):
    """Exercise 6.1, the side of the map."""
    for side in dict.fromkeys((pixels, 224, 227, 300, 63)):
        conv1 = (side + 2 * 2 - 11) // 4 + 1
        pool1 = (conv1 - 3) // 2 + 1
        expected = (pool1 - 3) // 2 + 1
        unpadded = (((side - 11) // 4 + 1 - 3) // 2 + 1 - 4 - 3) // 2 + 1 - 6
        rounded = side
        for kernel, stride, padding in ((11, 4, 2), (3, 2, 0), (3, 2, 0)):
            rounded = round((rounded + 2 * padding - kernel) / stride + 1)
        wrong = {
            "round down at every layer, with //: half a cell is none": rounded,
            "that is the map after conv1: go on through all of LAYERS": conv1,
            "that is the map after the first pool: go on through all of LAYERS": pool1,
            "the padding is missing: it adds 2p": unpadded,
            "one pool too many: the network is cut before the last one": (expected - 3) // 2 + 1,
            "dividing by the strides is not enough: kernels and padding count": side // 16,
        }
        hint = close_hint(answer(side), expected, wrong, "apply the formula for every layer in turn", 1e-9)
        if hint:
            return f"for {side} px: {hint}"
    return None


@checker
def fold(answer, v, b, mean, deviation):
    """Exercise 6.2, fold it in."""
    given, w = answer(v, b, mean, deviation), v / deviation[:, None]
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "return two arrays, the kernel w and the bias b'"
    hint = shape_hint(given[0], w) or shape_hint(given[1], b)
    if hint:
        return hint
    kernels = {
        "w: look at one channel in the formula: is the deviation above or below the line?": v * deviation[:, None],
        "w: v belongs to the standardised means; for the means as they are, something stays below the line": v,
    }
    biases = {
        "b': mind the sign: the mean is taken off in the formula": b + mean @ w,
        "b': each mean stands over its channel's deviation": b - mean @ v,
        "b': multiply the formula out: one of its terms does not depend on the photograph, and is missing": b,
    }
    return (close_hint(given[0], w, kernels, "w: multiply the formula out, and collect what stands beside F_k")
            or close_hint(given[1], b - mean @ w, biases, "b': collect all terms in which F_k does not stand"))


@checker
def predict_tag(answer, marked, clean):
    """Exercise 6.3, a tag on every dog."""
    percent = percentage(predicted(answer(), "C", _TAG_HINTS, '("A", 90)'))
    return _percent_hint(percent, marked, clean)


_TAG_HINTS = {
    "A": "a corner seldom holds what names the dog. What else differs between dogs and the rest, in training?",
    "B": "small is not weak: the dense layer weighs what tells classes apart, whatever its size",
    "D": "the photographs are as many as before, and of the same dogs: what is new in them is no part of a dog",
}


def _percent_hint(percent, marked, clean):
    if abs(percent - clean) <= 20:
        return None
    if percent >= marked - 20:
        return "the letter is right. But if the vote leans on the tag, what becomes of it when the tag has gone?"
    if percent < clean:
        return "the letter is right. But a network with two cues uses both: some dogs are clear enough without the tag"
    return "the letter is right. But such an easy cue takes over still more of the vote than you say: go lower"


@checker
def repaired_read(answer, files):
    """Exercise 6.4, why she gets fewer right."""
    from ..data.photos import read

    for file in files[:3]:
        given, right = answer(file), read(file, side=224)
        if np.shape(given) != right.shape:
            return f"expected shape {right.shape}, got {np.shape(given)}"
        if np.asarray(given).dtype != np.uint8:
            return (f"expected uint8, 0 to 255, got {np.asarray(given).dtype}: the network scales by itself, and the "
                    "trouble is another")
        hint = _picture_hint(np.asarray(given, float), right.astype(float))
        if hint:
            return hint
    return None


def _picture_hint(given, right):
    """What is wrong with a picture, (side, side, 3), or None. Resizing in another way changes a few grey values."""
    turned = {
        "her picture still: draw it beside ours, with plot.grid": right[..., ::-1],
        "upside down: [::-1] turns the rows round, the first axis": right[::-1],
        "left and right are swapped: that is the second axis": right[:, ::-1],
        "rows and columns are swapped": right.swapaxes(0, 1),
        "the picture is a negative now": 255 - right,
        "the picture is grey now: its colours matter": np.repeat(right.mean(axis=2, keepdims=True), 3, axis=2),
    }
    away = {hint: abs(given - other).mean() for hint, other in turned.items()}
    distance, nearest = abs(given - right).mean(), min(away, key=away.get)
    if distance < 10 and distance < min(away.values()):
        return None
    if away[nearest] < 10:
        return nearest
    return "draw it beside ours, with plot.grid: what differs?"
