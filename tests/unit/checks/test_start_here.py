import numpy as np
import pytest

from camlib import checks

MAPS = np.random.default_rng(0).normal(size=(6, 6, 3))
LOGITS = np.array([0.1, 2.0, -1.0])
HOTTEST = np.unravel_index(MAPS[..., 1].argmax(), (6, 6))


@pytest.mark.parametrize("answer, part", [
    (lambda m, z: HOTTEST, "✔ Exercise 0.1"),
    (lambda m, z: None, "○ Exercise 0.1, the cell with the most evidence: not attempted yet"),
    (lambda m, z: m[..., 1].argmax(), "flat index"),
    (lambda m, z: m[..., 1].max(), "is the value of a cell: where does it stand?"),
    (lambda m, z: np.unravel_index(m.argmax(), m.shape), "three numbers"),
    (lambda m, z: HOTTEST[::-1], "exchanged"),
    (lambda m, z: (3,), "expected two numbers, a row and a column"),
    (lambda m, z: (0, 0), "not the hottest"),
    (lambda m, z: (6, 2), "no cell of a map"),
    (lambda m, z: m[99], "your code stopped with IndexError"),
])
def test_hottest_cell(answer, part, capsys):
    checks.hottest_cell(answer, MAPS, LOGITS)
    text = capsys.readouterr().out
    assert part in text and text.count("\n") == 1


def by_erasing_each_cell(values):
    """How much the mean loses when a cell becomes 0."""
    added = np.zeros(values.shape)
    for place in np.ndindex(values.shape):
        erased = values.copy()
        erased[place] = 0
        added[place] = values.mean() - erased.mean()
    return added


@pytest.mark.parametrize("answer, part", [
    (by_erasing_each_cell, "✔ Exercise 0.2"),
    (lambda v: None, "○ Exercise 0.2, what each cell adds: not attempted yet"),
    (lambda v: v, "the mean of the map, not the sum"),
    (lambda v: v / 625, "right for 25 × 25 cells only"),
    (lambda v: v.mean(), "that is one number"),
    (lambda v: v / v.sum(), "these add up to 1"),
    (lambda v: v / len(v), "not of rows"),
    (lambda v: np.maximum(v, 0) / v.size, "what speaks against the class counts too"),
    (lambda v: np.full(v.shape, v.mean() / v.size), "every cell got the same"),
    (lambda v: v - v.mean(), "adds up to nothing"),
    (lambda v: 2 * v, "should be the logit"),
    (lambda v: v.ravel() / v.size, "the shape is (20,), expected (4, 5)"),
])
def test_added_by_each_cell(answer, part, capsys):
    checks.added_by_each_cell(answer)
    text = capsys.readouterr().out
    assert part in text and text.count("\n") == 1


@pytest.mark.parametrize("answer, part", [
    (("C", 0), "✔ Exercise 0.3"),
    (["c", 0.0], "✔ Exercise 0.3"),
    (None, "○ Exercise 0.3, before training: not attempted yet"),
    (("A", 10000), "whose sum does a map show?"),
    (("B", 500), "two things that are trained"),
    (("D", 9000), "does the equation hear the label?"),
    (("C", 10000), "how many logits there are"),
    (("C", 1000), "you say that the equation holds"),
    (("C", 3), "how often does it not"),
    (("E", 0), "expected one of A, B, C, D"),
    ("C", "C is right; return what you predict beside it"),
    ((0, "C"), "expected one of A, B, C, D"),
])
def test_before_training(answer, part, capsys):
    checks.before_training(None if answer is None else lambda: answer)
    text = capsys.readouterr().out
    assert part in text and text.count("\n") == 1
