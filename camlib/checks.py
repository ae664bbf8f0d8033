"""Checkers for the exercises: they answer with a verdict and a hint, never with a traceback.

A checker takes what the reader wrote. `None`, which every stub returns, gets "not attempted yet", so that a notebook
runs from top to bottom with no exercise done.
"""

import functools

import numpy as np


def checker(judge):
    """Turn `judge(answer, ...)`, which returns a hint or None when all is well, into a checker that prints a line."""

    @functools.wraps(judge)
    def check(answer, *context, **options):
        exercise = judge.__doc__.strip().split("\n")[0].rstrip(".")
        try:
            hint = "not attempted yet" if _is_blank(answer, context) else judge(answer, *context, **options)
        except Exception as error:  # whatever the reader's code raises is for the reader to hear, in a sentence
            hint = f"your code stopped with {type(error).__name__}: {error}"
        mark = {None: "✔", "not attempted yet": "○"}.get(hint, "✘")
        print(f"{mark} {exercise}: {hint or 'right'}")

    return check


def _is_blank(answer, context):
    """True for None, and for a function that returns None for the values it is checked with."""
    return (answer(*context) if callable(answer) else answer) is None


def _shape_hint(answer, expected):
    if np.shape(answer) != np.shape(expected):
        return f"the shape is {np.shape(answer)}, expected {np.shape(expected)}"
    return None


# Notebook 00


@checker
def hottest_cell(answer, maps, logits):
    """Exercise 0.1, the cell with the most evidence."""
    named = maps[:, :, logits.argmax()]
    result = answer(maps, logits)
    if np.shape(result) == ():
        return f"{result} is a flat index: np.unravel_index(index, shape) turns it into a row and a column"
    if len(result) == 3:
        return "three numbers came back: choose the map of the class with the largest logit first, then its hottest cell"
    row, column = result
    if not (0 <= row < named.shape[0] and 0 <= column < named.shape[1]):
        return f"row {row}, column {column} is no cell of a map of {named.shape[0]} × {named.shape[1]}"
    if named[row, column] == named.max():
        return None
    if named.T[row, column] == named.max():
        return "row and column are exchanged"
    return "that cell is not the hottest in the map of the class with the largest logit"


def _close_hint(given, expected, wrong, otherwise="the numbers differ from the formula's", tolerance=1e-3):
    """None when `given` is `expected`, else the hint of the wrong value that it is: a dict hint → value."""
    if np.allclose(given, expected, rtol=tolerance, atol=tolerance):
        return None
    hints = (hint for hint, value in wrong.items() if np.allclose(given, value, rtol=tolerance, atol=tolerance))
    return next(hints, otherwise)


# Notebook 01


@checker
def paste_clips(answer, canvas, piece, x, y):
    """Exercise 1.1, pasting a piece."""
    grey = np.full_like(canvas, 100)  # not `canvas`: an answer that pastes in place has changed it by now
    given = answer(grey, piece, x, y)
    if (grey != 100).any():
        return "the canvas that came in has changed: work on canvas.copy()"
    hint = _shape_hint(given, grey)
    if hint:
        return f"{hint}: return the whole canvas"
    total, (height, width) = 100 + piece.astype(int), piece.shape

    def filled(values, x=x, y=y):
        canvas = grey.astype(int)
        canvas[y:y + height, x:x + width] = values
        return canvas

    expected = filled(np.minimum(255, total))
    wrong = {
        "overlaps wrap around, 100 + 200 came out as 44: add in int, then clip": filled(total % 256),
        "the sum is right and exceeds 255: clip it": filled(total),
        "the piece replaces what lies under it: their ink has to add up": filled(piece),
        "x and y are swapped: rows come first, as in canvas[y:y + height, x:x + width]":
            filled(np.minimum(255, total), y, x),
    }
    if (given != expected).any():
        hints = [hint for hint, value in wrong.items() if (given == value).all()]
        return hints[0] if hints else "the pixels differ from min(255, canvas + piece) in the piece's window"
    return None if given.dtype == np.uint8 else f"the values are right, the dtype is {given.dtype}: make it uint8"


