"""Do maps find the object in a photograph, when nobody ever said where it is? `python -m camlib boxes`.

The photographs come with boxes that no network was shown. Metrics are those of `localize`, and the paper's
localisation error: is the photograph named rightly *and* boxed rightly? Beside the threshold that suits the measured
photographs best stand the paper's (a fifth of the maximum, Zhou et al., section 3.2) and the one that suits the boxes
of the training photographs best. Rivals know nothing of the class, or nothing at all: the spread of all classes' maps,
a round blob in the middle, the whole picture. In mosaics of four (`grid`) only the class tells which object is meant;
there the rival is a blob that is told which quarter: see `quarter_blobs`.

The published metric stretches a map from its minimum, so that strong evidence *against* a class lifts zero into the
middle of the scale. Two kinds of maps leave that evidence out: the positive part, and its square root. The metric
stays.

Photographs are squeezed to squares, and their boxes with them: but for rounding to pixels, that changes no IoU.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..data import photos as photographs
from ..maps.cam import explain
from ..training.features import SIDE, View, batch_size, before_head, features
from ..training.transfer import NETWORKS, Transfer, head_of
from .grid import class_maps, mosaics_of, quarter_boxes
from .intervals import bootstrap, mean_of_classes
from .localize import DELTAS, THRESHOLDS, box_ious, pointing_hits
from .scores import centre_maps, score_maps, uniform_maps

PAPER = 0.2  # of a map's maximum: the threshold of Zhou et al.
KINDS = {  # score maps from the maps of all classes, (n, rows, columns, classes), and of one, (n, rows, columns)
    "CAM": lambda maps, own, size: score_maps(own, size),
    "CAM, ReLU first": lambda maps, own, size: score_maps(own.clip(0), size),
    "CAM, root of ReLU": lambda maps, own, size: score_maps(np.sqrt(own.clip(0)), size),
    "class-blind": lambda maps, own, size: score_maps(maps.std(axis=-1), size),
    "blob in the middle": lambda maps, own, size: centre_maps(len(own), size),
    "whole picture": lambda maps, own, size: uniform_maps(len(own), size),
}
IN_MOSAICS = {kind: make for kind, make in KINDS.items() if kind != "whole picture"} | {
    "blob in CAM's quarter": lambda maps, own, size: quarter_blobs(score_maps(own, size)),
}
PLACES = {  # of the largest object: edges of bins
    "area": (0, 0.1, 0.2, 0.4, 0.6, 1),  # of its box, as a share of the picture
    "distance": (0, 0.05, 0.1, 0.2, 0.71),  # from its middle to the picture's, in sides of the square
}


class Evidence(NamedTuple):
    """What figures are read off, for one kind of maps, a row a map.

    largest: bool, (n, thresholds), whether the box of the largest contour has an IoU ≥ 0.5 with one of the truth's.
    best: bool, (n, 3, thresholds), whether any contour's has an IoU ≥ 0.3, 0.5, 0.7.
    inside: float64, (n,), whether the maximum lies in a box; of several maxima, which share of them.
    chosen: bool, (n,), `largest` at the threshold that training photographs chose.
    """

    largest: np.ndarray
    best: np.ndarray
    inside: np.ndarray
    chosen: np.ndarray


def quarter_blobs(scores):
    """The blob of a single photograph, put into that quarter of a mosaic where a map has its maximum, the first of
    several: it knows *which*, as the map does, and of *how far* nothing.

    scores: (n, 2·side, 2·side), such as score maps. Returns float32, the same shape, 0 outside the quarter.

    >>> points_at_the_top_right = np.eye(6)[None, ::-1] * [0, 0, 0, 1, 2, 3]
    >>> quarter_blobs(points_at_the_top_right)[0, :3].astype(float).round(2).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.29, 0.0], [0.0, 0.0, 0.0, 0.29, 1.0, 0.29], [0.0, 0.0, 0.0, 0.0, 0.29, 0.0]]
    """
    side, made = scores.shape[1] // 2, np.zeros(scores.shape, np.float32)
    for score, blob in zip(scores, made):
        row, column = np.unravel_index(score.argmax(), score.shape)
        top, left = row // side * side, column // side * side
        blob[top:top + side, left:left + side] = centre_maps(1, (side, side))[0]
    return made


def evidence(maps, own, boxes, side, thresholds=None, kinds=KINDS):
    """`Evidence` for each of `kinds`: a dict.

    maps: (n, rows, columns, classes), raw. own: (n, rows, columns), of the class asked for. boxes: for each map int,
    (k, 4), k ≥ 1, in a picture of side×side px. thresholds: for each kind a place in THRESHOLDS; by default, the one
    that suits these maps best. kinds: KINDS, or IN_MOSAICS.
    """
    found = {}
    for kind, make in kinds.items():
        scores = make(maps, own, (side, side))
        ious = box_ious(scores, boxes)
        largest = ious.largest >= 0.5
        place = thresholds[kind] if thresholds else largest.mean(axis=0).argmax()
        found[kind] = Evidence(largest, ious.best[:, None] >= DELTAS[:, None], pointing_hits(scores, boxes, 1),
                               largest[:, place])
    return found


def best_thresholds(found):
    """The threshold of each kind that suits an `evidence` best: dict of places in THRESHOLDS, the first of equals."""
    return {kind: int(rows.largest.mean(axis=0).argmax()) for kind, rows in found.items()}


def box_figures(rows, groups):
    """How well one kind of maps boxes, from its `Evidence`: dict of figures → `Interval`, in percent.

    "MaxBoxAcc" and "V2" with the threshold that suits these maps best; "τ = 0.2" and "τ trained" are MaxBoxAcc's
    figure at the paper's threshold and at that of the training photographs. groups: int, (n,), photographs or mosaics,
    which the intervals draw.
    """
    def best_share(share):
        return 100 * share.max(axis=-1).mean()

    return {"MaxBoxAcc": bootstrap(rows.largest, best_share, groups=groups, share=True),
            "τ = 0.2": bootstrap(100 * _at_paper(rows), groups=groups, share=True),
            "τ trained": bootstrap(100 * rows.chosen, groups=groups, share=True),
            "V2": bootstrap(rows.best, best_share, groups=groups, share=True),
            "inside": bootstrap(100 * rows.inside, groups=groups)}


def localisation_errors(rows, ranks, groups):
    """The paper's localisation error (section 3.2), from an `Evidence`: dict of figures → `Interval`, in percent.

    ranks: int, (n,), how many classes the network holds likelier than the true one, whose maps `rows` are of. Right is
    who has the true class among the first, or the first five, *and* a box with an IoU ≥ 0.5: each of the five classes
    has the box of its own map, and those of the wrong ones count for nothing. groups: as for `box_figures`.
    """
    return {f"top-{first}, {name}": bootstrap(100 * (1 - (box & (ranks < first))), groups=groups, share=True)
            for name, box in (("τ = 0.2", _at_paper(rows)), ("τ trained", rows.chosen)) for first in (1, 5)}


def places(boxes, side):
    """Where each picture's largest object is: {"area": float64, (n,), "distance": (n,)}, as PLACES has them.

    boxes: for each picture int, (k, 4), in side×side px.

    >>> places([np.array([[0, 0, 4, 4], [9, 9, 10, 10]])], 10)
    {'area': array([0.16]), 'distance': array([0.42426407])}
    """
    areas = [(some[:, 2:] - some[:, :2]).prod(axis=1) for some in boxes]
    largest = np.array([some[area.argmax()] for some, area in zip(boxes, areas)]) / side
    middle = (largest[:, :2] + largest[:, 2:]) / 2
    return {"area": np.array([area.max() / side**2 for area in areas]),
            "distance": np.hypot(*(middle - 0.5).T)}


def errors_by_place(found, where, groups):
    """How often boxes are wrong, at the threshold of the training photographs, by the object's area and distance.

    found: an `evidence`. where: as `places` says. Returns, for each of PLACES, a dict: "0.1 to 0.2 (57)", the bin and
    its number of photographs → {kind: `Interval`, in percent}. A bin of fewer than two photographs is left out.
    """
    tables = {}
    for name, edges in PLACES.items():
        which = np.digitize(where[name], edges[1:-1])
        tables[name] = {
            f"{low:g} to {high:g} ({len(np.unique(groups[which == k]))})": {
                kind: bootstrap(100 * (1 - rows.chosen[which == k]), groups=groups[which == k], share=True)
                for kind, rows in found.items()}
            for k, (low, high) in enumerate(pairwise(edges)) if len(np.unique(groups[which == k])) > 1}
    return tables


def measure(photos, *, network="vgg16", per_class=None, seeds=1, count=None, side=SIDE, folder=None, progress=True):
    """All of this for a network that is transferred to photographs with boxes, as `python -m camlib boxes` prints it.

    photos: `Photos`, of which those without a box are left out. seeds: how often they are split anew, by the seeds 0,
    1, …: what is measured is then the mean, and each photograph, which several splits test, is drawn with all that
    they say of it. Mosaics are those of seed 0. The other options are those of `run_transfer` and `mosaics_of`. Memory
    holds 0.4 MB a photograph.
    Returns a dict of what the command prints: numbers, and tables of `Interval`.
    Raises ValueError as `photos.boxes`, `run_transfer` and `mosaics` do.
    """
    per_class = photographs.usual_per_class(photos) if per_class is None else per_class
    photos, model, cells, views, boxes = _looked_at(photos, network, side, folder, progress)
    splits, thresholds, tables = [], [], {}
    for seed in range(seeds):
        train, test = photographs.split(photos, per_class, seed)
        result = head_of(Transfer(model, photos, train, test, views, {"seed": seed, "side": side, "seconds": {}}))
        maps = cells @ model.get_layer("dense").get_weights()[0]
        thresholds.append(best_thresholds(_judged(maps, photos.labels, boxes, train, side)))
        splits.append((_judged(maps, photos.labels, boxes, test, side, thresholds[-1]), test, _ranks(result)))
        if not seed:
            tables["mosaics"], mosaics = _mosaics(result, count, boxes, thresholds[0])
    found = {kind: Evidence(*map(np.concatenate, zip(*(rows[kind] for rows, _, _ in splits)))) for kind in KINDS}
    drawn, ranks = (np.concatenate(part) for part in list(zip(*splits))[1:])
    where = {name: values[drawn] for name, values in places(boxes, side).items()}
    return {"data": photos.about, "network": model.name, "per_class": per_class, "seeds": seeds, "test": len(test),
            "mosaics": mosaics, "thresholds": {kind: [float(THRESHOLDS[some[kind]]) for some in thresholds]
                                               for kind in KINDS},
            "accuracy": mean_of_classes(ranks < 1, photos.labels[drawn], drawn)}, tables | {
        "single": {kind: box_figures(rows, drawn) for kind, rows in found.items()},
        "errors": {kind: localisation_errors(rows, ranks, drawn) for kind, rows in found.items()},
        **errors_by_place(found, where, drawn)}


def _looked_at(photos, network, side, folder, progress):
    """Photographs with boxes, a network, what enters its GAP, (n, rows, columns, channels), and comes out of it,
    (2, n, channels), as they are and mirrored, and the boxes."""
    from ..backend import keras

    boxed = photographs.take(photos, [len(some) > 0 for some in photographs.boxes(photos, side)])
    model = NETWORKS[network](len(photos.names))
    everything, trunk = np.ones(len(boxed.files), bool), keras.Model(model.inputs, model.get_layer("gap").input)
    cells, mirrored = features([View(trunk, False, everything), View(before_head(model), True, everything)],
                               boxed.files, side=side, folder=folder, progress=progress)
    fine = np.isfinite(mirrored[:, 0])
    kept = photographs.take(boxed, fine)
    cells = cells if fine.all() else cells[fine]
    return kept, model, cells, np.stack([cells.mean(axis=(1, 2)), mirrored[fine]]), photographs.boxes(kept, side)


def _judged(maps, labels, boxes, which, side, thresholds=None):
    """The `evidence` of some photographs: maps of all, and of their own classes."""
    own = maps[which, :, :, labels[which]]
    return evidence(maps[which], own, [boxes[i] for i in which], side, thresholds)


def _ranks(result):
    """How many classes have a larger logit than the true one: int64, (test,)."""
    true = np.take_along_axis(result.logits, result.photos.labels[result.test, None], axis=1)
    return (result.logits > true).sum(axis=1)


def _mosaics(result, count, boxes, thresholds):
    """The table of boxes for mosaics, each asked for its four classes, and their number."""
    side = result.numbers["side"]
    drawn, wholes = mosaics_of(result, count)
    maps = explain(result.model, wholes, batch_size(result.model, 2 * side)).maps
    own = class_maps(maps, result.photos.labels[result.test[drawn]])
    there = [boxes[photo] + np.tile(corner, 2) for four in result.test[drawn]
             for photo, corner in zip(four, quarter_boxes(side)[:, :2])]
    found = evidence(maps.repeat(4, axis=0), np.moveaxis(own, 3, 1).reshape(-1, *maps.shape[1:3]), there, 2 * side,
                     thresholds | {"blob in CAM's quarter": thresholds["blob in the middle"]}, IN_MOSAICS)
    which = np.arange(len(drawn)).repeat(4)
    return {kind: box_figures(rows, which) for kind, rows in found.items()}, len(drawn)


def _at_paper(rows):
    return rows.largest[:, THRESHOLDS.searchsorted(PAPER - 1e-9)]
