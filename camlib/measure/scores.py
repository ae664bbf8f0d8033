"""Score maps: maps of one class an image, at the image's size, from 0 to 1; and the baselines that cost nothing."""

import cv2
import numpy as np

from ..boxes import LARGEST_VALUE, check_size


def score_maps(maps, size):
    """Raw maps, one class each, stretched to images of `size` = (height, width) and then to [0, 1].

    maps: (n, rows, columns), such as `maps[np.arange(n), :, :, labels]`. OpenCV's INTER_CUBIC, minus the
    minimum, over the maximum; no ReLU. A map that is constant, or holds NaN or infinity, becomes zeros.
    Returns (n, height, width), float32 or float64 as the maps (the reference code works in float64).
    Raises ValueError for another shape, or no maps.

    >>> score_maps(np.array([[[-1, 0], [1, 3]]]), (2, 2)).tolist()
    [[[0.0, 0.25], [0.5, 1.0]]]
    """
    maps = np.asarray(maps)
    _check_stack(maps, "(n, rows, columns), one class each")
    height, width = check_size(size)
    maps = np.ascontiguousarray(maps, np.result_type(maps, np.float32))
    large = np.stack([cv2.resize(map_, (width, height), interpolation=cv2.INTER_CUBIC) for map_ in maps])
    with np.errstate(invalid="ignore", over="ignore"):
        large -= large.min(axis=(1, 2), keepdims=True)
        peak = large.max(axis=(1, 2))
    # the resize leaves rounding noise on a constant map, so ask the map as it came
    usable = np.isfinite(peak) & (peak > 0) & (maps.min(axis=(1, 2)) < maps.max(axis=(1, 2)))
    large[~usable] = 0
    return large / np.where(usable, peak, 1)[:, None, None]


def centre_maps(count, size):
    """Baseline that looks at the middle of every image: float32, (count, height, width), 0 to 1.

    A round Gaussian, as Choe et al.'s centre baseline; its deviation is a quarter of the shorter side.

    >>> centre_maps(1, (3, 3))[0].astype(float).round(2).tolist()
    [[0.0, 0.29, 0.0], [0.29, 1.0, 0.29], [0.0, 0.29, 0.0]]
    """
    height, width = check_size(size)
    y, x = np.ogrid[:height, :width]
    squares = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2
    gaussian = np.exp(-8 * squares / min(height, width) ** 2).astype(np.float32)
    return np.repeat(score_maps(gaussian[None], size), count, axis=0)


def uniform_maps(count, size):
    """Baseline that favours no pixel: ones, float32, (count, height, width). Its box is the whole image.

    >>> uniform_maps(1, (2, 3)).tolist()
    [[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]
    """
    return np.ones((count, *check_size(size)), np.float32)


def ink_maps(images):
    """Baseline that looks where the image is bright: score maps, float32, (n, height, width), 0 to 1.

    images: uint8, (n, height, width), or (n, height, width, 3) for the mean of the colours.

    >>> ink_maps(np.array([[[100, 150], [100, 200]]], np.uint8)).tolist()
    [[[0.0, 0.5], [0.0, 1.0]]]
    """
    images = np.asarray(images)
    grey = images.mean(axis=3, dtype=np.float32) if images.ndim == 4 else images.astype(np.float32)
    return score_maps(grey, images.shape[1:3])


def check_maps(maps):
    """Maps as a finite array (n, height, width), or a ValueError that says why not."""
    maps = np.asarray(maps)
    _check_stack(maps, "(n, height, width)")
    fine = (maps.min(axis=(1, 2)) >= -LARGEST_VALUE) & (maps.max(axis=(1, 2)) <= LARGEST_VALUE)
    if not fine.all():
        raise ValueError(
            f"map {fine.argmin()} holds NaN or infinity, or a number beyond ±{LARGEST_VALUE:.0e}: pass maps through "
            "`score_maps` first"
        )
    return maps


def check_score_maps(score_maps):
    """Score maps as a float array (n, height, width) from 0 to 1, or a ValueError that says why not."""
    score_maps = check_maps(score_maps)
    if score_maps.dtype.kind != "f" or score_maps.min() < 0 or score_maps.max() > 1:
        raise ValueError(
            f"score maps are {score_maps.dtype} from {score_maps.min():.3g} to {score_maps.max():.3g}: "
            "expected floats from 0 to 1, as score_maps(maps, size) makes them"
        )
    return score_maps


def _check_stack(maps, wanted):
    if maps.ndim != 3 or 0 in maps.shape or maps.dtype.kind not in "fiub":
        raise ValueError(f"maps are {maps.dtype}, shape {maps.shape}: expected numbers, {wanted}, not empty")
