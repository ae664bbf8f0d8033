"""The grid pointing game: does the map of each class point at its own picture, where four are shown at once?

Four pictures of four classes, each rightly named by itself, are put together to one, and the map of each class is
asked for its own quarter. No box is needed, chance is 25 %, and the middle of the picture, where most photographs have
their object, is nobody's. Böhle, Fritz, Schiele, "Convolutional Dynamic Alignment Networks for Interpretable
Classifications" (CVPR 2021), after the pointing game of Zhang et al. ("Top-down Neural Attention by Excitation
Backprop", ECCV 2016).

Quarters are counted in reading order: top left, top right, bottom left, bottom right.
"""

import functools
from typing import NamedTuple

import numpy as np

from ..boxes import LARGEST_VALUE, check_range
from ..data import photos as photographs
from ..maps.cam import explain
from ..networks.head import lift
from ..training.transfer import NETWORKS, SIDE, features_of, head_of
from .intervals import bootstrap
from .scores import centre_maps, uniform_maps


class GridPointing(NamedTuple):
    """How well the map of each quarter's class points at that quarter.

    maximum: bool, (n, 4), whether the map's maximum lies there.
    share: float64, (n, 4), 0 to 1, how much of the map's positive part lies there.
    """

    maximum: np.ndarray
    share: np.ndarray


