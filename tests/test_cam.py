import numpy as np
import pytest

from camlib import cam, models, runs
from camlib.backend import keras, tf

NETWORKS = {"lenet_gap": models.lenet_gap, "lenet_gap_original": models.lenet_gap_original}


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


def test_any_image_size(network):
    image = np.random.default_rng(0).integers(0, 256, (1, 48, 64), np.uint8)
    assert cam.explain(network, image).maps.shape == (1, 12, 16, 10)


def test_a_softmax_or_dropout_changes_nothing(scenes):
    model = models.lenet_gap()
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


@pytest.mark.parametrize("tail, complaint", [
    ([keras.layers.Flatten(), keras.layers.Dense(3)], "Flatten → Dense.*Grad-CAM"),
    ([keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(3)], "before Dense is not GlobalAveragePooling2D"),
    ([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)], "Dense → Dense"),
    ([keras.layers.GlobalAveragePooling2D()], "last layer is not Dense"),
])
def test_a_model_that_does_not_qualify_hears_why(tail, complaint):
    model = keras.Sequential([keras.Input((20, 20, 1)), keras.layers.Conv2D(4, 3), *tail])
    with pytest.raises(cam.NotCAMReady, match=complaint):
        cam.explain(model, np.zeros((1, 20, 20, 1), np.uint8))


def test_lenet_with_dense_layers_does_not_qualify(scenes):
    with pytest.raises(cam.NotCAMReady, match="lenet_dense.*Dense → Dense → Dense"):
        cam.explain(models.lenet_dense(), scenes.images[:1])


@pytest.mark.parametrize("images, complaint", [
    (np.zeros((100, 100), np.uint8), r"for one image say image\[None\]"),
    (np.zeros((2, 100, 100, 3), np.uint8), r"expected \(n, any, any\)"),
    (np.zeros((0, 100, 100), np.uint8), "at least one"),
    (np.full((1, 100, 100), np.nan), "NaN"),
    (np.full((1, 100, 100), 0.5), "from 0.5 to 0.5: expected 0 to 255"),
    (np.zeros((1, 100, 100), int), "expected uint8"),
])
def test_bad_images_are_named(network, images, complaint):
    with pytest.raises(ValueError, match=complaint):
        cam.explain(network, images)


@pytest.mark.parametrize("size", [(100, 100), (25, 25), (60, 91), (10, 13)])
def test_upsampling_is_tensorflows(size):
    maps = np.random.default_rng(0).normal(size=(2, 25, 13, 3)).astype(np.float32)
    if size[0] < 25 or size[1] < 13:
        size = (max(size[0], 25), max(size[1], 13))
    np.testing.assert_allclose(cam.upsample(maps, size), tf.image.resize(maps, size), atol=1e-5)


def test_upsampling_by_hand():
    """Two cells to four pixels: pixel centres lie at ¼ and ¾ of each cell; edges repeat."""
    assert cam.upsample(np.array([[0.0, 4.0]]), (1, 4)).tolist() == [[0.0, 1.0, 3.0, 4.0]]


def test_normalise_by_hand():
    assert cam.normalise(np.array([[-2.0, 0.0], [2.0, 6.0]])).tolist() == [[0.0, 0.25], [0.5, 1.0]]
    assert cam.normalise(np.full((3, 3), 7.0)).tolist() == np.zeros((3, 3)).tolist()
    stack = np.random.default_rng(0).normal(size=(2, 5, 5, 3))
    each = cam.normalise(stack)
    assert (each.min(axis=(1, 2)) == 0).all() and (each.max(axis=(1, 2)) == 1).all()


@pytest.mark.parametrize("maps", [np.zeros(5), np.zeros((0, 3)), np.zeros((2, 3, 3))])
def test_maps_of_the_wrong_shape_are_named(maps):
    with pytest.raises(ValueError, match="expected .n, rows, columns, classes. or .rows, columns."):
        cam.upsample(maps, (10, 10))


def test_spreading_keeps_what_a_small_canvas_said(scenes):
    """A 40 px scene in the middle of a blank 100 px canvas: the spread head says what the old one said of 40 px.

    Borders differ (a conv pads the small canvas with zeros, and blank paper is zero too), so agreement is close.
    """
    model = models.lenet_gap()
    small = scenes.images[:4, 30:70, 30:70]
    small[:, :14] = small[:, -14:] = small[:, :, :14] = small[:, :, -14:] = 0
    said = model.predict(small, verbose=0)
    large = np.zeros((4, 100, 100), np.uint8)
    large[:, 32:72, 32:72] = small
    models.spread(model, 40, 100)
    np.testing.assert_allclose(model.predict(large, verbose=0), said, atol=1e-3)


def test_softmax_against_keras_and_by_hand():
    logits = np.random.default_rng(0).normal(0, 50, (2, 3, 7))
    np.testing.assert_allclose(cam.softmax(logits), keras.ops.softmax(logits), atol=1e-6)
    np.testing.assert_allclose(cam.softmax(np.log([1.0, 3.0])), [0.25, 0.75])
