import numpy as np
import pytest

from camlib import checks
from camlib.boxes import iou
from camlib.measure.intervals import bootstrap

A, B = (0, 0, 4, 4), (2, 0, 6, 4)


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
    (ratio(lambda c, a, b: c / (a + b - c)), "✔ Exercise 5.1, intersection over union: right"),
    (lambda a, b: iou(a, b), ": right"),
    (lambda a, b: None, "○ Exercise 5.1, intersection over union: not attempted yet"),
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


def tried(grown, start=0.0):
    """The last e, from `start` on in steps of a thousandth, for which `grown`, an IoU, is at least delta."""
    def answer(w, h, delta):
        steps = start + np.arange(0, 20, 0.001)
        return steps[grown(w, h, steps) >= delta].max()
    return answer


def inner(w, h, e):
    """The IoU of a box with one that lies e px inside it, on each side."""
    return (w - 2 * e).clip(0) * (h - 2 * e).clip(0) / (w * h)


def moved(w, h, e):
    common = (w - e).clip(0) * (h - e).clip(0)
    return common / (2 * w * h - common)


def solved(w, h, delta):
    """By NumPy's roots of (w + 2e)(h + 2e) = w h / delta."""
    return np.roots([4, 2 * (w + h), w * h * (1 - 1 / delta)])


@pytest.mark.parametrize("answer, part", [
    (tried(lambda w, h, e: w * h / ((w + 2 * e) * (h + 2 * e))), "✔ Exercise 5.2, what an IoU demands: right"),
    (lambda w, h, delta: solved(w, h, delta).max(), ": right"),
    (lambda w, h, delta: None, "○ Exercise 5.2, what an IoU demands: not attempted yet"),
    (tried(lambda w, h, e: w * h / ((w + e) * (h + e))), "it has two ends"),
    (tried(lambda w, h, e: w * h / ((w + e) * h)), "one edge alone"),
    (tried(inner), "too small; here the found one"),
    (tried(moved), "moved, not grown"),
    (lambda w, h, delta: w * h * (1 / delta - 1) / 2 / (w + h), "the term with e² counts"),
    (lambda w, h, delta: solved(w, h, delta).min(), "negative"),
    (lambda w, h, delta: 1.737, "for 8 × 20 px and 0.5: write the IoU as"),
    (lambda w, h, delta: solved(w, h, delta), "the shape is (2,)"),
    (lambda w, h, delta: w / 0, "ZeroDivisionError"),
])
def test_margin(answer, part, capsys):
    checks.margin(answer)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (("blind", 50), "✔ Exercise 5.3, two digits, one question: right"),
    (["blind", 53.4], ": right"),
    (None, "○ Exercise 5.3, two digits, one question: not attempted yet"),
    (("same", 100), "no scrap"),
    (("both", 50), "the map of one class"),
    (("chance", 3), "mostly on paper"),
    (("blind", 0.5), "for a fraction of 0.5 write 50"),
    (("blind", 95), "would have to know which"),
    (("blind", 3), "the one you ask for?"),
    (("blind", "half"), "a number from 0 to 100, not"),
    (("blind", -1), "a number from 0 to 100, not"),
    (("CAM", 50), "expected one of blind, both, chance, same"),
    ((0, 50), "expected one of blind, both, chance, same"),
    ("blind", "blind is right; return what you predict beside it"),
])
def test_one_of_two(answer, part, capsys):
    checks.one_of_two(None if answer is None else lambda: answer)
    assert part in said(capsys)


def test_half_of_the_pairs_is_what_a_class_blind_map_finds(split):
    """The prediction asked for is that of the trained network, on pairs of digits."""
    from camlib.data.scenes import pair_scenes
    from camlib.maps.cam import explain
    from camlib.measure.localize import pointing_hits, score_maps
    from camlib.training.runs import shipped_run

    pairs = pair_scenes(split[1], 300, seed=8)
    blind = explain(shipped_run().load(), pairs.images).maps.std(axis=-1)
    hits = pointing_hits(score_maps(blind, (100, 100)), pairs.boxes[:, 0], tolerance=1)
    assert 40 <= 100 * hits.mean() <= 60


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
    (lambda a, b, digits: drawn(1.0 * a - b, digits), "✔ Exercise 5.4, an interval that is too wide: right"),
    (by_hand, ": right"),
    (lambda a, b, digits: None, "not attempted yet"),
    (lambda a, b, digits: drawn(1.0 * a - b, digits) / 100, "not fractions"),
    (lambda a, b, digits: drawn(1.0 * a - b, digits)[::-1], "low comes first"),
    (lambda a, b, digits: drawn(1.0 * b - a, digits), "second method's hits minus"),
    (lambda a, b, digits: drawn(1.0 * a - b), "groups=digits"),
    (lambda a, b, digits: drawn(a, digits) - drawn(b, digits)[::-1], "still one interval minus another"),
    (lambda a, b, digits: drawn(a, digits) - drawn(b, digits), "ends minus ends"),
    (unpaired, "drew its own scenes"),
    (lambda a, b, digits: drawn(a, digits), "the interval of one method"),
    (lambda a, b, digits: (a.mean() - b.mean()) * 100, "shape ()"),
    (lambda a, b, digits: (0, 0), "should be near"),
    (lambda a, b, digits: drawn(a - b, digits), "TypeError"),
])
def test_difference_interval(answer, part, capsys):
    checks.difference_interval(answer)
    assert part in said(capsys)
