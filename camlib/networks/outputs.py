"""What a network's scores stand for: what makes probabilities of them, and what the classes are called."""

import numpy as np

from .graph import ending, remembered, unrolled


def ending_of(model):
    """"softmax" or "sigmoid", where `model` ends in it, in whatever form; None for one that gives logits."""
    return remembered(model, "ending", lambda: ending(unrolled(model).output)[1])


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
