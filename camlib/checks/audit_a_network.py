"""Checkers of notebook 09. None of them knows what is wrong with a network: that is sealed."""

import hashlib

import numpy as np

from .checker import checker, close_hint, shape_hint

KINDS = ("sound", "shortcut", "leak", "shuffled", "moved")
SMALL = 5  # points or px: a sound network's largest figure may be as far from 0
LEAST = {"moved": (2, "px")}  # from 0, of a fault's figure, besides an interval without 0; of the other faults'
POINTS = (3, "points")


def sealed(verdicts, salt):
    """The hash, hexadecimal, of what is wrong with each network: dict of names → one of KINDS. Slow, on purpose."""
    text = ", ".join(f"{name}: {verdicts[name]}" for name in sorted(verdicts))
    return hashlib.pbkdf2_hmac("sha256", text.encode(), bytes.fromhex(salt), 500_000).hex()


@checker
def erased(answer):
    """Exercise 9.1, erase a box in each scene."""
    images = np.random.default_rng(0).integers(1, 256, (3, 9, 9), np.uint8)
    boxes = np.array([[1, 2, 4, 8], [0, 0, 9, 1], [5, 3, 6, 4]])
    given = images.copy()
    result = answer(given, boxes)
    if not np.array_equal(given, images):
        return "the scenes that were handed over have changed: work on a copy, they are needed again"
    if hint := shape_hint(result, images):
        return hint
    right, turned, wide, ink = (images.copy() for _ in range(4))
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        right[number, y0:y1, x0:x1] = 0
        turned[number, x0:x1, y0:y1] = 0
        wide[number, y0:y1 + 1, x0:x1 + 1] = 0
        ink[number, y0:y1, x0:x1] = 255
    wrong = {
        "rows come first: a pixel is images[n, y, x], and a box (x0, y0, x1, y1)": turned,
        "boxes are half-open: x1 and y1 are outside already": wide,
        "255 is ink, paper is 0": ink,
        "nothing is erased": images,
    }
    return close_hint(result, right, wrong, "other pixels than those in the boxes have changed, or not all of them")


@checker
def difference(answer):
    """Exercise 9.2, the difference of two strangers."""
    first, second = (90.0, 87.0, 93.0), (96.0, 92.0, 100.0)
    result = answer(first, second)
    if np.shape(result) != (3,):
        return f"expected three numbers, value, low and high, got shape {np.shape(result)}"
    value, half = -6, 5
    wrong = {
        "that is the second minus the first: a fall should come out negative": (6, 1, 11),
        "half-widths do not add up: both would have to miss at opposite ends at once. What adds up is the variance":
            (value, value - 7, value + 7),
        "that is low minus low and high minus high: both would have to miss on the same side": (value, -5, -7),
        "the second interval makes a difference less certain, not more": (value, value - 7**0.5, value + 7**0.5),
        "that is the mean of both half-widths": (value, value - 3.5, value + 3.5),
        "that takes one of both half-widths": (value, value - 4, value + 4),
        "low comes first, then high": (value, value + half, value - half),
        "a reach is half the width, high minus low over two, not the width": (value, value - 10, value + 10),
        "that is the variance: take the root": (value, value - 25, value + 25),
    }
    return close_hint(result, (value, value - half, value + half), wrong,
                      f"for {first} and {second} the value should be {value}, with as much room below as above")


