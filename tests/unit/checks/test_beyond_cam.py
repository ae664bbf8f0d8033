import numpy as np
import pytest

from camlib import attribution, checks
from camlib.backend import keras
from camlib.checks import beyond_cam


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def relu(values):
    return np.maximum(values, 0)


def grad_cam_in_loops(features, gradients):
    map_ = np.zeros(features.shape[:2])
    for k in range(features.shape[2]):
        map_ += gradients[:, :, k].mean() * features[:, :, k]
    return relu(map_)


@pytest.mark.parametrize("answer, part", [
    (grad_cam_in_loops, "✔ Exercise 7.1"),
    (lambda f, g: None, "○ Exercise 7.1, Grad-CAM by hand: not attempted yet"),
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
    checks.grad_cam_by_hand(answer)
    assert part in said(capsys)


def log_probability_in_differences(maps, probabilities, c):
    """d log p_c / d f by differences: one feature a class, whose map is that class's, weight 1."""
    logits, step = np.log(probabilities), 1e-6
    map_ = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        raised = logits.copy()
        raised[k] += step / map_.size  # what a step in one cell adds to the mean
        slope = (np.log(np.exp(raised) / np.exp(raised).sum())[c] - np.log(probabilities[c])) / step
        map_ += slope * maps[:, :, k]
    return map_


@pytest.mark.parametrize("answer, part", [
    (log_probability_in_differences, "✔ Exercise 7.2"),
    (lambda m, p, c: None, "○ Exercise 7.2, HiResCAM of a log-probability: not attempted yet"),
    (lambda m, p, c: m[..., c] - m @ p, "N times too large: what is the slope"),
    (lambda m, p, c: m[..., c] / 20, "the logarithm of the sum of exponentials has a slope"),
    (lambda m, p, c: m[..., c], "the logarithm of the sum of exponentials has a slope, too; and the slope"),
    (lambda m, p, c: (m[..., c] - m.mean(axis=-1)) / 20, "against the average class"),
    (lambda m, p, c: m[..., c] - m.mean(axis=-1), "against the average class"),
    (lambda m, p, c: (m[..., c] - m.sum(axis=-1)) / 20, "takes all classes off in full"),
    (lambda m, p, c: (m[..., c] - np.delete(m, c, -1) @ np.delete(p, c)) / 20, "over all classes, c too"),
    (lambda m, p, c: (m @ p - m[..., c]) / 20, "the sign is turned"),
    (lambda m, p, c: p[c] * (m[..., c] - m @ p) / 20, "the map of p_c"),
    (lambda m, p, c: m - (m @ p)[..., None], "the shape is (4, 5, 3), expected (4, 5): one map, of class c"),
    (lambda m, p, c: np.zeros((4, 5)), "differ from the formula"),
    (lambda m, p, c: m[c] - m * p[:2], "your code stopped with ValueError"),
])
def test_map_of_log_probability(answer, part, capsys):
    checks.map_of_log_probability(answer)
    assert part in said(capsys)


SIX = {"grad_cam", "grad_cam_plus_plus", "hires_cam", "xgrad_cam", "layer_cam", "ablation_cam"}


@pytest.mark.parametrize("answer, part", [
    (({"ablation_cam"}, -1), "✔ Exercise 7.3"),
    ((["ablation_cam"], -1.0), "✔ Exercise 7.3"),
    (None, "○ Exercise 7.3, twenty less on every bias: not attempted yet"),
    ((set(), 1), "Put y − 20 for y"),
    ((SIX, -1), "does a bias change the slope"),
    (({"score_cam", "ablation_cam"}, -1), "what does a softmax do"),
    ((SIX | {"score_cam"}, 1), "what does a softmax do"),
    (({"eigen_cam"}, 1), "Eigen-CAM reads features alone"),
    (({"hires_cam"}, -1), "hires_cam reads slopes"),
    (({"ablation_cam"}, 1), "with a factor of 1"),
    (({"ablation_cam"}, -20), "20 is what is taken off"),
    (({"ablation_cam"}, 20), "20 is what is taken off"),
    (({"ablation_cam"}, -10), "these are scores"),
    (({"ablation_cam"}, 0), "the ReLU comes after"),
    (({"ablation_cam"}, 3), "write one weight before and after"),
    (({"Ablation-CAM"}, -1), "'Ablation-CAM' is no method"),
    (("ablation_cam", -1), "expected two things: a set"),
    (({"ablation_cam"},), "expected two things: a set"),
])
def test_moved_by_biases(answer, part, capsys):
    checks.moved_by_biases(None if answer is None else lambda: answer)
    assert part in said(capsys)


def heights(maps):
    return np.array([np.interp(0, [m.min(), m.max()], [0, 1]) for m in maps])


@pytest.mark.parametrize("answer, part", [
    (lambda m: (relu(m), heights(m)), "✔ Exercise 7.4"),
    (lambda m: (np.where(m > 0, m, 0) / m.max(axis=(1, 2), keepdims=True), heights(m)), "✔ Exercise 7.4"),
    (lambda m: None, "○ Exercise 7.4, worse boxes: not attempted yet"),
    (lambda m: (m, heights(m)), "as they came"),
    (lambda m: (abs(m), heights(m)), "would now count for it"),
    (lambda m: (relu(-m), heights(m)), "keeps what speaks against"),
    (lambda m: (m - m.min(axis=(1, 2), keepdims=True), heights(m)), "takes the minimum off by itself"),
    (lambda m: (m / m.max(axis=(1, 2), keepdims=True), heights(m)), "a factor changes no score map"),
    (lambda m: (m + 1, heights(m)), "which step does Grad-CAM have"),
    (lambda m: (relu(m)[0], heights(m)), "the shape is (4, 5), expected (3, 4, 5)"),
    (lambda m: (relu(m), np.zeros(3)), "not in the mended ones"),
    (lambda m: (relu(m), 1 - heights(m)), "counted from the top"),
    (lambda m: (relu(m), -m.min(axis=(1, 2))), "divide by the whole range"),
    (lambda m: (relu(m), -m.min(axis=(1, 2)) / m.max(axis=(1, 2))), "from the minimum to the maximum"),
    (lambda m: (relu(m), -heights(m)), "is not negative"),
    (lambda m: (relu(m), 0.5), "a height of its own"),
    (lambda m: (relu(m), np.ones(3)), "where does a 0 go"),
    (lambda m: relu(m), "expected two things"),
    (lambda m: m[5], "your code stopped with IndexError"),
])
def test_compared_alike(answer, part, capsys):
    checks.compared_alike(answer)
    assert part in said(capsys)


def test_the_reader_may_write_into_the_maps(capsys):
    def in_place(maps):
        found = heights(maps)
        maps[maps < 0] = 0
        return maps, found

    checks.compared_alike(in_place)
    assert "✔" in said(capsys)


def test_the_methods_are_the_packages_and_the_biases_move_one(capsys):
    """The answer to 7.3, found by trying it on a network whose bias lowers a score from +1 to −1."""
    assert tuple(attribution.METHODS) == beyond_cam.METHODS
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(3, 3, activation="relu"),
                                layers.GlobalAveragePooling2D(), layers.Dense(2)])
    image = np.random.default_rng(0).uniform(size=(1, 8, 8, 1)).astype(np.float32)
    maps, dense = {}, network.layers[-1]
    dense.set_weights([np.ones((3, 2)), np.zeros(2)])
    score = float(network.predict_on_batch(image)[0, 0])
    for target in (1, -1):
        dense.set_weights([np.ones((3, 2)), np.full(2, target - score)])
        maps[target] = {m: attribution.attribute(network, image, [0], m) for m in attribution.METHODS}
    moved = {m for m in attribution.METHODS if not np.allclose(maps[1][m], maps[-1][m], atol=1e-5)}
    checks.moved_by_biases(lambda: (moved, -1))
    assert "✔" in said(capsys)
