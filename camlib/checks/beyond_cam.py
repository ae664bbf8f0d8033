"""Checkers of notebook 07."""

import numpy as np

from .checker import checker, close_hint, shape_hint


@checker
def layer_cam_by_hand(answer, features, weights):
    """Exercise 6.1, LayerCAM without a gradient."""
    given, cells = np.asarray(answer(features, weights)), features.shape[0] * features.shape[1]
    expected = features @ np.maximum(weights, 0) / cells
    hint = shape_hint(given, expected)
    if hint:
        return f"{hint}: the sum goes over the channels"
    wrong = {
        "that is CAM / N: the inner ReLU is missing, on the weights": features @ weights / cells,
        "that is Grad-CAM: the inner ReLU is on the weights": np.maximum(features @ weights, 0) / cells,
        "every value is N times too large: the gradient is the weight over the number of cells": cells * expected,
    }
    return _relative_hint(given, expected, wrong)


@checker
def grad_cam_by_hand(answer, features, gradients):
    """Exercise 6.2, Grad-CAM by hand."""
    given, alpha = np.asarray(answer(features, gradients)), gradients.mean(axis=(0, 1))
    expected = np.maximum(features @ alpha, 0)
    hint = shape_hint(given, expected)
    if hint:
        return f"{hint}: α has one value a channel, the map one a cell"
    product, positive = (features * gradients).sum(axis=-1), np.maximum(gradients, 0).mean(axis=(0, 1))
    wrong = {
        "the ReLU is missing, after the sum": features @ alpha,
        "that is HiResCAM: average the gradient over the cells before it meets the features": product,
        "that is HiResCAM's positive part: average the gradient over the cells first": np.maximum(product, 0),
        "that is α from the sum of the gradients; take their mean": gradients[..., 0].size * expected,
        "the ReLU belongs after the sum, not on α": features @ np.maximum(alpha, 0),
        "the ReLU belongs after the sum, not on the gradients": features @ positive,
    }
    return _relative_hint(given, expected, wrong)


@checker
def map_of_log_probability(answer, maps, probabilities, c):
    """Exercise 6.3, a map that no choice moves."""
    given, average = np.asarray(answer(maps, probabilities, c)), maps @ probabilities
    expected = maps[..., c] - average
    hint = shape_hint(given, expected)
    if hint:
        return f"{hint}: one map, of class c"
    wrong = {
        "that is the map of the logit: the classes in the running are to be taken off": maps[..., c],
        "that is against the average class: weigh each class by its probability": maps[..., c] - maps.mean(axis=-1),
        "that takes all classes off as if each were certain: weigh them": maps[..., c] - maps.sum(axis=-1),
        "the sum goes over all classes, c too": expected + probabilities[c] * maps[..., c],
        "the sign is turned: c less the others": -expected,
        "that is the map of p_c, not of its logarithm: leave the factor p_c out": probabilities[c] * expected,
    }
    return _relative_hint(given, expected, wrong)


@checker
def score_cam_seconds(answer, photos, channels, each):
    """Exercise 6.4, Score-CAM's bill."""
    given = answer(photos, channels, each)
    wrong = {
        "one prediction a photograph is missing, the one that gives the features": photos * channels * each,
        "that is the bill of one photograph": (channels + 1) * each,
        "that counts the predictions: multiply by the seconds of each": photos * (channels + 1),
        "that is one prediction a photograph: each channel asks for one more": photos * each,
        "the features are read once for each photograph, not once in all": (photos * channels + 1) * each,
    }
    hint = shape_hint(given, each)
    return hint or close_hint(given, photos * (channels + 1) * each, wrong, tolerance=1e-9)


def _relative_hint(given, expected, wrong):
    """As `close_hint`, relative to the largest value expected: maps of gradients are small all over."""
    scale = abs(expected).max() or 1
    return close_hint(given / scale, expected / scale, {hint: value / scale for hint, value in wrong.items()})
