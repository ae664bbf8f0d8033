"""Checkers of notebook 05."""

import numpy as np

from .checker import checker, close_hint, percentage, predicted


@checker
def iou_by_hand(answer, a, b):
    """Exercise 5.1, intersection over union."""
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
def margin(answer):
    """Exercise 5.2, what an IoU demands."""
    for w, h, delta in ((16, 20, 0.7), (8, 20, 0.5), (10, 10, 0.3)):
        half, grown = (w + h) / 4, w * h * (1 / delta - 1) / 4
        right = np.sqrt(half**2 + grown) - half
        wrong = {
            "that is how much a whole side may grow: it has two ends": 2 * right,
            "that is in whole pixels: leave the fraction": np.floor(right),
            "that is rounded to whole pixels: leave the fraction": np.ceil(right),
            "that is for one edge alone; here all four lie outside": w * (1 / delta - 1),
            "that is for a box that is too small; here the found one is the larger":
                half - np.sqrt(half**2 - w * h * (1 - delta) / 4),
            "that is for a box that is moved, not grown":
                2 * half - np.sqrt(4 * half**2 - w * h * (1 - delta) / (1 + delta)),
            "too large: the corners grow as well, so the term with e² counts": grown / (2 * half),
            "the other solution of the quadratic equation is negative: here e is above zero": -right - 2 * half,
        }
        otherwise = "write the IoU as the smaller area over the larger one, set it equal to delta, and solve for e"
        hint = close_hint(answer(w, h, delta), right, wrong, otherwise, 3e-3)
        if hint:
            return f"for {w} × {h} px and {delta}: {hint}"
    return None


MISTAKEN = {
    "same": "a second digit is no scrap: to features it is as good as the first. Which maps know your question?",
    "both": "CAM is the map of one class; to it the other digit says little, or no. Which maps know your question?",
    "chance": "a random pixel is mostly on paper; where lies this map's maximum in nearly every scene of one digit?",
}


@checker
def one_of_two(answer):
    """Exercise 5.3, two digits, one question."""
    percent = percentage(predicted(answer(), "blind", MISTAKEN, '("same", 90)'))
    if percent > 60:
        return "the word fits; but in so many scenes the map would have to know which digit you ask for"
    if percent < 40:
        return "the word fits; but how often is the digit that a blind map finds the one you ask for?"
    return None


@checker
def difference_interval(answer):
    """Exercise 5.4, an interval that is too wide."""
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
        "now scenes are drawn, but those that share a digit hang together: draw digits, by groups=digits":
            _interval(1.0 * a - b),
        "still one interval minus another: a scene that is hard for both methods is counted as doubt about each":
            (low_a - high_b, high_a - low_b),
        "ends minus ends is no interval either: what varies from draw to draw, when both meet the same scenes?":
            (low_a - low_b, high_a - high_b),
        "each method drew its own scenes here, and yet both met the same ones":
            ((low + high) / 2 - half, (low + high) / 2 + half),
        "that is the interval of one method; asked is that of a difference": (low_a, high_a),
        "a ^ b says that they differ, not who was right: make the hits numbers, 1.0 * a - b": _interval(a ^ b, digits),
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

