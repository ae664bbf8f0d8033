"""Boxes in pixels, (x0, y0, x1, y1), half-open: around ink, around a map's hottest part, and against each other."""

import numpy as np

LARGEST_SIDE = 1e7  # pixels: areas stay whole numbers in float64
LARGEST_VALUE = 1e30  # of a map's cell: sums and differences of cells stay in float32


def ink_boxes(images):
    """Tight boxes around everything that is not 0: int64, (n, 4) as (x0, y0, x1, y1), half-open.

    An image without ink gets the empty box (0, 0, 0, 0).

    >>> ink_boxes(np.array([[[0, 0, 0, 0], [0, 9, 9, 0], [0, 9, 0, 0]]])).tolist()
    [[1, 1, 3, 3]]
    """
    columns, rows = (images.any(axis=axis) for axis in (1, 2))
    first = [np.argmax(line, axis=1) for line in (columns, rows)]
    last = [line.shape[1] - np.argmax(line[:, ::-1], axis=1) for line in (columns, rows)]
    return np.stack([*first, *last], axis=1) * rows.any(axis=1, keepdims=True)


def largest_box(picture, threshold):
    """Box (x0, y0, x1, y1), half-open, of the first largest 8-connected part above threshold × maximum, or None.

    picture: finite numbers, (height, width). None where nothing is above, as where the maximum is not positive.
    Raises ValueError for NaN, infinity and values beyond ±1e30.

    >>> largest_box(np.array([[9, 0, 5, 5], [0, 0, 5, 5]]), 0.5)  # four pixels of 5 against one of 9
    (2, 0, 4, 2)
    """
    import cv2

    check_range(picture, LARGEST_VALUE, "a picture")
    above = picture > max(threshold * picture.max(), 0)
    if not above.any():
        return None
    _, labels, parts, _ = cv2.connectedComponentsWithStats(above.astype(np.uint8), connectivity=8)
    parts[0, cv2.CC_STAT_AREA] = 0  # the rest
    x, y, width, height, _ = parts[labels.flat[parts[labels, cv2.CC_STAT_AREA].argmax()]].tolist()
    return x, y, x + width, y + height


def iou(boxes, others):
    """Intersection over union of half-open boxes: float64, 0 to 1; 0 where both are empty.

    boxes, others: (..., 4), broadcast against each other: two boxes give a number, and
    `iou(boxes[:, None], others)` the table of all pairs.
    Raises ValueError for another shape, NaN, infinity and coordinates beyond ±1e7.

    >>> float(iou((0, 0, 4, 4), (2, 0, 6, 4)))  # they share 8 pixels of 16 + 16 - 8
    0.3333333333333333
    """
    boxes, others = np.asarray(boxes, float), np.asarray(others, float)
    if boxes.shape[-1:] != (4,) or others.shape[-1:] != (4,):
        raise ValueError(f"boxes have shapes {boxes.shape} and {others.shape}: expected (..., 4)")
    for some in (boxes, others):
        check_range(some, LARGEST_SIDE, "boxes")
    common = _area(np.maximum(boxes[..., :2], others[..., :2]), np.minimum(boxes[..., 2:], others[..., 2:]))
    union = _area(boxes[..., :2], boxes[..., 2:]) + _area(others[..., :2], others[..., 2:]) - common
    return common / np.where(union > 0, union, 1)


def box_masks(boxes, size):
    """Boxes filled in: bool, (n, height, width), True inside any box of an image; boxes as for `box_ious`.

    >>> box_masks([[1, 0, 3, 1]], (2, 4)).astype(int).tolist()
    [[[0, 1, 1, 0], [0, 0, 0, 0]]]
    """
    height, width = check_size(size)
    masks = np.zeros((len(boxes), height, width), bool)
    for mask, truth in zip(masks, box_lists(boxes, len(boxes), (height, width))):
        for x0, y0, x1, y1 in truth:
            mask[y0:y1, x0:x1] = True
    return masks


def around(image, box, side):
    """The square of `side` pixels of an image whose middle is a box's, moved inward where it would reach outside.

    image: (height, width). box: half-open (x0, y0, x1, y1), in pixels.
    """
    x0, y0, x1, y1 = box
    height, width = image.shape
    left = int(np.clip((x0 + x1) // 2 - side // 2, 0, width - side))
    top = int(np.clip((y0 + y1) // 2 - side // 2, 0, height - side))
    return image[top:top + side, left:left + side]


def _area(low, high):
    sides = np.maximum(high - low, 0)
    return sides[..., 0] * sides[..., 1]


def check_range(values, limit, what):
    """ValueError, about `what`, where values hold NaN, infinity or a number beyond ±limit."""
    values = np.asarray(values)
    if not (abs(values) <= limit).all():
        raise ValueError(
            f"{what} with NaN, infinity or numbers beyond ±{limit:.0e}: expected finite and smaller numbers"
        )


def check_size(size):
    if np.shape(size) != (2,) or min(size) < 1:
        raise ValueError(f"size is {size}: expected (height, width) in pixels, at least 1 each")
    return tuple(size)


def box_lists(boxes, count, size):
    """Ground truth as `count` arrays, int64, (k, 4), k ≥ 1, every box inside an image of `size`."""
    lists = [np.atleast_2d(some) for some in boxes]
    if len(lists) != count:
        raise ValueError(f"there are boxes of {len(lists)} images: expected {count}, one set for each map")
    height, width = size
    for number, some in enumerate(lists):
        if some.ndim != 2 or some.shape[1] != 4 or not len(some) or some.dtype.kind not in "iu":
            raise ValueError(
                f"boxes of image {number} are {some.dtype}, shape {some.shape}: expected integers, (k, 4)"
            )
        x0, y0, x1, y1 = some.T
        bad = (x0 < 0) | (y0 < 0) | (x0 >= x1) | (y0 >= y1) | (x1 > width) | (y1 > height)
        if bad.any():
            raise ValueError(
                f"box {some[bad.argmax()].tolist()} of image {number} is empty or leaves the image: expected "
                f"0 <= x0 < x1 <= {width} and 0 <= y0 < y1 <= {height}, in pixels of the map"
            )
    return [some.astype(np.int64) for some in lists]
