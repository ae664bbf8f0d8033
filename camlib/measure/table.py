"""The table of `python -m camlib localize`: every kind of map by every metric, beside rivals and baselines.

A localisation number means something only next to what it could have been confused with. Baselines never saw a
network: the middle of the image, no preference at all, the image's own ink. Rivals share all with the map but what it
claims: the map of a wrong class, a map blind to classes, the maps of the network before training. The last columns ask
what ink cannot know: which of two digits is meant.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..boxes import box_masks
from ..data.scenes import Scenes
from ..maps.attribution import METHODS as ATTRIBUTIONS
from ..maps.attribution import attribute
from ..maps.cam import explain
from ..maps.refine import on_ink
from ..networks.inputs import batches
from .intervals import bootstrap, mean_of_shares
from .localize import DELTAS, THRESHOLDS, average_precision, box_ious, pixel_counts, pointing_hits
from .scores import centre_maps, ink_maps, score_maps, uniform_maps

PART = 64  # scenes measured at a time by each processor core: their maps are 2.6 MB

BASELINES = {
    "centre": lambda images: centre_maps(len(images), images.shape[1:3]),
    "uniform": lambda images: uniform_maps(len(images), images.shape[1:3]),
    "ink": ink_maps,
}
FROM_ALL_MAPS = {  # from the maps of all classes, (n, rows, columns, classes), the images and a class for each
    "cam": lambda maps, images, classes: _own(maps, classes),
    "cam on ink": lambda maps, images, classes: on_ink(_own(maps, classes), images),
    "wrong class": lambda maps, images, classes: _own(maps, (classes + 1) % maps.shape[-1]),
    "class-blind": lambda maps, images, classes: maps.std(axis=-1),
}
UNTRAINED = {"untrained": "cam", "untrained, class-blind": "class-blind"}
RIVALS = ("wrong class", "class-blind", *UNTRAINED)
METHODS = ("cam", "cam on ink", *ATTRIBUTIONS)
USUAL = ("cam", "cam on ink")


def _best_share(share):
    return 100 * share.max(axis=-1).mean()


FIGURES = {  # how each figure is read off the mean of its rows, in percent
    "MaxBoxAcc": _best_share,
    "MaxBoxAccV2": _best_share,
    "PxAP": average_precision,
    "pointing 15 px": mean_of_shares,
    "inside": mean_of_shares,
    "of two: MaxBoxAcc": _best_share,
    "of two: inside": mean_of_shares,
}


class Row(NamedTuple):
    """How well one kind of map points.

    name, kind: what made the maps; "method", "rival" or "baseline".
    figures: dict of FIGURES' names → `Interval`, in percent. The object of PxAP is the filled box; "inside" is the
        pointing game inside the box; "of two" asks for the first of two digits.
    rows: what they were read off, dict of names → (scenes, ...), for paired differences.
    threshold: the τ (0 to 1) that these scenes' ground truth chose for MaxBoxAcc.
    """

    name: str
    kind: str
    figures: dict
    rows: dict
    threshold: float


def localization_table(network, scenes, pairs, methods=USUAL, untrained=None):
    """A `Row` for each of `methods`, then for each rival and each baseline, measured on the same scenes.

    network: a model that ends GAP → dense. scenes: `Scenes` of one digit; maps are those of its label. pairs:
    `Scenes` of two digits, as `pair_scenes` makes them; maps are those of the first. methods: names of METHODS.
    untrained: the network before training; without it, its two rivals are left out.
    Intervals draw digits where the scenes know theirs, else scenes.
    Raises ValueError for an unknown method, and for scenes or pairs with another number of digits.
    """
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise ValueError(f"there is no method {unknown[0]!r}: expected some of {', '.join(METHODS)}")
    if np.ndim(scenes.labels) != 1 or np.shape(pairs.labels)[1:] != (2,):
        raise ValueError(
            f"labels have shapes {np.shape(scenes.labels)} and {np.shape(pairs.labels)}: expected (n,) for scenes "
            "of one digit and (n, 2) for pairs (see `pair_scenes`)"
        )
    first = Scenes(pairs.images, *(part[:, 0] for part in pairs[1:] if part is not None))
    makers = {name: (name, network) for name in (*methods, "wrong class", "class-blind")}
    if untrained is not None:
        makers |= {name: (source, untrained) for name, source in UNTRAINED.items()}
    makers |= {name: (name, None) for name in BASELINES}
    explained = {id(model): [explain(model, some.images).maps for some in (scenes, first)]
                 for model in (network, untrained) if model is not None}
    table = []
    for name, (source, model) in makers.items():
        raw = explained.get(id(model), (None, None))
        if source in ATTRIBUTIONS:
            raw = [attribute(model, some.images, some.labels, source) for some in (scenes, first)]
        one, two = (_by_parts(measure, source, some, maps)
                    for measure, some, maps in zip((evidence, evidence_of_two), (scenes, first), raw))
        table.append(_row(name, one, two, scenes, first))
    return table


def maps_of(name, network, images, classes, raw=None):
    """Score maps, float32, (n, height, width), of a class an image by a method, a rival or a baseline, by name.

    raw: what they are made from, where it is at hand: `attribute`'s maps, or those of all classes from `explain`.
    """
    if name in BASELINES:
        return BASELINES[name](images)
    if raw is None:
        raw = attribute(network, images, classes, name) if name in ATTRIBUTIONS else explain(network, images).maps
    maps = raw if name in ATTRIBUTIONS else FROM_ALL_MAPS[name](raw, images, classes)
    return score_maps(maps, images.shape[1:3])


def evidence(maps, scenes):
    """What FIGURES are read off, scene by scene, for score maps of one digit a scene: dict of (n, ...).

    Hits of the pointing game are (n,) here; `localization_table` takes their mean over classes.
    """
    ious, masks = box_ious(maps, scenes.boxes), box_masks(scenes.boxes, maps.shape[1:])
    return {
        "MaxBoxAcc": ious.largest >= 0.5,
        "MaxBoxAccV2": ious.best[:, None] >= DELTAS[:, None],
        "PxAP": pixel_counts(maps, masks),
        "pointing 15 px": pointing_hits(maps, masks, 15),
        "inside": pointing_hits(maps, masks, 1),
    }


def evidence_of_two(maps, first):
    """The same for the figures of two digits: `first` holds the label, box and digit asked for."""
    return {
        "of two: MaxBoxAcc": box_ious(maps, first.boxes).largest >= 0.5,
        "of two: inside": pointing_hits(maps, first.boxes, 1),
    }


def difference(row, other, figure, groups=None):
    """One row's figure minus another's, measured on the same scenes: a paired `Interval`, in percent.

    groups: the digit of each of these scenes, as for `bootstrap`.

    >>> always = Row("always right", "method", {}, {"MaxBoxAcc": np.ones((100, 1))}, 0)
    >>> mostly = Row("three in four", "method", {}, {"MaxBoxAcc": np.arange(100)[:, None] % 4 > 0}, 0)
    >>> print(difference(always, mostly, "MaxBoxAcc"))
    25.0 (17.0 to 34.0)
    """
    both = np.stack([np.asarray(some.rows[figure], np.float32) for some in (row, other)], axis=1)
    return bootstrap(both, lambda mean: FIGURES[figure](mean[0]) - FIGURES[figure](mean[1]), groups=groups)


def as_text(table):
    """The table as aligned lines, figure ± half its interval; a rule before the rivals and before the baselines."""
    lines = [f"{'':24}" + "".join(f"{name.replace('of two: ', '2: '):>15}" for name in FIGURES)]
    for row, before in zip(table, [None, *table]):
        if before and before.kind != row.kind:
            lines.append("─" * len(lines[0]))
        figures = (row.figures[name] for name in FIGURES)
        lines.append(f"{row.name:24}" + "".join(f"{f.value:9.1f} ±{(f.high - f.low) / 2:4.1f}" for f in figures))
    return "\n".join(lines)


def _own(maps, classes):
    """The map of one class an image: (n, rows, columns)."""
    return maps[np.arange(len(maps)), :, :, classes]


def _by_parts(measure, name, scenes, raw):
    """`measure` of the maps so named, a part of the scenes at a time, on all cores: dict of (n, ...)."""
    def of(part):
        some = Scenes(*(whole if whole is None else whole[part] for whole in scenes))
        return measure(maps_of(name, None, some.images, some.labels, raw if raw is None else raw[part]), some)

    with ThreadPoolExecutor() as cores:
        parts = list(cores.map(of, batches(len(scenes.labels), PART)))
    return {figure: np.concatenate([part[figure] for part in parts]) for figure in parts[0]}


def _by_class(hits, labels):
    """Hits of the pointing game and how often there was one to make: (n, 2, classes), each in its label's column."""
    classes = np.eye(labels.max() + 1)[labels]
    return np.stack([hits[:, None] * classes, classes], axis=1)


def _row(name, one, two, scenes, first):
    rows, about = one | two, dict.fromkeys(one, scenes) | dict.fromkeys(two, first)
    rows |= {figure: _by_class(rows[figure], about[figure].labels)
             for figure, read in FIGURES.items() if read is mean_of_shares}
    figures = {figure: bootstrap(rows[figure], read, groups=about[figure].digits, share=figure != "PxAP")
               for figure, read in FIGURES.items()}
    kind = "baseline" if name in BASELINES else "rival" if name in RIVALS else "method"
    return Row(name, kind, figures, rows, float(THRESHOLDS[rows["MaxBoxAcc"].mean(axis=0).argmax()]))
