"""How much of a map's heat, what speaks for the class, lies where the object is."""

import numpy as np

from ..boxes import box_masks
from ..maps.arrays import upsample
from .intervals import bootstrap


def heat_in_boxes(maps, scenes, margin=0):
    """Percent of the true classes' heat that lies in the true boxes, of all scenes together, as an `Interval`.

    maps: (n, rows, columns, classes), raw, as `explain` returns them; heat is their positive part, at the size of the
    scenes. scenes: n `Scenes`, with one digit each. margin: px that each box is wider to all sides. The interval is by
    digits, since scenes that share a digit have alike maps.

    >>> from types import SimpleNamespace as Some
    >>> maps, scene = np.zeros((2, 2, 2, 1)), np.zeros((2, 2, 2), np.uint8)
    >>> maps[:, 0, 0, 0], maps[:, 1, 1, 0] = 3, 1
    >>> scenes = Some(images=scene, labels=[0, 0], boxes=np.array([[0, 0, 1, 1]] * 2), digits=[0, 1])
    >>> print(heat_in_boxes(maps, scenes))  # three of four
    75.0
    """
    height, width = size = scenes.images.shape[1:3]
    wider = (scenes.boxes + np.array([-margin, -margin, margin, margin])).clip(0, [width, height, width, height])
    true = np.take_along_axis(np.asarray(maps), np.asarray(scenes.labels)[:, None, None, None], axis=3)[..., 0]
    heat = np.maximum(upsample(true, size), 0)
    sums = np.stack([(heat * box_masks(wider, size)).sum(axis=(1, 2)), heat.sum(axis=(1, 2))], axis=1)
    return bootstrap(sums, lambda mean: 100 * mean[0] / mean[1], groups=scenes.digits)
