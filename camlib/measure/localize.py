"""How well a map points: boxes from maps, and the accuracies that compare them with ground truth.

Definitions and numbers are those of Choe, Oh, Lee, Chun, Akata, Shim, "Evaluating Weakly Supervised Object
Localization Methods Right" (CVPR 2020) and of its reference code:

    map → score map in [0, 1] → foreground above τ of its maximum → contours → boxes → IoU with the truth.

Every box here, ground truth and predicted, is (x0, y0, x1, y1) in pixels, half-open. The reference writes
inclusive corners, (x0, y0, x1 − 1, y1 − 1), and adds 1 to each width: the same box, and the same IoU.
"""

from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np

from ..boxes import box_lists, box_masks, iou
from .contours import contours_above
from .scores import centre_maps, check_maps, check_score_maps, ink_maps, score_maps, uniform_maps

__all__ = ["DELTAS", "THRESHOLDS", "BoxAccuracy", "BoxIoUs", "box_accuracies", "box_at", "box_ious", "centre_maps",
           "ink_maps", "iou", "max_box_acc", "max_box_acc_v2", "pointing_game", "pxap", "score_maps", "uniform_maps"]

THRESHOLDS = np.arange(0, 1, 0.01)  # τ, as fractions of a map's maximum
DELTAS = np.array([0.3, 0.5, 0.7])  # IoU from which MaxBoxAccV2 calls a box right


class BoxIoUs(NamedTuple):
    """How well boxes fit, image by image and threshold by threshold: float64, (n, thresholds), 0 to 1.

    largest: IoU of the box around the largest contour with the ground-truth box that it fits best.
    best: IoU of the pair that fits best among all contours and all ground-truth boxes of the image.
    """

    largest: np.ndarray
    best: np.ndarray


class BoxAccuracy(NamedTuple):
    """Images whose box is right, in percent.

    score: the curve's maximum; for several δ, the mean of their maxima.
    curve: float64, (thresholds,) or (δ, thresholds): the accuracy when all images share one threshold.
    best: the threshold of each maximum, the first if several: float or (δ,). It is chosen by the ground truth
        of these very images; for an honest number, choose it on other images and read this `curve` there.
    thresholds: float64, (thresholds,): where the curve was measured.
    """

    score: float
    curve: np.ndarray
    best: float | np.ndarray
    thresholds: np.ndarray


def box_at(score_map, threshold):
    """The box around the largest contour above `threshold` · maximum: int64, (4,), half-open.

    score_map: (height, width), from `score_maps`. threshold: 0 to 1. The largest is by `cv2.contourArea`, the
    first of equals. As in the reference, the box reaches one pixel further right and down than the contour
    where the image allows it, and a map with nothing above the threshold gets the corner pixel (0, 0, 1, 1).

    >>> patch = np.zeros((8, 8))
    >>> patch[2:5, 1:6] = 1
    >>> box_at(patch, 0.5).tolist()  # columns 1 to 5, rows 2 to 4
    [1, 2, 7, 6]
    """
    score_map = check_score_maps(np.asarray(score_map)[None])[0]
    [threshold] = _check_thresholds([threshold])
    picture = (score_map * 255).astype(np.uint8)
    boxes, _, [largest] = contours_above(picture, np.uint8([threshold * picture.max()]))
    return boxes[largest]


def box_ious(score_maps, boxes, thresholds=THRESHOLDS):
    """How well boxes from maps fit the truth at every threshold, as `BoxIoUs`.

    score_maps: float, (n, height, width), 0 to 1. boxes: int, (n, 4) or (n, k, 4), or n arrays (k, 4), k ≥ 1.
    thresholds: fractions of each map's maximum, 0 to 1.
    Raises ValueError for maps with NaN or values beyond [0, 1], boxes that are empty or leave the image, and
    thresholds beyond [0, 1].

    >>> two = np.zeros((1, 9, 9))
    >>> two[0, :3, :3], two[0, 5:7, 5:7] = 0.6, 1
    >>> largest, best = box_ious(two, [[5, 5, 8, 8]], [0.5, 0.7])
    >>> largest.tolist(), best.tolist()  # below 0.6 the other patch is larger
    ([[0.0, 1.0]], [[1.0, 1.0]])
    """
    score_maps = check_score_maps(score_maps)
    truths = box_lists(boxes, len(score_maps), score_maps.shape[1:])
    thresholds = _check_thresholds(thresholds)
    pictures = (score_maps * 255).astype(np.uint8)
    ious = []
    for _, alike in groupby(zip(pictures, truths), lambda pair: pair[0].tobytes()):  # a baseline may be all alike
        (picture, *_), own = zip(*alike)
        found, group = _found(picture, thresholds)
        ious += [_contour_ious(*found, truth)[:, group] for truth in own]
    return BoxIoUs(*np.stack(ious, axis=1))