@checker
def touch_is_counted(answer, clutter, digit):
    """Exercise 1.2, the share of touched digits."""
    given, both = answer(clutter, digit), (clutter > 0) & (digit > 0)
    if np.ndim(given):
        return f"expected one number, got shape {np.shape(given)}: the mean of True and False is a share"
    wrong = {
        "that is a percentage: give a fraction from 0 to 1": 100 * both.any(axis=(1, 2)).mean(),
        "that is a count: divide by the number of scenes": both.any(axis=(1, 2)).sum(),
        "that is the share of pixels: ask each scene for any(axis=(1, 2)) first": both.mean(),
        "that is the share of ink: ask each scene for any(axis=(1, 2)) first": both.sum() / (digit > 0).sum(),
        "every scene with any ink counts: it takes a pixel with ink from both, so & and not |": 1,
        "close, but & on greys compares their bits, and 64 & 128 is 0: compare each with 0 first":
            (clutter & digit).any(axis=(1, 2)).mean(),
        "close, but the product wraps around, 16 * 16 is 0 in uint8: compare each with 0 first":
            (clutter * digit).any(axis=(1, 2)).mean(),
    }
    return _close_hint(given, both.any(axis=(1, 2)).mean(), wrong, tolerance=1e-9)


@checker
def split_is_honest(answer, everything):
    """Exercise 1.3, a split by digit."""
    sides = answer(everything)
    if len(sides) != 2 or not all(hasattr(side, "images") and hasattr(side, "labels") for side in sides):
        return "expected two sets, (train, test), each made with digits.Digits(images, labels)"
    train, test = sides
    label_of = {image.tobytes(): label for image, label in zip(everything.images, everything.labels)}
    names, test_names = ([image.tobytes() for image in side.images] for side in sides)
    chosen = set(test_names)
    if chosen & set(names):
        return f"{len(chosen & set(names)):,} digits are on both sides: cut one shuffled order once"
    if sorted(names + test_names) != sorted(image.tobytes() for image in everything.images):
        return f"{len(everything.labels):,} digits went in, {len(names):,} + {len(test_names):,} came out"
    if [label_of[name] for name in names + test_names] != [*train.labels, *test.labels]:
        return "images and labels are out of step: index both with the same indices"
    expected = np.bincount(everything.labels) / 5
    counts = np.bincount(test.labels, minlength=len(expected))
    if abs(counts.sum() - expected.sum()) > len(expected):
        return f"test holds {counts.sum():,} digits, expected a fifth of all, {expected.sum():,.0f}"
    if (abs(counts - expected) > 1).any():
        return f"test holds {counts.tolist()} of the classes, expected a fifth of each: cut class by class"
    for label in np.unique(everything.labels):
        in_test = [name in chosen for name, known in label_of.items() if known == label]
        if np.diff(in_test).sum() <= 1:
            return f"the test digits of class {label} are the first or the last of it: shuffle before you cut"
    return None


# Notebook 02


@checker
def gap_logits(answer, features, kernel, bias):
    """Exercise 2.1, global average pooling and the dense layer."""
    given, means = np.asarray(answer(features, kernel, bias)), features.mean(axis=(1, 2))
    expected = means @ kernel + bias
    hint = _shape_hint(given, expected)
    if hint:
        return f"{hint}: the mean goes over rows and columns, which are axes 1 and 2"
    wrong = {
        "the bias is missing": means @ kernel,
        "that is the sum over the cells; take their mean": features.sum(axis=(1, 2)) @ kernel + bias,
        "that is a channel's largest cell; take the mean of all": features.max(axis=(1, 2)) @ kernel + bias,
    }
    return _close_hint(given, expected, wrong)


