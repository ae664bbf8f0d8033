"""Checkers of notebook 05."""

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
def difference_interval(answer):
    """Exercise 4.3, is this difference real."""
    a, b, digits = _hits_of_two_methods()
    result, (low, high) = answer(a, b, digits), _interval(1.0 * a - b, digits)
    if np.shape(result) != (2,):
        return f"expected two numbers, low and high, got shape {np.shape(result)}"
    (low_a, high_a), (low_b, high_b) = _interval(a, digits), _interval(b, digits)
    half = np.hypot(high_a - low_a, high_b - low_b) / 2
    wrong = {
        None: (low, high),
        "low comes first, then high": (high, low),
        "that is the second method's hits minus the first's": (-high, -low),
        "that draws scenes, but those that share a digit hang together: draw digits, by groups=digits":
            _interval(1.0 * a - b),
        "that is one interval minus another: take the difference in each scene first, and draw that":
            (low_a - high_b, high_a - low_b),
        "each method drew its own scenes: take the difference in each scene first, and draw that":
            ((low + high) / 2 - half, (low + high) / 2 + half),
        "that is the interval of one method: take the difference in each scene": (low_a, high_a),
    }
    noise = 0.12 * (high - low)  # the ends of a thousand draws are uncertain by 2 % of the width
    if np.allclose(np.multiply(100, result), (low, high), rtol=0, atol=noise):
        return "give percent, from -100 to 100, not fractions"
    hints = (hint for hint, value in wrong.items() if np.allclose(result, value, rtol=0, atol=noise))
    return next(hints, f"for the checker's scenes it should be near {low:.0f} and {high:.0f} percent")


def _hits_of_two_methods():
    """Hits, bool, of two methods in the same 600 scenes of 60 digits: a third of what one hits the other misses."""
    random = np.random.default_rng(0)
    digits = random.permutation(np.repeat(np.arange(60), 10))
    easy, missed = digits % 5 < 3, digits % 5 == 0  # by digit, so that scenes of one digit hang together
    return easy ^ (random.random(600) < 0.05), (easy & ~missed) ^ (random.random(600) < 0.05), digits


def _interval(rows, groups=None, draws=4000):
    """The 95 % bootstrap interval of the mean, in percent; all groups are equally large."""
    means = rows if groups is None else np.array([rows[groups == group].mean() for group in np.unique(groups)])
    drawn = np.random.default_rng(1).integers(0, len(means), (draws, len(means)))
    return 100 * np.quantile(means[drawn].mean(axis=1), [0.025, 0.975])


@checker
def offset(answer, kernels):
    """Exercise 4.4, whose map is askew."""
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
