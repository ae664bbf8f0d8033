"""Checkers of notebook 01."""

import numpy as np

from .checker import checker, close_hint, shape_hint


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
def touch_is_counted(answer, clutter, digit):
    """Exercise 1.2, the share of touched digits."""
    given, both = answer(clutter, digit), (clutter > 0) & (digit > 0)
    if np.ndim(given):
        return f"expected one number, got shape {np.shape(given)}: the mean of True and False is a share"
    wrong = {
        "that is a percentage: give a fraction from 0 to 1": 100 * both.any(axis=(1, 2)).mean(),
        "that is a count: divide by the number of scenes": both.any(axis=(1, 2)).sum(),
        "that is the share of pixels: ask each scene for any(axis=(1, 2)) first": both.mean(),
        "that is the share of ink: ask each scene for any(axis=(1, 2)) first": both.sum() / (digit > 0).sum(),
        "every scene with any ink counts: it takes a pixel with ink from both, so & and not |": 1,
        "close, but & on greys compares their bits, and 64 & 128 is 0: compare each with 0 first":
            (clutter & digit).any(axis=(1, 2)).mean(),
        "close, but the product wraps around, 16 * 16 is 0 in uint8: compare each with 0 first":
            (clutter * digit).any(axis=(1, 2)).mean(),
    }
    return close_hint(given, both.any(axis=(1, 2)).mean(), wrong, tolerance=1e-9)


@checker
def split_is_honest(answer, everything):
    """Exercise 1.3, a split by digit."""
    sides = answer(everything)
    if len(sides) != 2 or not all(hasattr(side, "images") and hasattr(side, "labels") for side in sides):
        return "expected two sets, (train, test), each made with digits.Digits(images, labels)"
    train, test = sides
    label_of = {image.tobytes(): label for image, label in zip(everything.images, everything.labels)}
    names, test_names = ([image.tobytes() for image in side.images] for side in sides)
    chosen = set(test_names)
    if chosen & set(names):
        return f"{len(chosen & set(names)):,} digits are on both sides: cut one shuffled order once"
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
