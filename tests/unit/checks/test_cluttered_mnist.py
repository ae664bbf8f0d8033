import numpy as np
import pytest

from camlib import checks
from camlib.data import digits
from camlib.data.digits import Digits

RANDOM = np.random.default_rng(0)
CANVAS = np.zeros((40, 60), np.uint8)
PIECE = RANDOM.integers(0, 256, (8, 5), np.uint8)
CLUTTER, DIGIT = (RANDOM.integers(1, 256, (400, 4, 4), np.uint8) * (RANDOM.random((400, 4, 4)) < 0.2) for _ in "cd")
CLUTTER, DIGIT = CLUTTER.astype(np.uint8), DIGIT.astype(np.uint8)
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


def touched_by_loops(clutter, digit):
    touched = [any(c and d for c, d in zip(a.flat, b.flat)) for a, b in zip(clutter, digit)]
    return sum(touched) / len(touched)


@pytest.mark.parametrize("answer, part", [
    (touched_by_loops, "✔ Exercise 1.2, the share of touched digits: right"),
    (lambda c, d: None, "○ Exercise 1.2"),
    (lambda c, d: 100 * touched_by_loops(c, d), "percentage"),
    (lambda c, d: 400 * touched_by_loops(c, d), "count"),
    (lambda c, d: ((c > 0) & (d > 0)).any(axis=(1, 2)), "got shape (400,)"),
    (lambda c, d: ((c > 0) & (d > 0)).mean(), "share of pixels"),
    (lambda c, d: (c[d > 0] > 0).mean(), "share of ink"),
    (lambda c, d: (d > 0).any() | (c > 0).any(), "& and not |"),
    (lambda c, d: (c & d).any(axis=(1, 2)).mean(), "64 & 128"),
    (lambda c, d: (c * d > 0).any(axis=(1, 2)).mean(), "16 * 16"),
    (lambda c, d: 0.123, "differ from the formula"),
    (lambda c, d: c.nothing, "your code stopped with AttributeError"),
])
def test_touch_is_counted(answer, part, capsys):
    checks.touch_is_counted(answer, CLUTTER, DIGIT)
    assert part in said(capsys)


def sides(test, labels=None):
    """(train, test) of EVERYTHING for a test mask, or for (train, test) indices."""
    train, test = (~test, test) if isinstance(test, np.ndarray) else test
    names = EVERYTHING.labels if labels is None else labels
    return [Digits(EVERYTHING.images[side], names[side]) for side in (train, test)]


def drawn_twice(everything):
    return sides((RANDOM.permutation(500)[:400], RANDOM.permutation(500)[:100]))


def a_fifth_lost(everything):
    return digits.split(digits.take(everything, np.arange(0, 500, 2)))


@pytest.mark.parametrize("answer, part", [
    (digits.split, "✔ Exercise 1.3, a split by digit: right"),
    (lambda e: None, "○ Exercise 1.3"),
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
