"""Scenes with a stamp: a small square code somewhere on the paper, beside the digit, as a scanner might leave one.

A stamp is one of ten codes of 3 × 3 modules, each with four inked modules of 2 × 2 pixels, and any two of them differ
in four modules at least. It covers what is below it, so it can be stamped over by another, or erased.
"""

import numpy as np

from .scenes import make_scenes

MODULE = 2  # px
SIDE = 3 * MODULE
CODES = np.array([[int(module) for module in code] for code in (
    "111100000", "110001001", "110000110", "101010010", "101001100",
    "100111000", "100100011", "100010101", "011011000", "011000101",
)], np.uint8).reshape(10, 3, 3)


def draw_codes(labels, follow=0.0, seed=0):
    """A code for each scene, int64, (n,), 0 to 9: at random, but the label itself in a share `follow` of scenes."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 10, len(labels))
    return np.where(random.random(len(labels)) < follow, labels, codes)


def draw_places(boxes, size, seed=0):
    """A box for each scene's stamp, int64, (n, 4), at random on a canvas of `size` px, off the box of its digit.

    boxes: (n, 4), those of the digits. Raises ValueError for a canvas without room beside a digit.
    """
    if size < 28 + SIDE:
        raise ValueError(f"size is {size}: expected at least {28 + SIDE} px, room for a digit and a stamp beside it")
    random = np.random.default_rng(seed)
    places = np.zeros((len(boxes), 4), np.int64)
    left = np.arange(len(boxes))  # scenes that have no place yet
    while len(left):
        x0, y0 = random.integers(0, size - SIDE + 1, (2, len(left)))
        places[left] = np.stack([x0, y0, x0 + SIDE, y0 + SIDE], axis=1)
        digit, drawn = boxes[left], places[left]
        touches = ((drawn[:, :2] < digit[:, 2:]) & (digit[:, :2] < drawn[:, 2:])).all(axis=1)
        left = left[touches]
    return places


def stamp(images, places, codes):
    """The images, uint8, (n, size, size), with the stamp of each code at its place; a copy.

    >>> stamp(np.zeros((1, 8, 8), np.uint8), [[1, 2, 7, 8]], [0])[0, 2:8:2, 1:7:2].tolist()
    [[255, 255, 255], [255, 0, 0], [0, 0, 0]]
    """
    stamped = images.copy()
    pictures = 255 * np.kron(CODES, np.ones((MODULE, MODULE), np.uint8))
    for image, (x0, y0, x1, y1), code in zip(stamped, places, codes):
        image[y0:y1, x0:x1] = pictures[code]
    return stamped


def stamped_scenes(digits, number, *, follow=0.0, codes=None, seed=0, size=100, **options):
    """`Scenes` of `make_scenes`, each with a stamp; their codes, int64, (n,), and places, int64, (n, 4).

    follow: the share of scenes whose stamp tells the label. codes: of the stamps, in place of drawn ones; all else
    stays as it is. seed: an int or a sequence of ints.
    """
    scenes = make_scenes(digits, number, size=size, seed=seed, **options)
    of_codes, of_places = np.random.SeedSequence(seed).spawn(2)
    codes = draw_codes(scenes.labels, follow, of_codes) if codes is None else codes
    places = draw_places(scenes.boxes, size, of_places)
    return scenes._replace(images=stamp(scenes.images, places, codes)), codes, places
