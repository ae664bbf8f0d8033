from copy import deepcopy

import numpy as np
import pytest

from camlib import plot
from camlib.backend import keras
from camlib.explore.widget import explorer
from camlib.maps import cam
from camlib.maps.arrays import normalise
from camlib.measure.localize import max_box_acc
from camlib.measure.scores import score_maps
from camlib.networks import lenet
from camlib.networks.head import spread
from camlib.training import runs

NETWORKS = {"lenet_gap": lenet.lenet_gap, "lenet_gap_original": lenet.lenet_gap_original}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    """A network with weights drawn at random, biases and statistics too, so that no term can hide."""
    model = NETWORKS[request.param]()
    random = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(weight + random.uniform(0, 0.2, weight.shape))
    return model


def features_of(model, images):
    return np.asarray(keras.Model(model.input, model.get_layer("gap").input).predict(images, verbose=0))


def test_mean_of_a_map_plus_bias_is_the_logit(network, scenes):
    logits, maps, bias = cam.explain(network, scenes.images[:50])
    by_the_plain_network = network.predict(scenes.images[:50], verbose=0)
    np.testing.assert_allclose(logits, by_the_plain_network, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, by_the_plain_network, rtol=1e-4, atol=1e-4)


def test_the_shipped_network_obeys_the_identity_on_real_scenes(scenes):
    network = runs.shipped_run().load()
    _, maps, bias = cam.explain(network, scenes.images)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, network.predict(scenes.images, verbose=0), atol=1e-4)


def test_maps_against_a_loop_written_from_the_formula(network, scenes):
    """M_c(x, y) = Σ_k w_kc f_k(x, y), the paper's equation 2."""
    images = scenes.images[:2]
    features, kernel = features_of(network, images), np.asarray(network.get_layer("dense").kernel)
    maps = cam.explain(network, images).maps
    assert maps.dtype == np.float32 and maps.shape == (2, 25, 25, 10)
    for n, row, column, which in [(0, 0, 0, 0), (0, 12, 7, 3), (1, 24, 24, 9), (1, 3, 20, 5)]:
        by_hand = sum(float(kernel[k, which]) * float(features[n, row, column, k]) for k in range(len(kernel)))
        assert maps[n, row, column, which] == pytest.approx(by_hand, rel=1e-4, abs=1e-5)


def test_any_batch_size_gives_the_same(network, scenes):
    whole = cam.explain(network, scenes.images[:7])
    pieces = cam.explain(network, scenes.images[:7], batch_size=3)
    for one, other in zip(whole, pieces):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_maps_follow_further_training(network, scenes):
    before = cam.explain(network, scenes.images[:2])
    dense = network.get_layer("dense")
    kernel = np.array(dense.kernel)
    dense.kernel.assign(2 * kernel)
    after = cam.explain(network, scenes.images[:2])
    dense.kernel.assign(kernel)
    np.testing.assert_allclose(after.maps, 2 * before.maps, rtol=1e-4, atol=1e-5)


POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"]


@pytest.fixture
def of_policy():
    """A function that makes the shipped network under a dtype policy."""
    weights = runs.shipped_run().load().get_weights()

    def make(policy):
        keras.config.set_dtype_policy(policy)
        model = lenet.lenet_gap()
        model.set_weights(weights)
        return model

    yield make
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("policy", POLICIES)
def test_under_every_policy_maps_and_logits_are_float32_and_right(of_policy, scenes, policy):
    """Maps, their means and logits against sums in float64 over the features that the network makes."""
    model, images = of_policy(policy), scenes.images[:3, :24, :28]
    seen = cam.explain(model, images)
    assert {values.dtype.name for values in seen} == {"float32"}
    features = np.asarray(keras.Model(model.input, model.get_layer("gap").input)(images), np.float64)
    kernel, bias = (np.asarray(weight, np.float64) for weight in model.get_layer("dense").weights)
    maps, means = np.zeros(seen.maps.shape), np.zeros(seen.logits.shape)
    for n, row, column, which in np.ndindex(maps.shape):
        maps[n, row, column, which] = sum(features[n, row, column] * kernel[:, which])
        means[n, which] += maps[n, row, column, which] / 42
    np.testing.assert_allclose(seen.maps, maps, rtol=1e-5, atol=1e-5 * abs(maps).max())
    np.testing.assert_allclose(seen.maps.mean(axis=(1, 2)), means, rtol=1e-5)
    np.testing.assert_allclose(seen.logits, means + bias, rtol=1e-5)
    np.testing.assert_allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, seen.logits, rtol=1e-5)


