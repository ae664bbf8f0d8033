"""Boxes of contours, at many grey levels of a picture in one search."""

import cv2
import numpy as np

SHEET = 100_000  # pixels searched at a time, few enough for a processor's cache


def contours_above(picture, levels):
    """Boxes of all contours, holes too, that `cv2.findContours` finds of what is brighter than each level.

    picture: uint8, (height, width). levels: uint8, (n,), n ≥ 1. Returns the reference's box of each contour, int64,
    (contours, 4), half-open, level by level; the first contour of each level, int64, (n,), since it has one at least;
    and its contour that encloses most, the first of equals, int64, (n,).
    `cv2.boundingRect` gives x + width = maximum + 1; the reference takes it for an inclusive corner, at most
    the image's width − 1; half-open, that is maximum + 2, at most the width. Where no pixel is brighter, one
    contour off the image, at (−1, −1), stands in for none: its box becomes (0, 0, 1, 1).

    >>> picture = np.zeros((9, 9), np.uint8)
    >>> picture[1:7, 1:7], picture[2:4, 2:4] = 100, 200
    >>> boxes, starts, largest = contours_above(picture, np.array([0, 100, 200], np.uint8))
    >>> boxes[largest].tolist()  # of the large square, of the one in it, of nothing
    [[1, 1, 8, 8], [2, 2, 5, 5], [0, 0, 1, 1]]
    """
    height, width = picture.shape
    found = _on_sheets(picture, levels)
    lengths = np.array(list(map(len, found)))
    points, starts = np.concatenate(found)[:, 0], lengths.cumsum() - lengths
    (x0, y0), (x1, y1) = np.minimum.reduceat(points, starts).T, np.maximum.reduceat(points, starts).T
    (x, y), following = points.T, np.arange(1, len(points) + 1)
    following[starts + lengths - 1] = starts
    areas = abs(np.add.reduceat((x + x[following]) * (y[following] - y), starts))  # twice the area, by trapezoids
    level = y0 // (height + 2)
    top = level * (height + 2) + 2
    corners = x0, y0 - top, (x1 + 2).clip(max=width), (y1 - top + 2).clip(max=height)
    boxes = np.stack(corners, axis=1, dtype=np.int64).clip(0)
    order = np.argsort(level, kind="stable")
    counts, areas = np.bincount(level), areas[order]
    starts = counts.cumsum() - counts
    largest = np.flatnonzero(areas == np.maximum.reduceat(areas, starts).repeat(counts))
    return boxes[order], starts, largest[np.searchsorted(largest, starts)]


def _on_sheets(picture, levels):
    """Contours of the foregrounds of all levels, one below the other, each under two blank rows."""
    blank = cv2.copyMakeBorder(picture, 2, 0, 1, 0, cv2.BORDER_CONSTANT)
    (height, width), found, peak = blank.shape, [], picture.max()
    step = max(1, SHEET // blank.size)
    for start in range(0, len(levels), step):
        some = levels[start : start + step, None]
        sheet = (blank.ravel() > some).view(np.uint8)
        sheet[:, width] = some[:, 0] >= peak  # (−1, −1), seen from the foreground
        found += cv2.findContours(sheet.reshape(-1, width), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE,
                                  offset=(-1, start * height))[0]
    return found
