"""How often a network is right: over all pictures, and class by class."""

import numpy as np


def accuracy(model, scenes, batch_size=25):
    """Fraction of scenes whose largest logit is at their label."""
    return right_names(model, scenes, batch_size).mean()


def right_names(model, scenes, batch_size=25):
    """Which scenes have their largest logit at their label: bool, (n,).

    batch_size: scenes in one forward pass. A hundred take no less time a scene than 25, and 100 MB more.
    """
    parts = [slice(start, start + batch_size) for start in range(0, len(scenes.labels), batch_size)]
    logits = np.concatenate([np.asarray(model.predict_on_batch(scenes.images[part])) for part in parts])
    return logits.argmax(axis=1) == scenes.labels


def accuracy_by_class(logits, labels):
    """Fraction of each class's photographs whose largest logit is theirs: float64, (classes,).

    Every class must occur in `labels`, int, (n,).
    """
    right = np.argmax(logits, axis=1) == labels
    return np.bincount(labels, weights=right) / np.bincount(labels)


def class_accuracy(logits, labels):
    """Mean of the per-class accuracies, 0 to 1: the number that Caltech-101 and 256 are reported in."""
    return float(accuracy_by_class(logits, labels).mean())
