"""Checkers of notebook 03."""

import numpy as np

from .checker import checker, close_hint, predicted, shape_hint


@checker
def weights_at(answer, size):
    """Exercise 3.1, the weights at a canvas's size."""
    for canvas in dict.fromkeys((size, 28, 200)):
        given = answer(canvas)
        if np.shape(given) != (2,):
            return f"expected two counts, with dense layers and with GAP, got {given!r}"
        given = tuple(given)
        side = ((canvas - 4) // 2 - 4) // 2
        dense, gap = _lenet_weights(side)
        if given == (dense, gap):
            continue
        if given == _lenet_weights(side, biases=0):
            return "the biases are missing: one for each output channel or unit"
        if given == _lenet_weights(canvas // 4):
            return "a 5×5 kernel without padding takes 4 px off the side before the pool halves what is left"
        if given[1] == gap - 156 - 2416:
            return "count the two convolutions too: the whole network is asked for"
        if given[1] != gap:
            return f"with GAP, {canvas} px: not {given[1]:,}. One number a channel is left; biases count, too"
        return f"dense, {canvas} px: not {given[0]:,}. The first layer's inputs are side × side × 16 channels"
    return None


def _lenet_weights(side, biases=1):
    """Weights of LeNet with dense layers, and with GAP, when `side` cells a side are left."""
    looking = 25 * 6 + 25 * 6 * 16 + biases * (6 + 16)
    deciding = side**2 * 16 * 120 + 120 * 84 + 84 * 10 + biases * (120 + 84 + 10)
    return looking + deciding, looking + 16 * 10 + biases * 10


@checker
def spread_head(answer, kernel, bias, blank, r):
    """Exercise 3.2, a last layer for a larger canvas."""
    given = answer(kernel, bias, blank, r)
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "return two arrays, the new kernel and the new bias"
    new_kernel, new_bias = given
    vote = blank @ kernel
    hint = shape_hint(new_kernel, kernel) or shape_hint(new_bias, bias)
    if hint:
        return hint
    wrong_kernels = {
        "the kernel is the old one, but the digit fills a smaller part of the mean now": kernel,
        "the kernel shrinks with the mean: it has to make up for it": kernel / r,
        "r is a ratio of areas already: no root of it": np.sqrt(r) * kernel,
    }
    wrong_biases = {
        "the kernel is right; the bias is the old one, but blank cells vote too": bias,
        "the kernel is right; in the bias, blank cells' votes have to come off": bias + (r - 1) * vote,
        "the kernel is right; blank cells vote with the new kernel, not the old": bias - (1 - 1 / r) * vote,
    }
    return (
        close_hint(new_kernel, r * kernel, wrong_kernels, "the kernel is not the one that gives w·F back")
        or close_hint(new_bias, bias - (r - 1) * vote, wrong_biases, "the kernel is right, the bias is not")
    )


@checker
def side_by_side(answer, left, right):
    """Exercise 3.3, two scenes on one canvas."""
    wrong_statements = {
        "A": "both scenes' votes are counted, but a mean divides by the number of cells, and there are more of them",
        "C": "a mean has no winner: every cell counts, however strong the others are",
        "D": "the canvas is twice as wide, and as high as before: by how much does the number of cells grow?",
    }
    for a, b in dict.fromkeys(((float(left), float(right)), (12.0, -4.0), (3.0, 3.5))):
        number = predicted(answer(a, b), "B", wrong_statements, '("A", 4.5)')
        wrong = {
            "that is the sum of both: how many cells are there now?": a + b,
            "that is a quarter of the sum: by how much has the area grown?": (a + b) / 4,
            "that is the larger of the two: the other half of the cells has its part in the mean": max(a, b),
        }
        hint = close_hint(number, (a + b) / 2, wrong, "write the mean over all cells with the means of the halves")
        if hint:
            return f"for {a:.3g} and {b:.3g}, {hint}"
    return None


@checker
def mended_batch(answer):
    """Exercise 3.4, a loss that looks good."""
    digits = _blocks()
    batches = {step: answer(digits, step) for step in (0, 1, 2, 10, 64, 119)}
    for step, batch in batches.items():
        if not hasattr(batch, "images") or not hasattr(batch, "labels"):
            return "expected scenes, as make_scenes returns them"
        if np.shape(batch.images) != (64, 40, 40):
            return f"the images of step {step} have shape {np.shape(batch.images)}, expected (64, 40, 40)"
        if np.shape(batch.labels) != (64,) or (_shown(batch.images) != batch.labels).any():
            return f"in step {step}, labels do not belong to the images: take both from the same scenes"
    first_with = {}
    for step, batch in batches.items():
        earlier = first_with.setdefault(np.asarray(batch.images).tobytes(), step)
        if earlier != step:
            return f"steps {earlier} and {step} train on the same 64 scenes: what does the batch depend on?"
    if (answer(digits, 119).images != batches[119].images).any():
        return "asked twice for the same step, it makes two batches: a training that was stopped could not go on"
    return None


def _blocks():
    """Digits that are blocks of one grey, each its own: their label can be read in any scene."""
    from ..data.digits import Digits

    greys = np.arange(20, 220, 10, np.uint8)
    return Digits(np.tile(greys[:, None, None], (1, 28, 28)), np.arange(20) % 10)


def _shown(images):
    """The labels of the `_blocks` in scenes: clutter covers less than half of a block."""
    counts = np.array([np.bincount(image.ravel(), minlength=256)[20:220:10] for image in images])
    return counts.argmax(axis=1) % 10
