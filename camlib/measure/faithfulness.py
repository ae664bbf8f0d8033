"""Does a map tell the truth about its network? Tests that need no ground truth of where the object is.

Deletion and insertion change the image as a map says, and ask the network again. What they find hangs on what is put
in place of a pixel, and training never showed pictures full of holes (Hooker et al., "A Benchmark for Interpretability
Methods in Deep Neural Networks", NeurIPS 2019; Tomsett et al., "Sanity Checks for Saliency Metrics", AAAI 2020).

Rank correlation compares a map with that of a randomised network: a map that does not change need not explain the
network (Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim, "Sanity Checks for Saliency Maps", NeurIPS 2018). One that
changes need not, either, for noise does (Binder et al., "Shortcomings of Top-Down Randomization-Based Sanity Checks
for Evaluations of Deep Neural Network Explanations", CVPR 2023), and staying may be the task's doing (Yona, Greenfeld,
"Revisiting Sanity Checks for Saliency Maps", 2021).

`predict` is any function from images to probabilities, (n, ...) → (n, classes): softmax, for logits.
"""

from typing import NamedTuple

import cv2
import numpy as np

from ..blas import one_threaded
from .scores import check_maps


class Curve(NamedTuple):
    """A class's probability while an image changes pixel by pixel.

    fractions: float64, (steps + 1,), 0 to 1: the part of the pixels that has changed.
    probabilities: float64, (n, steps + 1).
    areas: float64, (n,), 0 to 1: under each image's curve (trapezoids).
    """

    fractions: np.ndarray
    probabilities: np.ndarray
    areas: np.ndarray


def deletion_curve(predict, images, maps, labels=None, *, canvas=0, steps=50):
    """The probability of a class while pixels are taken away, the map's highest first, as a `Curve`.

    Petsiuk, Das, Saenko, "RISE" (BMVC 2018), the deletion metric: a good map has a small area.

    images: uint8, (n, height, width) or (n, height, width, 3). maps: finite, (n, height, width); of equal
    pixels, the upper left goes first. labels: (n,), the class to follow; without them, what is predicted.
    canvas: what is left where a pixel goes, a grey value or images like `images`. steps: into how many parts.
    Raises ValueError for other shapes, NaN, and a `predict` that gives anything but probabilities.

    A "network" whose class 1 is the share of light; the map knows which pixel is lit:

    >>> predict = lambda images: np.stack([1 - images.mean(axis=(1, 2)) / 255, images.mean(axis=(1, 2)) / 255], axis=1)
    >>> image = np.array([[[255, 0], [0, 0]]], np.uint8)
    >>> deletion_curve(predict, image, image / 255, [1], steps=4).probabilities.tolist()
    [[0.25, 0.0, 0.0, 0.0, 0.0]]
    >>> deletion_curve(predict, image, 1 - image / 255, [1], steps=4).probabilities.tolist()  # the map is all wrong
    [[0.25, 0.25, 0.25, 0.25, 0.0]]
    """
    images, maps = _check(images, maps)
    empty = np.broadcast_to(np.uint8(canvas), images.shape)
    return _curve(predict, images, images, empty, maps, labels, steps)


def insertion_curve(predict, images, maps, labels=None, *, canvas=None, steps=50):
    """The probability of a class while pixels are put in, the map's highest first, as a `Curve`.

    The counterpart of `deletion_curve`: a good map has a large area. It starts from `canvas`, by default the
    blurred images, as in the paper, since hard edges on an empty canvas are evidence, too.

    >>> image = np.array([[[255, 0], [0, 0]]], np.uint8)
    >>> share_of_light = lambda images: images.mean(axis=(1, 2))[:, None] / 255
    >>> insertion_curve(share_of_light, image, image / 255, canvas=0, steps=4).areas.tolist()
    [0.21875]
    """
    images, maps = _check(images, maps)
    start = blur(images) if canvas is None else np.broadcast_to(np.uint8(canvas), images.shape)
    return _curve(predict, images, start, images, maps, labels, steps)


