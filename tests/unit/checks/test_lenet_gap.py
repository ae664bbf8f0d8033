import numpy as np
import pytest

from camlib import checks
from camlib.networks import lenet

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(3, 4, 5, 6))
KERNEL = RANDOM.normal(size=(6, 10))
BIAS = RANDOM.normal(size=10)
BLANK = RANDOM.normal(size=6)


def raises(*_):
    raise RuntimeError("oops")


def verdict(capsys, check, *arguments):
    check(*arguments)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    return said


EXERCISES = [
    (checks.gap_logits, (FEATURES, KERNEL, BIAS)),
    (checks.weights_at, (100,)),
    (checks.spread_head, (KERNEL, BIAS, BLANK, 4)),
]


@pytest.mark.parametrize("check, context", EXERCISES)
def test_a_stub_is_not_attempted_and_an_error_is_told(capsys, check, context):
    assert "○" in verdict(capsys, check, lambda *_: None, *context)
    assert "RuntimeError: oops" in verdict(capsys, check, raises, *context)


def test_gap_logits_by_loops_is_right(capsys):
    def by_loops(features, kernel, bias):
        logits = np.tile(bias, (len(features), 1))
        for (n, _, _, k), value in np.ndenumerate(features):
            logits[n] += kernel[k] * value / (features.shape[1] * features.shape[2])
        return logits

    assert "✔" in verdict(capsys, checks.gap_logits, by_loops, FEATURES, KERNEL, BIAS)


@pytest.mark.parametrize("answer, hint", [
    (lambda f, w, b: f.mean(axis=(1, 2)) @ w, "bias is missing"),
    (lambda f, w, b: f.sum(axis=(1, 2)) @ w + b, "take their mean"),
    (lambda f, w, b: f.max(axis=(1, 2)) @ w + b, "largest cell"),
    (lambda f, w, b: f.mean(axis=(0, 1)) @ w + b, "axes 1 and 2"),
    (lambda f, w, b: f.mean(axis=(1, 2)) @ w - b, "differ"),
])
def test_gap_logits_hints(capsys, answer, hint):
    said = verdict(capsys, checks.gap_logits, answer, FEATURES, KERNEL, BIAS)
    assert "✘" in said and hint in said


def both_heads(size, side=None, biases=True):
    side = side or ((size - 4) // 2 - 4) // 2
    layers = [(25, 6), (150, 16), (side * side * 16, 120), (120, 84), (84, 10), (16, 10)]
    counts = [inputs * outputs + biases * outputs for inputs, outputs in layers]
    return sum(counts[:5]), sum(counts[:2]) + counts[5]


def test_weights_at_is_what_keras_counts(capsys):
    for size in (28, 100):
        assert both_heads(size)[0] == lenet.lenet_dense(size=size).count_params()
    assert "✔" in verdict(capsys, checks.weights_at, both_heads, 100)


@pytest.mark.parametrize("answer, hint", [
    (lambda size: both_heads(size, biases=False), "biases are missing"),
    (lambda size: both_heads(size, side=size // 4), "takes 4 px off"),
    (lambda size: (both_heads(size)[0] - 2572, both_heads(size)[1] - 2572), "convolutions too"),
    (lambda size: (both_heads(size)[0], 2572 + 484 * 160 + 10), "whatever the size"),
    (lambda size: both_heads(100), "28 px"),
    (lambda size: (1, both_heads(size)[1]), "16 channels"),
    (lambda size: 942_986, "expected two counts"),
    (lambda size: (942_986,), "expected two counts"),
])
def test_weights_at_hints(capsys, answer, hint):
    said = verdict(capsys, checks.weights_at, answer, 100)
    assert "✘" in said and hint in said


def right_head(w, b, blank, r):
    return r * w, b - (r - 1) * (blank @ w)


def test_spread_head_gives_the_logits_back(capsys):
    kernel, bias = right_head(KERNEL, BIAS, BLANK, 4)
    means = FEATURES.mean(axis=(1, 2))
    np.testing.assert_allclose((means / 4 + 3 / 4 * BLANK) @ kernel + bias, means @ KERNEL + BIAS)
    assert "✔" in verdict(capsys, checks.spread_head, right_head, KERNEL, BIAS, BLANK, 4)


@pytest.mark.parametrize("answer, hint", [
    (lambda w, b, blank, r: (w, b), "smaller part"),
    (lambda w, b, blank, r: (w / r, b), "make up for it"),
    (lambda w, b, blank, r: (np.sqrt(r) * w, b), "areas already"),
    (lambda w, b, blank, r: (r * r * w, b), "gives w·F back"),
    (lambda w, b, blank, r: (r * w, b), "bias is the old one"),
    (lambda w, b, blank, r: (r * w, b + (r - 1) * (blank @ w)), "come off"),
    (lambda w, b, blank, r: (r * w, b - (1 - 1 / r) * (blank @ w)), "not the old"),
    (lambda w, b, blank, r: (r * w, 2 * b), "the bias is not"),
    (lambda w, b, blank, r: (r * w, blank), "shape"),
    (lambda w, b, blank, r: (r * w,), "return two arrays"),
])
def test_spread_head_hints(capsys, answer, hint):
    said = verdict(capsys, checks.spread_head, answer, KERNEL, BIAS, BLANK, 4)
    assert "✘" in said and hint in said
