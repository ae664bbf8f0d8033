"""What a network ends in, in whatever form; and names of classes, in whatever form."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps.cam import explain
from camlib.networks import lenet
from camlib.networks.outputs import ending_of, name_list

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 1), np.uint8)


def network(*tail, units=3, activation=None):
    """uint8 images → convolution → GAP → dense with logits of a few units → `tail`."""
    start = keras.initializers.RandomNormal(stddev=1, seed=1)
    image = keras.Input((12, 10, 1), dtype="uint8")
    x = layers.Conv2D(4, 3, activation="relu", kernel_initializer=start)(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(units, activation, kernel_initializer=start)(layers.GlobalAveragePooling2D()(x))
    for part in tail:
        x = part(x)
    return keras.Model(image, x)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")  # of one number
@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("tail, activation", [
    ([], "sigmoid"), ([layers.Activation("sigmoid")], None), ([ops.sigmoid], None),
    ([layers.Dropout(0.5), layers.Activation("sigmoid", dtype="float32"), layers.Activation("linear")], None),
    ([], "softmax"), ([layers.Softmax()], None), ([ops.softmax, layers.Dropout(0.5)], None),
])
def test_probabilities_are_what_the_network_itself_says(units, tail, activation):
    model = network(*tail, units=units, activation=activation)
    seen = explain(model, IMAGES)
    assert seen.probabilities.shape == (4, units) and seen.probabilities.dtype == np.float32
    np.testing.assert_allclose(seen.probabilities, model(IMAGES), atol=1e-6)
    logits, maps, bias = seen
    assert logits is seen.logits and maps is seen.maps and bias is seen.bias


@pytest.mark.parametrize("units, squash", [(3, ops.softmax), (1, ops.sigmoid)])
def test_of_logits_several_share_and_one_stands_alone(units, squash):
    """Softmax of one number is always 100 %."""
    seen = explain(network(units=units), IMAGES)
    assert seen.ending is None and 0.01 < seen.probabilities[0, 0] < 0.99
    np.testing.assert_allclose(seen.probabilities, squash(seen.logits), atol=1e-6)


@pytest.mark.parametrize("squash", ["sigmoid", "softmax"])
def test_the_ending_is_found_in_nested_models(squash):
    head = keras.Sequential([keras.Input((4,)), layers.Dense(3, squash)])
    trunk = [keras.Input((12, 10, 1)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()]
    assert ending_of(keras.Sequential([*trunk, head])) == squash
    logits = keras.Sequential([*trunk, layers.Dense(3)])
    assert ending_of(keras.Sequential([logits, layers.Activation(squash)])) == squash
    within = [layers.Dense(8, squash), layers.Dense(3), layers.Reshape((3,))]
    assert ending_of(keras.Sequential([*trunk, *within])) is None
    assert ending_of(lenet.lenet_gap()) is None


@pytest.mark.parametrize("names", [
    ["cat", "dog", "eel"], ("cat", "dog", "eel"), np.array(["cat", "dog", "eel"]), iter(["cat", "dog", "eel"]),
    {0: "cat", 1: "dog", 2: "eel"}, {2: "eel", 0: "cat", 1: "dog"}, {"dog": 1, "eel": 2, "cat": 0},
    {np.int64(2): "eel", np.int64(1): "dog", np.int64(0): "cat"},
])
def test_names_are_in_the_order_of_the_classes(names):
    assert name_list(names, 3) == ["cat", "dog", "eel"]


def test_names_that_are_numbers_are_names():
    assert name_list({"2": 0, "0": 1, "1": 2}, 3) == ["2", "0", "1"]
    assert name_list({0: 7, 1: 8, 2: 9}, 3) == [7, 8, 9]


@pytest.mark.parametrize("names, complaint", [
    ({0: "cat", 1: "dog"}, "names is a dict without an order of 3 classes: .* the whole numbers 0 to 2"),
    ({1: "cat", 2: "dog", 3: "eel"}, "names is a dict without an order"),
    ({"cat": 0, "dog": 0, "eel": 1}, "names is a dict without an order"),
    ({"0": "cat", "1": "dog", "2": "eel"}, "names is a dict without an order"),
    ({"cat", "dog", "eel"}, "names is a set without an order"),
    (["cat", "dog"], "names has 2 entries: expected 3, one per class"),
])
def test_names_without_an_order_are_refused(names, complaint):
    with pytest.raises(ValueError, match=complaint):
        name_list(names, 3, "names")