def max_box_acc(score_maps, boxes, thresholds=THRESHOLDS):
    """MaxBoxAcc (Choe et al., section 4.1), as a `BoxAccuracy`: is the box of the largest contour right?

    Right is an IoU of at least 0.5 with a ground-truth box. Arguments and errors as for `box_ious`.

    >>> maps = np.zeros((2, 9, 9))
    >>> maps[:, 2:6, 2:6] = 1  # boxed as (2, 2, 7, 7)
    >>> max_box_acc(maps, [[2, 2, 7, 7], [4, 4, 9, 9]]).score  # the second IoU is 9 / (25 + 25 - 9)
    50.0
    """
    return box_accuracies(score_maps, boxes, thresholds)[0]


def max_box_acc_v2(score_maps, boxes, thresholds=THRESHOLDS):
    """MaxBoxAccV2 (Choe et al., journal version, arXiv 2007.04178): is the box of any contour right?

    Right is an IoU of at least δ, for each δ of 0.3, 0.5 and 0.7 on its own: a `BoxAccuracy` with a curve for
    each. Arguments and errors as for `box_ious`.
    """
    return box_accuracies(score_maps, boxes, thresholds)[1]


def box_accuracies(score_maps, boxes, thresholds=THRESHOLDS):
    """`max_box_acc` and `max_box_acc_v2` in one go, for half the time: they share the search for contours.

    >>> one, two = box_accuracies(np.ones((1, 8, 8)), [[0, 0, 8, 4]])  # the whole image, of which half is the object
    >>> one.score, two.curve[:, 0].tolist()  # an IoU of 0.5 is enough for δ of 0.3 and 0.5
    (100.0, [100.0, 100.0, 0.0])
    """
    ious = box_ious(score_maps, boxes, thresholds)
    right_v2 = ious.best >= DELTAS[:, None, None]
    return _accuracy(ious.largest >= 0.5, thresholds), _accuracy(right_v2, thresholds)


def pxap(score_maps, masks, thresholds=THRESHOLDS):
    """Pixel average precision (Choe et al., section 4.1), 0 to 100: the area under precision over recall.

    score_maps: float, (n, height, width), 0 to 1. masks: the same shape, bool, or uint8 of 1 (object), 0
    (background) and 255 (ignored). The pixels of all images are pooled; found at τ are those that score at
    least τ. (The reference's own thresholds are closer: np.arange(0, 1, 0.001).)
    Raises ValueError for maps or thresholds as `box_ious` does, other masks, and masks without any object.

    >>> pxap(np.array([[[0.9, 0.5, 0.1]]]), np.array([[[True, False, True]]]), [0.1, 0.5, 0.9])  # 100 · (1 + 2/3) / 2
    83.33333333333333
    """
    counts = pixel_counts(score_maps, masks, thresholds)
    if not counts[:, 0].any():
        raise ValueError("no mask marks an object: expected True or 1 in at least one")
    return average_precision(counts.mean(axis=0))


def pixel_counts(score_maps, masks, thresholds=THRESHOLDS):
    """How many pixels of each image score between one threshold and the next: int64, (n, 2, bins).

    Of the object ([:, 0]) and of the background ([:, 1]); the first bin holds what is below all thresholds, the last
    what scores 1. `average_precision` of their mean over images is `pxap`. Arguments and errors as there.
    """
    score_maps = check_score_maps(score_maps)
    masks = _check_masks(masks, score_maps.shape)
    edges = np.unique(np.append(_check_thresholds(thresholds), 1))
    counts = np.zeros((len(masks), 2, len(edges) + 1), np.int64)
    for count, map_, mask in zip(counts, score_maps, masks):
        bins = np.searchsorted(edges, map_, side="right")
        for row, kind in zip(count, (1, 0)):
            row += np.bincount(bins[mask == kind], minlength=len(edges) + 1)
    return counts


def average_precision(counts):
    """Area under precision over recall, 0 to 100, of `pixel_counts` or their mean, (2, bins)."""
    found, wrong = counts[:, :0:-1].cumsum(axis=1)
    precision, recall = found / np.maximum(found + wrong, 1e-12), found / counts[0].sum()
    return float(100 * (precision * np.diff(recall, prepend=0)).sum())


