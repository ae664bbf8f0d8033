"""One check of model and images for CAM and for the methods after it: the same words from both."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps.attribution import attribute
from camlib.maps.cam import explain

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 12, 10), np.uint8)
SIGNED = np.random.default_rng(1).uniform(-1, 1, (2, 12, 10)).astype(np.float32)


def network(dtype="uint8", size=(12, 10)):
    image = keras.Input(size, dtype=dtype)
    x = layers.Conv2D(4, 3)(keras.ops.expand_dims(layers.Rescaling(1)(image), -1))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def both(model, images):
    """What goes through `explain` and through `attribute`, or what both say against it."""
    said = []
    for look in (lambda: explain(model, images), lambda: attribute(model, images, np.zeros(len(images), int))):
        try:
            look()
            said.append(None)
        except ValueError as error:
            said.append(str(error))
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize("dtype, images", [
    ("uint8", IMAGES), ("uint8", IMAGES.astype(float)), ("uint8", np.zeros((1, 12, 10))),
    ("float32", SIGNED), ("float32", SIGNED.astype(float)), ("float32", IMAGES), ("float32", IMAGES.astype(int)),
    ("float32", (SIGNED + 1) / 2),
])
def test_images_on_the_models_own_scale_are_taken(dtype, images):
    assert both(network(dtype), images) is None


@pytest.mark.parametrize("size, dtype, images, complaint", [
    ((12, 10), "uint8", IMAGES[0], "shape (12, 10): expected (n, 12, 10); for one image say image[None]"),
    ((None, None), "uint8", IMAGES[..., None].repeat(3, axis=3), "expected (n, any, any)"),
    ((12, 10), "uint8", IMAGES[:, :-1], "shape (2, 11, 10)"),
    ((12, 10), "uint8", IMAGES[:0], "no images: expected at least one"),
    ((12, 10), "uint8", IMAGES * np.nan, "NaN or infinite"),
    ((12, 10), "float32", SIGNED * np.inf, "NaN or infinite"),
    ((12, 10), "uint8", IMAGES / 255, "expected 0 to 255, as in a photo"),
    ((12, 10), "uint8", SIGNED, "expected 0 to 255, as in a photo"),
    ((12, 10), "uint8", IMAGES / 255 / 0.225 - 2, "floats from -2 to 2.4444: expected 0 to 255, as in a photo"),
    ((12, 10), "uint8", 1.0 + IMAGES, "floats from 1 to 256: expected 0 to 255"),
    ((None, None), "uint8", IMAGES[:, :2], "images of 2 × 10 are too small for"),
    ((None, None), "float32", SIGNED[:, :, :1], "images of 12 × 1 are too small for"),
    ((12, 10), "uint8", IMAGES.astype(int), "images are int64: expected uint8"),
    ((12, 10), "uint8", IMAGES > 9, "images are bool: expected uint8"),
    ((12, 10), "float32", IMAGES.astype(str), "expected numbers, float32"),
])
def test_other_images_are_named(size, dtype, images, complaint):
    assert complaint in both(network(dtype, size), images)


def test_of_floats_every_method_hears_what_the_network_hears():
    """Keras hands a uint8 network the whole part of a float: 99.9 is 99, here and in maps of either kind."""
    image = keras.Input((2, 2, 1), dtype="uint8")
    x = layers.Conv2D(1, 1, use_bias=False, name="twice")(layers.Rescaling(1.0)(image))
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    model.set_weights([np.full((1, 1, 1, 1), 2.0), np.array([[3.0, -1]]), np.array([0.5, 0])])
    images = np.array([[[[99.9], [0.2]], [[7.5], [254.6]]]])
    logits, maps, _ = explain(model, images)
    assert maps[0, :, :, 0].tolist() == [[6 * 99, 0], [6 * 7, 6 * 254]]
    np.testing.assert_array_equal(logits, model(images))
    np.testing.assert_array_equal(4 * attribute(model, images, [0], "hires_cam"), maps[..., 0])
    white = np.full((1, 2, 2, 1), 255.004)  # rounding errors are no other scale
    assert explain(model, white).maps[0, :, :, 1].tolist() == [[-2 * 255] * 2] * 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_whose_training_went_astray_is_named(value):
    """ReLU makes 0 of NaN, so that its maps may be finite: it is the weights that say so."""
    image = keras.Input((12, 10, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", name="early")(image))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)), name="astray")
    bias = model.get_layer("early").bias
    bias.assign(np.full(4, value))
    assert f"'astray' has NaN or infinite weights in {bias.path}: training" in both(model, IMAGES[..., None])


def test_values_that_overflow_are_named():
    """6e4 is a number in half precision, which ends at 65,504; twice that is none."""
    layer = layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(2), dtype="mixed_float16")
    image = keras.Input((1, 2, 1))
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(layer(image))), name="half")
    images = np.array([1, 6e4]).reshape(2, 1, 1, 1).repeat(2, axis=2)
    for name, look in (("logits", lambda: explain(model, images)),
                       ("maps by eigen_cam", lambda: attribute(model, images, [0, 0], "eigen_cam"))):
        complaint = f"^{name} of 'half' are NaN or infinite for 1 of 2 images, its weights are not"
        with pytest.raises(ValueError, match=complaint), np.errstate(invalid="ignore"):
            look()


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(keras.ops.mean(x, axis=(1, 2)))


def two_inputs():
    one, other = keras.Input((12, 10, 1)), keras.Input((12, 10, 1))
    return keras.Model([one, other], layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.Add()([one, other]))))


@pytest.mark.parametrize("model, complaint", [
    (Subclassed(), "has no graph: expected a functional or a built sequential Keras model"),
    (keras.Sequential([layers.Conv2D(3, 3), layers.GlobalAveragePooling2D(), layers.Dense(3)]), "has no graph"),
    ("lenet", "'lenet' has no graph"),
    (two_inputs(), "expected one stack of images in"),
    (keras.Sequential([keras.Input((12, 10, 1)), layers.Conv2D(3, 3)]), "one score a class, (n, classes), out"),
])
def test_models_without_a_graph_from_images_to_scores_are_named(model, complaint):
    assert complaint in both(model, IMAGES[..., None])
