import numpy as np
import pytest

from camlib import checks
from camlib.boxes import iou
from camlib.measure.intervals import bootstrap

A, B = (0, 0, 4, 4), (2, 0, 6, 4)
RANDOM = np.random.default_rng(0)
TUNE, TEST = RANDOM.random((40, 9)) < 0.3, RANDOM.random((40, 9)) < 0.3
TUNE[:, 2], TEST[:, 7] = True, True


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def shared(a, b):
    """(area of the overlap, area of a, area of b), from a grid of pixels."""
    grids = np.zeros((2, 40, 40), bool)
    for grid, (x0, y0, x1, y1) in zip(grids, (a, b)):
        grid[y0:y1, x0:x1] = True
    return (grids[0] & grids[1]).sum(), grids[0].sum(), grids[1].sum()


def ratio(divide):
    return lambda a, b: divide(*shared(a, b))


@pytest.mark.parametrize("answer, part", [
    (ratio(lambda c, a, b: c / (a + b - c)), "✔ Exercise 4.1, intersection over union: right"),
    (lambda a, b: iou(a, b), ": right"),
    (lambda a, b: None, "○ Exercise 4.1, intersection over union: not attempted yet"),
    (lambda a, b: (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1])) / 100, "do not touch"),
    (ratio(lambda c, a, b: c / (a + b)), "take the shared part off"),
    (ratio(lambda c, a, b: c), "divide it by"),
    (ratio(lambda c, a, b: c / a), "over the first box"),
    (ratio(lambda c, a, b: c / b), "over the second box"),
    (lambda a, b: 40 / 128 if a[0] == 1 else 0.0, "half-open"),
    (lambda a, b: 28 / 104 if a[0] == 1 else 0.0, "but not for"),
    (ratio(lambda c, a, b: c / 7), "the numbers differ"),
    (lambda a, b: a / b, "stopped with TypeError"),
])
def test_iou_by_hand(answer, part, capsys):
    checks.iou_by_hand(answer, A, B)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (lambda tune, test: test[:, 2].mean(), "✔ Exercise 4.2"),
    (lambda tune, test: None, "not attempted yet"),
    (lambda tune, test: test.mean(axis=0).max(), "the trap"),
    (lambda tune, test: 100 * test[:, 2].mean(), "not percent"),
    (lambda tune, test: 2, "the column, not the accuracy"),
    (lambda tune, test: test.mean(axis=0), "shape (9,)"),
    (lambda tune, test: test[:, 0].mean(), "tune.mean(axis=0)"),
    (lambda tune, test: test[2, 99], "IndexError"),
])
def test_honest_accuracy(answer, part, capsys):
    checks.honest_accuracy(answer, TUNE, TEST)
    assert part in said(capsys)


def test_accuracy_on_the_tuning_scenes_is_told_from_the_trap(capsys):
    tune = TUNE.copy()
    tune[0, 2] = False
    checks.honest_accuracy(lambda tune, test: tune.mean(axis=0).max(), tune, TEST)
    assert "measure on test" in said(capsys)


def drawn(rows, digits=None):
    """Low and high, in percent, by camlib's bootstrap with another seed than the checker's."""
    return np.array(bootstrap(100 * rows, groups=digits, seed=5)[1:])


def by_hand(a, b, digits, draws=1000):
    """Digits drawn one by one, with all of their scenes, from the definition."""
    random, scenes = np.random.default_rng(7), [np.flatnonzero(digits == digit) for digit in np.unique(digits)]
    means = []
    for _ in range(draws):
        chosen = np.concatenate([scenes[i] for i in random.integers(0, len(scenes), len(scenes))])
        means.append(100 * (a[chosen].mean() - b[chosen].mean()))
    return np.quantile(means, [0.025, 0.975])


def unpaired(a, b, digits):
    random, differences = np.random.default_rng(3), []
    for _ in range(1000):
        ours, theirs = (random.choice(np.unique(digits), 60) for _ in range(2))
        differences.append(100 * (np.mean([a[digits == d].mean() for d in ours])
                                  - np.mean([b[digits == d].mean() for d in theirs])))
    return np.quantile(differences, [0.025, 0.975])


@pytest.mark.parametrize("answer, part", [
    (lambda a, b, digits: drawn(1.0 * a - b, digits), "✔ Exercise 4.3, is this difference real: right"),
    (by_hand, ": right"),
    (lambda a, b, digits: None, "not attempted yet"),
    (lambda a, b, digits: drawn(1.0 * a - b, digits) / 100, "not fractions"),
    (lambda a, b, digits: drawn(1.0 * a - b, digits)[::-1], "low comes first"),
    (lambda a, b, digits: drawn(1.0 * b - a, digits), "second method's hits minus"),
    (lambda a, b, digits: drawn(1.0 * a - b), "groups=digits"),
    (lambda a, b, digits: drawn(a, digits) - drawn(b, digits)[::-1], "one interval minus another"),
    (unpaired, "drew its own scenes"),
    (lambda a, b, digits: drawn(a, digits), "interval of one method"),
    (lambda a, b, digits: (a.mean() - b.mean()) * 100, "shape ()"),
    (lambda a, b, digits: (0, 0), "should be near"),
    (lambda a, b, digits: drawn(a - b, digits), "TypeError"),
])
def test_difference_interval(answer, part, capsys):
    checks.difference_interval(answer)
    assert part in said(capsys)


def seen_from(kernels, cell=6):
    """Middle of the pixels that reach a cell, minus where it is painted: by marking pixels, layer by layer."""
    length = 16 * 2 ** len(kernels)
    reaches = np.eye(length, dtype=bool)
    for k in kernels:
        before = (k - 2) // 2 if k > 1 else 0
        padded = np.pad(reaches, ((k, k), (0, 0)))
        cells = [padded[k + 2 * j - before : 2 * k + 2 * j - before].any(axis=0) for j in range(len(reaches) // 2)]
        reaches = np.array(cells)
    return np.flatnonzero(reaches[cell]).mean() - (2 ** len(kernels) * (cell + 0.5) - 0.5)


@pytest.mark.parametrize("answer, part", [
    (seen_from, "✔ Exercise 4.4, whose map is askew: right"),
    (lambda kernels: None, "not attempted yet"),
    (lambda kernels: sum(k % 2 / 2 for k in kernels), "each is 2 of the image's"),
    (lambda kernels: -seen_from(kernels), "other way round"),
    (lambda kernels: 2 * seen_from(kernels), "counts once"),
    (lambda kernels: sum((k - 2) / 2 * 2**i for i, k in enumerate(kernels)), "take p off"),
    (lambda kernels: 1.5, "for kernels (6, 4)"),
    (lambda kernels: kernels / 2, "TypeError"),
])
def test_offset(answer, part, capsys):
    checks.offset(answer, (5, 5))
    assert part in said(capsys)


@pytest.mark.parametrize("kernels", [(6, 4), (5, 5), (5, 4)])
def test_the_offset_is_that_of_keras(kernels):
    from camlib.backend import keras

    lines = np.eye(48, dtype="float32")[..., None]
    for k in kernels:
        lines = keras.layers.Conv1D(1, k, strides=2, padding="same", kernel_initializer="ones")(lines)
    centre = np.flatnonzero(np.asarray(lines)[:, 5, 0]).mean()
    assert centre - (4 * 5 + 1.5) == seen_from(kernels)
