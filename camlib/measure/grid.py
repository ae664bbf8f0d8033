"""The grid pointing game: does the map of each class point at its own picture, where four are shown at once?

Four pictures of four classes, each rightly named by itself, are put together to one, and the map of each class is
asked for its own quarter. No box is needed, chance is 25 %, and the middle of the picture, where most photographs have
their object, is nobody's. Böhle, Fritz, Schiele, "Convolutional Dynamic Alignment Networks for Interpretable
Classifications" (CVPR 2021), after the pointing game of Zhang et al. ("Top-down Neural Attention by Excitation
Backprop", ECCV 2016).

As there, the surest pictures come first, each in one mosaic only. Unlike there, a mosaic has 2×2 pictures, not 3×3;
positive parts are summed over a map's cells, not over pixels; and a map that is nowhere positive has a share of ¼, not
0. Intervals draw mosaics.

What to compare with? A map that is the same for all four classes gets 25 %, whatever it shows: it has its maximum in
one quarter, which is one class's own. And since quarters are given by lot, so does *any* map of a class that is not
shown, on average: a row for those could not fail, and there is none. Random convolutions with a trained head can. So
can the belief that maps of absent classes point by chance: see `at_blind_peak`.

Quarters are counted in reading order: top left, top right, bottom left, bottom right.
"""

import functools
from typing import NamedTuple

import numpy as np

from ..boxes import LARGEST_VALUE, check_range
from ..data import photos as photographs
from ..maps.arrays import softmax
from ..maps.cam import explain
from ..networks.head import lift
from ..training.features import batch_size
from ..training.transfer import NETWORKS, SIDE, features_of, head_of
from .intervals import Interval, bootstrap

CONSTANT = Interval(25.0, 25.0, 25.0)  # percent: what a map that is the same for all four classes gets


class GridPointing(NamedTuple):
    """How well the map of each quarter's class points at that quarter.

    maximum: bool, (n, 4), whether the map's maximum lies there.
    share: float64, (n, 4), 0 to 1, how much of the map's positive part lies there.
    """

    maximum: np.ndarray
    share: np.ndarray


