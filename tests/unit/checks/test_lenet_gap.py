import numpy as np
import pytest

from camlib import checks
from camlib.data.scenes import Scenes, make_scenes
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
    (checks.weights_at, (100,)),
    (checks.spread_head, (KERNEL, BIAS, BLANK, 4)),
    (checks.side_by_side, (8.0, -2.0)),
    (checks.mended_batch, ()),
]


@pytest.mark.parametrize("check, context", EXERCISES)
def test_a_stub_is_not_attempted_and_an_error_is_told(capsys, check, context):
    assert "○" in verdict(capsys, check, lambda *_: None, *context)
    assert "RuntimeError: oops" in verdict(capsys, check, raises, *context)


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
    (lambda size: (both_heads(size)[0], 2572 + 484 * 160 + 10), "biases count, too"),
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


def logit_of_both(left, right):
    """A map of 4 × 8 cells whose halves have these means, with a bias of 1, averaged."""
    wide = np.concatenate([np.full((4, 4), left - 1), np.full((4, 4), right - 1)], axis=1)
    return "B", wide.mean() + 1


def test_side_by_side_is_the_mean_of_a_map_twice_as_wide(capsys):
    assert "✔" in verdict(capsys, checks.side_by_side, logit_of_both, 8.0, -2.0)


@pytest.mark.parametrize("answer, hint", [
    (lambda a, b: ("A", a + b), "divides by the number of cells"),
    (lambda a, b: ("C", max(a, b)), "no winner"),
    (lambda a, b: ("D", (a + b) / 4), "as high as before"),
    (lambda a, b: ("B", a + b), "sum of both"),
    (lambda a, b: ("B", max(a, b)), "larger of the two"),
    (lambda a, b: ("B", (a + b) / 4), "a quarter"),
    (lambda a, b: ("B", a - b), "means of the halves"),
    (lambda a, b: ("B", 3.0), "for 12 and -4"),
    (lambda a, b: ("mean", (a + b) / 2), "expected one of A, B, C, D"),
])
def test_side_by_side_hints(capsys, answer, hint):
    said = verdict(capsys, checks.side_by_side, answer, 8.0, -2.0)
    assert "✘" in said and hint in said


def batch(seed, number=64, **options):
    options = {"size": 40, "distractors": 4} | options
    return lambda digits, step: make_scenes(digits, number, seed=seed(step), **options)


def labels_of_other_scenes(digits, step):
    scenes, others = batch(lambda step: step)(digits, step), batch(lambda step: (1, step))(digits, step)
    return scenes._replace(labels=others.labels)


@pytest.mark.parametrize("seed", [lambda step: step, lambda step: (3, step), lambda step: 1000 - step])
def test_every_step_its_own_batch_and_always_the_same_is_right(capsys, seed):
    assert "✔" in verdict(capsys, checks.mended_batch, batch(seed))


@pytest.mark.parametrize("answer, hint", [
    (batch(lambda step: 0), "steps 0 and 1 train on the same 64 scenes"),
    (batch(lambda step: 7), "what does the batch depend on"),
    (batch(lambda step: step % 10), "steps 0 and 10 train"),
    (batch(lambda step: None), "makes two batches"),
    (labels_of_other_scenes, "labels do not belong"),
    (batch(lambda step: step, size=100), "shape (64, 100, 100)"),
    (batch(lambda step: step, number=32), "shape (32, 40, 40)"),
    (lambda digits, step: batch(lambda step: step)(digits, step).images, "expected scenes"),
    (lambda digits, step: Scenes(np.zeros((64, 40, 40), np.uint8), np.arange(64) % 10, None), "labels do not belong"),
])
def test_mended_batch_hints(capsys, answer, hint):
    said = verdict(capsys, checks.mended_batch, answer)
    assert "✘" in said and hint in said
