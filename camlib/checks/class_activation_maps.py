"""Checkers of notebook 04."""

import numpy as np

from .checker import checker, choice, close_hint, predicted, shape_hint


@checker
def maps_by_hand(answer, features, kernel):
    """Exercise 4.1, all class activation maps."""
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
def maps_of_flattened(answer):
    """Exercise 4.2, maps without pooling."""
    random = np.random.default_rng(0)
    features, weights = random.normal(size=(4, 5, 6)), random.normal(size=(4, 5, 6, 3))
    sums = np.einsum("yxk,yxkc->yxc", features, weights)
    maps = answer(features, weights)
    if np.shape(maps) == (3,):
        return "these are the logits without their biases, not maps: which of the sums has to wait?"
    wrong = {
        "the sum of these maps is the logit without its bias, so their mean is too small: by what factor?": sums,
        "right for 25 × 25 cells only: read the number of cells from the shape of the features": 625 * sums,
        "the mean divides by the cells, not by the features: count the cells of one map": 4 * 5 * 6 * sums,
        "you averaged the weights over the places; after flattening, each place has weights of its own":
            20 * features @ weights.mean(axis=(0, 1)),
        "you averaged the weights over the places, and the sum of these maps, not the mean, would be the logit":
            features @ weights.mean(axis=(0, 1)),
        "every cell looks alike here: sum over features, not over places": 0 * sums + sums.sum(axis=(0, 1)),
    }
    return close_hint(maps, 20 * sums, wrong, "the mean over the cells, plus the bias, should be the logit")


@checker
def on_a_wide_canvas(answer):
    """Exercise 4.3, half of a canvas wiped."""
    random = np.random.default_rng(0)
    maps, paper = random.normal(scale=5, size=(4, 6, 10)), random.normal(size=10)
    misled = {
        "A": "the map keeps its evidence in the left half. But of which cells is the logit the mean?",
        "B": "that would hold if the canvas were cut in two. It is as wide as before: how many cells are in the mean?",
        "D": "a feature sees 28 × 28 pixels, so away from the seam every cell holds what it held, or what paper holds",
    }
    means = predicted(answer(maps.copy(), paper.copy()), "C", misled, '("A", ten means)')
    left, right = maps[:, :3].mean(axis=(0, 1)), maps[:, 3:].mean(axis=(0, 1))
    wrong = {
        "you say that wiped cells hold what paper does, but these are the means as they were": (left + right) / 2,
        "you say that wiped cells hold what paper does, but these are means of the left half alone": left,
        "you say that wiped cells hold what paper does, but here they hold 0": left / 2,
        "paper is what one cell holds: half of all cells hold it": left / 2 + paper,
        "that wipes the left half: columns are the second axis": (right + paper) / 2,
        "that wipes the lower half: columns are the second axis": (maps[:2].mean(axis=(0, 1)) + paper) / 2,
    }
    return close_hint(means, (left + paper) / 2, wrong, "C is right, but the ten numbers are another thing")


NOTICED = ("mean", "classes", "box")


@checker
def mended_maps(answer):
    """Exercise 4.4, heat beside the digit."""
    right = np.random.default_rng(0).normal(size=(3, 5, 5))
    wrong = right.swapaxes(1, 2)
    result = answer(wrong)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return "expected two things: the mended maps, and the name of the check that notices"
    maps, noticed = result
    faults = {
        "these are the broken maps as they came": wrong,
        "upside down is another fault: in one scene, write down (row, column) of the digit and of the heat":
            wrong[:, ::-1],
        "left and right are not the fault: in one scene, write down (row, column) of the digit and of the heat":
            wrong[:, :, ::-1],
        "turning by half a circle does not do: in one scene, write down (row, column) of the digit and of the heat":
            wrong[:, ::-1, ::-1],
        "this quarter turn brings the heat to the digit's column, but not to its row": np.rot90(wrong, 1, (1, 2)),
        "this quarter turn brings the heat to the digit's row, but not to its column": np.rot90(wrong, -1, (1, 2)),
        "the evidence against the class is gone: a map is signed": np.maximum(right, 0),
    }
    if np.shape(maps) == (5, 5, 3):
        return "the scenes come last now: their axis should stay where it is"
    hint = close_hint(maps, right, faults, "each value should stay as it is and move to another cell: which?")
    if hint:
        return hint
    noticed, _ = choice(noticed, NOTICED, '(maps, "mean")', "the maps are right; for the check, ")
    if noticed == "mean":
        return "the maps are right; but a mean over all cells is the same wherever the cells lie"
    if noticed == "classes":
        return "the maps are right; but all ten maps are exchanged alike, so each cell's ten still belong together"
    return None
