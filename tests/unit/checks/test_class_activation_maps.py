import numpy as np
import pytest

from camlib import checks

RANDOM = np.random.default_rng(0)
FEATURES, KERNEL = RANDOM.normal(size=(5, 5, 8)), RANDOM.normal(size=(8, 3))


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize("answer, part", [
    (lambda f, k: f @ k, "✔ Exercise 3.1"),
    (lambda f, k: None, "○ Exercise 3.1, all class activation maps: not attempted yet"),
    (lambda f, k: f.mean(axis=(0, 1)) @ k, "ten numbers"),
    (lambda f, k: f @ k[:, 0], "one map"),
    (lambda f, k: f @ k / 25, "divided by the number of cells"),
    (lambda f, k: np.maximum(f @ k, 0), "signed"),
    (lambda f, k: -(f @ k), "values are not"),
    (lambda f, k: (f @ k)[None], "the shape is (1, 5, 5, 3)"),
    (lambda f, k: k @ f, "your code stopped with ValueError"),
])
def test_maps_by_hand(answer, part, capsys):
    checks.maps_by_hand(answer, FEATURES, KERNEL)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (lambda m: (m.max(axis=(0, 1)).argmin(), 1.0), ": right"),
    (lambda m: (m.max(axis=(0, 1)).argmin(), 0.3), "that of the raw map"),
    (lambda m: (m.max(axis=(0, 1)).argmax(), 1.0), "not the weakest"),
    (lambda m: 3, "expected two values"),
    (lambda m: None, "not attempted"),
])
def test_weakest_after_normalising(answer, part, capsys):
    checks.weakest_after_normalising(answer, FEATURES @ KERNEL)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    ((929_280, 640), ": right"),
    ((640, 929_280), "other order"),
    ((929_400, 650), "biases"),
    ((58_080, 640), "16 features"),
    ((929_280, 64), "64 numbers"),
    ((1, 640), "inputs × units"),
    (None, "not attempted"),
])
def test_weight_counts(answer, part, capsys):
    checks.weight_counts(lambda: answer)
    assert part in said(capsys)


def test_the_counts_asked_for_are_the_networks(capsys):
    from camlib.networks.lenet import lenet_dense, lenet_gap

    layers = lenet_dense().get_layer("dense1"), lenet_gap().get_layer("dense")
    checks.weight_counts(lambda: tuple(int(np.prod(layer.kernel.shape)) for layer in layers))
    assert "✔" in said(capsys)
