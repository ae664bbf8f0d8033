"""The head, GAP → dense: found in a network, fitted to a canvas, and what it takes to be read as maps."""

import itertools
from typing import NamedTuple

import numpy as np

from .cut import SQUASHING, activation_of
from .inputs import check_model


class NotCAMReady(ValueError):
    """The model does not end GAP → dense, so it has no class activation maps."""


class Head(NamedTuple):
    """Where a network stops looking and starts voting.

    features: the symbolic tensor that GAP averages, (batch, rows, columns, channels), or (batch, tokens, channels).
    dense: the `keras.layers.Dense` layer after GAP, with kernel (channels, classes).
    """

    features: object
    dense: object


def find_head(model):
    """The `Head` of a Keras model that ends GAP → dense.

    Dropout may stand before and after the dense layer. A softmax or sigmoid may follow, as a layer, as `keras.ops` or
    as the dense layer's own activation: logits are what goes into it, kernelᵀ · mean + bias. Any other activation is
    refused there, and anything but dropout between the two layers: no map's mean would be the score.

    Raises NotCAMReady, with what was found instead and what to do, for a model that ends otherwise; ValueError for
    what is no model from one stack of images to one score a class.
    """
    from ..backend import keras

    check_model(model)
    steps = _backwards(model.outputs[0])
    dense, _ = next((step for step in steps if not _is_passive(step[0], after_dense=True)), (None, None))
    gap, features = next((step for step in steps if not _is_passive(step[0])), (None, None))
    if not isinstance(dense, keras.layers.Dense):
        raise NotCAMReady(_advice(model, "the last layer is not Dense, with softmax or sigmoid after it at most"))
    if activation_of(dense) not in ("linear", *SQUASHING):
        raise NotCAMReady(_advice(model, f"scores are the {activation_of(dense)} of its Dense layer's sums"))
    if not isinstance(gap, (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalAveragePooling1D)):
        raise NotCAMReady(_advice(model, "the layer before Dense is not GlobalAveragePooling2D"))
    if gap.data_format != "channels_last":
        raise NotCAMReady(_advice(model, "its channels come first, (n, channels, rows, columns)"))
    return Head(features, dense)


def _backwards(tensor):
    """Each operation that led to a symbolic tensor, with its input, from the last one on, up to where inputs join.

    `model.layers` would not do: it lacks the operations of `keras.ops`, and its order says little of what feeds what.
    """
    while tensor is not None:
        operation, call, _ = tensor._keras_history
        inputs = operation._inbound_nodes[call].input_tensors
        tensor = inputs[0] if len(inputs) == 1 else None
        yield operation, tensor


def _is_passive(operation, after_dense=False):
    """True for what leaves the argument as it is: dropout, which rests, and at the end a softmax or sigmoid."""
    from ..backend import keras

    if isinstance(operation, keras.layers.Dense):
        return False
    ending = after_dense and activation_of(operation) in ("linear", *SQUASHING)
    return ending or isinstance(operation, keras.layers.Dropout)


def spread(model, old_size, new_size):
    """Make `model`, trained on canvases of `old_size` px, say on `new_size` px what it said on the small ones.

    On a larger canvas a digit fills a smaller part of the mean, and blank cells fill the rest: with
    r = (new_size / old_size)², a scene in the middle of a blank canvas has mean' = mean / r + (1 − 1/r) · blank.
    So a kernel r times as large and a bias less (r − 1) · kernelᵀ blank give the logits back. Changes `model`.
    Raises ValueError where its dense layer has no bias to take that from.
    """
    from ..backend import keras

    if new_size == old_size:
        return
    ratio = (new_size / old_size) ** 2
    dense = model.get_layer("dense")
    if not dense.use_bias:
        raise ValueError(f"the dense layer of {model.name!r} has no bias, so what it learnt on canvases of "
                         f"{old_size} px can not be fitted to {new_size} px: use one size for all")
    trunk = keras.Model(model.input, model.get_layer("gap").input)
    features = np.asarray(trunk(np.zeros((1, old_size, old_size), np.uint8)))[0]
    blank = features[features.shape[0] // 2, features.shape[1] // 2]
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel * ratio, bias - (ratio - 1) * (blank @ kernel)])


def lift(model, share):
    """Give every class back a share of what all classes have in common. Changes maps, but no probability of `model`.

    Softmax does not hear what is added to all logits alike, so each feature k may add any a_k to its weights for all
    the classes: no loss settles it, and every map changes by the picture Σ_k a_k f_k. Here a_k = −share · min_c w_kc:
    at 0 nothing changes, at 1 no weight is below zero. Strokes that a digit shares with others then count for
    it, too: boxes gain a little, and a map tells less and less which of two digits was asked for. Lifting by a, then
    by b, is lifting by 1 − (1 − a)(1 − b).
    """
    dense = model.get_layer("dense")
    kernel = np.asarray(dense.kernel)
    dense.kernel.assign(kernel - share * kernel.min(axis=1, keepdims=True))


def centre(model):
    """Take from the dense layer's weights and biases their mean over the classes. Changes maps, but no probability.

    Softmax does not hear what is added to all logits alike, so each feature k may add any a_k to its weights for all
    the classes: the loss leaves all maps undetermined by one picture, Σ_k a_k f_k. Of all these weights, those whose
    rows add up to zero have the least squares, ‖W + a 1ᵀ‖²: a penalty on them, however small, would choose these.
    Logits, and maps at every cell, then add up to zero over the classes: a map is evidence for a class against the
    mean of all. Changes `model`. Raises NotCAMReady where it does not end GAP → dense.
    """
    dense = find_head(model).dense
    dense.set_weights([w - w.mean(axis=-1, keepdims=True, dtype=float) for w in dense.get_weights()])


def freeze_statistics(model):
    """Let batch normalisation use the statistics it has gathered, so that features stay as they are. Changes `model`.

    Needed where the canvas grows: a batch of larger canvases has more blank cells, and other statistics.
    """
    from ..backend import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _advice(model, reason):
    tail = [_name(operation) for operation, _ in itertools.islice(_backwards(model.outputs[0]), 3)]
    return (
        f"{model.name!r} has no class activation maps: {reason} (it ends {' → '.join(tail[::-1])}). Expected a "
        "network that ends convolution → GlobalAveragePooling2D → Dense. Replace what follows its last convolution "
        "by these two layers and train them, or use Grad-CAM (camlib.attribute), which asks for no particular ending."
    )


def _name(operation):
    from ..backend import keras

    return activation_of(operation) if isinstance(operation, keras.layers.Activation) else type(operation).__name__