def blur(images, side=11, sigma=5.0):
    """Images under a Gaussian of `sigma` pixels in a window of `side`; the defaults are those of RISE.

    >>> blur(np.array([[[0, 0, 90, 0, 0]] * 5], np.uint8), side=3, sigma=100)[0, 2].tolist()  # so wide a bell is flat
    [0, 30, 30, 30, 0]
    """
    return np.stack([cv2.GaussianBlur(image, (side, side), sigma) for image in images])


def rank_similarity(maps, others):
    """Spearman's rank correlation of the pixels of each pair of maps: float64, (n,), −1 to 1.

    maps, others: finite, (n, height, width). Equal pixels share their mean rank; a constant map ranks nothing
    and gives 0. Adebayo et al. use it on the maps and on their absolute values.

    >>> map_ = np.array([[[1.0, 2], [3, 4]]])
    >>> rank_similarity(map_, map_**3).round(6).tolist(), rank_similarity(map_, -map_).round(6).tolist()
    ([1.0], [-1.0])
    """
    maps, others = _check_alike(maps, others)
    rank = one_threaded("scipy.stats").rankdata
    ranks, other_ranks = (rank(stack.reshape(len(stack), -1), axis=1) for stack in (maps, others))
    middle = (ranks.shape[1] + 1) / 2
    ranks, other_ranks = ranks - middle, other_ranks - middle
    scale = np.sqrt((ranks**2).sum(axis=1) * (other_ranks**2).sum(axis=1))
    return (ranks * other_ranks).sum(axis=1) / np.where(scale > 0, scale, 1)


def _curve(predict, images, before, after, maps, labels, steps):
    """Follow `labels` while the pixels of `before` give way to those of `after`, the map's highest first."""
    if steps < 1:
        raise ValueError(f"steps is {steps}: expected at least 1")
    labels = _check_labels(labels, _probabilities(predict, images))
    turn = _spread(_turns(maps), images)
    counts = np.linspace(0, maps[0].size, steps + 1).round()
    each = np.arange(len(images))
    mixtures = (np.where(turn < count, after, before) for count in counts)
    probabilities = np.stack([_probabilities(predict, mixture)[each, labels] for mixture in mixtures], axis=1)
    fractions = counts / maps[0].size
    return Curve(fractions, probabilities, np.trapezoid(probabilities, fractions, axis=1))


def _turns(maps):
    """When each pixel's turn comes, from 0, the highest first: (n, height, width)."""
    order = np.argsort(-maps.reshape(len(maps), -1).astype(float), axis=1, kind="stable")
    return np.argsort(order, axis=1).reshape(maps.shape)


def _spread(maps, images):
    """Maps with an axis for colour where the images have one."""
    return maps if images.ndim == 3 else maps[..., None]


def _probabilities(predict, images):
    probabilities = np.asarray(predict(images), float)
    if probabilities.ndim != 2 or len(probabilities) != len(images):
        raise ValueError(
            f"predict gave shape {probabilities.shape} for {len(images)} images: expected (n, classes)"
        )
    if not ((probabilities >= -1e-6) & (probabilities <= 1 + 1e-6)).all():
        raise ValueError(
            f"predict gave values from {probabilities.min():.3g} to {probabilities.max():.3g}: expected "
            "probabilities; if these are logits, apply softmax"
        )
    return probabilities


def _check(images, maps):
    images, maps = np.asarray(images), check_maps(maps)
    if images.dtype != np.uint8 or images.shape[:3] != maps.shape or images.shape[3:] not in ((), (3,)):
        raise ValueError(
            f"images are {images.dtype}, shape {images.shape}, for maps of shape {maps.shape}: expected "
            "uint8, (n, height, width) or (n, height, width, 3), and maps of their size (see `score_maps`)"
        )
    return images, maps


def _check_labels(labels, probabilities):
    if labels is None:
        return probabilities.argmax(axis=1)
    labels, (count, classes) = np.asarray(labels), probabilities.shape
    integers = labels.shape == (count,) and labels.dtype.kind in "iu"
    if not integers or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels are {labels}: expected {count} integers from 0 to {classes - 1}")
    return labels


def _check_alike(maps, others):
    maps, others = check_maps(maps), check_maps(others)
    if maps.shape != others.shape:
        raise ValueError(f"maps have shapes {maps.shape} and {others.shape}: expected the same")
    return maps, others
