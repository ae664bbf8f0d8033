"""Checkers of notebook 03."""

import numpy as np

from .checker import checker, close_hint, shape_hint


@checker
def gap_logits(answer, features, kernel, bias):
    """Exercise 2.1, global average pooling and the dense layer."""
    given, means = np.asarray(answer(features, kernel, bias)), features.mean(axis=(1, 2))
    expected = means @ kernel + bias
    hint = shape_hint(given, expected)
    if hint:
        return f"{hint}: the mean goes over rows and columns, which are axes 1 and 2"
    wrong = {
        "the bias is missing": means @ kernel,
        "that is the sum over the cells; take their mean": features.sum(axis=(1, 2)) @ kernel + bias,
        "that is a channel's largest cell; take the mean of all": features.max(axis=(1, 2)) @ kernel + bias,
    }
    return close_hint(given, expected, wrong)


@checker
def weights_at(answer, size):
    """Exercise 2.2, the weights at a canvas's size."""
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
            return f"with GAP, {canvas} px: not {given[1]:,}. One number a channel is left, whatever the size"
        return f"dense, {canvas} px: not {given[0]:,}. The first layer's inputs are side × side × 16 channels"
    return None


def _lenet_weights(side, biases=1):
    """Weights of LeNet with dense layers, and with GAP, when `side` cells a side are left."""
    looking = 25 * 6 + 25 * 6 * 16 + biases * (6 + 16)
    deciding = side**2 * 16 * 120 + 120 * 84 + 84 * 10 + biases * (120 + 84 + 10)
    return looking + deciding, looking + 16 * 10 + biases * 10


@checker
def spread_head(answer, kernel, bias, blank, r):
    """Exercise 2.3, a last layer for a larger canvas."""
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
