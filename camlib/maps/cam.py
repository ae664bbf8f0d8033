"""Class activation maps, from scratch (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016, section 2).

A network that ends convolution → global average pooling (GAP) → dense computes, for class c,

    logit_c = Σ_k w_kc · mean_xy f_k(x, y) + b_c = mean_xy [ Σ_k w_kc · f_k(x, y) ] + b_c

since a weighted sum of means is the mean of the weighted sums. The bracket is the class activation map (the
paper's equation 2). So the maps are a 1×1 convolution with the dense layer's own weights, and

    maps.mean(axis=(1, 2)) + bias == logits.
"""

import weakref
from dataclasses import dataclass

import numpy as np

from ..networks.head import find_head
from ..networks.inputs import batches, check_finite, check_images
from ..networks.outputs import ending
from .arrays import probabilities

_compiled = weakref.WeakKeyDictionary()  # model → with_maps(model)


def with_maps(model):
    """A Keras model from the same images to [logits, maps]: one forward pass for all classes.

    logits: (n, classes), before any softmax or sigmoid. maps: (n, rows, columns, classes). They cost one small matrix
    product on top of the network. Weights are shared with `model`, so the maps follow its further training.
    Raises NotCAMReady for a model without GAP → dense (see `find_head`).
    """
    from ..backend import keras

    features, dense = find_head(model)
    maps = keras.ops.matmul(keras.ops.cast(features, "float32"), dense.kernel)
    places = tuple(range(1, len(maps.shape) - 1))
    logits = keras.ops.mean(maps, axis=places)  # the mean comes last: of 10 maps, not of 64 features
    if dense.use_bias:
        logits = logits + dense.bias
    twin = keras.Model(model.inputs[0], [logits, maps], name="with_maps")
    twin.dtype_policy = "float32"  # under half precision a model of its own policy would round kernel and bias
    return twin


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a network says of each image, and where that comes from: `logits, maps, bias = explain(model, images)`.

    logits: float32, (n, classes), before any softmax.
    maps: float32, (n, rows, columns, classes), raw: no ReLU, no normalisation.
    bias: float32, (classes,), what maps leave out: maps.mean(axis=(1, 2)) + bias == logits.
    ending: what the network makes probabilities of them by, "softmax" or "sigmoid"; None where it gives logits.

    Along a training run (`explain_run`) the three arrays have one more axis in front, the step.
    """

    logits: np.ndarray
    maps: np.ndarray
    bias: np.ndarray
    ending: str | None = None

    def __iter__(self):
        return iter((self.logits, self.maps, self.bias))

    @property
    def probabilities(self):
        """Of each class, float32, (n, classes), by the network's ending: see `camlib.maps.arrays.probabilities`."""
        return probabilities(self.logits, self.ending)


def explain(model, images, batch_size=32):
    """Logits and the maps of all classes for a stack of images, as an `Explanation`.

    images: as the model takes them; uint8 (or finite floats, 0 to 255), (n, height, width[, 3]), for the models of
    this course. Memory is bounded by `batch_size` images and the result.
    Raises ValueError for images that the model does not take, NotCAMReady for a model without GAP → dense.

    One feature, which is the image itself; weights 3 and −1, biases 0.5 and 0:

    >>> from camlib.backend import keras
    >>> layers = [keras.Input((2, 2, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    >>> network = keras.Sequential(layers)
    >>> network.set_weights([np.array([[3, -1]]), np.array([0.5, 0])])
    >>> logits, maps, bias = explain(network, np.array([[[[1.0], [0]], [[0], [1]]]]))
    >>> maps[0, :, :, 0].tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    >>> logits.tolist()  # mean 1.5 + 0.5, mean -0.5 + 0
    [[2.0, -0.5]]
    """
    dense = find_head(model).dense
    images = check_images(images, model)
    if model not in _compiled:  # the first call of a model compiles it, which takes longer than a batch
        _compiled[model] = with_maps(model)
    parts = [_compiled[model].predict_on_batch(images[part]) for part in batches(len(images), batch_size)]
    logits, maps = (np.concatenate(part).astype(np.float32, copy=False) for part in zip(*parts))
    check_finite(logits, "logits", model)
    bias = np.asarray(dense.bias, np.float32) if dense.use_bias else np.zeros(dense.units, np.float32)
    return Explanation(logits, maps, bias, ending(model))


def explain_run(run, images, batch_size=32):
    """The explanations of the same images by every snapshot of a training run (`camlib.training.runs.Run`).

    logits: (steps, n, classes), maps: (steps, n, rows, columns, classes), bias: (steps, classes).

    >>> from camlib.training.runs import shipped_run
    >>> explain_run(shipped_run(), np.zeros((3, 40, 40), np.uint8)).maps.shape
    (20, 3, 10, 10, 10)
    """
    model, views = None, []
    for step in run.steps:
        model = run.load(step, model)
        views.append(explain(model, images, batch_size))
    return Explanation(*(np.stack(part) for part in zip(*views)), views[0].ending)
