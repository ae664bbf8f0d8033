"""A network cut in two at one layer, so that its features can be read, differentiated and replaced."""

from difflib import get_close_matches
from typing import NamedTuple

from .graph import ending, remembered, unrolled


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


_MAP = "(n, rows, columns, channels) of more than one cell"


def cut(model, layer=None, batch_size=32):
    """`model` cut at `layer`, as a `Network` that shares its weights. Arguments and errors as in `attribute`.

    A softmax or sigmoid at the end is skipped; of a dense layer or convolution with one, only kernel and bias are
    applied. (Undoing it by a logarithm would leave the logit minus a term that depends on every class.)
    """
    return Network(*remembered(model, ("halves", layer), lambda: _halves(model, layer)), batch_size)


def _halves(model, layer):
    from ..backend import keras

    # A float32 image, since Score-CAM's masked images are no whole numbers.
    image = keras.Input(batch_shape=model.inputs[0].shape, dtype="float32")
    graph = unrolled(model, image)
    path = _choose(graph, layer, model.name)
    features, logits = graph.tensors[path], ending(graph.output)[0]
    if features._keras_history.operation in _operations(logits, features):
        raise ValueError(f"layer {path!r} of {model.name!r} is called more than once, and the score hears more of it "
                         "than the last call's map: name another layer, one that is called once")
    return keras.Model(image, features), keras.Model([image, features], logits)


def _operations(output, features):
    """All operations that a symbolic `output` is computed by, given `features`."""
    operations, seen, todo = set(), {id(features)}, [output]
    while todo:
        if id(tensor := todo.pop()) not in seen:
            seen.add(id(tensor))
            operation, call, _ = tensor._keras_history
            operations.add(operation)
            todo += operation._inbound_nodes[call].input_tensors
    return operations


def _choose(graph, layer, model_name):
    """The path of the layer to cut at; ValueError where it is missing, ambiguous or has no map."""
    shapes = {path: tuple(getattr(tensor, "shape", ())) for path, tensor in graph.tensors.items()}
    spatial = [path for path, shape in shapes.items() if len(shape) == 4 and shape[1:3] != (1, 1)]
    if layer is None:
        learnt = [path for path in spatial if path in graph.learnt]
        if not learnt:
            raise ValueError(f"{model_name!r} has no layer with a map that a convolution computes: expected one that "
                             f"gives {_MAP}")
        return learnt[-1]
    found = [path for path in shapes if layer in (path, path.rpartition("/")[-1])]
    found = [layer] if layer in shapes else found
    if not found:
        near = get_close_matches(str(layer), {name for path in spatial for name in (path, path.rpartition("/")[-1])})
        raise ValueError(advice(f"{model_name!r} has no layer {layer!r}", near, spatial[-8:]))
    if len(found) > 1:
        raise ValueError(advice(f"{model_name!r} has {len(found)} layers {layer!r}", found, ()))
    if found[0] not in spatial:
        problem = f"layer {layer!r} of {model_name!r} gives {shapes[found[0]]}, no map {_MAP}"
        raise ValueError(advice(problem, [], spatial[-8:]))
    return found[0]


def advice(problem, near, all_names):
    return f"{problem}: " + (
        f"did you mean {' or '.join(map(repr, near))}?" if near else f"expected one of {', '.join(all_names)}"
    )
