"""Contours of all levels at once against OpenCV, asked level by level."""

import cv2
import numpy as np
import pytest

from camlib.measure import contours


def one_by_one(picture, level):
    """The reference's boxes of the contours above one level, half-open, and which of them encloses most."""
    height, width = picture.shape
    found, _ = cv2.findContours((picture > level).astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if not found:
        return [[0, 0, 1, 1]], 0
    boxes = [[x, y, min(x + w + 1, width), min(y + h + 1, height)] for x, y, w, h in map(cv2.boundingRect, found)]
    return boxes, max(range(len(found)), key=lambda i: cv2.contourArea(found[i]))


def pictures(kind, random):
    if kind == "noise":
        return random.integers(0, 256, (23, 31), dtype=np.uint8)
    if kind == "plateaus":  # many contours of equal area
        return random.integers(0, 4, (19, 40), dtype=np.uint8) * np.uint8(60)
    if kind == "rings":  # holes within holes
        y, x = np.ogrid[:45, :45]
        return (127 + 127 * np.cos(np.hypot(y - 22, x - 22) + random.random())).astype(np.uint8)
    return random.integers(0, 256, kind, dtype=np.uint8)


@pytest.mark.parametrize("sheet", [1, 3000, 10**6])
@pytest.mark.parametrize("kind", ["noise", "plateaus", "rings", (1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_all_levels_at_once_are_what_each_is_alone(kind, seed, sheet, monkeypatch):
    monkeypatch.setattr(contours, "SHEET", sheet)  # how many levels share one search
    picture = pictures(kind, np.random.default_rng(seed))
    levels = np.random.default_rng(seed).permutation(np.arange(0, 256, 5, dtype=np.uint8))  # the last has no contour
    boxes, starts, largest = contours.contours_above(picture, levels)
    assert boxes.dtype == np.int64
    for level, own, start, best in zip(levels, np.split(boxes, starts[1:]), starts, largest):
        expected, expected_largest = one_by_one(picture, level)
        assert own.tolist() == expected and best - start == expected_largest
