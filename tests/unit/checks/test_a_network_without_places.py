"""Wrong attempts at the exercises of notebook 08, each told what is wrong."""

import numpy as np
import pytest
from scipy.special import softmax

from camlib import checks


def attention(x, q, k, v, scale=None, axis=1):
    scores = (x @ q) @ (x @ k).T / (np.sqrt(q.shape[1]) if scale is None else scale)
    return softmax(scores, axis=axis) @ (x @ v)


@pytest.mark.parametrize("answer, part", [
    (attention, "✔ Exercise 8.1"),
    (lambda x, q, k, v: None, "○ Exercise 8.1, attention by hand: not attempted yet"),
    (lambda x, q, k, v: attention(x, q, k, v, scale=1), "scores are divided by √d"),
    (lambda x, q, k, v: attention(x, q, k, v, scale=q.shape[1]), "divide by √d, not by d"),
    (lambda x, q, k, v: attention(x, q, k, v, scale=len(x) ** 0.5), "not how many tokens there are"),
    (lambda x, q, k, v: attention(x, q, k, v, axis=0), "add up to 1 along its row"),
    (lambda x, q, k, v: attention(x, k, q, v), "yours are exchanged"),
    (lambda x, q, k, v: softmax((x @ q) @ (x @ k).T / np.sqrt(q.shape[1]), axis=1), "are missing"),
    (lambda x, q, k, v: (x @ q) @ (x @ k).T / np.sqrt(q.shape[1]) @ (x @ v), "softmax makes shares of them"),
    (lambda x, q, k, v: x @ v, "differ from the formula's"),
])
def test_attend(answer, part, capsys):
    checks.attend(answer)
    assert part in capsys.readouterr().out


@pytest.mark.parametrize("answer, part", [
    (lambda a, v, w: a.sum(axis=0)[:, None] * (v @ w), "✔ Exercise 8.2"),
    (lambda a, v, w: None, "○ Exercise 8.2, the same logits, by origin: not attempted yet"),
    (lambda a, v, w: a @ v @ w, "place of arrival"),
    (lambda a, v, w: v @ w, "as if each were taken once"),
    (lambda a, v, w: a.sum(axis=1)[:, None] * (v @ w), "as if each were taken once"),
    (lambda a, v, w: a.mean(axis=0)[:, None] * (v @ w), "add, do not average"),
    (lambda a, v, w: (a @ v @ w).sum(axis=0), "the shape is (5,), expected (4, 5)"),
    (lambda a, v, w: a.T @ v @ w, "exchange the sums"),
])
def test_maps_by_origin(answer, part, capsys):
    checks.maps_by_origin(answer)
    assert part in capsys.readouterr().out


def test_both_orders_of_the_sum_have_the_same_mean():
    """What exercise 8.2 says of its answer."""
    random = np.random.default_rng(0)
    shares, values, kernel = softmax(random.normal(size=(6, 6)), axis=1), random.normal(size=(6, 3)), np.ones((3, 2))
    by_arrival, by_origin = shares @ values @ kernel, shares.sum(axis=0)[:, None] * (values @ kernel)
    assert np.allclose(by_arrival.mean(axis=0), by_origin.mean(axis=0)) and not np.allclose(by_arrival, by_origin)


@pytest.mark.parametrize("answer, part", [
    (("C", 65), "✔ Exercise 8.3"),
    (None, "○ Exercise 8.3, one patch erased: not attempted yet"),
    (("A", 0), "a window each"),
    (("B", 30), "positions do"),
    (("D", 0), "took a share of it"),
    (("C", 20), "is more"),
    (("C", 100), "is less"),
    ("C", "return what you predict beside it"),
    (("C", 0.6), "write 60"),
])
def test_erased_patch(answer, part, capsys):
    checks.erased_patch((lambda: answer) if answer else (lambda: None), 64.9)
    assert part in capsys.readouterr().out


@pytest.mark.parametrize("answer, part", [
    (("C", 0.0), "✔ Exercise 8.4"),
    (None, "○ Exercise 8.4, a map that knows its class?: not attempted yet"),
    (("A", 0), "if the network were wrong"),
    (("B", 0), "would another map come out?"),
    (("D", 0), "add up to 1"),
    (("C", 0.2), "if no class enters"),
    (("C", "none"), "the largest difference"),
])
def test_same_for_all(answer, part, capsys):
    checks.same_for_all((lambda: answer) if answer else (lambda: None))
    assert part in capsys.readouterr().out