@pytest.mark.parametrize("policy", POLICIES)
def test_figures_and_metrics_take_what_half_precision_gives(of_policy, scenes, policy):
    """Against the same network in float32: half precision keeps three digits, bfloat16 two."""
    images, labels, truth = scenes.images[:20], scenes.labels[:20], scenes.boxes[:20]
    expected, seen = cam.explain(runs.shipped_run().load(), images), cam.explain(of_policy(policy), images)
    figure = plot.top_classes(images[0], seen.maps[0], seen.logits[0], "abcdefghij", 3)
    assert figure.axes[1].get_title()[0] == "abcdefghij"[expected.logits[0].argmax()]
    assert explorer(images, seen.maps, bias=seen.bias).logit == pytest.approx(expected.logits[0].max(), rel=0.02)
    large = [score_maps(one.maps[np.arange(20), :, :, labels], (100, 100)) for one in (seen, expected)]
    assert abs(max_box_acc(large[0], truth).score - max_box_acc(large[1], truth).score) <= 5  # one of 20
    np.testing.assert_allclose(normalise(seen.maps), normalise(expected.maps), atol=0.05)
def test_with_maps_saved_or_cloned_has_its_kernel_among_its_weights(network, scenes, tmp_path):
    both = cam.with_maps(network)
    expected = both.predict(scenes.images[:2], verbose=0)
    assert any(weight is network.get_layer("dense").kernel for weight in both.weights)
    both.save(tmp_path / "both.keras")
    config = both.layers[-1].get_config()
    before = deepcopy(config)
    twice = [type(both.layers[-1]).from_config(config).get_config() for _ in "ab"]
    assert config == before == twice[0] == twice[1]
    loaded, clone = keras.saving.load_model(tmp_path / "both.keras"), keras.models.clone_model(both)
    clone.set_weights(both.get_weights())
    for copy in (loaded, clone):
        for ours, theirs in zip(expected, copy.predict(scenes.images[:2], verbose=0)):
            np.testing.assert_array_equal(ours, theirs)
        kernel = next(weight for weight in copy.weights if weight.path.endswith("dense/kernel"))
        kernel.assign(2 * kernel)
        doubled = copy.predict(scenes.images[:2], verbose=0)[1]
        np.testing.assert_allclose(doubled, 2 * expected[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(both.predict(scenes.images[:2], verbose=0)[1], expected[1])


def test_any_image_size(network):
    image = np.random.default_rng(0).integers(0, 256, (1, 48, 64), np.uint8)
    assert cam.explain(network, image).maps.shape == (1, 12, 16, 10)


def test_a_softmax_or_dropout_changes_nothing(scenes):
    model = lenet.lenet_gap()
    features = model.get_layer("gap").input
    x = keras.layers.GlobalAveragePooling2D()(features)
    x = keras.layers.Dropout(0.5)(x)
    dense = keras.layers.Dense(10, activation="softmax")
    probabilities = keras.Model(model.input, dense(x))
    logits, maps, bias = cam.explain(probabilities, scenes.images[:3])
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, atol=1e-4)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, probabilities.predict(scenes.images[:3], verbose=0), atol=1e-5)


def test_a_sequential_model_qualifies():
    model = keras.Sequential([
        keras.Input((20, 20, 3)), keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5),
    ])
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), np.uint8)
    logits, maps, bias = cam.explain(model, images)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, rtol=1e-4, atol=1e-3)


def test_one_model_and_batch_after_another_is_told_apart():
    """Compiled once a model, kept by model: never one model's maps for another, and no batch of none."""
    layers = keras.layers
    models = [keras.Sequential([keras.Input((4, 4, 1)), layers.GlobalAveragePooling2D(), layers.Dense(2)])
              for _ in "ab"]
    images = np.ones((3, 4, 4, 1), np.float32)
    for model in (*models, *models):
        np.testing.assert_allclose(cam.explain(model, images).logits, model(images), atol=1e-6)
    with pytest.raises(ValueError, match="batch_size is 0: expected at least 1"):
        cam.explain(models[0], images, batch_size=0)


def test_spreading_keeps_what_a_small_canvas_said(scenes):
    """A 40 px scene in the middle of a blank 100 px canvas: the spread head says what the old one said of 40 px.

    Borders differ (a conv pads the small canvas with zeros, and blank paper is zero too), so agreement is close.
    """
    model = lenet.lenet_gap()
    small = scenes.images[:4, 30:70, 30:70]
    small[:, :14] = small[:, -14:] = small[:, :, :14] = small[:, :, -14:] = 0
    said = model.predict(small, verbose=0)
    large = np.zeros((4, 100, 100), np.uint8)
    large[:, 32:72, 32:72] = small
    spread(model, 40, 100)
    np.testing.assert_allclose(model.predict(large, verbose=0), said, atol=1e-3)
