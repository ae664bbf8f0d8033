"""Class activation maps, from scratch (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016, section 2).

A network that ends convolution → global average pooling (GAP) → dense computes, for class c,

    logit_c = Σ_k w_kc · mean_xy f_k(x, y) + b_c = mean_xy [ Σ_k w_kc · f_k(x, y) ] + b_c

since a weighted sum of means is the mean of the weighted sums. The bracket is the class activation map (the
paper's equation 2). So the maps are a 1×1 convolution with the dense layer's own weights, and

    maps.mean(axis=(1, 2)) + bias == logits.
"""

import weakref
from typing import NamedTuple

import numpy as np

from ..networks.head import find_head
from .arrays import check_images


class Explanation(NamedTuple):
    """What a network says of each image, and where that comes from.

    logits: float32, (n, classes), before any softmax.
    maps: float32, (n, rows, columns, classes), raw: no ReLU, no normalisation.
    bias: float32, (classes,), what maps leave out: maps.mean(axis=(1, 2)) + bias == logits.

    Along a training run (`explain_run`) all three have one more axis in front, the step.
    """

    logits: np.ndarray
    maps: np.ndarray
    bias: np.ndarray


def with_maps(model):
    """A Keras model from the same images to [logits, maps]: one forward pass for all classes.

    The maps cost one small matrix product on top of the network. Weights are shared with `model`, so the maps
    follow its further training.
    """
    from ..backend import keras

    features, dense = find_head(model)
    maps = keras.ops.matmul(features, dense.kernel)
    logits = keras.ops.mean(maps, axis=(1, 2))  # the mean comes last: of 10 maps, not of 64 features
    if dense.use_bias:
        logits = logits + dense.bias
    return keras.Model(_single(model.inputs), [logits, maps], name="with_maps")


def explain(model, images, batch_size=128):
    """Logits and the maps of all classes for a stack of images, as an `Explanation`.

    images: uint8 (or finite floats on the same 0 to 255 scale), shaped as the model takes them: (n, height,
    width) grey or (n, height, width, 3). Memory is bounded by `batch_size` images and the result.
    Raises ValueError for images of another shape or with NaN, NotCAMReady for a model without GAP → dense.
    """
    images = check_images(images, model.inputs[0].shape)
    compiled = _cached_with_maps(model)
    parts = [compiled.predict_on_batch(images[i : i + batch_size]) for i in range(0, len(images), batch_size)]
    logits, maps = (np.concatenate(part) for part in zip(*parts))
    dense = find_head(model).dense
    bias = np.asarray(dense.bias) if dense.use_bias else np.zeros(dense.units, np.float32)
    return Explanation(logits, maps, bias)


def explain_run(run, images, batch_size=128):
    """The explanations of the same images by every snapshot of a training run (`camlib.training.runs.Run`).

    logits: (steps, n, classes), maps: (steps, n, rows, columns, classes), bias: (steps, classes).
    """
    model, views = None, []
    for step in run.steps:
        model = run.load(step, model)
        views.append(explain(model, images, batch_size))
    return Explanation(*(np.stack(part) for part in zip(*views)))


def _single(inputs):
    """The input of a one-input model as a tensor, not a list of one: what Keras then expects to be handed."""
    return inputs[0] if len(inputs) == 1 else inputs


_compiled = weakref.WeakKeyDictionary()


def _cached_with_maps(model):
    """`with_maps(model)`, built once a model: its first call compiles, which takes longer than a batch."""
    if model not in _compiled:
        _compiled[model] = with_maps(model)
    return _compiled[model]
