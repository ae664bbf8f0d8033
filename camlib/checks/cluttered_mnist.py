"""Checkers of notebook 01."""

import numpy as np

from .checker import checker, close_hint, predicted, shape_hint


@checker
def paste_clips(answer, canvas, piece, x, y):
    """Exercise 1.1, pasting a piece."""
    grey = np.full_like(canvas, 100)  # not `canvas`: an answer that pastes in place has changed it by now
    given = answer(grey, piece, x, y)
    if (grey != 100).any():
        return "the canvas that came in has changed: work on canvas.copy()"
    hint = shape_hint(given, grey)
    if hint:
        return f"{hint}: return the whole canvas"
    total, (height, width) = 100 + piece.astype(int), piece.shape

    def filled(values, x=x, y=y):
        canvas = grey.astype(int)
        canvas[y:y + height, x:x + width] = values
        return canvas

    expected = filled(np.minimum(255, total))
    wrong = {
        "overlaps wrap around, 100 + 200 came out as 44: add in int, then clip": filled(total % 256),
        "the sum is right and exceeds 255: clip it": filled(total),
        "the piece replaces what lies under it: their ink has to add up": filled(piece),
        "x and y are swapped: rows come first, as in canvas[y:y + height, x:x + width]":
            filled(np.minimum(255, total), y, x),
    }
    if (given != expected).any():
        hints = [hint for hint, value in wrong.items() if (given == value).all()]
        return hints[0] if hints else "the pixels differ from min(255, canvas + piece) in the piece's window"
    return None if given.dtype == np.uint8 else f"the values are right, the dtype is {given.dtype}: make it uint8"


@checker
def touched_with(answer, k, eight):
    """Exercise 1.2, more clutter."""
    for number, share in dict.fromkeys(((k, float(eight)), (8, 0.3), (2, 0.6), (80, 0.1))):
        given, missed = answer(number, share), 1 - share
        wrong = {
            "that is the share that is not touched": missed ** (number / 8),
            "that grows in proportion to k, and would pass 1: what of a digit that two distractors touch?":
                share * number / 8,
            "`eight` is the share for 8 distractors, not for one: find the chance q of one first": 1 - missed**number,
            "that is the chance that every distractor touches the digit: one is enough": share ** (number / 8),
            "give a fraction from 0 to 1, not percent": 100 * (1 - missed ** (number / 8)),
        }
        otherwise = "ask how likely it is that one distractor misses the digit, and that all of them do"
        hint = close_hint(given, 1 - missed ** (number / 8), wrong, otherwise, tolerance=1e-6)
        if hint:
            return f"{number} distractors, {share:.3g} with 8: {hint}"
    return None


@checker
def reported_error(answer, error, leaked):
    """Exercise 1.3, what a leaky report states."""
    wrong_statements = {
        "A": "no two scenes are alike, and yet digits come back: what does a memoriser answer on one that it knows?",
        "C": "the leaked digits are passed, but the others are in the test too: how does it do on those?",
        "D": "with fewer known digits the new ones are a little harder, but not all of the test is new",
    }
    for case in dict.fromkeys(((float(error), float(leaked)), (0.2, 0.25), (0.1, 0.9))):
        number = predicted(answer(*case), "B", wrong_statements, '("A", 0.1)')
        hint = _reported_hint(number, *case)
        if hint:
            return f"for an error of {case[0]:.3g} and a leak of {case[1]:.3g}, {hint}"
    return None


def _reported_hint(number, error, leaked):
    wrong = {
        "that is the error on new digits: the leaked ones are in the mean, too": error,
        "that counts the leaked digits as the new ones": leaked * error,
        "that is the way back, from the report to new digits": error / (1 - leaked),
        "errors do not take away from each other: a mean weighs each part by its share": error - leaked,
        "that is a percentage: give the error from 0 to 1": 100 * (1 - leaked) * error,
    }
    otherwise = "the number does not fit: what is the error on each part of the test, and how large is the part?"
    return close_hint(number, (1 - leaked) * error, wrong, otherwise, tolerance=1e-6)


@checker
def split_is_honest(answer, everything):
    """Exercise 1.4, a split that looks right."""
    sides = answer(everything)
    if len(sides) != 2 or not all(hasattr(side, "images") and hasattr(side, "labels") for side in sides):
        return "expected two sets, (train, test), each made with digits.Digits(images, labels)"
    train, test = sides
    label_of = {image.tobytes(): label for image, label in zip(everything.images, everything.labels)}
    names, test_names = ([image.tobytes() for image in side.images] for side in sides)
    chosen = set(test_names)
    if chosen & set(names):
        return (f"{len(chosen & set(names)):,} digits are on both sides: follow one digit through the code, and see "
                "what decides whether it is in train, and what, whether it is in test")
    if sorted(names + test_names) != sorted(image.tobytes() for image in everything.images):
        return f"{len(everything.labels):,} digits went in, {len(names):,} + {len(test_names):,} came out"
    if [label_of[name] for name in names + test_names] != [*train.labels, *test.labels]:
        return "images and labels are out of step: index both with the same indices"
    expected = np.bincount(everything.labels) / 5
    counts = np.bincount(test.labels, minlength=len(expected))
    if abs(counts.sum() - expected.sum()) > len(expected):
        return f"test holds {counts.sum():,} digits, expected a fifth of all, {expected.sum():,.0f}"
    if (abs(counts - expected) > 1).any():
        return f"test holds {counts.tolist()} of the classes, expected a fifth of each: cut class by class"
    for label in np.unique(everything.labels):
        in_test = [name in chosen for name, known in label_of.items() if known == label]
        if np.diff(in_test).sum() <= 1:
            return f"the test digits of class {label} are the first or the last of it: shuffle before you cut"
    return None
