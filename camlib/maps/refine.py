"""Two half-answers made one: a map knows *which*, the picture's own ink knows *how far*.

A cell of a map has seen a whole window of the picture, so a map smears: it names the right place and blurs its
outline. Ink has an outline and no idea of classes. Their product has both.

A photograph has no ink. There, cells whose features look alike belong together: evidence is handed on among them.
"""

import numpy as np

from ..boxes import LARGEST_VALUE, check_range
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


def propagate(maps, features):
    """Evidence handed on to all cells that look alike, wherever they are: at cell i, where d_j = f_j / ‖f_j‖,

        Σ_j (d_i · d_j) √max(0, map_j)  /  Σ_j (d_i · d_j)

    It is the mean over all cells of the root of positive evidence, each weighed by the cosine of its features with
    those here: the pixel correlation module of Wang, Zhang, Kan, Shan, Chen, "Self-supervised Equivariant Attention
    Mechanism for Weakly Supervised Semantic Segmentation" (CVPR 2020), without its training, and with a root, since
    few cells of a map hold most of it. Both sums are d_i times one vector, so no pair of cells is formed.
    maps: (n, rows, columns), raw, one class each. features: (n, rows, columns, channels), 0 to 1e15, as they leave a
    ReLU: best those of the last convolution, before `winners`. How long the f_j are changes nothing.
    Returns float32, (n, rows, columns), ≥ 0; 0 where all features are. It has no parameter; that the root is taken was
    chosen on training photographs (docs/boxes.md). Raises ValueError for other shapes, NaN, infinity, and features
    below 0.

    >>> features = np.array([[[[3.0, 0], [1, 0], [0, 2]]]])  # two cells alike, and another
    >>> propagate(np.array([[[4.0, 0, -9]]]), features).tolist()  # what spoke for one speaks for both: (√4 + 0) / 2
    [[[1.0, 1.0, 0.0]]]
    """
    maps, features = np.asarray(maps, np.float32), np.asarray(features, np.float32)
    if maps.ndim != 3 or features.ndim != 4 or features.shape[:3] != maps.shape or 0 in features.shape:
        raise ValueError(f"maps {maps.shape} and features {features.shape}: expected one map, (rows, columns), for "
                         "each image's features, (n, rows, columns, channels)")
    check_range(maps, LARGEST_VALUE, "maps")
    check_range(features, 1e15, "features")  # their squares stay in float32
    if features.min() < 0:
        raise ValueError(f"features go down to {features.min():.3g}: expected none below 0; take them after the ReLU")
    cells = features.reshape(len(maps), -1, features.shape[3])
    lengths = np.linalg.norm(cells, axis=2, keepdims=True)
    directions = cells / np.where(lengths > 0, lengths, 1)
    evidence = np.sqrt(maps.clip(0)).reshape(len(maps), -1, 1)
    handed = directions @ (directions * evidence).sum(axis=1)[..., None]
    alike = directions @ directions.sum(axis=1)[..., None]
    return (handed / np.where(alike > 0, alike, 1)).reshape(maps.shape)
