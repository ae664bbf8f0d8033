import numpy as np
import pytest

from camlib import checks

RANDOM = np.random.default_rng(0)
MAP = RANDOM.normal(size=(26, 26))


def verdict(capsys, check, *arguments):
    check(*arguments)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    return said


def pool_by_loops(values):
    pooled = np.full((values.shape[0] // 2, values.shape[1] // 2), -np.inf)
    for (y, x), value in np.ndenumerate(values):
        pooled[y // 2, x // 2] = max(pooled[y // 2, x // 2], value)
    return pooled


def squares(values):
    rows, columns = values.shape
    return values.reshape(rows // 2, 2, columns // 2, 2).transpose(0, 2, 1, 3).reshape(rows // 2, columns // 2, 4)


def overlapping(values):
    windows = np.lib.stride_tricks.sliding_window_view(values, (2, 2))
    return windows.max(axis=(2, 3))


RIGHT_POOLS = [pool_by_loops, lambda f: squares(f).max(axis=2), lambda f: pool_by_loops(f).tolist()]


@pytest.mark.parametrize("right", RIGHT_POOLS)
def test_max_pool_is_right(capsys, right):
    assert "✔" in verdict(capsys, checks.max_pool, right, MAP)


@pytest.mark.parametrize("answer, hint", [
    (lambda f: squares(f).mean(axis=2), "mean of each square"),
    (lambda f: f[::2, ::2], "one corner"),
    (overlapping, "must not overlap"),
    (lambda f: f.reshape(f.shape[0] // 2, f.shape[1] // 2, 4).max(axis=2), "lie along a row"),
    (lambda f: f.reshape(2, f.shape[0] // 2, 2, f.shape[1] // 2).max(axis=(0, 2)), "half a map apart"),
    (lambda f: np.maximum(pool_by_loops(f), 0), "starts at 0"),
    (lambda f: squares(f).min(axis=2), "smallest"),
    (lambda f: squares(f).sum(axis=2), "sum of each square"),
    (lambda f: f.max(), "shape is ()"),
    (lambda f: pool_by_loops(f.T).T if f.shape == (26, 26) else pool_by_loops(f.T), "shape is (3, 2)"),
    (lambda f: 2 * pool_by_loops(f), "largest of each"),
])
def test_max_pool_hints(capsys, answer, hint):
    said = verdict(capsys, checks.max_pool, answer, MAP)
    assert "✘" in said and hint in said


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def onehot(z, label):
    return (np.arange(len(z)) == label).astype(float)


def nudged(logits, label, h=1e-5):
    """The definition of a slope, for each logit."""
    nudges = h * np.eye(len(logits))
    price = lambda z: -np.log(softmax(z)[label])
    return np.array([(price(logits + nudge) - price(logits - nudge)) / (2 * h) for nudge in nudges])


@pytest.mark.parametrize("right", [nudged, lambda z, label: softmax(z) - onehot(z, label)])
def test_logit_gradient_is_what_nudging_finds(capsys, right):
    assert "✔" in verdict(capsys, checks.logit_gradient, right)


@pytest.mark.parametrize("answer, hint", [
    (lambda z, y: softmax(z), "above the fraction line as well"),
    (lambda z, y: onehot(z, y) - softmax(z), "sign"),
    (lambda z, y: -onehot(z, y) / softmax(z)[y], "slope in the probability"),
    (lambda z, y: onehot(z, y) * (softmax(z) - 1), "every logit stands"),
    (lambda z, y: softmax(z) - 1, "what of the others"),
    (lambda z, y: z - onehot(z, y), "softmax is missing"),
    (lambda z, y: softmax(z) * (1 - softmax(z)), "own logit"),
    (lambda z, y: softmax(z)[y] * (softmax(z) - onehot(z, y)), "not p itself"),
    (lambda z, y: softmax(z)[y] - 1, "shape is ()"),
    (lambda z, y: softmax(z) - onehot(z, 0), "differ"),
])
def test_logit_gradient_hints(capsys, answer, hint):
    said = verdict(capsys, checks.logit_gradient, answer)
    assert "✘" in said and hint in said


@pytest.mark.parametrize("right", [("C", 4), ["c", 4.0], (" C ", np.int64(4))])
def test_moved_digit_is_right(capsys, right):
    assert "✔" in verdict(capsys, checks.moved_digit, lambda: right)


@pytest.mark.parametrize("answer, hint", [
    (("A", 4), "adds up all cells"),
    (("B", 0), "forgives one pixel"),
    (("D", 4), "belongs to one place"),
    (("E", 4), "expected one of A, B, C, D"),
    (("C", 8), "counts pixels"),
    (("C", 0), "follow the ink"),
    (("C", 2), "how often"),
    (("C", 3), "how many pixels"),
    ("C", "C is right; return what you predict beside it"),
    (("C", "four"), "another form"),
])
def test_moved_digit_hints(capsys, answer, hint):
    said = verdict(capsys, checks.moved_digit, lambda: answer)
    assert "✘" in said and hint in said


def least_by_search(classes):
    """The smallest loss among outputs of a softmax at the end: probabilities (1 − s) for the label, s shared."""
    losses = []
    for spare in np.linspace(0, 1, 1001):
        output = np.full(classes, spare / (classes - 1))
        output[0] = 1 - spare
        losses.append(-np.log(softmax(output)[0]))
    return min(losses)


def test_high_loss_is_what_a_search_finds(capsys):
    assert "✔" in verdict(capsys, checks.high_loss, lambda classes: ("C", least_by_search(classes)))
    assert "✔" in verdict(capsys, checks.high_loss, lambda classes: ("c", np.log(np.e + classes - 1) - 1))


@pytest.mark.parametrize("answer, hint", [
    (lambda n: ("A", 0.0), "more steps would help a little"),
    (lambda n: ("B", least_by_search(n)), "almost equally many"),
    (lambda n: ("D", np.log(n)), "one time in three"),
    (lambda n: ("F", 0), "expected one of A, B, C, D"),
    (lambda n: ("C", 0), "probability of 1"),
    (lambda n: ("C", np.log(n)), "knows nothing"),
    (lambda n: ("C", np.log(np.e + n) - 1), "counted twice"),
    (lambda n: ("C", np.e / (np.e + n - 1)), "that is the probability"),
    (lambda n: ("C", least_by_search(3)), "10 classes"),
    (lambda n: ("C", 0.7), "best output"),
    (lambda n: "C", "C is right; return what you predict beside it"),
])
def test_high_loss_hints(capsys, answer, hint):
    said = verdict(capsys, checks.high_loss, answer)
    assert "✘" in said and hint in said