@checker
def weights_at(answer, size):
    """Exercise 2.2, the weights at a canvas's size."""
    for canvas in (size, 28, 200):
        given = tuple(answer(canvas))
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
    new_kernel, new_bias = answer(kernel, bias, blank, r)
    vote = blank @ kernel
    hint = _shape_hint(new_kernel, kernel) or _shape_hint(new_bias, bias)
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
        _close_hint(new_kernel, r * kernel, wrong_kernels, "the kernel is not the one that gives w·F back")
        or _close_hint(new_bias, bias - (r - 1) * vote, wrong_biases, "the kernel is right, the bias is not")
    )


# Notebook 03


@checker
def maps_by_hand(answer, features, kernel):
    """Exercise 3.1, all class activation maps."""
    maps, expected = answer(features, kernel), np.einsum("yxk,kc->yxc", features, kernel)
    if np.shape(maps) == (kernel.shape[1],):
        return "these are ten numbers, not ten maps: leave the mean out, it comes last"
    if np.shape(maps) == expected.shape[:2]:
        return "this is one map: keep the axis of the classes, all columns of the kernel at once"
    hint = _shape_hint(maps, expected)
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
        return f"{flat:,} is not it: a dense layer has inputs × units weights; the inputs are rows × columns × channels"
    return None if head == 640 else f"{head:,} is not it: after pooling there are 64 numbers, for 10 classes"


# Notebook 04


@checker
def iou_by_hand(answer, a, b):
    """Exercise 4.1, intersection over union."""
    from .localize import iou

    if answer((0, 0, 4, 4), (6, 6, 9, 9)):
        return "boxes that do not touch have IoU 0: a width or height below 0 counts as 0, each on its own"
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = pair = (1, 2, 11, 8), (4, 0, 16, 6)
    common, areas = 7 * 4, [60, 72]
    wrong = {
        "that is the shared area over the sum of both: take the shared part off the sum once": common / sum(areas),
        "that is the shared area itself: divide it by the area that both cover": common,
        "that is the shared area over the first box": common / areas[0],
        "that is the shared area over the second box": common / areas[1],
        "boxes are half-open: a width is x1 - x0, without + 1": 8 * 5 / (11 * 7 + 13 * 7 - 8 * 5),
    }
    hint = _close_hint(answer(*pair), iou(*pair), wrong)
    return hint or _close_hint(answer(a, b), iou(a, b), {}, f"right for {pair}, but not for {a} and {b}")


@checker
def honest_accuracy(answer, tune, test):
    """Exercise 4.2, an honest threshold."""
    result, by_tune, by_test = answer(tune, test), tune.mean(axis=0), test.mean(axis=0)
    if np.ndim(result):
        return f"expected one number, got shape {np.shape(result)}: take the mean over the scenes (axis 0)"
    wrong = {
        "that is the best accuracy on test itself, the trap: choose the column on tune": by_test.max(),
        "that is the accuracy on tune: choose there, but measure on test": by_tune.max(),
        "give a fraction from 0 to 1, not percent": 100 * by_test[by_tune.argmax()],
        "that is the column, not the accuracy there": by_tune.argmax(),
    }
    return _close_hint(result, by_test[by_tune.argmax()], wrong, "choose the column by tune.mean(axis=0)", 1e-6)


@checker
def offset(answer, kernels):
    """Exercise 4.3, whose map is askew."""
    for sides in (kernels, (6, 4), (5, 5), (3, 4), (4, 3), (7, 5, 3)):
        halves, scale = np.array(sides) % 2 / 2, 2 ** np.arange(len(sides))
        wrong = {
            "the second layer's offset is in pixels of its own input, and each is 2 of the image's": halves.sum(),
            "the other way round: the offset is (k - s)/2 - p, and not negative": -halves @ scale,
            "the first layer's input is the image: its offset counts once, the next one's twice": halves @ scale * 2,
            "take p off: it is (k - s)/2 rounded down": (np.array(sides) / 2 - 1) @ scale,
        }
        otherwise = "an odd side at stride 2 gives half a pixel of its input, an even one nothing"
        hint = _close_hint(answer(sides), halves @ scale, wrong, otherwise, 1e-6)
        if hint:
            return f"for kernels {sides}: {hint}"
    return None


# Notebook 05


