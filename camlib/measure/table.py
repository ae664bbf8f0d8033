"""The table of `python -m camlib localize`: every method that makes maps, by every metric, beside every baseline.

A localisation number means something only next to what costs nothing: the middle of the image, no preference at
all, and the image's own ink. The last column asks what ink cannot know: which of two digits is meant.
"""

from typing import NamedTuple

import numpy as np

from ..boxes import box_masks
from ..data.scenes import Scenes
from ..maps.attribution import METHODS as ATTRIBUTIONS
from ..maps.attribution import attribute
from ..maps.cam import explain
from .localize import box_accuracies, pointing_game, pxap
from .scores import centre_maps, ink_maps, score_maps, uniform_maps

BASELINES = {
    "centre": lambda images: centre_maps(len(images), images.shape[1:3]),
    "uniform": lambda images: uniform_maps(len(images), images.shape[1:3]),
    "ink": ink_maps,
}
METHODS = ("cam", *ATTRIBUTIONS)
SLOW = ("score_cam", "ablation_cam")  # a forward pass a channel: minutes, where the others take seconds
USUAL = tuple(method for method in METHODS if method not in SLOW)


class Row(NamedTuple):
    """How well one kind of map points, all in percent but `threshold`.

    name, kind: what made the maps; "method" or "baseline".
    max_box_acc, threshold: MaxBoxAcc, and the τ (0 to 1) that these scenes' ground truth chose for it.
    max_box_acc_v2, pxap: as in `localize`; the object of PxAP is the filled box.
    pointing_15, pointing: the pointing game, a maximum nearer than 15 px to the box, and inside it.
    of_two: the pointing game inside the box of the digit asked for, where a scene shows two.
    """

    name: str
    kind: str
    max_box_acc: float
    threshold: float
    max_box_acc_v2: float
    pxap: float
    pointing_15: float
    pointing: float
    of_two: float


def localization_table(network, scenes, pairs, methods=USUAL):
    """A `Row` for each of `methods`, then for each baseline, measured on the same scenes.

    network: a model that ends GAP → dense. scenes: `Scenes` of one digit; maps are those of its label. pairs:
    `Scenes` of two digits, as `pair_scenes` makes them; maps are those of the first. methods: names of METHODS.
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
    first = Scenes(pairs.images, pairs.labels[:, 0], pairs.boxes[:, 0])
    rows = []
    for name in (*methods, *BASELINES):
        kind = "baseline" if name in BASELINES else "method"
        of_one, of_two = (maps_of(name, network, some.images, some.labels) for some in (scenes, first))
        rows.append(Row(name, kind, *measure(of_one, scenes), pointing_game(of_two, first.boxes, tolerance=1)))
    return rows


def measure(maps, scenes):
    """MaxBoxAcc, its τ, MaxBoxAccV2, PxAP, pointing game within 15 px and inside the box, of score maps.

    >>> patch = np.zeros((1, 9, 9))
    >>> patch[0, 2:6, 2:6] = 1
    >>> measure(patch, Scenes(None, np.array([7]), np.array([[2, 2, 6, 6]])))  # boxed as 5 × 5: IoU 16 / 25
    (100.0, 0.0, 66.66666666666667, 100.0, 100.0, 100.0)
    """
    one, two = box_accuracies(maps, scenes.boxes)
    area = pxap(maps, box_masks(scenes.boxes, maps.shape[1:]))
    pointing = [pointing_game(maps, scenes.boxes, tolerance, scenes.labels) for tolerance in (15, 1)]
    return one.score, float(one.best), two.score, area, *pointing


def maps_of(name, network, images, classes):
    """Score maps, float32, (n, height, width), of a class an image by a method, or of a baseline, by name."""
    if name in BASELINES:
        return BASELINES[name](images)
    if name == "cam":
        maps = explain(network, images).maps[np.arange(len(images)), :, :, classes]
    else:
        maps = attribute(network, images, classes, name)
    return score_maps(maps, images.shape[1:3])


def as_text(rows):
    """The table as aligned lines, methods first, a rule, then baselines.

    >>> cam = Row("cam", "method", 81.5, 0.31, 80, 70, 99, 98, 97)
    >>> ink = Row("ink", "baseline", 90, 0.2, 90, 60, 50, 40, 50)
    >>> print(as_text([cam, ink]))
                         MaxBoxAcc  at τ  MaxBoxAccV2  PxAP  pointing 15 px  inside  one of two
    cam                       81.5  0.31         80.0  70.0            99.0    98.0        97.0
    ───────────────────────────────────────────────────────────────────────────────────────────
    ink                       90.0  0.20         90.0  60.0            50.0    40.0        50.0
    """
    lines = [f"{'':20} MaxBoxAcc  at τ  MaxBoxAccV2  PxAP  pointing 15 px  inside  one of two"]
    for row, before in zip(rows, [None, *rows]):
        if before and before.kind != row.kind:
            lines.append("─" * len(lines[0]))
        lines.append(
            f"{row.name:20} {row.max_box_acc:9.1f}  {row.threshold:4.2f}  {row.max_box_acc_v2:11.1f}  {row.pxap:4.1f}"
            f"  {row.pointing_15:14.1f}  {row.pointing:6.1f}  {row.of_two:10.1f}"
        )
    return "\n".join(lines)
