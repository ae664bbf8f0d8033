"""Class activation maps, from scratch (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016, section 2).

A network that ends convolution → global average pooling (GAP) → dense computes, for class c,

    logit_c = Σ_k w_kc · mean_xy f_k(x, y) + b_c = mean_xy [ Σ_k w_kc · f_k(x, y) ] + b_c

since a weighted sum of means is the mean of the weighted sums. The bracket is the class activation map (the
paper's equation 2). So the maps are a 1×1 convolution with the dense layer's own weights, and

    maps.mean(axis=(1, 2)) + bias == logits.
"""

import functools
from dataclasses import dataclass

import numpy as np

from ..networks.graph import remembered
from ..networks.head import find_head
from ..networks.inputs import batches, check_finite, check_images
from ..networks.outputs import ending_of
from ..networks.vote import kernel_and_bias
from .arrays import probabilities


def with_maps(model):
    """A Keras model from the same images to [logits, maps]: one forward pass for all classes.

    logits: (n, classes), before any softmax or sigmoid. maps: (n, *places, classes), for pictures (n, rows, columns,
    classes). Both are float32. They cost one small matrix product on top of the network. Weights are shared with
    `model`, so the maps follow its further training; saved or cloned, it has weights of its own.
    Raises NotCAMReady for a model that does not end in a mean and a weighted sum (see `find_head`).
    """
    from ..backend import keras

    head = find_head(model)
    return keras.Model(model.inputs[0], class_maps_layer()(head.votes)(head.features), name="with_maps")


@functools.cache
def class_maps_layer():
    """The layer class `ClassMaps`: made at first use, as everything that needs Keras."""
    from ..backend import keras

    @keras.saving.register_keras_serializable(package="camlib")
    class ClassMaps(keras.layers.Layer):
        """Features, (n, *places, channels), to [logits, maps]: float32, (n, classes) and (n, *places, classes).

        votes: the layers of `kernel_and_bias`. They are not copied, so maps follow their training.
        """

        def __init__(self, votes, **options):
            super().__init__(**{"dtype": "float32"} | options)
            self.votes = list(votes)

        def call(self, features):
            kernel, bias = kernel_and_bias(self.votes)
            maps = keras.ops.matmul(features, kernel)
            places = tuple(range(1, len(maps.shape) - 1))
            means = keras.ops.mean(maps, axis=places)  # the mean comes last: of 10 maps, not of 64 features
            return [means + bias, maps]

        def get_config(self):
            votes = [keras.saving.serialize_keras_object(layer) for layer in self.votes]
            return super().get_config() | {"votes": votes}

        @classmethod
        def from_config(cls, config):
            votes = [keras.saving.deserialize_keras_object(layer) for layer in config["votes"]]
            return cls(**config | {"votes": votes})

    return ClassMaps


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a network says of each image, and where that comes from: `logits, maps, bias = explain(model, images)`.

    logits: float32, (n, classes), before any softmax.
    maps: float32, (n, rows, columns, classes), raw: no ReLU, no normalisation. Signals and tokens have one axis of
      places, (n, places, classes), volumes three.
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
    Raises ValueError for images that the model does not take, NotCAMReady for a model that does not end in a mean and
    a weighted sum (see `find_head`).

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
    both = compiled(model)
    images = check_images(images, model)
    parts = [both.predict_on_batch(images[part]) for part in batches(len(images), batch_size)]
    logits, maps = (np.concatenate(part).astype(np.float32, copy=False) for part in zip(*parts))
    check_finite(logits, "logits", model)
    bias = np.asarray(kernel_and_bias(both.layers[-1].votes)[1], np.float32)
    return Explanation(logits, maps, bias, ending_of(model))


def compiled(model):
    """with_maps(model), made once, ready for more than one thread; its first batch takes longer, since it compiles."""
    def make():
        both = with_maps(model)
        both.make_predict_function()
        return both

    return remembered(model, "with_maps", make)


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
