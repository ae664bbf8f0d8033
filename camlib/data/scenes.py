"""Cluttered MNIST: a digit somewhere on a canvas, among pieces of other digits.

The recipe is DeepMind's: a few small crops of random digits are added at random places, then the digit at a
random place; what exceeds white is clipped. Ground-truth boxes come for free, so that maps can be measured.
"""

import weakref
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..boxes import ink_boxes

CHUNK = 128  # scenes made at a time: 1.3 MB of canvas stays in the processor's cache


class Scenes(NamedTuple):
    """Canvases with what they show and where.

    images: uint8, (n, size, size).
    labels: int64, (n,); with k digits a scene where k is not 1, (n, k) in order of pasting.
    boxes: int64, (n, 4) or (n, k, 4): (x0, y0, x1, y1) of the digit's ink, in pixels, half-open.
    digits: int64, (n,) or (n, k): which of the digits was pasted. Scenes that share one succeed or fail together,
        which an interval has to know (`camlib.bootstrap`, its groups).
    """

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    digits: np.ndarray | None = None


def make_scenes(digits, number, *, size=100, distractors=8, crop=8, digits_per_scene=1, seed=0):
    """`number` scenes from `digits`; the same arguments give the same bytes on any machine.

    `size` is the side of the square canvas and `crop` that of a distractor, in pixels. `seed` is an int or a
    sequence of ints, such as (run, step). Digits of one scene may overlap; with none, a scene is clutter alone.
    Raises ValueError for digits of the wrong shape, dtype or number, or a canvas that they do not fit.

    Two "digits", a 0 of one pixel's ink and a 1 of two, on canvases of 4 × 4 pixels without clutter:

    >>> from camlib.data.digits import Digits
    >>> two = Digits(np.array([[[90, 0], [0, 0]], [[0, 90], [0, 90]]], np.uint8), np.array([0, 1]))
    >>> images, labels, boxes, _ = make_scenes(two, 50, size=4, distractors=0, crop=1)
    >>> [images[labels == label].sum(axis=(1, 2)).max().item() for label in (0, 1)]
    [90, 180]
    >>> x0, y0, x1, y1 = boxes[0]  # all of the ink is inside the box
    >>> bool(images[0].any() and images[0, y0:y1, x0:x1].sum() == images[0].sum())
    True
    """
    _check(digits, number, size, distractors, crop, digits_per_scene)
    random = np.random.default_rng(seed)
    images = np.zeros((number, size, size), np.uint8)
    chosen = np.empty((number, digits_per_scene), np.int64)
    corners = np.empty((number, digits_per_scene, 2), np.int64)
    for start in range(0, number, CHUNK):
        part = slice(start, start + CHUNK)
        chosen[part], corners[part] = _fill(
            images[part], digits.images, distractors, crop, digits_per_scene, random
        )
    side = digits.images.shape[1]
    ink = ink_boxes(digits.images[chosen].reshape(-1, side, side)).reshape(number, digits_per_scene, 4)
    boxes = ink + np.concatenate([corners, corners], axis=-1)
    labels = digits.labels[chosen]
    if digits_per_scene == 1:
        labels, boxes, chosen = labels[:, 0], boxes[:, 0], chosen[:, 0]
    return Scenes(images, labels, boxes, chosen)


