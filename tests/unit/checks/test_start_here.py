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