def pointing_game(maps, truth, tolerance=15, labels=None):
    """The pointing game (Zhang et al., ECCV 2016): how often a map's maximum hits the object, in percent.

    maps, truth, tolerance: as for `pointing_hits`. labels: (n,), the class of each map, for the mean over classes of
    their hit rates; without them, the mean over maps.
    Raises ValueError as `pointing_hits` does, and for another number of labels.
    """
    hits = pointing_hits(maps, truth, tolerance)
    labels = np.zeros(len(hits), int) if labels is None else np.asarray(labels)
    if labels.shape != (len(hits),):
        raise ValueError(f"labels have shape {labels.shape}: expected one for each of the {len(hits)} maps")
    return float(100 * np.mean([hits[labels == label].mean() for label in np.unique(labels)]))


def pointing_hits(maps, truth, tolerance=15):
    """Whether each map's maximum hits the object: float64, (n,), 0 to 1.

    maps: finite, (n, height, width), of the images' size. truth: boxes as for `box_ious`, or masks as for
    `pxap`. A hit has a pixel of the object nearer to the maximum than `tolerance` pixels, strictly: 15 is the
    custom, 1 means on the object itself.
    Where several pixels share the maximum, one of them is guessed, and the chance of a hit counts: a constant
    map scores what a random pixel would.
    Raises ValueError for NaN, other shapes, a tolerance that is not positive, and a mask without object.

    >>> pointing_game(np.array([[[0, 0, 9, 0]]]), [[0, 0, 2, 1]], tolerance=1)  # one pixel off
    0.0
    >>> pointing_game(np.array([[[9, 0, 9, 0]]]), [[0, 0, 2, 1]], tolerance=1)  # one of two maxima hits
    50.0
    """
    maps = check_maps(maps)
    if getattr(truth, "dtype", None) not in (bool, np.uint8):
        truth = box_masks(box_lists(truth, len(maps), maps.shape[1:]), maps.shape[1:])
    masks = _check_masks(truth, maps.shape) == 1
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}: expected more than 0 pixels; 1 means on the object")
    empty = ~masks.any(axis=(1, 2))
    if empty.any():
        raise ValueError(f"mask {empty.argmax()} marks no object: expected True or 1 somewhere")
    return np.array([_chance_of_hit(map_, mask, tolerance) for map_, mask in zip(maps, masks)])


def _found(picture, thresholds):
    """`contours_above` the levels of a uint8 picture with different foregrounds, and which each threshold has."""
    levels = (thresholds * int(picture.max())).astype(np.uint8)
    # thresholds with as many of the picture's grey values at or below them share their foreground
    background = np.cumsum(np.bincount(picture.ravel(), minlength=256) > 0)[levels]
    _, chosen, group = np.unique(background, return_index=True, return_inverse=True)
    return contours_above(picture, levels[chosen]), group


def _contour_ious(boxes, starts, largest, truth):
    """The largest contour's IoU and the best one of each level: (2, levels)."""
    ious = iou(boxes[:, None], truth).max(axis=1)
    return np.stack([ious[largest], np.maximum.reduceat(ious, starts)])


def _accuracy(right, thresholds):
    """`BoxAccuracy` of booleans, (n, thresholds) or (δ, n, thresholds)."""
    curve, thresholds = right.sum(axis=-2) * 100 / right.shape[-2], np.asarray(thresholds, float)
    return BoxAccuracy(float(curve.max(axis=-1).mean()), curve, thresholds[curve.argmax(axis=-1)], thresholds)


def _chance_of_hit(map_, mask, tolerance):
    peaks = map_ == map_.max()
    if tolerance > 1 and not mask[peaks].all():  # else no pixel but the object's own is near enough, or needed
        mask = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) < tolerance
    return mask[peaks].mean()


def _check_thresholds(thresholds):
    thresholds = np.asarray(thresholds, float)
    if thresholds.ndim != 1 or not thresholds.size or not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError(f"thresholds are {thresholds}: expected fractions of a map's maximum, 0 to 1")
    return thresholds


def _check_masks(masks, shape):
    masks = np.asarray(masks)
    if masks.shape != shape or masks.dtype not in (bool, np.uint8) or ((masks > 1) & (masks < 255)).any():
        raise ValueError(
            f"masks are {masks.dtype}, shape {masks.shape}: expected bool, or uint8 of 1 (object), 0 "
            f"(background) and 255 (ignored), and the shape of the maps, {shape}"
        )
    return masks
