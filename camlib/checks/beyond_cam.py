"""Checkers of notebook 07."""

import numpy as np

from .checker import checker, close_hint, shape_hint


@checker
def grad_cam_by_hand(answer):
    """Exercise 7.1, Grad-CAM by hand."""
    random = np.random.default_rng(0)
    features, gradients = random.uniform(size=(4, 5, 8)), random.normal(scale=1e-3, size=(4, 5, 8))
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
        "right for 16 × 16 cells only: read the number of cells from the array": expected * 20 / 256,
        "that is α from the sum of the gradients; take their mean": gradients[..., 0].size * expected,
        "the ReLU belongs after the sum, not on α": features @ np.maximum(alpha, 0),
        "the ReLU belongs after the sum, not on the gradients": features @ positive,
    }
    return _relative_hint(given, expected, wrong)


@checker
def map_of_log_probability(answer):
    """Exercise 7.2, HiResCAM of a log-probability."""
    maps, p, c = np.random.default_rng(0).normal(size=(4, 5, 3)), np.array([0.7, 0.1, 0.2]), 1
    given, own, average = np.asarray(answer(maps, p, c)), maps[..., c], maps @ p
    expected, cells = (own - average) / 20, 20
    hint = shape_hint(given, expected)
    if hint:
        return f"{hint}: one map, of class c"
    wrong = {
        "these are N times too large: what is the slope of a logit in one cell?": own - average,
        "that is the map of the logit: the logarithm of the sum of exponentials has a slope, too": own / cells,
        "that is against the average class: the slope of log Σ exp(z) does not weigh all classes alike":
            (own - maps.mean(axis=-1)) / cells,
        "that takes all classes off in full: differentiate log Σ exp(z) once more, by the chain rule":
            (own - maps.sum(axis=-1)) / cells,
        "the sum goes over all classes, c too": (own - average + p[c] * own) / cells,
        "the sign is turned": -expected,
        "that is the map of p_c, not of its logarithm": p[c] * expected,
    }
    scaled = {f"{hint}; and the slope of a logit in one cell holds a factor that is missing": cells * value
              for hint, value in list(wrong.items())[1:]}
    fixed = {"right for 16 × 16 cells only: read the number of cells from the maps": (own - average) / 256}
    return _relative_hint(given, expected, wrong | scaled | fixed)


METHODS = ("grad_cam", "grad_cam_plus_plus", "hires_cam", "xgrad_cam", "layer_cam", "score_cam", "ablation_cam",
           "eigen_cam")


@checker
def moved_by_biases(answer):
    """Exercise 7.3, twenty less on every bias."""
    result = answer()
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], (set, list, tuple)):
        return "expected two things: a set of methods, such as {'grad_cam'} or set(), and a factor"
    named, factor = result
    if unknown := [name for name in named if name not in METHODS]:
        return f"{unknown[0]!r} is no method: choose from {', '.join(METHODS)}"
    if "eigen_cam" in named:
        return "Eigen-CAM reads features alone, and no feature hears the last layer's biases"
    if "score_cam" in named:
        return "Score-CAM reads scores, and every one is 20 less: what does a softmax do with what all of them share?"
    if slopes := [name for name in named if name != "ablation_cam"]:
        return (f"{slopes[0]} reads slopes. The weights of the features changed them before; does a bias change "
                "the slope of a score?")
    if not named:
        return ("maps are not made of probabilities. Put y − 20 for y, and y_k − 20 for y_k, into each formula of the "
                "table: do all of them stay?")
    wrong = {
        "the methods are right; with a factor of 1 their maps would not move": 1,
        "the methods are right; 20 is what is taken off, not the factor": np.copysign(20, factor),
        "the methods are right; the ReLU comes after the weights: what are those before it?": 0,
        "the methods are right; these are scores, not the factor between two weights": np.copysign(10, factor),
    }
    return close_hint(factor, -1, wrong, "the methods are right; write one weight before and after, and divide")


@checker
def compared_alike(answer):
    """Exercise 7.4, worse boxes."""
    maps = np.random.default_rng(0).normal(size=(3, 4, 5))
    low, high = maps.min(axis=(1, 2)), maps.max(axis=(1, 2))
    result = answer(maps.copy())
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return "expected two things: the mended maps, and a height for each map"
    mended, height = result
    positive = np.maximum(maps, 0)
    from_zero = maps - low[:, None, None]
    stretched = from_zero / (high - low)[:, None, None]
    faults = {
        "these are the maps as they came": maps,
        "what speaks against the class would now count for it": abs(maps),
        "that keeps what speaks against the class": np.maximum(-maps, 0),
        "the score map takes the minimum off by itself, so nothing changes: what does that do to a cell of value 0?":
            from_zero,
        "that is the score map itself: what has become of a cell of value 0?": stretched,
        "a factor changes no score map: what happens to a cell of value 0?": maps / high[:, None, None],
    }
    right = (positive, positive / high[:, None, None])
    if not any(np.shape(mended) == maps.shape and np.allclose(mended, good) for good in right):
        return close_hint(mended, positive, faults, "which step does Grad-CAM have that HiResCAM has not?")
    if np.shape(height) == ():
        return "the maps are right; each map has a height of its own: expected shape (n,)"
    wrong = {
        "the maps are right; the height is asked for in the maps as they came, not in the mended ones": 0 * low,
        "the maps are right; that is counted from the top": high / (high - low),
        "the maps are right; a score map ends at 1: divide by the whole range": -low,
        "the maps are right; the whole range goes from the minimum to the maximum": -low / high,
        "the maps are right; a height from 0 to 1 is not negative": low / (high - low),
    }
    return close_hint(height, -low / (high - low), wrong,
                      "the maps are right; the minimum goes to 0 and the maximum to 1: where does a 0 go?")


def _relative_hint(given, expected, wrong):
    """As `close_hint`, relative to the largest value expected: maps of gradients are small all over."""
    scale = abs(expected).max() or 1
    return close_hint(given / scale, expected / scale, {hint: value / scale for hint, value in wrong.items()})
