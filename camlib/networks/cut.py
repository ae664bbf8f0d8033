"""A network cut in two at one layer, so that its features can be read, differentiated and replaced."""

import weakref
from difflib import get_close_matches
from typing import NamedTuple

from .inputs import check_model


class Network(NamedTuple):
    """A network cut in two at one layer, so that its features can be read, differentiated and replaced.

    below: Keras model, float32 images → features, (n, rows, columns, channels).
    above: Keras model, [images, features] → logits, (n, classes). Shortcuts that lead past the layer, as in
      a residual network, start at the images.
    batch_size: the most images in one forward pass.
    """

    below: object
    above: object
    batch_size: int = 32


def cut(model, layer=None, batch_size=32):
    """`model` cut at `layer`, as a `Network` that shares its weights. Arguments and errors as in `attribute`.

    A last layer that is a softmax or sigmoid is skipped; of a dense layer with one, only kernel and bias are
    applied. (Undoing it by a logarithm would leave the logit minus a term that depends on every class.)
    """
    from ..backend import keras

    check_model(model)
    halves = _halves.setdefault(model, {})
    if layer not in halves:
        image, outputs, logits = _retrace(model)
        features = outputs[_choose(outputs, layer, model.name)]
        halves[layer] = keras.Model(image, features), keras.Model([image, features], logits)
    return Network(*halves[layer], batch_size)


SQUASHING = ("softmax", "sigmoid")  # what a network may end with, so that what goes into it is the logit
_MAP = "(n, rows, columns, channels) of more than one cell"


_halves = weakref.WeakKeyDictionary()


def _retrace(model):
    """The model's layers called again on a float32 image (Score-CAM's masked images are no whole numbers).

    Returns the symbolic image, the output of every operation by name, and the logits.
    """
    from ..backend import keras

    outputs = {}

    def call(operation, *args, **kwargs):
        squashes = operation is last and activation_of(operation) in SQUASHING
        result = _unsquashed(operation, args[0]) if squashes else operation(*args, **kwargs)
        outputs[operation.name] = result
        return result

    plain = keras.Model(model.inputs[0], model.outputs[0])
    last = plain.operations[-1]
    image = keras.Input(batch_shape=plain.input.shape, dtype="float32")
    # The clone function returns each layer itself, so that the weights stay shared.
    twin = keras.models.clone_model(plain, image, clone_function=lambda layer: layer, call_function=call)
    return image, outputs, twin.output


def activation_of(operation):
    """"softmax" for Dense or Activation with it as activation, for the layer Softmax and for `keras.ops.softmax`."""
    from ..backend import keras

    if isinstance(operation, (keras.layers.Activation, keras.layers.Dense)):
        operation = operation.activation
    return getattr(operation, "__name__", type(operation).__name__).lower()


def _unsquashed(operation, x):
    from ..backend import keras

    if not isinstance(operation, keras.layers.Dense):
        return x
    x = keras.ops.matmul(x, operation.kernel)
    return x + operation.bias if operation.use_bias else x


def _choose(outputs, layer, model_name):
    """The name of the layer to cut at; ValueError where it is missing or has no map."""
    shapes = {name: tuple(getattr(output, "shape", ())) for name, output in outputs.items()}
    spatial = [name for name, shape in shapes.items() if len(shape) == 4 and shape[1:3] != (1, 1)]
    if not spatial:
        raise ValueError(f"{model_name!r} has no layer with a map: expected one that gives {_MAP}")
    if layer is None:
        return spatial[-1]
    if layer not in shapes:
        near = get_close_matches(str(layer), spatial)
        raise ValueError(advice(f"{model_name!r} has no layer {layer!r}", near, spatial[-8:]))
    if layer not in spatial:
        problem = f"layer {layer!r} of {model_name!r} gives {shapes[layer]}, no map {_MAP}"
        raise ValueError(advice(problem, [], spatial[-8:]))
    return layer


def advice(problem, near, all_names):
    return f"{problem}: " + (
        f"did you mean {' or '.join(map(repr, near))}?" if near else f"expected one of {', '.join(all_names)}"
    )
