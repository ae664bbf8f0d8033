"""Which endings have class activation maps: where a head is found, map mean plus bias is the model's own logit."""

import pickle
import re

import numpy as np
import pytest

from camlib.backend import keras, tf
from camlib.maps.attribution import attribute
from camlib.maps.cam import explain
from camlib.networks.head import NotCAMReady, centre, find_head
from camlib.networks.lenet import lenet_dense, lenet_gap

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 1), np.uint8)


def through(tail, x):
    for part in tail:
        x = part(x)
    return x


def network(*tail):
    """uint8 images → features, (n, 10, 8, 4), that are not all alike → `tail`, each a layer or a function."""
    image = keras.Input((12, 10, 1), dtype="uint8")
    start = keras.initializers.GlorotUniform(seed=2)  # logits, and so the errors of rounding, are the same each time
    features = layers.Conv2D(4, 3, activation="relu", kernel_initializer=start, name="features")
    return keras.Model(image, through(tail, features(layers.Rescaling(1 / 255)(image))))


def shaken(model):
    """`model`, its biases and statistics at random too, so that no term can hide."""
    random = np.random.default_rng(1)
    model.set_weights([w + random.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    return model


def gap(**options):
    return layers.GlobalAveragePooling2D(**options)


def dense(activation=None, classes=3, **options):
    return layers.Dense(classes, activation, kernel_initializer=keras.initializers.RandomNormal(stddev=0.3, seed=1),
                        **options)


def pointwise(activation=None, **options):
    start = keras.initializers.GlorotUniform(seed=3)
    return layers.Conv2D(3, 1, activation=activation, kernel_initializer=start, **options)


FIRST = {"data_format": "channels_first"}
TAKEN = [
    ((gap(), dense()), np.asarray),
    ((gap(), layers.Dropout(0.5), dense(), layers.Dropout(0.5)), np.asarray),
    ((gap(), dense("linear"), layers.Activation("linear")), np.asarray),
    ((gap(), dense("softmax")), ops.softmax),
    ((gap(), dense("sigmoid")), ops.sigmoid),
    ((gap(), dense(tf.nn.softmax)), ops.softmax),
    ((gap(), dense(), layers.Activation("softmax")), ops.softmax),
    ((gap(), dense(), layers.Activation("sigmoid")), ops.sigmoid),
    ((gap(), dense(), layers.Softmax()), ops.softmax),
    ((gap(), dense(), ops.softmax), ops.softmax),
    ((gap(), dense(), layers.Dropout(0.5), ops.sigmoid), ops.sigmoid),
    ((gap(), dense("sigmoid"), layers.GaussianNoise(1), layers.AlphaDropout(0.5)), ops.sigmoid),
    ((gap(), dense("softmax"), layers.Reshape((1, 3)), layers.Flatten()), ops.softmax),
    # between the mean and the weighted sum
    ((gap(keepdims=True), layers.Flatten(), dense()), np.asarray),
    ((gap(), layers.Reshape((1, 4)), layers.Identity(), layers.Flatten(), dense()), np.asarray),
    ((gap(keepdims=True), lambda x: ops.squeeze(x, (1, 2)), dense()), np.asarray),
    ((gap(), layers.Activation("linear"), layers.GaussianNoise(1), layers.GaussianDropout(0.5),
      layers.AlphaDropout(0.5), dense()), np.asarray),
    ((gap(), layers.BatchNormalization(), dense("softmax")), ops.softmax),
    ((gap(), layers.BatchNormalization(scale=False), layers.Dropout(0.5), dense(use_bias=False)), np.asarray),
    ((gap(), dense(), layers.BatchNormalization(center=False)), np.asarray),
    ((gap(), dense(classes=5), dense("softmax")), ops.softmax),
    # a 1×1 convolution, after or before it
    ((gap(keepdims=True), pointwise("softmax"), layers.Flatten()), ops.softmax),
    ((gap(keepdims=True), pointwise(use_bias=False), layers.Softmax(), layers.Flatten()), ops.softmax),
    ((layers.Permute((3, 1, 2)), gap(keepdims=True, **FIRST), pointwise("sigmoid", **FIRST), layers.Flatten()),
     ops.sigmoid),
    ((gap(), layers.Reshape((1, 1, 4)), layers.Dropout(0.5), pointwise(), layers.Reshape((3,)), ops.softmax),
     ops.softmax),
    ((pointwise(), gap(), layers.Softmax()), ops.softmax),
    ((pointwise(use_bias=False), layers.SpatialDropout2D(0.5), gap()), np.asarray),
    ((pointwise(), gap(), layers.BatchNormalization()), np.asarray),
    ((pointwise(), layers.BatchNormalization(), gap()), np.asarray),
    ((dense(), gap()), np.asarray),
    # other means
    ((lambda x: ops.mean(x, axis=(1, 2)), dense()), np.asarray),
    ((lambda x: ops.mean(x, axis=[-2, -3], keepdims=True), layers.Flatten(), dense()), np.asarray),
    ((layers.AveragePooling2D((10, 8)), layers.Flatten(), dense()), np.asarray),
    # channels first
    ((layers.Permute((3, 1, 2)), gap(**FIRST), dense()), np.asarray),
    ((layers.Permute((3, 1, 2)), lambda x: ops.mean(x, axis=(2, 3)), dense("softmax")), ops.softmax),
    ((layers.Permute((3, 1, 2)), gap(keepdims=True, **FIRST), pointwise(**FIRST), layers.Flatten()), np.asarray),
    ((layers.Permute((3, 1, 2)), pointwise(**FIRST), layers.BatchNormalization(axis=1), gap(**FIRST)), np.asarray),
    # whatever comes before features are summed up
    ((layers.LayerNormalization(), gap(), dense()), np.asarray),
    ((layers.BatchNormalization(), layers.MaxPooling2D(1), gap(), dense()), np.asarray),
]
if hasattr(layers, "AdaptiveAveragePooling2D"):  # Keras 3.13
    TAKEN.append(((layers.AdaptiveAveragePooling2D(1), layers.Flatten(), dense()), np.asarray))


@pytest.mark.parametrize("tail, of_logits", TAKEN)
def test_the_identity_holds_for_every_ending_that_is_taken(tail, of_logits):
    model = shaken(network(*tail))
    logits, maps, bias = explain(model, IMAGES)
    assert maps.dtype == logits.dtype == bias.dtype == np.float32
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(of_logits(logits), model(IMAGES), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tail, of_logits", TAKEN)
def test_a_map_says_of_a_place_what_the_network_says_where_all_places_are_like_it(tail, of_logits):
    model = shaken(network(*tail))
    features = np.asarray(keras.Model(model.input, model.get_layer("features").output)(IMAGES))
    given = keras.Input(features.shape[1:])
    ending = keras.Model(given, through(tail, given))
    _, maps, bias = explain(model, IMAGES)
    for place in ((0, 0), (3, 7), (9, 2)):
        everywhere = np.broadcast_to(features[(slice(None), *place)][:, None, None], features.shape)
        here = of_logits(maps[(slice(None), *place)] + bias)
        np.testing.assert_allclose(here, ending(everywhere), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("tail, of_logits", TAKEN)
def test_the_maps_and_the_gradients_are_of_the_same_logits(tail, of_logits):
    """Before a mean, HiResCAM's sum over the cells is the logit that `explain` gives, less what is added to it."""
    model, classes = shaken(network(*tail)), np.array([2, 0, 1])
    before = layers.LayerNormalization, layers.BatchNormalization  # no weighted sum of the features, for the former
    maps = attribute(model, IMAGES, classes, "hires_cam", None if isinstance(tail[0], before) else "features")
    expected = explain(model, IMAGES).maps[np.arange(3), :, :, classes]
    np.testing.assert_allclose(maps * 80, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tail, of_logits", TAKEN)
def test_probabilities_are_the_networks_own(tail, of_logits):
    model = shaken(network(*tail))
    seen = explain(model, IMAGES)
    assert seen.ending == {ops.softmax: "softmax", ops.sigmoid: "sigmoid"}.get(of_logits)
    if seen.ending:
        np.testing.assert_allclose(seen.probabilities, model(IMAGES), rtol=1e-5, atol=1e-5)


def test_an_activation_that_is_taken_off_leaves_a_linear_layer():
    model = network(gap(), dense("softmax"))
    logits = explain(model, IMAGES).logits
    model.layers[-1].activation = None
    assert explain(model, IMAGES).ending is None
    np.testing.assert_allclose(explain(model, IMAGES).logits, logits, rtol=1e-6)
    np.testing.assert_allclose(model(IMAGES), logits, rtol=1e-4)


class Linear(layers.Layer):
    """No identity, whatever its name."""

    def call(self, x):
        return 2 * x


class Cosine(layers.Dense):
    def call(self, x):
        return super().call(x / ops.norm(x, axis=-1, keepdims=True))


REFUSED = [
    ((gap(), layers.Activation("tanh"), dense()), "tanh", "GlobalAveragePooling2D → tanh → Dense"),
    ((gap(), layers.Activation("softmax"), dense()), "softmax", "GlobalAveragePooling2D → softmax → Dense"),
    ((gap(), layers.Softmax(), dense()), "Softmax", "GlobalAveragePooling2D → Softmax → Dense"),
    ((gap(), ops.tanh, dense()), "Tanh", "GlobalAveragePooling2D → Tanh → Dense"),
    ((gap(), layers.ReLU(), dense()), "ReLU", "→ ReLU → Dense"),
    ((gap(), layers.LayerNormalization(), dense()), "LayerNormalization", "→ LayerNormalization → Dense"),
    ((gap(), layers.UnitNormalization(), dense()), "UnitNormalization", "→ UnitNormalization → Dense"),
    ((gap(), lambda x: 2 * x, dense()), "Multiply", "→ Multiply → Dense"),
    ((gap(), Linear(), dense()), "Linear", "→ Linear → Dense"),
    ((gap(), dense(), Linear()), "Linear", "→ Dense → Linear"),
    ((gap(), Cosine(3)), "Cosine", "→ Cosine"),
    ((gap(), dense("tanh")), r"Dense \(tanh\)", r"→ Dense \(tanh\)"),
    ((gap(), dense("relu")), r"Dense \(relu\)", r"→ Dense \(relu\)"),
    ((gap(), dense(classes=1), lambda x: ops.softmax(x, axis=0)), "Softmax", "Dense → Softmax"),  # over the images
    ((gap(), dense("softmax"), layers.Softmax()), r"Dense \(softmax\)", r"→ Dense \(softmax\) → Softmax"),
    ((gap(), dense(), layers.Activation("sigmoid"), layers.Activation("softmax")), "sigmoid", "sigmoid → softmax"),
    ((layers.Permute((3, 1, 2)), gap(keepdims=True, **FIRST), pointwise("softmax", **FIRST), layers.Flatten()),
     r"Conv2D \(softmax\)", r"Conv2D \(softmax\) → Flatten"),  # over the columns, of which there is one
    ((gap(), dense("softmax"), layers.BatchNormalization()), r"Dense \(softmax\)",
     r"→ Dense \(softmax\) → BatchNormalization"),
    ((gap(), dense(), layers.Activation("tanh")), "tanh", "Dense → tanh"),
    ((gap(), dense(), layers.ReLU()), "ReLU", "Dense → ReLU"),
    ((gap(), dense(), lambda x: 2 * x), "Multiply", "→ Multiply"),
    ((gap(), dense("relu", 8), dense()), r"Dense \(relu\)", r"GlobalAveragePooling2D → Dense \(relu\) → Dense"),
    ((gap(), lambda x: layers.Dropout(0.5)(x, training=True), dense()), "Dropout", "→ Dropout → Dense"),
    ((gap(), lambda x: layers.BatchNormalization()(x, training=True), dense()), "BatchNormalization", "→ Dense"),
    ((gap(), layers.Reshape((2, 2)), dense(), layers.Flatten()), "Flatten", "Flatten"),
    ((gap(), layers.Reshape((4, 1)), dense(classes=1), layers.Flatten()), "Dense", "Reshape → Dense → Flatten"),
    ((layers.Flatten(), dense()), "Flatten", "Flatten → Dense"),
    ((layers.AveragePooling2D(2), layers.Flatten(), dense()), "Flatten", "Flatten → Dense"),
    ((lambda x: ops.mean(x, axis=1), layers.Flatten(), dense()), "Flatten", "Flatten → Dense"),
    ((layers.GlobalMaxPooling2D(), dense()), "GlobalMaxPooling2D", "GlobalMaxPooling2D → Dense"),
    ((lambda x: ops.max(x, axis=(1, 2)), dense()), "Max", "Max → Dense"),
    ((gap(),), r"Conv2D \(relu\)", "GlobalAveragePooling2D"),
    ((gap(), layers.Softmax()), r"Conv2D \(relu\)", "GlobalAveragePooling2D → Softmax"),
    ((pointwise("softmax"), gap()), r"Conv2D \(softmax\)", "GlobalAveragePooling2D"),
    ((pointwise(), layers.ReLU(), gap()), "ReLU", "GlobalAveragePooling2D"),
    ((layers.Conv2D(3, 3), gap()), "Conv2D", "GlobalAveragePooling2D"),
    ((layers.Conv2D(3, 1, strides=2), gap()), "Conv2D", "GlobalAveragePooling2D"),
    ((lambda x: layers.Add()([gap()(x), gap()(2 * x)]), dense()), "Add", "Add → Dense"),
]


@pytest.mark.parametrize("tail, obstacle, ending", REFUSED)
def test_a_model_that_does_not_qualify_hears_what_stands_in_the_way(tail, obstacle, ending):
    model = network(*tail)
    said = rf"no class activation maps: {obstacle} stands in the way \(it ends .*{ending}.*Grad-CAM"
    with pytest.raises(NotCAMReady, match=said) as told:
        explain(model, IMAGES)
    assert re.fullmatch(obstacle, told.value.obstacle) and re.search(ending, told.value.ends)
    again = pickle.loads(pickle.dumps(told.value))
    assert (str(again), again.obstacle, again.ends) == (str(told.value), told.value.obstacle, told.value.ends)


def test_signals_and_volumes_have_maps_of_one_and_three_axes():
    for size, conv, pool in (((9, 2), layers.Conv1D, layers.GlobalAveragePooling1D),
                             ((7, 6, 5, 2), layers.Conv3D, layers.GlobalAveragePooling3D)):
        given = keras.Input(size)
        model = shaken(keras.Model(given, dense("softmax")(pool()(conv(4, 3, activation="relu")(given)))))
        batch = np.random.default_rng(2).normal(size=(3, *size)).astype(np.float32)
        logits, maps, bias = explain(model, batch)
        places = tuple(side - 2 for side in size[:-1])
        assert maps.shape == (3, *places, 3)
        np.testing.assert_allclose(maps.reshape(3, -1, 3).mean(axis=1) + bias, logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(ops.softmax(logits), model(batch), rtol=1e-5, atol=1e-6)


def transformer(norm=True, mask=False):
    """Patches of 3×2 pixels as 20 tokens → attention → LayerNormalization → mean of the tokens → dense."""
    image = keras.Input((12, 10, 1), dtype="uint8")
    patches = layers.Conv2D(6, (3, 2), strides=(3, 2))(layers.Rescaling(1 / 255)(image))
    tokens = layers.Reshape((20, 6))(patches)
    tokens = layers.Masking()(tokens) if mask else tokens
    tokens = layers.Add()([tokens, layers.MultiHeadAttention(2, 3)(tokens, tokens)])
    tokens = layers.LayerNormalization()(tokens) if norm else tokens
    return keras.Model(image, dense("softmax")(layers.GlobalAveragePooling1D()(tokens)))


@pytest.mark.parametrize("norm", [True, False])
def test_a_vision_transformer_that_averages_its_tokens_has_a_map_of_them(norm):
    model = shaken(transformer(norm))
    logits, maps, bias = explain(model, IMAGES)
    assert maps.shape == (3, 20, 3)
    np.testing.assert_allclose(maps.mean(axis=1) + bias, logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ops.softmax(logits), model(IMAGES), rtol=1e-5, atol=1e-6)


def test_a_mean_over_some_tokens_only_is_none():
    with pytest.raises(NotCAMReady, match="GlobalAveragePooling1D stands in the way"):
        explain(transformer(mask=True), IMAGES)


def test_a_head_inside_nested_models_is_found():
    body = keras.Sequential([keras.Input((12, 10, 1)), layers.Conv2D(4, 3, activation="relu")], name="body")
    image = keras.Input((12, 10, 1))
    pooled = keras.Model(image, gap()(keras.Sequential([layers.Rescaling(1 / 255), body])(image)), name="pooled")
    head = keras.Sequential([layers.BatchNormalization(), keras.Sequential([dense("softmax")])])
    for model in (keras.Sequential([keras.Input((12, 10, 1)), layers.RandomFlip(), pooled, head]),
                  keras.Model(image, head(pooled(image, training=False)))):
        logits, maps, bias = explain(shaken(model), IMAGES)
        assert maps.shape == (3, 10, 8, 3)
        np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(ops.softmax(logits), model(IMAGES * 1.0, training=False), rtol=1e-5, atol=1e-6)


def test_layers_shared_with_another_model_are_followed_in_this_one():
    """GAP and dense called on two features: the head is the one that this model's output comes from."""
    image, pool, last = keras.Input((12, 10, 1)), gap(), dense()
    models = [keras.Model(image, last(pool(layers.Conv2D(4, side)(image)))) for side in (3, 5)]
    for model, rows in zip(models, (10, 8)):
        assert find_head(model).features.shape[1] == rows
        np.testing.assert_allclose(explain(model, IMAGES).logits, model(IMAGES), rtol=1e-4, atol=1e-3)


def test_a_heads_features_are_computed_from_the_models_own_input():
    model = network(gap(), dense())
    features = keras.Model(model.input, find_head(model).features)(IMAGES)
    np.testing.assert_array_equal(features, keras.Model(model.input, model.get_layer("features").output)(IMAGES))
    assert find_head(model).dense is model.layers[-1]


def test_lenet_with_dense_layers_does_not_qualify():
    with pytest.raises(NotCAMReady, match=r"lenet_dense.*Flatten → Dense \(relu\) → Dense \(relu\) → Dense"):
        find_head(lenet_dense())


def test_weights_are_not_centred_where_something_weighs_after_them():
    with pytest.raises(NotCAMReady, match="ends Dense → BatchNormalization: expected a network that ends GAP → Dense"):
        centre(network(gap(), dense(), layers.BatchNormalization()))
    with pytest.raises(NotCAMReady) as told:
        centre(network(gap(), dense(), layers.BatchNormalization()))
    assert (told.value.obstacle, told.value.ends) == ("BatchNormalization", "Dense → BatchNormalization")


def test_to_look_again_leaves_nothing_behind():
    """A run's snapshots are centred at every load: a layer called once more each time would keep it for ever."""
    network, counts = lenet_gap(), []
    for _ in range(3):
        centre(network)
        explain(network, np.zeros((1, 40, 40), np.uint8))
        counts.append([len(layer._inbound_nodes) for layer in network.layers])
    assert counts[0] == counts[1] == counts[2]