def mosaics(labels, predicted, count=None, seed=0, sureness=None):
    """Put pictures that were named rightly together, four of four different classes: int64, (n, 4), indices.

    labels, predicted: int, (n,), the true classes and those that the network names. Each picture is in one mosaic at
    most. count: of mosaics, at most; None for as many as the pictures make. sureness: numbers, (n,), such as the
    probability of the class that is named; the surest pictures of each class then come first, else as the lot has it.
    A mosaic takes the four classes that have most pictures left, of equals by lot, which makes most mosaics; the lot
    also says which of the four comes to which quarter.
    Raises ValueError where fewer than four classes have a picture that was named rightly.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape:
        raise ValueError(f"labels and predicted have shapes {labels.shape} and {predicted.shape}: expected one class "
                         "a picture, (n,), for both")
    if count is not None and count < 1:
        raise ValueError(f"count is {count}: expected at least 1 mosaic, or None for as many as there can be")
    random = np.random.default_rng(seed)
    right = random.permutation(np.flatnonzero(labels == predicted))
    if sureness is not None:
        right = right[np.asarray(sureness)[right].argsort(kind="stable")]  # the surest last
    left = [right[labels[right] == label].tolist() for label in np.unique(labels[right])]
    if len(left) < 4:
        raise ValueError(f"{len(left)} classes have a picture that is named rightly: a mosaic needs 4; show the "
                         "network more pictures, or train it longer")
    drawn = []
    while sum(map(bool, left)) >= 4 and len(drawn) != count:
        most = sorted(random.permutation(len(left)), key=lambda which: len(left[which]))[-4:]
        drawn.append([left[which].pop() for which in random.permutation(most)])
    return np.array(drawn, np.int64)


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


def at_blind_peak(maps, classes):
    """How many of the classes that a mosaic does not show peak in the quarter where the class-blind map does.

    maps: (n, rows, columns, classes), of all classes. classes: int, (n, 4), those shown; there must be others. The
    class-blind map is the spread of all maps, cell by cell, over the classes. Returns float64, (n,), 0 to 1: ¼ on
    average if absent classes pointed by chance.
    """
    maps = np.asarray(maps)
    blind = _peaks(_quarters(maps.std(axis=-1, keepdims=True)))
    absent = np.ones((len(maps), maps.shape[-1]), bool)
    np.put_along_axis(absent, np.asarray(classes), False, axis=1)
    return ((_peaks(_quarters(maps)) == blind) & absent).sum(axis=1) / absent.sum(axis=1)


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
    return GridPointing(_peaks(quarters) == own, share)


def grid_table(kinds):
    """Both figures of the game, in percent, for several kinds of maps: names → {"maximum": `Interval`, "share": …}.

    kinds: dict of names → maps, (n, rows, columns, 4). Intervals draw mosaics: they cover other photographs of these
    classes, not another network. Where all four maps of each mosaic are the same, 25 is no measurement, and
    `CONSTANT`.
    """
    return {name: {figure: CONSTANT if (maps == maps[..., :1]).all() else
                   bootstrap(100 * rows.ravel().astype(float), groups=np.arange(len(maps)).repeat(4))
                   for figure, rows in grid_pointing(maps)._asdict().items()}
            for name, maps in kinds.items()}


def mosaics_of(result, count=None, read=photographs.read):
    """Mosaics of the photographs that a `Transfer` was tested on, the surest first: (places in `result.test`, int64,
    (n, 4); uint8, (n, 2·side, 2·side, 3)). count, and what is raised: as for `mosaics`."""
    labels, side = result.photos.labels[result.test], result.numbers["side"]
    drawn = mosaics(labels, result.logits.argmax(axis=1), count, result.numbers["seed"],
                    softmax(result.logits).max(axis=1))
    pictures = [[read(result.photos.files[i], side) for i in four] for four in result.test[drawn]]
    return drawn, compose(np.stack(pictures))


def measure(photos, *, network="alexnet", per_class=11, count=None, seed=0, side=SIDE, progress=True):
    """The game for a network that is transferred to photographs, as `python -m camlib grid` prints it.

    photos: `Photos` of 5 categories at least. Of 1,700 photographs (of 224 px: 256 MB) each is read once; of more,
    those in the mosaics may be read again. Options as for `run_transfer`; count: of mosaics, at most, of rightly named
    photographs that it was not trained on, each `side` px, so of 2·side, which the network takes as it is.
    Returns (numbers of the `Transfer`, and of "mosaics"; `grid_table`; the `Interval` of `at_blind_peak`, in percent).
    Rows of the table: maps of the four classes; of the four after `lift`, which makes every weight ≥ 0 and changes no
    probability; of a network with random convolutions, its last layer trained all the same, on the same mosaics; and
    the class-blind map.
    Raises ValueError as `run_transfer` and `mosaics` do, and for fewer than 5 categories.
    """
    if len(photos.names) < 5:
        raise ValueError(f"there are {len(photos.names)} categories: expected at least 5; a mosaic needs 4, and one "
                         "more is absent from it")
    read = functools.lru_cache(2**28 // (3 * side**2))(photographs.read)
    networks = NETWORKS[network], functools.partial(NETWORKS[network], weights=None)
    result, unlearnt = map(head_of, features_of(photos, networks, per_class=per_class, seed=seed, side=side, read=read,
                                                progress=progress))
    drawn, wholes = mosaics_of(result, count, read)
    classes, size = photos.labels[result.test[drawn]], batch_size(result.model, 2 * side)
    maps, random_maps = (explain(model, wholes, size).maps for model in (result.model, unlearnt.model))
    lift(result.model, 1)
    lifted = explain(result.model, wholes, size).maps
    table = grid_table({"maps": class_maps(maps, classes), "maps, weights lifted to ≥ 0": class_maps(lifted, classes),
                        "random convolutions": class_maps(random_maps, classes),
                        "class-blind": maps.std(axis=-1, keepdims=True).repeat(4, axis=-1)})
    follow = bootstrap(100 * at_blind_peak(maps, classes), share=False)
    return result.numbers | {"mosaics": len(drawn)}, table, follow


def as_text(table):
    """A dict of rows, each a dict of figures → `Interval`, as aligned lines."""
    columns = list(dict.fromkeys(figure for row in table.values() for figure in row))
    lines = [f"{'':28}" + "".join(f"{figure:>22}" for figure in columns)]
    return "\n".join(lines + [f"{name:28}" + "".join(f"{row[figure]!s:>22}" for figure in columns)
                              for name, row in table.items()])


def _quarters(maps):
    """Maps (n, rows, columns, k) cut in quarters: (n, quarters, rows, columns, k), each cell four times as large.

    So that cells on the middle line are halved, twice as many rows and columns, each cell repeated.
    """
    n, rows, columns, k = maps.shape
    fine = maps.repeat(2, axis=1).repeat(2, axis=2).reshape(n, 2, rows, 2, columns, k)
    return fine.swapaxes(2, 3).reshape(n, 4, rows, columns, k)


def _peaks(quarters):
    """The quarter in which each map has its maximum, of several the one whose mean is largest: int64, (n, k)."""
    peaks = quarters.max(axis=(2, 3))
    means = np.where(peaks == peaks.max(axis=1, keepdims=True), quarters.mean(axis=(2, 3)), -np.inf)
    return means.argmax(axis=1)