@checker
def map_side(answer, pixels):
    """Exercise 5.1, the side of the map."""
    for side in (pixels, 224, 227, 300, 63):
        conv1 = (side + 2 * 2 - 11) // 4 + 1
        pool1 = (conv1 - 3) // 2 + 1
        expected = (pool1 - 3) // 2 + 1
        unpadded = (((side - 11) // 4 + 1 - 3) // 2 + 1 - 4 - 3) // 2 + 1 - 6
        wrong = {
            "that is the map after conv1: go on through all of LAYERS": conv1,
            "that is the map after the first pool: go on through all of LAYERS": pool1,
            "the padding is missing: it adds 2p": unpadded,
            "dividing by the strides is not enough: kernels and padding count": side // 16,
        }
        hint = _close_hint(answer(side), expected, wrong, "apply the formula for every layer in turn", 1e-9)
        if hint:
            return f"for {side} px: {hint}"
    return None


@checker
def fold(answer, v, b, mean, deviation):
    """Exercise 5.2, fold it in."""
    given, w = answer(v, b, mean, deviation), v / deviation[:, None]
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "return two arrays, the kernel w and the bias b'"
    hint = _shape_hint(given[0], w) or _shape_hint(given[1], b)
    if hint:
        return hint
    kernels = {
        "w: divide by the deviation, do not multiply": v * deviation[:, None],
        "w: v is as it was; divide each channel's row by its deviation": v,
    }
    biases = {
        "b': the means are to be taken off, not added": b + mean @ w,
        "b': each mean counts in units of its channel's deviation": b - mean @ v,
        "b': it is the one for standardised features; take the means off": b,
    }
    return (_close_hint(given[0], w, kernels, "w: divide each channel's row by its deviation")
            or _close_hint(given[1], b - mean @ w, biases, "b': take off what the means bring"))


@checker
def mean_of_classes(answer, guesses, truth):
    """Exercise 5.3, every class counts alike."""
    result, right, classes = answer(guesses, truth), guesses == truth, np.unique(truth)
    expected = np.mean([right[truth == which].mean() for which in classes])
    if np.ndim(result):
        return f"expected one number, got shape {np.shape(result)}: take the mean over the classes"
    called = [right[guesses == which].mean() for which in np.unique(guesses)]
    wrong = {
        "that is the share of all photographs: a class with many counts more in it": right.mean(),
        "that asks how often a name was right; ask how often a class was named": np.mean(called),
        "give a fraction from 0 to 1, not percent": 100 * expected,
        "that counts a class that has no photograph": expected * len(classes) / len(np.union1d(guesses, truth)),
    }
    return _close_hint(result, expected, wrong, "take each class's share by itself, then their mean", 1e-9)


# Notebook 06


@checker
def layer_cam_by_hand(answer, features, weights):
    """Exercise 6.1, LayerCAM without a gradient."""
    given, cells = np.asarray(answer(features, weights)), features.shape[0] * features.shape[1]
    expected = features @ np.maximum(weights, 0) / cells
    hint = _shape_hint(given, expected)
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
    hint = _shape_hint(given, expected)
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
def score_cam_seconds(answer, photos, channels, each):
    """Exercise 6.3, Score-CAM's bill."""
    given = answer(photos, channels, each)
    wrong = {
        "one prediction a photograph is missing, the one that gives the features": photos * channels * each,
        "that is the bill of one photograph": (channels + 1) * each,
        "that counts the predictions: multiply by the seconds of each": photos * (channels + 1),
        "that is one prediction a photograph: each channel asks for one more": photos * each,
        "the features are read once for each photograph, not once in all": (photos * channels + 1) * each,
    }
    hint = _shape_hint(given, each)
    return hint or _close_hint(given, photos * (channels + 1) * each, wrong, tolerance=1e-9)


def _relative_hint(given, expected, wrong):
    """As `_close_hint`, relative to the largest value expected: maps of gradients are small all over."""
    scale = abs(expected).max() or 1
    return _close_hint(given / scale, expected / scale, {hint: value / scale for hint, value in wrong.items()})
