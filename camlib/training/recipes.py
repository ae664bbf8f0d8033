"""The trainings of all runs that the course ships, by the names of `runs.SHIPPED_RUNS`: how each is made anew."""

from dataclasses import replace
from typing import NamedTuple

from .runs import Recipe, Stage
from .train import COURSE


class Shipped(NamedTuple):
    """A recipe, and how many snapshots of its run are kept."""

    recipe: Recipe
    snapshots: int


VIT = Recipe((Stage(256_000, size=64, distractors=8, rate=0.004),), network="vit_gap", copies=32)


def _remedy(**options):
    """The transformer's recipe, with options that may teach it places."""
    return Shipped(replace(VIT, options=VIT.options | options), 2)


SHIPPED = {
    "lenet_gap": Shipped(COURSE, 20),
    "vit_gap": Shipped(VIT, 8),
    "vit_gap_neighbours": _remedy(neighbours=1),
    "vit_gap_token_dropout": _remedy(token_dropout=0.5),
}
