"""A network's graph: every nested model laid open, and what was made from it kept while it stays what it is."""

import functools
import math
import operator
import threading
import weakref
from typing import NamedTuple


class Graph(NamedTuple):
    """A network's operations, called again one by one on one symbolic image.

    output: the symbolic scores, (batch, classes).
    tensors: dict of paths → symbolic outputs, in the order of computation. A path names the models on the way, as in
      "mobilenetv2/out_relu"; of an operation that is called several times, the last output.
    learnt: the paths of what a kernel had part in: no picture, scaled or augmented, but features.
    """

    output: object
    tensors: dict
    learnt: set


class Step(NamedTuple):
    """One call of an operation: its only input `x` (None where several join), its output `y`, its named arguments."""

    operation: object
    x: object
    y: object
    options: dict


def unrolled(model, image=None, call_closed=None):
    """The `Graph` of a checked model on a symbolic `image`, or on the model's own input; weights are shared.

    Functional and sequential models inside are entered, at any depth. One with a `call` of its own is not, nor one
    that is called with training=True: such a one is a single operation. `call_closed` calls those, given the operation
    and its arguments; by default, they are just called. Keras wants names unique in a graph: of two operations of one
    name, the second is called as its `twin`. Raises ValueError for a `model` with a `call` of its own.
    """
    from ..backend import keras

    if not _is_open(model):
        raise ValueError(f"{model.name!r} has a call of its own, so its graph is not what it computes: expected a "
                         "functional or sequential Keras model without one")
    image = model.inputs[0] if image is None else image
    call_closed = call_closed or (lambda operation, *args, **options: operation(*args, **options))
    tensors, learnt, features = {}, set(), set()  # features: the tensors of `learnt`, by identity
    names = {image._keras_history.operation.name} if keras.utils.is_keras_tensor(image) else set()

    @functools.cache
    def named_apart(operation):
        name = operation.name
        while name in names:
            name += "_"
        names.add(name)
        return operation if name == operation.name else twin(operation, name=name)

    def run(model, x, prefix=""):
        def call(operation, *args, **options):
            path = prefix + operation.name
            if _is_open(operation) and args and not options.get("training"):
                result = run(operation, args[0], f"{path}/")
            else:
                result = call_closed(named_apart(operation), *args, **options)
            tensors.pop(path, None)  # of an earlier call
            tensors[path] = result
            if _has_kernel(operation) or any(id(x) in features for x in keras.tree.flatten((args, options))):
                learnt.add(path)
                features.update(map(id, keras.tree.flatten(result)))
            kept.append(result)
            return result

        outputs = model.outputs if len(model.outputs) > 1 else model.outputs[0]
        plain = keras.Model(model.inputs, outputs)  # of a sequential model, the functional one
        return plain._run_through_graph(x, operation_fn=lambda operation: functools.partial(call, operation))

    kept = []  # so that no identity is given twice
    return Graph(run(model, image), tensors, learnt)


def twin(operation, **changed):
    """An operation that computes the same by the same weights, but for the attributes `changed`; the first one stays
    as it is. (Keras's own copies, by a configuration, have weights of their own.)"""
    other = object.__new__(type(operation))
    vars(other).update(vars(operation), _inbound_nodes=[], _outbound_nodes=[], **changed)
    return other


def _is_open(operation):
    return kind(operation) in ("Functional", "Sequential") and operation.inputs


def _has_kernel(operation):
    """True for what learns weights of two axes or more: a convolution, attention, a dense layer; no normalisation.

    Of what contains layers, any of them counts.
    """
    from ..backend import keras

    scales = [part.weights for part in _parts(operation) if isinstance(part, keras.layers.Normalization)]
    scales = {id(w) for weights in scales for w in weights}
    return any(len(w.shape) > 1 and id(w) not in scales for w in getattr(operation, "weights", ()))


def backwards(tensor):
    """Each `Step` that led to a symbolic tensor, from the last one on, up to where inputs join."""
    while tensor is not None:
        operation, call, _ = tensor._keras_history
        node = operation._inbound_nodes[call]
        inputs = node.input_tensors
        x = inputs[0] if len(inputs) == 1 else None
        yield Step(operation, x, tensor, node.arguments.kwargs)
        tensor = x


def kind(operation):
    """The name of the Keras class that says what an operation computes; "" for one with a `call` of its own."""
    own = next((each for each in type(operation).__mro__ if each.__module__.startswith("keras.")), None)
    return own.__name__ if own and type(operation).call is own.call else ""


def activation_of(operation):
    """"softmax" for a layer with that activation, the layer Softmax and `keras.ops.softmax`; "linear" for a layer that
    has None; "" if it is unknown."""
    if not kind(operation) or not hasattr(operation, "activation"):
        return kind(operation).lower()
    if operation.activation is None:
        return "linear"
    name = getattr(operation.activation, "__name__", type(operation.activation).__name__)
    return name.lower().removesuffix("_v2")  # as TensorFlow calls its own softmax