def mosaics(labels, predicted, count, seed=0):
    """Draw `count` times four pictures of four different classes that were named rightly: int64, (count, 4), indices.

    labels, predicted: int, (n,), the true classes and those that the network names. Classes are drawn alike, whether
    they have many pictures or one, then a picture of each; a picture may be in several mosaics, and is never twice in
    one. Raises ValueError where fewer than four classes have a picture that was named rightly.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape:
        raise ValueError(f"labels and predicted have shapes {labels.shape} and {predicted.shape}: expected one class "
                         "a picture, (n,), for both")
    if count < 1:
        raise ValueError(f"count is {count}: expected at least 1 mosaic")
    right = np.flatnonzero(labels == predicted)
    by_class = [right[labels[right] == label] for label in np.unique(labels[right])]
    if len(by_class) < 4:
        raise ValueError(f"{len(by_class)} classes have a picture that is named rightly: a mosaic needs 4; show the "
                         "network more pictures, or train it longer")
    random = np.random.default_rng(seed)
    return np.array([[random.choice(by_class[which]) for which in random.choice(len(by_class), 4, replace=False)]
                     for _ in range(count)], np.int64)


def compose(pictures):
    """Put four pictures together to one of twice the side.

    pictures: uint8, (n, 4, side, side, 3), or grey, (n, 4, side, side). Returns uint8, (n, 2·side, 2·side[, 3]).
    Raises ValueError for other shapes.

    >>> compose(np.array([[[[1]], [[2]], [[3]], [[4]]]], np.uint8)).tolist()
    [[[1, 2], [3, 4]]]
    """
    pictures = np.asarray(pictures)
    shape = pictures.shape
    if pictures.dtype != np.uint8 or shape[1:2] != (4,) or shape[2:3] != shape[3:4] or shape[4:] not in ((), (3,)):
        raise ValueError(f"pictures are {pictures.dtype} of shape {shape}: expected uint8, (n, 4, side, side) or "
                         "(n, 4, side, side, 3)")
    n, _, side, *_ = shape
    by_row = pictures.reshape(n, 2, 2, *shape[2:]).swapaxes(2, 3)  # n, upper or lower, row, left or right, column
    return by_row.reshape(n, 2 * side, 2 * side, *shape[4:])


def quarter_boxes(side):
    """The boxes of the quarters of a mosaic of pictures of `side` px: int64, (4, 4), (x0, y0, x1, y1), half-open."""
    return np.array([(x, y, x + side, y + side) for y in (0, side) for x in (0, side)], np.int64)


def class_maps(maps, classes):
    """The maps of four classes a mosaic, as `grid_pointing` takes them: (n, rows, columns, 4).

    maps: (n, rows, columns, classes), as `explain` returns them. classes: int, (n, 4), the class of each quarter.
    """
    return np.take_along_axis(np.asarray(maps), np.asarray(classes)[:, None, None], axis=3)


def absent_classes(classes, count, seed=0):
    """For control, four different classes that a mosaic does not show: int64, (n, 4). Their maps point by chance.

    classes: int, (n, 4), those it shows. count: how many classes there are, 8 at least (ValueError).
    """
    if count < 8:
        raise ValueError(f"there are {count} classes: expected at least 8, four that a mosaic shows and four others")
    random = np.random.default_rng(seed)
    return np.array([random.choice(np.setdiff1d(np.arange(count), shown), 4, replace=False) for shown in classes])


def grid_pointing(maps):
    """Play the grid pointing game, as `GridPointing`.

    maps: finite numbers, (n, rows, columns, 4), raw; [..., k] is the map of quarter k's class. Two rows and columns
    at least. Where their number is odd, the middle ones lie half in either side: half of what is positive there counts
    for each, and a maximum there is given to the side where the map's mean is larger. Of equals the first quarter has
    the maximum: a constant map points at the top left for each class, one hit in four. A map that is nowhere positive
    prefers no quarter: its share is ¼.
    Raises ValueError for other shapes, NaN and infinity.

    >>> maps = np.zeros((1, 2, 2, 4))
    >>> maps[0, :, :, 0] = [[3, 1], [-9, 0]]  # the map of what is at the top left, and the one of the bottom right
    >>> maps[0, :, :, 3] = [[0, 2], [0, 2]]
    >>> maximum, share = grid_pointing(maps)
    >>> maximum.tolist(), share.tolist()
    ([[True, False, False, False]], [[0.75, 0.25, 0.25, 0.5]])
    """
    maps = np.asarray(maps)
    fine = maps.ndim == 4 and len(maps) and min(maps.shape[1:3]) >= 2 and maps.shape[3] == 4
    if not fine or maps.dtype.kind not in "fiu":
        raise ValueError(f"maps are {maps.dtype}, shape {maps.shape}: expected numbers, (n, rows, columns, 4), 2 rows "
                         "and columns at least, a map for each quarter's class")
    check_range(maps, LARGEST_VALUE, "maps")
    quarters = _quarters(maps.astype(np.float64))
    positive, own = quarters.clip(0).sum(axis=(2, 3)), np.arange(4)  # positive: (n, quarters, classes)
    total = positive.sum(axis=1)
    share = np.where(total > 0, positive[:, own, own] / np.where(total > 0, total, 1), 0.25)
    peaks = quarters.max(axis=(2, 3))
    means = np.where(peaks == peaks.max(axis=1, keepdims=True), quarters.mean(axis=(2, 3)), -np.inf)
    return GridPointing(means.argmax(axis=1) == own, share)


def baselines(count, size, seed=0):
    """Maps that saw no picture, for `grid_pointing`: dict of names → float32, (count, rows, columns, 4).

    size: (rows, columns). "uniform" favours nothing, "centre" is a round Gaussian in the middle, the same for each
    class; "random" is drawn cell by cell, and class by class, from N(0, 1).
    """
    same = {"uniform": uniform_maps(count, size), "centre": centre_maps(count, size)}
    random = np.random.default_rng(seed).standard_normal((count, *size, 4), np.float32)
    return {name: np.repeat(maps[..., None], 4, axis=3) for name, maps in same.items()} | {"random": random}


def grid_table(kinds, drawn):
    """Both figures of the game, in percent, for several kinds of maps: names → {"maximum": `Interval`, "share": …}.

    kinds: dict of names → maps, (n, rows, columns, 4). drawn: int, (n, 4), the pictures that `mosaics` drew.
    Intervals draw photographs, since one that recurs in several mosaics succeeds or fails in all of them alike. They
    cover other photographs of these classes, not another network, and forget that four meet in a mosaic.
    """
    return {name: {figure: bootstrap(100 * rows.ravel().astype(float), groups=np.ravel(drawn))
                   for figure, rows in grid_pointing(maps)._asdict().items()}
            for name, maps in kinds.items()}


def measure(photos, *, network="alexnet", per_class=11, count=100, seed=0, side=SIDE, progress=True):
    """The game for a network that is transferred to photographs, as `python -m camlib grid` prints it.

    photos: `Photos` of 8 categories at least. Of 1,700 photographs (of 224 px: 256 MB) each is read once; of more,
    those in the mosaics may be read again. Options as for `run_transfer`; count: of mosaics, of rightly named
    photographs that it was not trained on, each `side` px, so of 2·side, which the network takes as it is.
    Returns (numbers of the `Transfer`, `grid_table`). Its rows: maps of the four classes; of four absent ones; of the
    four after `lift`, which makes every weight ≥ 0 and changes no probability; of a network with random convolutions,
    its last layer trained all the same, on the same mosaics; and the baselines.
    Raises ValueError as `run_transfer`, `mosaics` and `absent_classes` do.
    """
    read = functools.lru_cache(2**28 // (3 * side**2))(photographs.read)
    networks = NETWORKS[network], functools.partial(NETWORKS[network], weights=None)
    result, unlearnt = map(head_of, features_of(photos, networks, per_class=per_class, seed=seed, side=side, read=read,
                                                progress=progress))
    labels = photos.labels[result.test]
    drawn = mosaics(labels, result.logits.argmax(axis=1), count, seed)
    classes = labels[drawn]
    absent = absent_classes(classes, len(photos.names), seed)
    wholes = compose(np.stack([[read(photos.files[i], side) for i in four] for four in result.test[drawn]]))
    maps = explain(result.model, wholes, batch_size=16).maps
    kinds = {"maps": class_maps(maps, classes), "maps of absent classes": class_maps(maps, absent)}
    lift(result.model, 1)
    kinds["maps, weights lifted to ≥ 0"] = class_maps(explain(result.model, wholes, batch_size=16).maps, classes)
    kinds["random convolutions"] = class_maps(explain(unlearnt.model, wholes, batch_size=16).maps, classes)
    return result.numbers, grid_table(kinds | baselines(count, maps.shape[1:3], seed), drawn)


def as_text(table):
    """A `grid_table` as aligned lines."""
    lines = [f"{'':28}{'maximum':>22}{'share':>22}"]
    return "\n".join(lines + [f"{name:28}{row['maximum']!s:>22}{row['share']!s:>22}" for name, row in table.items()])


def _quarters(maps):
    """Maps (n, rows, columns, 4) cut in quarters: (n, quarters, rows, columns, 4), each cell four times as large.

    So that cells on the middle line are halved, twice as many rows and columns, each cell repeated.
    """
    n, rows, columns, _ = maps.shape
    fine = maps.repeat(2, axis=1).repeat(2, axis=2).reshape(n, 2, rows, 2, columns, 4)
    return fine.swapaxes(2, 3).reshape(n, 4, rows, columns, 4)
