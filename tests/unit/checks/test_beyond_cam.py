import numpy as np
import pytest

from camlib import checks

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.uniform(size=(4, 5, 8))
GRADIENTS = RANDOM.normal(scale=1e-3, size=(4, 5, 8))  # as small as those below a mean
WEIGHTS = RANDOM.normal(size=8)


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


MAPS = RANDOM.normal(size=(4, 5, 3))
SHARES = np.array([0.7, 0.1, 0.2])


def relu(values):
    return np.maximum(values, 0)


def layer_cam_in_loops(features, weights):
    """The paper's formula, term by term: on conv → GAP → dense the gradient is weight / cells in every cell."""
    rows, columns, _ = features.shape
    map_ = np.zeros((rows, columns))
    for y, x, k in np.ndindex(features.shape):
        map_[y, x] += max(weights[k] / (rows * columns), 0) * features[y, x, k]
    return relu(map_)


def grad_cam_in_loops(features, gradients):
    map_ = np.zeros(features.shape[:2])
    for k in range(features.shape[2]):
        map_ += gradients[:, :, k].mean() * features[:, :, k]
    return relu(map_)


@pytest.mark.parametrize("answer, part", [
    (layer_cam_in_loops, "✔ Exercise 6.1"),
    (lambda f, w: None, "○ Exercise 6.1, LayerCAM without a gradient: not attempted yet"),
    (lambda f, w: f @ w / 20, "that is CAM / N"),
    (lambda f, w: relu(f @ w) / 20, "that is Grad-CAM"),
    (lambda f, w: f @ relu(w), "N times too large"),
    (lambda f, w: (f * relu(w)).mean(axis=2), "differ from the formula"),
    (lambda f, w: f * relu(w) / 20, "the shape is (4, 5, 8), expected (4, 5)"),
    (lambda f, w: w @ f, "your code stopped with ValueError"),
])
def test_layer_cam_by_hand(answer, part, capsys):
    checks.layer_cam_by_hand(answer, FEATURES, WEIGHTS)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (grad_cam_in_loops, "✔ Exercise 6.2"),
    (lambda f, g: None, "not attempted yet"),
    (lambda f, g: f @ g.mean(axis=(0, 1)), "the ReLU is missing"),
    (lambda f, g: (f * g).sum(axis=2), "that is HiResCAM: average"),
    (lambda f, g: relu((f * g).sum(axis=2)), "HiResCAM's positive part"),
    (lambda f, g: relu(f @ g.sum(axis=(0, 1))), "take their mean"),
    (lambda f, g: f @ relu(g.mean(axis=(0, 1))), "not on α"),
    (lambda f, g: f @ relu(g).mean(axis=(0, 1)), "not on the gradients"),
    (lambda f, g: np.zeros((4, 5)), "differ from the formula"),
    (lambda f, g: g.mean(axis=(0, 1)), "α has one value a channel"),
    (lambda f, g: f @ g, "your code stopped with ValueError"),
])
def test_grad_cam_by_hand(answer, part, capsys):
    checks.grad_cam_by_hand(answer, FEATURES, GRADIENTS)
    assert part in said(capsys)


def log_probability_in_loops(maps, probabilities, c):
    """Each class's map taken off the map of c, as much of it as its probability."""
    return sum(p * (maps[:, :, c] - maps[:, :, j]) for j, p in enumerate(probabilities))


@pytest.mark.parametrize("answer, part", [
    (log_probability_in_loops, "✔ Exercise 6.3"),
    (lambda m, p, c: None, "○ Exercise 6.3, a map that no choice moves: not attempted yet"),
    (lambda m, p, c: m[..., c], "the map of the logit"),
    (lambda m, p, c: m[..., c] - m.mean(axis=-1), "against the average class"),
    (lambda m, p, c: m[..., c] - m.sum(axis=-1), "as if each were certain"),
    (lambda m, p, c: m[..., c] - np.delete(m, c, -1) @ np.delete(p, c), "over all classes, c too"),
    (lambda m, p, c: m @ p - m[..., c], "the sign is turned"),
    (lambda m, p, c: p[c] * (m[..., c] - m @ p), "leave the factor p_c out"),
    (lambda m, p, c: m - (m @ p)[..., None], "the shape is (4, 5, 3), expected (4, 5): one map, of class c"),
    (lambda m, p, c: np.zeros((4, 5)), "differ from the formula"),
    (lambda m, p, c: m[c] - m * p[:2], "your code stopped with ValueError"),
])
def test_map_of_log_probability(answer, part, capsys):
    checks.map_of_log_probability(answer, MAPS, SHARES, 1)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (lambda n, k, s: sum(s + k * s for _ in range(n)), "✔ Exercise 6.4"),
    (lambda n, k, s: None, "not attempted yet"),
    (lambda n, k, s: n * k * s, "the one that gives the features"),
    (lambda n, k, s: (k + 1) * s, "of one photograph"),
    (lambda n, k, s: n * (k + 1), "counts the predictions"),
    (lambda n, k, s: n * s, "each channel asks for one more"),
    (lambda n, k, s: (n * k + 1) * s, "once for each photograph"),
    (lambda n, k, s: 0.0, "differ from the formula"),
    (lambda n, k, s: [n, k], "the shape is (2,)"),
    (lambda n, k, s: n / 0, "your code stopped with ZeroDivisionError"),
])
def test_score_cam_seconds(answer, part, capsys):
    checks.score_cam_seconds(answer, 100, 2048, 0.02)
    assert part in said(capsys)


def test_the_answers_are_the_package_s_maps(capsys):
    from camlib.maps import attribution
    from camlib.networks import lenet
    from camlib.networks.cut import cut

    scenes = RANDOM.integers(0, 256, (10, 48, 48), np.uint8)
    classes = np.arange(10)
    for model in (lenet.lenet_gap(), lenet.lenet_dense(size=48)):
        features, gradients = attribution.features_and_gradients(
            cut(model), scenes.astype(np.float32), classes
        )
        maps = attribution.attribute(model, scenes, classes, "grad_cam")
        n = maps.max(axis=(1, 2)).argmax()  # ReLU leaves some maps empty
        checks.grad_cam_by_hand(lambda f, g: maps[n], features[n], gradients[n])
        assert maps[n].max() > 0 and "✔" in said(capsys)

        if model.name == "lenet_gap":
            maps = attribution.attribute(model, scenes, classes, "layer_cam")
            weights = np.asarray(model.get_layer("dense").kernel)[:, n]
            checks.layer_cam_by_hand(lambda f, w: maps[n], features[n], weights)
            assert maps[n].max() > 0 and "✔" in said(capsys)
