"""What a network's scores stand for: what makes probabilities of them, and what the classes are called."""

import numpy as np

PASSIVE = ("cast", "dropout", "flatten", "identity", "linear", "reshape")


def ending(model):
    """"softmax" or "sigmoid", where a checked model ends in it, in whatever form; None for one that gives logits."""
    tensor = model.outputs[0]
    while True:
        operation, call, index = tensor._keras_history
        if hasattr(operation, "layers"):  # a model in the model, of which this is one of the outputs
            tensor = operation.outputs[index]
            continue
        name = getattr(getattr(operation, "activation", None), "__name__", type(operation).__name__).lower()
        if name in ("softmax", "sigmoid"):
            return name
        if name not in PASSIVE or getattr(operation, "weights", None):
            return None
        tensor = operation._inbound_nodes[call].input_tensors[0]


def name_list(names, classes, what="class_names"):
    """The names of so many classes as a list, in the classes' order.

    names: a sequence; or a dict, of names by class, {0: "cat", 1: "dog"}, or of classes by name, {"cat": 0, "dog": 1},
        as Keras's `class_indices`. Raises ValueError for any other number of names, another dict, and a set.
    """
    if isinstance(names, dict):
        by_class = names if _are_classes(names, classes) else {k: name for name, k in names.items()
                                                               if _are_classes(names.values(), classes)}
        names = [by_class[k] for k in range(classes)] if by_class else names
    if isinstance(names, (dict, set, frozenset)):
        raise ValueError(f"{what} is a {type(names).__name__} without an order of {classes} classes: expected a list "
                         f"of names, or a dict whose keys, or values, are the whole numbers 0 to {classes - 1}")
    if len(names := list(names)) != classes:
        raise ValueError(f"{what} has {len(names)} entries: expected {classes}, one per class")
    return names


def _are_classes(values, classes):
    whole = [int(value) for value in values if isinstance(value, (int, np.integer))]
    return len(values) == classes and sorted(whole) == list(range(classes))