def ending(output):
    """(logits, name, step): what a network's symbolic `output` is made of by the softmax or sigmoid that it ends in.

    logits: symbolic, (batch, classes), what goes into it; `output` where there is none. name: "softmax" or "sigmoid",
    None for none. step: its `Step`, None for none; a dense layer's or convolution's, where the activation is its own.
    What leaves numbers and their order as they are may follow. A softmax over another axis than the classes', one that
    another follows, and one that is another kind of layer's own are no ending, but part of what is computed.
    """
    for step in backwards(output):
        name = activation_of(step.operation)
        known = kind(step.operation) in _PLAIN | _LINEAR and getattr(step.operation, "padding", None) != "causal"
        if known and (name == "sigmoid" or (name == "softmax" and _over_all(step))):
            return _logits(step), name, step
        if not (rests(step) or keeps_channels(step)):
            break
    return output, None, None


_PLAIN, _LINEAR = {"Activation", "Softmax", "Sigmoid"}, {"Dense", "Conv1D", "Conv2D", "Conv3D"}


def _over_all(step):
    """True where a step's softmax is over all classes, which lie on one axis."""
    axis, shape = getattr(step.operation, "axis", -1), step.y.shape
    wide = {at for at, size in enumerate(shape) if at and size != 1}
    return isinstance(axis, int) and axis % len(shape) > 0 and wide <= {axis % len(shape)}


def _logits(step):
    """What a step's softmax or sigmoid is taken of, (batch, classes); of a layer, what it gives without its own.

    In float32 or better, since of a layer of half precision the logits need not be: only a quantised one stays as it
    is. It is called, not put together of its weights: LoRA and quantisation compute a kernel at each call.
    """
    from ..backend import keras

    layer, logits = step.operation, step.x
    if kind(layer) in _LINEAR:
        policy = keras.DTypePolicy(keras.backend.result_type(layer.compute_dtype, "float32"))
        policy = layer.dtype_policy if layer.quantization_mode else policy
        logits = twin(layer, name=f"{layer.name}__logits", activation=None, _dtype_policy=policy)(step.x)
    return keras.ops.reshape(logits, (-1, math.prod(logits.shape[1:]))) if len(logits.shape) > 2 else logits


def keeps_channels(step):
    """True for a change of shape that leaves all channels side by side on one axis."""
    if kind(step.operation) not in ("Flatten", "Reshape", "Squeeze", "ExpandDims", "Permute", "Transpose"):
        return False
    before, after = step.x.shape[1:], step.y.shape[1:]
    return None not in (*before, *after) and max(before) == math.prod(before) == max(after)


def rests(step):
    """True for what does nothing outside training, and for an activation that is the identity."""
    name = kind(step.operation)
    if name == "Activation":
        return activation_of(step.operation) == "linear"
    return name in _RESTING and not step.options.get("training")


_RESTING = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
            "GaussianDropout", "GaussianNoise", "Identity", "ActivityRegularization")

_kept = weakref.WeakKeyDictionary()  # model → (its state, dict of what was made from it)
_lock = threading.RLock()  # a widget's callbacks run beside the cells


def _check(model):
    """ValueError for anything but a Keras model with a graph, from one stack of images to one score a class."""
    from ..backend import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(f"{model!r} has no graph: expected a functional or a built sequential Keras model")
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ValueError(
            f"{model.name!r} maps {[x.shape for x in model.inputs]} to {[x.shape for x in model.outputs]}: "
            "expected one stack of images in and one score a class, (n, classes), out"
        )


def remembered(model, key, make):
    """make(), or what it made before for this model and key, as long as `model` computes the same function.

    Layers that were put in or taken out, and attributes that were set anew, an activation for instance, make it anew;
    weights are shared, and may change. One thread at a time makes something. Raises ValueError for no such model.
    """
    _check(model)
    with _lock:
        state = [*_state(model)]
        before, made = _kept.get(model, ((), {}))
        if len(before) != len(state) or not all(map(operator.is_, before, state)):
            made = {}
            _kept[model] = state, made
        if key not in made:
            made[key] = make()
        return made[key]


def _state(model):
    """What decides the function that a model computes, but for the values of its weights: objects to be told apart."""
    for operation in getattr(model, "operations", None) or model.layers:
        yield operation
        if _is_open(operation):
            yield from _state(operation)
        else:
            for part in _parts(operation):  # an activation, or what is wrapped, may be a layer, too
                yield from (value for name, value in vars(part).items() if name[0] != "_" or name == "_dtype_policy")


def _parts(operation):
    """An operation, and the layers inside it, at any depth."""
    return operation._flatten_layers() if hasattr(operation, "_flatten_layers") else [operation]
