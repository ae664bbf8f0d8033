import numpy as np
import pytest

from camlib import checks
from camlib.data import digits
from camlib.data.digits import Digits

RANDOM = np.random.default_rng(0)
CANVAS = np.zeros((40, 60), np.uint8)
PIECE = RANDOM.integers(0, 256, (8, 5), np.uint8)
EVERYTHING = Digits(RANDOM.integers(0, 256, (500, 6, 6), np.uint8), np.repeat(np.arange(10), 50))


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def by_loops(canvas, piece, x, y):
    pasted = canvas.copy()
    for row in range(piece.shape[0]):
        for column in range(piece.shape[1]):
            pasted[y + row, x + column] = min(255, int(canvas[y + row, x + column]) + int(piece[row, column]))
    return pasted


def in_window(combine, dtype=np.uint8, axes=1):
    """A `paste` that puts combine(what lies under, piece) into the window."""
    def paste(canvas, piece, x, y):
        pasted = canvas.astype(dtype)
        window = (slice(y, y + 8), slice(x, x + 5))[::axes]
        pasted[window] = combine(pasted[window], piece)
        return pasted

    return paste


def in_place(canvas, piece, x, y):
    canvas[:] = by_loops(canvas, piece, x, y)
    return canvas


def turned(canvas, piece, x, y):
    return by_loops(canvas, piece, y, x)


@pytest.mark.parametrize("answer, part", [
    (by_loops, "✔ Exercise 1.1, pasting a piece: right"),
    (None, "○ Exercise 1.1, pasting a piece: not attempted yet"),
    (lambda *given: None, "not attempted yet"),
    (in_place, "canvas that came in has changed"),
    (turned, "x and y are swapped"),
    (in_window(lambda under, piece: under + piece), "wrap around"),
    (in_window(lambda under, piece: under + piece, int), "clip it"),
    (in_window(lambda under, piece: piece), "replaces"),
    (in_window(np.maximum), "the pixels differ"),
    (in_window(lambda under, piece: np.minimum(255, under + piece), int), "the dtype is int64"),
    (lambda canvas, piece, x, y: piece, "the shape is (8, 5), expected (40, 60)"),
    (lambda canvas, piece, x, y: canvas + piece, "your code stopped with ValueError"),
])
def test_paste_clips(answer, part, capsys):
    checks.paste_clips(answer, CANVAS.copy(), PIECE, 25, 10)
    assert part in said(capsys)


def touched_by_drawing(k, eight):
    """One distractor after the other: each touches, with chance q, some of the digits that are not touched yet."""
    low, high = 0.0, 1.0  # bisect for the chance of one that gives `eight` with 8
    for _ in range(60):
        q = (low + high) / 2
        low, high = (q, high) if after(8, q) < eight else (low, q)
    return after(k, q)


def after(distractors, q):
    touched = 0.0
    for _ in range(distractors):
        touched += q * (1 - touched)
    return touched


@pytest.mark.parametrize("answer, part", [
    (touched_by_drawing, "✔ Exercise 1.2, more clutter: right"),
    (lambda k, t: None, "○ Exercise 1.2"),
    (lambda k, t: t * k / 8, "two distractors touch"),
    (lambda k, t: min(1, t * k / 8), "two distractors touch"),
    (lambda k, t: (1 - t) ** (k / 8), "not touched"),
    (lambda k, t: 1 - (1 - t) ** k, "the chance q of one first"),
    (lambda k, t: 1 - (1 - t / 8) ** k, "that all of them do"),
    (lambda k, t: t ** (k / 8), "one is enough"),
    (lambda k, t: 100 * (1 - (1 - t) ** (k / 8)), "not percent"),
    (lambda k, t: t, "32 distractors, 0.24 with 8"),
    (lambda k, t: 1 - (1 - t) ** 4, "8 distractors, 0.3 with 8"),
    (lambda k, t: k.nothing, "your code stopped with AttributeError"),
])
def test_touched_with(answer, part, capsys):
    checks.touched_with(answer, 32, 0.24)
    assert part in said(capsys)


def reported_by_counting(error, leaked):
    tests = 100_000  # of which the first have leaked; of the others, every so many-th is a mistake
    new = tests - round(leaked * tests)
    return "B", error * new / tests


@pytest.mark.parametrize("answer, part", [
    (reported_by_counting, "✔ Exercise 1.3, what a leaky report states: right"),
    (lambda e, p: None, "○ Exercise 1.3"),
    (lambda e, p: ("A", e), "digits come back"),
    (lambda e, p: ("C", 0), "the others are in the test too"),
    (lambda e, p: ("D", e), "not all of the test is new"),
    (lambda e, p: ("D", (1 - p) * e), "not all of the test is new"),
    (lambda e, p: ("B", e), "the leaked ones are in the mean"),
    (lambda e, p: ("B", p * e), "counts the leaked digits as the new ones"),
    (lambda e, p: ("B", e / (1 - p)), "the way back"),
    (lambda e, p: ("B", e - p), "do not take away"),
    (lambda e, p: ("B", 100 * (1 - p) * e), "percentage"),
    (lambda e, p: ("B", 0.033), "does not fit"),
    (lambda e, p: ("b", (1 - p) * e), "✔ Exercise 1.3"),
    (lambda e, p: (1 - p) * e, "expected one of A, B, C, D"),
])
def test_reported_error(answer, part, capsys):
    checks.reported_error(answer, 0.063, 0.5)
    assert part in said(capsys)


def sides(test, labels=None):
    """(train, test) of EVERYTHING for a test mask, or for (train, test) indices."""
    train, test = (~test, test) if isinstance(test, np.ndarray) else test
    names = EVERYTHING.labels if labels is None else labels
    return [Digits(EVERYTHING.images[side], names[side]) for side in (train, test)]


def drawn_twice(everything):
    return sides((RANDOM.permutation(500)[:400], RANDOM.permutation(500)[:100]))


def two_shuffles(everything):
    """What the notebook's colleague wrote."""
    parts = [], []
    for label in range(10):
        members = np.flatnonzero(everything.labels == label)
        parts[0].extend(RANDOM.permutation(members)[10:])
        parts[1].extend(RANDOM.permutation(members)[:10])
    return sides(parts)


def a_fifth_lost(everything):
    return digits.split(digits.take(everything, np.arange(0, 500, 2)))


@pytest.mark.parametrize("answer, part", [
    (digits.split, "✔ Exercise 1.4, a split that looks right: right"),
    (lambda e: None, "○ Exercise 1.4"),
    (two_shuffles, "follow one digit through the code"),
    (drawn_twice, "on both sides"),
    (a_fifth_lost, "500 digits went in, 200 + 50 came out"),
    (lambda e: sides(np.arange(500) % 5 == 0, labels=RANDOM.permutation(e.labels)), "out of step"),
    (lambda e: digits.split(e, 0.5), "test holds 250 digits, expected a fifth of all, 100"),
    (lambda e: sides(np.arange(500) < 100), "cut class by class"),
    (lambda e: sides(np.arange(500) % 50 < 10), "shuffle before you cut"),
    (lambda e: sides(np.arange(500) % 50 >= 40), "shuffle before you cut"),
    (lambda e: e.images[100:], "expected two sets"),
    (lambda e: e.images / "a", "your code stopped with"),
])
def test_split_is_honest(answer, part, capsys):
    checks.split_is_honest(answer, EVERYTHING)
    assert part in said(capsys)
