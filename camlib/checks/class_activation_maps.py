"""Checkers of notebook 04."""

import numpy as np

from .checker import checker, shape_hint


@checker
def maps_by_hand(answer, features, kernel):
    """Exercise 3.1, all class activation maps."""
    maps, expected = answer(features, kernel), np.einsum("yxk,kc->yxc", features, kernel)
    if np.shape(maps) == (kernel.shape[1],):
        return "these are ten numbers, not ten maps: leave the mean out, it comes last"
    if np.shape(maps) == expected.shape[:2]:
        return "this is one map: keep the axis of the classes, all columns of the kernel at once"
    hint = shape_hint(maps, expected)
    if hint or np.allclose(maps, expected, rtol=1e-3, atol=1e-3):
        return hint
    if np.allclose(maps, expected / np.prod(features.shape[:2]), atol=1e-4):
        return "every value is divided by the number of cells: the bracket holds no mean, the 1/N stands before it"
    if np.min(maps) >= 0:
        return "nothing is negative: a map is signed, so leave ReLU and normalising out"
    return "the shape is right and the values are not: sum over channels of kernel[k, c] · features[y, x, k]"


@checker
def weakest_after_normalising(answer, maps):
    """Exercise 3.2, what min–max hides."""
    weakest = int(maps.max(axis=(0, 1)).argmin())
    result = answer(maps)
    if np.shape(result) != (2,):
        return f"expected two values, (class, maximum), got {result!r}"
    which, value = result
    if int(which) != weakest:
        return f"class {which} is not the weakest: compare maps.max(axis=(0, 1)) across classes"
    if not np.isclose(value, 1):
        return f"the maximum is {value:.3g}: you gave that of the raw map; normalise first, then take the maximum"
    return None


@checker
def weight_counts(answer):
    """Exercise 3.3, weights of a dense layer and of a head."""
    result = answer()
    if np.shape(result) != (2,):
        return f"expected two counts, got {result!r}"
    flat, head = result
    if (flat, head) == (640, 929_280):
        return "both are right, in the other order"
    if head == 650 or flat == 929_400:
        return "the biases are to be left out"
    if flat == 22 * 22 * 120:
        return "each of the 22 × 22 cells has 16 features, and every one of them has a weight per unit"
    if flat != 929_280:
        return f"{flat:,} is not it: a dense layer has inputs × units weights; inputs are rows × columns × channels"
    return None if head == 640 else f"{head:,} is not it: after pooling there are 64 numbers, for 10 classes"
