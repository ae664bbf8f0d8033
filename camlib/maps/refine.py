"""Two half-answers made one: a map knows *which*, the picture's own ink knows *how far*.

A cell of a map has seen a whole window of the picture, so a map smears: it names the right place and blurs its
outline. Ink has an outline and no idea of classes. Their product has both.
"""

import numpy as np

from .arrays import upsample


def on_ink(maps, images):
    """Positive evidence where there is ink: max(0, map) on every pixel that is not paper, 0 elsewhere.

    maps: (n, rows, columns), raw, one class each. images: uint8, (n, height, width), 0 is paper.
    Returns float32, (n, height, width). It has no parameter: nothing in it was tuned.
    Raises ValueError for other shapes. It suits scenes whose paper is blank; a photograph has no ink.

    >>> scene = np.array([[[0, 9, 9, 0, 0, 0, 7, 0]]], np.uint8)  # a stroke on the left, another on the right
    >>> on_ink(np.array([[[4.0, -2.0]]]), scene)                  # evidence for the left half, against the right
    array([[[0.  , 4.  , 3.25, 0.  , 0.  , 0.  , 0.  , 0.  ]]], dtype=float32)
    """
    maps, images = np.asarray(maps, np.float32), np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 3 or maps.ndim != 3 or len(maps) != len(images):
        raise ValueError(f"maps {maps.shape} and images {images.dtype}, {images.shape}: expected one map, (rows, "
                         "columns), for each grey image, uint8, (n, height, width)")
    evidence = upsample(maps[..., None], images.shape[1:])[..., 0]
    return np.maximum(evidence, 0) * (images > 0)
