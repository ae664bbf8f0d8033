"""The head, mean → weighted sum: found in a network, fitted to a canvas, and what it takes to be read as maps."""

from typing import NamedTuple

import numpy as np

from .graph import activation_of, backwards, ending, keeps_channels, remembered, rests, unrolled
from .vote import averaged, is_vote


class NotCAMReady(ValueError):
    """The model does not end in a mean and a weighted sum, so it has no class activation maps.

    obstacle: what stands in the way, "Dense (relu)". ends: what the model ends in, "Flatten → Dense (relu) → Dense".
    """

    def __init__(self, message, obstacle=None, ends=None):
        super().__init__(message)
        self.obstacle, self.ends = obstacle, ends


class Head(NamedTuple):
    """Where a network stops looking and starts voting.

    features: the symbolic tensor that votes are cast on, (batch, *places, channels), computed from `model.inputs[0]`:
      one, two or three axes of places (signals and tokens, pictures, volumes).
    dense: the layer that weighs them: a `keras.layers.Dense` after GAP as a rule, else a 1×1 convolution; with
      kernel (…, channels, classes).
    votes: every layer between features and logits that is no identity, in order: `dense`, and batch normalisation or
      another linear layer of its kind besides (see `vote.kernel_and_bias`).
    """

    features: object
    dense: object
    votes: tuple


def find_head(model):
    """The `Head` of a Keras model that ends in a mean over all places and a weighted sum of channels.

    The usual one is GAP → dense, in one to three dimensions. A mean by `keras.ops.mean` or by a pool as large as the
    map is one, too; the weighted sum may be a 1×1 convolution, and may come before the mean. Batch normalisation may
    stand between and after, and whatever leaves numbers as they are: dropout, noise, Flatten, Reshape. A softmax or
    sigmoid may follow, as a layer, as `keras.ops` or as the last layer's own activation: logits are what goes into it.
    Nested models are entered.

    Raises NotCAMReady, with what stands in the way and what to do, for a model that ends otherwise: no map's mean
    would be the score. ValueError for what is no model from one stack of images to one score a class.
    """
    return remembered(model, "head", lambda: _found(model))  # each search leaves nodes in the layers' own lists


def _found(model):
    output = unrolled(model).output
    last = ending(output)[2]
    votes, weighs, channel = [], None, None  # channel: its axis where the mean is taken, once that is found
    for step in backwards(output):  # an input, which is nothing of all this, ends every walk
        features, squashed = step.x, last is not None and step.y is last.y
        if channel is None and averaged(step):
            channel = averaged(step)
        elif is_vote(step, channel, squashed):
            votes.insert(0, step.operation)
            weighs = weighs or (step.operation if hasattr(step.operation, "kernel") else None)
        elif not (rests(step) or (channel is None and keeps_channels(step))
                  or (squashed and not hasattr(step.operation, "kernel"))):
            raise _refusal(model.name, name_of(step.operation), tail_of(output))
        if channel and weighs:
            return Head(_channels_last(features, channel), weighs, tuple(votes))


def _channels_last(features, channel):
    from ..backend import keras

    return features if channel == len(features.shape) - 1 else keras.ops.moveaxis(features, channel, -1)


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
    _, dense, votes = find_head(model)
    if dense is not votes[-1]:
        ends = f"{name_of(dense)} → {name_of(votes[-1])}"
        raise NotCAMReady(f"{model.name!r} ends {ends}: expected a network that ends GAP → Dense",
                          name_of(votes[-1]), ends)
    dense.set_weights([w - w.mean(axis=-1, keepdims=True, dtype=float) for w in dense.get_weights()])


def freeze_statistics(model):
    """Let batch normalisation use the statistics it has gathered, so that features stay as they are. Changes `model`.

    Needed where the canvas grows: a batch of larger canvases has more blank cells, and other statistics.
    """
    from ..backend import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _refusal(name, obstacle, ends):
    return NotCAMReady(
        f"{name!r} has no class activation maps: {obstacle} stands in the way (it ends {ends}). "
        "Expected a network that ends convolution → GlobalAveragePooling2D → Dense, whose scores are means of "
        "weighted sums. Replace what follows its last convolution by these two layers and train them, or use Grad-CAM "
        "(camlib.attribute), which asks for no particular ending.", obstacle, ends
    )


def tail_of(output):
    """The operations that led to a symbolic `output`, from the one on that leaves places behind: "Flatten → Dense"."""
    names = []
    for step in backwards(output):
        names.insert(0, name_of(step.operation))
        if step.x is None or sum(side != 1 for side in step.x.shape[1:]) > 1:
            return " → ".join(names)


def name_of(operation):
    """How an operation is called in texts: "Dense", "Dense (relu)", "softmax"."""
    from ..backend import keras

    activation, name = activation_of(operation), type(operation).__name__
    if isinstance(operation, keras.layers.Activation):
        return activation
    return f"{name} ({activation})" if activation not in ("linear", "", name.lower()) else name
