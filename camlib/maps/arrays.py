"""What is done to maps and scores as arrays: NumPy only, nothing here knows a network.

Maps have two, three or four axes, and their number alone says which these are:

    (rows, columns)                  one map
    (n, rows, columns)               one map an image, as `attribute` returns them
    (n, rows, columns, classes)      one map an image and class, as `explain` returns them

So one image's maps of all classes, (rows, columns, classes), are said as `maps[None]`.
"""

import numpy as np

from ..boxes import LARGEST_VALUE, check_range, check_size


def upsample(maps, size):
    """Maps stretched to `size` = (height, width) pixels, bilinearly, with cell centres kept in place.

    maps: finite numbers, (rows, columns), (n, rows, columns) or (n, rows, columns, classes). Same convention as
    `tf.image.resize` and OpenCV's INTER_LINEAR (half-pixel centres, edges repeated). Returns float32 with the same
    other axes. Raises ValueError for other axes, no cells, NaN, infinity, and a size that is none.

    >>> upsample([[0, 4]], (1, 4)).tolist()  # pixel centres lie at ¼ and ¾ of each cell
    [[0.0, 1.0, 3.0, 4.0]]
    >>> upsample(np.zeros((5, 25, 25, 10)), (100, 100)).shape
    (5, 100, 100, 10)
    """
    maps, (height, width) = _check(maps), check_size(size)
    stack = maps if maps.ndim == 4 else maps[..., None]
    down, across = interpolation_matrix(stack.shape[-3], height), interpolation_matrix(stack.shape[-2], width)
    large = np.einsum("yr,...rck,xc->...yxk", down, stack, across, optimize=True)
    return large if maps.ndim == 4 else large[..., 0]


def interpolation_matrix(cells, pixels):
    """Weights that stretch a line of `cells` values to `pixels` values: float32, (pixels, cells), rows sum to 1.

    Pixel i has its centre at (i + ½)·cells/pixels − ½ on the scale of cells, and mixes its two neighbours there.

    >>> interpolation_matrix(2, 4).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    centres = (np.arange(pixels) + 0.5) * cells / pixels - 0.5
    centres = np.clip(centres, 0, cells - 1)
    return np.maximum(0, 1 - abs(centres[:, None] - np.arange(cells))).astype(np.float32)


def normalise(maps):
    """Each map stretched to [0, 1] by its own minimum and maximum; a constant map becomes zeros. Float32.

    maps: as for `upsample`, with the same errors. For looking only: it forgets how strong a map was.

    >>> normalise([[-2, 0], [2, 6]]).tolist()
    [[0.0, 0.25], [0.5, 1.0]]
    >>> normalise([[[0, 1]], [[0, 100]]]).tolist()  # two maps, each by itself
    [[[0.0, 1.0]], [[0.0, 1.0]]]
    """
    maps = _check(maps)
    axes = (1, 2) if maps.ndim == 4 else (-2, -1)
    low, high = maps.min(axis=axes, keepdims=True), maps.max(axis=axes, keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def softmax(logits):
    """Shares that add up to 1 along the last axis: exp(logits) over their sum.

    What is added to all logits alike changes nothing, so the largest is taken off first: no power overflows.

    >>> softmax(np.log([1, 3])).round(6).tolist()
    [0.25, 0.75]
    >>> softmax([1000, 1000]).tolist()
    [0.5, 0.5]
    """
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def probabilities(logits, ending=None):
    """The probability of each class, float, of the logits' shape, (…, classes).

    ending: what the network ends in (`Explanation.ending`): "softmax", which shares 100 % out, or "sigmoid", which
        asks of each class by itself, 1 / (1 + exp(−logit)). None, for a network that gives logits, stands for softmax,
        or for sigmoid where there is one class: its share would always be 100 %.
    Raises ValueError for another ending.

    >>> logits = np.log([[1, 3]])
    >>> probabilities(logits).round(6).tolist(), probabilities(logits, "sigmoid").round(6).tolist()
    ([[0.25, 0.75]], [[0.5, 0.75]])
    >>> probabilities([[-1000], [0]]).tolist()
    [[0.0], [0.5]]
    """
    logits = np.asarray(logits)
    if full_ending(ending, logits.shape[-1]) == "softmax":
        return softmax(logits)
    return np.exp(-np.logaddexp(0, -logits))


def full_ending(ending, classes):
    """"softmax" or "sigmoid": the ending of `probabilities`, with its errors, None resolved."""
    if ending not in (None, "softmax", "sigmoid"):
        raise ValueError(f"ending is {ending!r}: expected 'softmax', 'sigmoid', or None where a network gives logits")
    return ending or ("softmax" if classes > 1 else "sigmoid")


def _check(maps):
    maps = np.asarray(maps)
    if maps.ndim not in (2, 3, 4) or 0 in maps.shape or maps.dtype.kind not in "fiub":
        raise ValueError(
            f"maps are {maps.dtype}, shape {maps.shape}: expected numbers, (rows, columns), (n, rows, columns) or "
            "(n, rows, columns, classes), not empty"
        )
    check_range(maps, LARGEST_VALUE, "maps")
    return maps.astype(np.float32, copy=False)
