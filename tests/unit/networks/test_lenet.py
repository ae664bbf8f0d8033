import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps.cam import explain
from camlib.networks import lenet
from camlib.networks.head import NotCAMReady, centre, freeze_statistics, lift


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_the_original_network_has_the_original_weights():
    """5·5·3·32 + 32, 5·5·32·64 + 64, and 64·10 without bias."""
    model = lenet.lenet_gap_original()
    assert [w.shape for w in model.weights] == [(5, 5, 3, 32), (32,), (5, 5, 32, 64), (64,), (64, 10)]
    assert count(model) == 2432 + 51264 + 640
    kernels = [np.asarray(w) for w in model.weights if len(w.shape) > 1]
    assert all(abs(k.std() - 0.01) < 0.001 and abs(k.mean()) < 0.002 for k in kernels)
    assert model.get_layer("gap").input.shape[1:] == (None, None, 64)


def test_the_original_network_against_its_formula():
    """conv 5×5 same, ReLU, max-pool 2, twice, then the mean times 64×10 weights: in NumPy loops, on a small image."""
    model = lenet.lenet_gap_original()
    image = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    x = np.repeat(image[..., None] / 255, 3, axis=2)
    for number in (1, 2):
        kernel, bias = (np.asarray(w, np.float64) for w in model.get_layer(f"conv{number}").weights)
        padded = np.pad(x, ((2, 2), (2, 2), (0, 0)))
        out = np.array([[np.tensordot(padded[r:r + 5, c:c + 5], kernel, 3) + bias for c in range(x.shape[1])]
                        for r in range(x.shape[0])]).clip(0)
        x = out.reshape(out.shape[0] // 2, 2, out.shape[1] // 2, 2, -1).max(axis=(1, 3))
    expected = x.mean(axis=(0, 1)) @ np.asarray(model.get_layer("dense").kernel)
    np.testing.assert_allclose(model.predict(image[None], verbose=0)[0], expected, rtol=1e-4, atol=1e-8)


def test_the_course_networks_cells_are_centred_where_upsampling_puts_them():
    """A feature of cell i reacts to pixels 4i−12 … 4i+15, whose centre is the cell's own: 28 px, a digit's box."""
    model = lenet.lenet_gap()
    for norm in (layer for layer in model.layers if "norm" in layer.name):
        norm.beta.assign(norm.beta + 1)  # keep every ReLU open, so that each pixel can be felt
    trunk = keras.Model(model.input, model.get_layer("gap").input)
    base = trunk.predict(np.zeros((1, 100, 100), np.uint8), verbose=0)[0, 12, 12]
    images = np.zeros((100, 100, 100), np.uint8)
    images[np.arange(100), :, np.arange(100)] = 255  # image n has column n inked
    felt = np.flatnonzero(abs(trunk.predict(images, verbose=0)[:, 12, 12] - base).max(axis=1) > 1e-6)
    assert (felt[0], felt[-1]) == (4 * 12 - 12, 4 * 12 + 15)
    assert (felt[0] + felt[-1]) / 2 == (12 + 0.5) * 4 - 0.5


@pytest.mark.parametrize("make", [lenet.lenet_gap, lenet.lenet_gap_original, lenet.lenet_dense])
def test_a_seed_decides_the_weights(make):
    one, same, other = make(seed=3), make(seed=3), make(seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), same.get_weights()))
    assert any(not np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights()))
    assert make(classes=3).output.shape == (None, 3)


def test_lenet_dense_takes_its_own_size_only():
    images = np.zeros((1, 60, 60), np.uint8)
    assert lenet.lenet_dense(size=60).predict(images, verbose=0).shape == (1, 10)
    with pytest.raises(ValueError):
        lenet.lenet_dense(size=100).predict(images, verbose=0)


def test_a_lifted_network_says_the_same_with_other_maps():
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 60), np.uint8)
    model = lenet.lenet_gap()
    before = explain(model, images)
    kernel = np.array(model.get_layer("dense").kernel)
    lift(model, 0.25)
    lifted = explain(model, images)
    for k, c in ((0, 0), (17, 3), (63, 9)):
        expected = kernel[k, c] - 0.25 * min(kernel[k, other] for other in range(10))
        assert np.asarray(model.get_layer("dense").kernel)[k, c] == pytest.approx(expected, abs=1e-6)
    softmax = keras.ops.softmax
    np.testing.assert_allclose(softmax(lifted.logits), softmax(before.logits), atol=1e-5)
    difference = lifted.maps - before.maps
    np.testing.assert_allclose(difference, np.broadcast_to(difference[..., :1], difference.shape), atol=1e-5)
    assert difference.max() > 1e-3
    lift(model, 1 - 1 / (1 - 0.25))  # and back
    np.testing.assert_allclose(model.get_layer("dense").kernel, kernel, atol=1e-6)
    lift(model, 1)
    assert np.asarray(model.get_layer("dense").kernel).min() == pytest.approx(0, abs=1e-7)