def scene_dataset(digits, batch=128, *, empty=0.0, seed=0, start=0, **scene_options):
    """An endless `tf.data.Dataset` of (images, labels) batches, made on the fly while the last one trains.

    images: uint8, (batch, size, size); labels: int64, (batch,), one digit a scene. The last `round(empty * batch)`
    scenes of a batch hold clutter only and are labelled −1. Batch i depends on `seed` and i alone, so a run that
    stopped before batch i goes on with `start=i`. `scene_options` are those of `make_scenes`.

    >>> from camlib.data.digits import Digits
    >>> dots = Digits(np.full((1, 2, 2), 90, np.uint8), np.array([7]))
    >>> images, labels = next(iter(scene_dataset(dots, batch=4, empty=0.25, size=6, crop=1)))
    >>> images.shape.as_list(), labels.numpy().tolist()
    ([4, 6, 6], [7, 7, 7, -1])
    """
    from ..backend import tf

    bare, held = round(empty * batch), [digits]

    def make_batch(number):
        digits = next(iter(held))  # none held is the end of the batches
        scenes = make_scenes(digits, batch - bare, seed=(seed, number), **scene_options)
        clutter = make_scenes(digits, bare, seed=(seed, number, 1), digits_per_scene=0, **scene_options)
        labels = np.append(scenes.labels, np.full(bare, -1))
        return np.concatenate([scenes.images, clutter.images]), labels

    images, labels = make_batch(start)  # bad arguments fail here, not inside TensorFlow's thread
    signature = tf.TensorSpec(images.shape, tf.uint8), tf.TensorSpec(labels.shape, tf.int64)
    batches = tf.data.Dataset.from_generator(lambda: map(make_batch, count(start)), output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread sleeps for up to a minute, and dropping an iterator waits for it
    weakref.finalize(batches, held.clear)  # TensorFlow keeps every generator: let go of the digits
    return batches.prefetch(2).with_options(options)


def _fill(canvas, digit_images, distractors, crop, digits_per_scene, random):
    """Paste distractors, then digits, on a chunk; returns which digits and their corners (x, y)."""
    scenes, size = canvas.shape[:2]
    pieces = sliding_window_view(digit_images, (crop, crop), axis=(1, 2))
    for _ in range(distractors):
        source = [random.integers(0, length, scenes) for length in pieces.shape[:3]]
        _add(canvas, pieces[*source], *random.integers(0, size - crop + 1, (2, scenes)))
    side = digit_images.shape[1]
    chosen = random.integers(0, len(digit_images), (digits_per_scene, scenes))
    corners = random.integers(0, size - side + 1, (digits_per_scene, 2, scenes))
    for which, (x, y) in zip(chosen, corners):
        _add(canvas, digit_images[which], x, y)
    return chosen.T, corners.transpose(2, 0, 1)


def _add(canvas, patches, x, y):
    """Add one square patch to each canvas at its (x, y), clipped at white."""
    windows = sliding_window_view(canvas, patches.shape[1:], axis=(1, 2), writeable=True)
    scene = np.arange(len(canvas))
    below = windows[scene, y, x]
    windows[scene, y, x] = below + np.minimum(patches, 255 - below)


def _check(digits, number, size, distractors, crop, digits_per_scene):
    images, labels = digits
    if images.ndim != 3 or images.dtype != np.uint8 or len(images) != len(labels) or not len(images):
        raise ValueError(
            "digits must be uint8 images (n, side, side) with n labels, n at least 1; got "
            f"{images.dtype} images {images.shape} and {len(labels)} labels"
        )
    if min(number, distractors, digits_per_scene) < 0:
        raise ValueError(
            f"number={number}, distractors={distractors}, digits_per_scene={digits_per_scene}: "
            "none of them can be negative"
        )
    side = images.shape[1]
    if not 1 <= crop <= side <= size:
        raise ValueError(
            f"crop={crop}, digits of {side} px, canvas of size={size}: expected 1 <= crop <= digit <= canvas"
        )


def pair_scenes(digits, number, *, seed=0, **options):
    """`number` scenes of two digits of different classes, otherwise as `scenes.make_scenes` makes them.

    Raises ValueError for digits of a single class, which make no such pair.

    >>> from camlib.data.digits import Digits
    >>> dots = Digits(np.full((2, 2, 2), 90, np.uint8), np.array([3, 8]))
    >>> sorted(set(map(tuple, pair_scenes(dots, 20, size=6, crop=1).labels.tolist())))
    [(3, 8), (8, 3)]
    """
    if len(np.unique(digits.labels)) < 2:
        raise ValueError("the digits are all of one class: expected at least two")
    parts, found, attempt = [], 0, 0
    while found < number:
        drawn = make_scenes(digits, number, digits_per_scene=2, seed=(seed, attempt), **options)
        different = drawn.labels[:, 0] != drawn.labels[:, 1]
        parts.append([array[different] for array in drawn])
        found, attempt = found + different.sum(), attempt + 1
    return Scenes(*(np.concatenate(arrays)[:number] for arrays in zip(*parts)))
