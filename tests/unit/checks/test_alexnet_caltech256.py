import numpy as np
import pytest

from camlib import checks
from camlib.networks import alexnet

RANDOM = np.random.default_rng(0)
V, B = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=3)
MEAN, DEVIATION = RANDOM.uniform(1, 2, 6), RANDOM.uniform(0.5, 3, 6)
GUESSES, TRUTH = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 1, 1])
LAYERS = [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1)]


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def through(side, layers=LAYERS, padded=True):
    for kernel, stride, padding in layers:
        side = (side + 2 * padding * padded - kernel) // stride + 1
    return side


@pytest.mark.parametrize("answer, part", [
    (alexnet.cells, "✔ Exercise 5.1"),
    (through, "✔ Exercise 5.1"),
    (lambda side: None, "○ Exercise 5.1, the side of the map: not attempted yet"),
    (lambda side: through(side, LAYERS[:1]), "for 448 px: that is the map after conv1"),
    (lambda side: through(side, LAYERS[:2]), "after the first pool"),
    (lambda side: through(side, padded=False), "the padding is missing"),
    (lambda side: side // 16, "dividing by the strides is not enough: kernels"),
    (lambda side: side / 16, "dividing by the strides is not enough"),
    (lambda side: 13 if side == 224 else 27, "for 227 px" if alexnet.cells(227) != 27 else "for 300 px"),
    (lambda side: side["px"], "your code stopped with TypeError"),
])
def test_map_side(answer, part, capsys):
    checks.map_side(answer, 448)
    assert part in said(capsys)


def folded_in_loops(v, b, mean, deviation):
    """The features z = (F − mean) / deviation of a zero and of a one in each channel tell bias and kernel."""
    zero = b + sum(-mean[k] / deviation[k] * v[k] for k in range(len(v)))
    ones = [zero + v[k] / deviation[k] for k in range(len(v))]
    return np.array(ones) - zero, zero


@pytest.mark.parametrize("answer, part", [
    (folded_in_loops, "✔ Exercise 5.2"),
    (lambda v, b, m, d: None, "○ Exercise 5.2, fold it in: not attempted yet"),
    (lambda v, b, m, d: v / d[:, None], "return two arrays"),
    (lambda v, b, m, d: (v.T, b), "the shape is (3, 6), expected (6, 3)"),
    (lambda v, b, m, d: (v * d[:, None], b), "do not multiply"),
    (lambda v, b, m, d: (v, b), "v is as it was"),
    (lambda v, b, m, d: (v / d[:, None], b), "take the means off"),
    (lambda v, b, m, d: (v / d[:, None], b - m @ v), "in units of its channel's deviation"),
    (lambda v, b, m, d: (v / d[:, None], b + m @ (v / d[:, None])), "taken off, not added"),
    (lambda v, b, m, d: (v / d, b), "your code stopped with ValueError"),
])
def test_fold(answer, part, capsys):
    checks.fold(answer, V, B, MEAN, DEVIATION)
    assert part in said(capsys)


def by_class_in_loops(guesses, truth):
    shares = []
    for which in sorted(set(truth.tolist())):
        members = [guess for guess, true in zip(guesses, truth) if true == which]
        shares.append(sum(guess == which for guess in members) / len(members))
    return sum(shares) / len(shares)


@pytest.mark.parametrize("answer, part", [
    (by_class_in_loops, "✔ Exercise 5.3"),
    (lambda g, t: None, "not attempted yet"),
    (lambda g, t: (g == t).mean(), "the share of all photographs"),
    (lambda g, t: np.mean([(t[g == c] == c).mean() for c in (0, 1, 2)]), "how often a name was right"),
    (lambda g, t: 100 * by_class_in_loops(g, t), "not percent"),
    (lambda g, t: by_class_in_loops(g, t) * 2 / 3, "a class that has no photograph"),
    (lambda g, t: np.array([0.75, 0.5]), "expected one number"),
    (lambda g, t: 0.1, "each class's share by itself"),
])
def test_mean_of_classes(answer, part, capsys):
    checks.mean_of_classes(answer, GUESSES, TRUTH)
    assert part in said(capsys)