@pytest.fixture
def biased():
    """A network whose weights and biases are far from adding up to zero."""
    random = np.random.default_rng(1)
    model = lenet.lenet_gap()
    model.get_layer("dense").set_weights([random.normal(0.5, 1, (64, 10)), random.normal(2, 1, 10)])
    return model


def test_a_centred_network_says_the_same_with_maps_that_add_up_to_zero(biased):
    images = np.random.default_rng(0).integers(0, 256, (3, 60, 60), np.uint8)
    before = explain(biased, images)
    centre(biased)
    after = explain(biased, images)
    np.testing.assert_allclose(keras.ops.softmax(after.logits), keras.ops.softmax(before.logits), atol=1e-5)
    assert abs(before.maps.sum(axis=-1)).max() > 0.1 * abs(before.maps).max()
    assert abs(after.maps.sum(axis=-1)).max() < 1e-5 * abs(after.maps).max()
    assert abs(after.logits.sum(axis=-1)).max() < 1e-5 * abs(after.logits).max()
    difference = after.maps - before.maps  # one picture for all classes
    np.testing.assert_allclose(difference, np.broadcast_to(difference[..., :1], difference.shape), atol=1e-4)


def test_centred_weights_are_those_of_least_squares(biased):
    """‖w_k + a_k 1‖² is least where a_k solves 1 a_k = −w_k as well as can be: by `lstsq`, a feature at a time."""
    kernel, bias = biased.get_layer("dense").get_weights()
    centre(biased)
    centred_kernel, centred_bias = biased.get_layer("dense").get_weights()
    for row, ours in zip([*kernel, bias], [*centred_kernel, centred_bias]):
        (a,), (squares,), *_ = np.linalg.lstsq(np.ones((10, 1)), -row.astype(float), rcond=None)
        np.testing.assert_allclose(ours, row + a, atol=1e-6)
        assert np.square(ours).sum() == pytest.approx(squares, rel=1e-5)


def test_a_penalty_on_the_weights_leaves_them_centred(biased):
    """Steps down a penalised loss, from weights that are not: (1 − 2·0.5·0.1)^200 of their sums is left, 7e-10."""
    random = np.random.default_rng(2)
    features, labels = random.random((40, 64)), random.integers(0, 10, 40)
    kernel = biased.get_layer("dense").get_weights()[0].astype(float)
    for _ in range(200):
        logits = features @ kernel
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        kernel -= 0.1 * (features.T @ (p - np.eye(10)[labels]) / 40 + 2 * 0.5 * kernel)
    assert abs(kernel).max() > 1e-3 and abs(kernel.sum(axis=1)).max() < 1e-7


def test_centring_undoes_any_lift_and_may_be_done_twice(biased):
    centre(biased)
    once = [np.array(weights) for weights in biased.get_layer("dense").get_weights()]
    lift(biased, 0.16)
    centre(biased)
    centre(biased)
    for ours, expected in zip(biased.get_layer("dense").get_weights(), once):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_head_without_a_bias_is_centred_and_no_head_is_named():
    model = lenet.lenet_gap_original()
    centre(model)
    assert abs(np.asarray(model.get_layer("dense").kernel).sum(axis=1)).max() < 1e-7
    with pytest.raises(NotCAMReady, match="lenet_dense"):
        centre(lenet.lenet_dense())


def test_frozen_statistics_stay():
    model = lenet.lenet_gap()
    freeze_statistics(model)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [np.array(w) for w in model.get_layer("norm1").weights]
    kernel = np.array(model.get_layer("conv1").kernel)
    model.train_on_batch(np.random.default_rng(0).integers(0, 256, (4, 40, 40), np.uint8), np.arange(4))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_layer("norm1").weights))
    assert not np.array_equal(kernel, model.get_layer("conv1").kernel)
