"""Which endings have class activation maps: where a head is found, map mean plus bias is the model's own logit."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps.cam import explain
from camlib.networks.head import NotCAMReady, find_head
from camlib.networks.lenet import lenet_dense

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 1), np.uint8)


def network(*tail):
    """uint8 images → features, (n, 10, 8, 4), that are not all alike → `tail`, each a layer or a function."""
    image = keras.Input((12, 10, 1), dtype="uint8")
    x = layers.Conv2D(4, 3, activation="relu", name="features")(layers.Rescaling(1 / 255)(image))
    for part in tail:
        x = part(x)
    return keras.Model(image, x)


def gap():
    return layers.GlobalAveragePooling2D()


def dense(activation=None, classes=3):
    return layers.Dense(classes, activation, kernel_initializer=keras.initializers.RandomNormal(stddev=3, seed=1))


@pytest.mark.parametrize("tail, of_logits", [
    ((gap(), dense()), np.asarray),
    ((gap(), layers.Dropout(0.5), dense(), layers.Dropout(0.5)), np.asarray),
    ((gap(), dense("linear"), layers.Activation("linear")), np.asarray),
    ((gap(), dense("softmax")), ops.softmax),
    ((gap(), dense("sigmoid")), ops.sigmoid),
    ((gap(), dense(), layers.Activation("softmax")), ops.softmax),
    ((gap(), dense(), layers.Activation("sigmoid")), ops.sigmoid),
    ((gap(), dense(), layers.Softmax()), ops.softmax),
    ((gap(), dense(), ops.softmax), ops.softmax),
    ((gap(), dense(), layers.Dropout(0.5), ops.sigmoid), ops.sigmoid),
])
def test_the_identity_holds_for_every_ending_that_is_taken(tail, of_logits):
    model = network(*tail)
    logits, maps, bias = explain(model, IMAGES)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, atol=1e-5)
    np.testing.assert_allclose(of_logits(logits), model(IMAGES), atol=1e-5)


@pytest.mark.parametrize("tail, complaint", [
    ((gap(), layers.Activation("tanh"), dense()), "before Dense is not Global.*GlobalAveragePooling2D → tanh → Dense"),
    ((gap(), layers.Activation("softmax"), dense()), "GlobalAveragePooling2D → softmax → Dense"),
    ((gap(), layers.Softmax(), dense()), "GlobalAveragePooling2D → Softmax → Dense"),
    ((gap(), ops.tanh, dense()), "GlobalAveragePooling2D → Tanh → Dense"),
    ((gap(), lambda x: 2 * x, dense()), "before Dense is not GlobalAveragePooling2D"),
    ((gap(), dense("tanh")), "scores are the tanh of its Dense layer's sums"),
    ((gap(), dense("relu")), "scores are the relu of"),
    ((gap(), dense(), layers.Activation("tanh")), "last layer is not Dense.*Dense → tanh"),
    ((gap(), dense(), layers.ReLU()), "last layer is not Dense"),
    ((gap(), dense(), lambda x: 2 * x), "last layer is not Dense.*→ Multiply"),
    ((gap(), dense("relu", 8), dense()), "GlobalAveragePooling2D → Dense → Dense"),
    ((layers.Flatten(), dense()), "Flatten → Dense.*Grad-CAM"),
    ((layers.GlobalMaxPooling2D(), dense()), "before Dense is not GlobalAveragePooling2D"),
    ((gap(),), "last layer is not Dense"),
    ((gap(), layers.Softmax()), "last layer is not Dense"),
    ((layers.GlobalAveragePooling2D(data_format="channels_first"), dense()), "channels come first"),
    ((lambda x: layers.Add()([gap()(x), gap()(2 * x)]), dense()), "Add → Dense"),
])
def test_a_model_that_does_not_qualify_hears_why(tail, complaint):
    model = network(*tail)
    with pytest.raises(NotCAMReady, match=f"no class activation maps: .*{complaint}"):
        explain(model, IMAGES)


def test_layers_shared_with_another_model_are_followed_in_this_one():
    """GAP and dense called on two features: the head is the one that this model's output comes from."""
    image, pool, last = keras.Input((12, 10, 1)), gap(), dense()
    models = [keras.Model(image, last(pool(layers.Conv2D(4, side)(image)))) for side in (3, 5)]
    for model, rows in zip(models, (10, 8)):
        assert find_head(model).features.shape[1] == rows
        np.testing.assert_allclose(explain(model, IMAGES).logits, model(IMAGES), rtol=1e-4, atol=1e-3)


def test_lenet_with_dense_layers_does_not_qualify():
    with pytest.raises(NotCAMReady, match="lenet_dense.*Dense → Dense → Dense"):
        find_head(lenet_dense())
