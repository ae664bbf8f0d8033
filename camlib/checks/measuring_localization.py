"""Checkers of notebook 04."""

import numpy as np

from .checker import checker, close_hint


@checker
def iou_by_hand(answer, a, b):
    """Exercise 4.1, intersection over union."""
    from ..boxes import iou

    if answer((0, 0, 4, 4), (6, 6, 9, 9)):
        return "boxes that do not touch have IoU 0: a width or height below 0 counts as 0, each on its own"
    pair = (1, 2, 11, 8), (4, 0, 16, 6)
    common, areas = 7 * 4, [60, 72]
    wrong = {
        "that is the shared area over the sum of both: take the shared part off the sum once": common / sum(areas),
        "that is the shared area itself: divide it by the area that both cover": common,
        "that is the shared area over the first box": common / areas[0],
        "that is the shared area over the second box": common / areas[1],
        "boxes are half-open: a width is x1 - x0, without + 1": 8 * 5 / (11 * 7 + 13 * 7 - 8 * 5),
    }
    hint = close_hint(answer(*pair), iou(*pair), wrong)
    return hint or close_hint(answer(a, b), iou(a, b), {}, f"right for {pair}, but not for {a} and {b}")


@checker
def honest_accuracy(answer, tune, test):
    """Exercise 4.2, an honest threshold."""
    result, by_tune, by_test = answer(tune, test), tune.mean(axis=0), test.mean(axis=0)
    if np.ndim(result):
        return f"expected one number, got shape {np.shape(result)}: take the mean over the scenes (axis 0)"
    wrong = {
        "that is the best accuracy on test itself, the trap: choose the column on tune": by_test.max(),
        "that is the accuracy on tune: choose there, but measure on test": by_tune.max(),
        "give a fraction from 0 to 1, not percent": 100 * by_test[by_tune.argmax()],
        "that is the column, not the accuracy there": by_tune.argmax(),
    }
    return close_hint(result, by_test[by_tune.argmax()], wrong, "choose the column by tune.mean(axis=0)", 1e-6)


@checker
def offset(answer, kernels):
    """Exercise 4.3, whose map is askew."""
    for sides in dict.fromkeys((tuple(kernels), (6, 4), (5, 5), (3, 4), (4, 3), (7, 5, 3))):
        halves, scale = np.array(sides) % 2 / 2, 2 ** np.arange(len(sides))
        wrong = {
            "the second layer's offset is in pixels of its own input, and each is 2 of the image's": halves.sum(),
            "the other way round: the offset is (k - s)/2 - p, and not negative": -halves @ scale,
            "the first layer's input is the image: its offset counts once, the next one's twice": halves @ scale * 2,
            "take p off: it is (k - s)/2 rounded down": (np.array(sides) / 2 - 1) @ scale,
        }
        otherwise = "an odd side at stride 2 gives half a pixel of its input, an even one nothing"
        hint = close_hint(answer(sides), halves @ scale, wrong, otherwise, 1e-6)
        if hint:
            return f"for kernels {sides}: {hint}"
    return None