FIGURES = ("claim", "new stamps", "new digits", "class gap", "offset")
TELLS = {
    "shortcut": {"new stamps", "new digits"},
    "leak": {"new digits"},
    "shuffled": {"new digits", "class gap"},
    "moved": {"offset"},
}
_MISTAKES = {  # why a figure is wrongly among those that tell, or wrongly not
    ("shortcut", "new stamps"): "what is left of a shortcut when its sign says nothing?",
    ("shortcut", "new digits"): "our own scenes have stamps, too: who draws their codes?",
    ("shortcut", "class gap"): "stamps told the labels of all classes: is one of them hit harder than the others?",
    ("shortcut", "offset"): "stamps lie to all sides of the digits, and an offset is a mean",
    ("leak", "new stamps"): "a network that knows digits by heart still meets those digits there",
    ("leak", "new digits"): "what does a network that knows digits by heart know of others?",
    ("leak", "class gap"): "digits of all classes were known: is one of them hit harder than the others?",
    ("leak", "offset"): "a digit that is known by heart stands where it stands",
    ("shuffled", "new stamps"): "what did these labels have to do with stamps?",
    ("shuffled", "new digits"): "our own scenes show all classes alike: how many hold the class that was not learnt?",
    ("shuffled", "offset"): "a class that was not learnt points anywhere, to all sides, and an offset is a mean",
}
_BY_FIGURE = {
    "claim": "this figure comes from the makers' own scenes, as they are: was there any fault that hurts there?",
    "class gap": "an average over ten classes hides one that falls alone; which faults are about one class?",
    "new stamps": "a mean does not hear places, and names come from the mean",
    "new digits": "a mean does not hear places, and names come from the mean",
    "offset": "this fault is about nothing but places",
}


@checker
def telling(answer):
    """Exercise 9.3, which figure tells."""
    result, left = answer()
    if set(result) != set(TELLS):
        return f"expected a dict with the four faults {', '.join(TELLS)}, got {', '.join(map(str, result))}"
    for fault, figures in result.items():
        if isinstance(figures, str):
            return f"{fault}: give a set of figures, also where it has one: {{{figures!r}}}"
        if unknown := set(figures) - set(FIGURES):
            return f"{fault}: {unknown.pop()!r} is no figure: choose from {', '.join(FIGURES)}"
        if doubtful := [figure for figure in FIGURES if (figure in figures) != (figure in TELLS[fault])]:
            figure = doubtful[0]
            return f"{fault}, {figure}: {_MISTAKES.get((fault, figure), _BY_FIGURE[figure])}"
    wrong = {
        "it reads nothing but the stamp: no digit helps it": 90,
        "give percent, from 0 to 100": 0.1,
        "the codes are drawn anew, and by chance some tell the label": 0,
        "there are ten codes, not two": 50,
    }
    return close_hint(left, 10, wrong, "how often does one of ten codes, drawn at random, tell the label?")


@checker
def verdict(answer, seal):
    """Exercise 9.4, the verdict."""
    result, names = answer(), sorted(seal["claims"])
    if sorted(result) != names:
        return f"expected a dict with the names {', '.join(names)}, got {', '.join(map(str, sorted(result)))}"
    result = {name: (kind.strip().lower(), *figures) for name, (kind, *figures) in result.items()}
    for name, (kind, value, low, high) in result.items():
        if kind not in KINDS:
            return f"{name}: {kind!r} is no verdict: choose from {', '.join(KINDS)}"
        if not low <= value <= high:
            return f"{name}: {value:g} is not from {low:g} to {high:g}: give the figure, then low and high"
        if kind != "sound" and low <= 0 <= high:
            return f"{name}: the interval holds 0, no effect at all: that is no evidence of a fault"
        least, unit = LEAST.get(kind, POINTS)
        if kind != "sound" and abs(value) < least:
            return (f"{name}: {value:g} is less than {least} {unit}: too little for {kind!r}, also with an interval "
                    "without 0, since sound networks differ as much now and then")
        if kind == "sound" and abs(value) > SMALL:
            return f"{name}: a figure of {value:g} is much for a sound network: explain it, or change the verdict"
    kinds = {name: kind for name, (kind, *_) in result.items()}
    if sealed(kinds, seal["salt"]) == seal["hash"]:
        return None
    return ("every verdict has its evidence, but the seal does not open: one at least is another. Which test have you "
            "not run on all four? And which two faults let the same figure fall, and what tells them apart?")
