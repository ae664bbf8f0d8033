"""A training run on disk: a folder of snapshots, and how accurate the network was at each.

`run.json` holds the recipe and a row a snapshot, `step_NNNNN.npz` the weights at that step in half precision. A loaded
network is centred over the classes (`head.centre`): its logits, and its maps at every cell, add up to zero.
"""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import shorten

import numpy as np

from ..data.digits import SIDE
from ..files import DATA, WORK, expanded, whole_file
from ..networks import head, maker

SHIPPED_RUNS = {name: DATA / f"{name}_run"
                for name in ("lenet_gap", "vit_gap", "vit_gap_neighbours", "vit_gap_token_dropout")}
SHIPPED = SHIPPED_RUNS["lenet_gap"]
MINE = expanded(os.environ.get("CAMLIB_RUNS") or WORK / "runs")  # what the notebooks train
COLUMNS = ("steps", "scenes", "accuracy", "loss")


@dataclass(frozen=True)
class Stage:
    """Part of a training run: how many scenes, of what kind, how many at a time, how large the steps.

    size, distractors: of the scenes, as in `scenes.make_scenes`.
    empty: the fraction of scenes that hold clutter and no digit; their target is every class alike.
    rate: Adam's learning rate rises over the first tenth to this, then falls along a cosine to a hundredth of it.
    Raises ValueError for numbers that make no training.
    """

    scenes: int
    size: int = 100
    distractors: int = 8
    empty: float = 0.0
    batch: int = 64
    rate: float = 1e-3

    def __post_init__(self):
        _check("size", self.size, int, SIDE)
        _check("distractors", self.distractors, int, 0)
        _check("batch", self.batch, int, 1)
        _check("scenes", self.scenes, int, self.batch)
        _check("empty", self.empty, (int, float), 0, 1)
        _check("rate", self.rate, (int, float), 0)

    @property
    def steps(self):
        return self.scenes // self.batch


@dataclass(frozen=True)
class Recipe:
    """Everything but the digits that decides a run: same recipe, same digits, same weights.

    network: the name of a function in `camlib.networks`, and options: its arguments but for the seed, as JSON has
        them: numbers, strings, lists. (A run with none does not write them down.)
    copies: how many bent versions of each digit the scenes are made from (1: the digits as they are).
    Raises ValueError for a recipe that makes no training.
    """

    stages: tuple
    network: str = "lenet_gap"
    copies: int = 12
    seed: int = 0
    options: dict = field(default_factory=dict, hash=False)

    def __post_init__(self):
        if not isinstance(self.stages, tuple) or not self.stages or not all(isinstance(x, Stage) for x in self.stages):
            raise ValueError(f"stages is {self.stages!r}: expected a tuple of at least one Stage")
        maker(self.network, self.options)
        try:
            json.dumps(self.options)
        except TypeError as error:
            raise ValueError(f"options are {self.options}: expected what JSON has, as numbers and lists") from error
        _check("copies", self.copies, int, 1)
        _check("seed", self.seed, int, 0)

    @property
    def steps(self):
        return sum(stage.steps for stage in self.stages)

    def build(self):
        """The untrained network."""
        return maker(self.network)(seed=self.seed, **self.options)

    def as_json(self):
        """The recipe as a dict that JSON gives back as it is, without options where there are none."""
        about = json.loads(json.dumps(asdict(self)))
        return about if self.options else {name: value for name, value in about.items() if name != "options"}


@dataclass(frozen=True)
class Run:
    """Snapshots along training, in a folder.

    steps, scenes: int64, (snapshots,), optimiser steps and scenes seen by then; the first is the untrained network.
    accuracy: float64, (snapshots,), fraction of the test scenes classified rightly, with the weights as saved.
    loss: float64, (snapshots,), mean training loss since the snapshot before; NaN at the first, and where it left all
        bounds.
    digits: SHA-256, hexadecimal, of the digits that the scenes were made from.
    """

    folder: Path
    recipe: Recipe
    steps: np.ndarray
    scenes: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray
    digits: str = ""

    @property
    def finished(self):
        return len(self.steps) > 0 and self.steps[-1] == self.recipe.steps

    @property
    def identity(self):
        """What decides every weight of the run, its recipe and its digits, as a dict for JSON."""
        return {"recipe": self.recipe.as_json(), "digits": self.digits}

    def load(self, step=None, model=None):
        """The network as it was at snapshot `step` (default: the last), or `model` given those weights.

        Raises ValueError for a step without a snapshot, for a file that is damaged or of another network, and for
        weights that are NaN or infinite.
        """
        step = int(self.steps[-1]) if step is None else step
        if step not in self.steps:
            raise ValueError(f"no snapshot at step {step}: there are {', '.join(map(str, self.steps))}")
        model = model or self.recipe.build()
        saved = read_arrays(self.folder / snapshot_name(step))
        if astray := [name for name, values in saved.items() if not np.isfinite(values).all()]:
            raise ValueError(f"the snapshot at step {step} in {self.folder} has NaN or infinite weights in "
                             f"{astray[0]}: training went astray, so load an earlier step, or train at a lower rate")
        assign(model, saved)
        head.centre(model)  # again: rounding to half precision left it a little off
        return model


def open_run(folder):
    """The `Run` in a folder. Raises ValueError when there is none, or its run.json is damaged or no run's."""
    path = expanded(folder) / "run.json"
    try:
        about = json.loads(path.read_text())
        stages = tuple(Stage(**stage) for stage in about["recipe"].pop("stages"))
        recipe = Recipe(stages, **about["recipe"])
        bytes.fromhex(about["digits"])  # raises for what is no hash
        return Run(path.parent, recipe, *_columns(about, recipe.steps), about["digits"])
    except (FileNotFoundError, NotADirectoryError):
        if path.parent in SHIPPED_RUNS.values():
            raise ValueError("the run that the course ships is missing: it comes with the course's checkout or wheel, "
                             "not with a copy of camlib's folder, so install camlib (pip install FOLDER), or name a "
                             "run of yours: open_run(folder)") from None
        raise ValueError(f"{path.parent} holds no training run: expected a file run.json there") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, or no run of this version ({error!r}): train again, into another folder"
                         ) from error


def _columns(about, last):
    """The columns of run.json as arrays. Raises ValueError where no run with steps 0 to `last` has them."""
    steps, scenes, accuracy, loss = (about[name] for name in COLUMNS)
    kinds = {type(value) for value in steps + scenes}, {type(value) for value in accuracy}, {type(x) for x in loss}
    if not all(found <= known for found, known in zip(kinds, ({int}, {int, float}, {int, float, type(None)}))):
        raise ValueError("its columns hold other things than numbers")
    if not 0 < len(steps) == len(scenes) == len(accuracy) == len(loss):
        raise ValueError("its columns are empty or differ in length")
    steps, scenes = np.array(steps, np.int64), np.array(scenes, np.int64)
    accuracy, loss = np.array(accuracy, float), np.array(loss, float)
    if any(column[0] != 0 or (np.diff(column) <= 0).any() for column in (steps, scenes)) or steps[-1] > last:
        raise ValueError(f"its steps and scenes do not rise from 0, or exceed the recipe's {last} steps")
    if not ((accuracy >= 0) & (accuracy <= 1)).all():
        raise ValueError("an accuracy is not from 0 to 1")
    return steps, scenes, accuracy, loss


def shipped_run(network="lenet_gap"):
    """A run that the course ships, so that the step slider works in the first minute: one of SHIPPED_RUNS.

    Raises ValueError for another name.
    """
    if network not in SHIPPED_RUNS:
        raise ValueError(f"the course ships no run of {network!r}: expected one of {', '.join(SHIPPED_RUNS)}")
    return open_run(SHIPPED_RUNS[network])


def save_run(run):
    """Write run.json, in one piece or not at all."""
    about = run.identity | {name: getattr(run, name).tolist() for name in COLUMNS}
    about["loss"] = [loss if math.isfinite(loss) else None for loss in about["loss"]]  # JSON has neither NaN nor ∞
    with whole_file(run.folder / "run.json") as part:
        part.write_text(json.dumps(about, indent=1))


def snapshot_name(step):
    return f"step_{step:05d}.npz"


def arrays(model):
    """The network's weights by name, such as "conv1/kernel"."""
    return {weight.path: _plain(np.asarray(weight)) for weight in model.weights}


def _plain(values):
    """Values as NumPy has them, which does not know bfloat16 for floats."""
    return values.astype(np.float32) if values.dtype.name == "bfloat16" else values


def assign(model, saved):
    """Give `model` the weights in the dict `saved`; ValueError, and `model` as it was, when they do not fit."""
    check_layout(saved, arrays(model), f"of another network than {model.name!r}")
    for weight in model.weights:
        weight.assign(saved[weight.path])


def check_layout(saved, wanted, otherwise):
    """ValueError unless `saved` has the arrays of `wanted` by name, with their shapes and kinds of number."""
    saved, wanted = ({name: (x.shape, x.dtype.kind) for name, x in named.items()} for named in (saved, wanted))
    if differing := sorted(name for name in wanted | saved if wanted.get(name) != saved.get(name)):
        raise ValueError(f"these weights are {otherwise}: {', '.join(differing)} differ")


def read_arrays(path, advice="train again, or restore the file"):
    """The arrays of an .npz file by name. ValueError, with `advice`, when it is missing or holds anything else."""
    path = expanded(path)
    try:
        with open(path, "rb") as file:
            return _unpacked(file)
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: train again, or restore the folder") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): {advice}") from error


def _unpacked(file):
    try:
        with np.load(file) as stored:
            named = dict(stored)
    except Exception as error:  # NumPy and zipfile raise a dozen types for what is not theirs
        raise ValueError(shorten(str(error).partition(". ")[0], 200)) from error  # no hint how to load it all the same
    if foreign := [name for name, array in named.items() if not isinstance(array, np.ndarray)]:
        raise ValueError(f"{foreign[0]!r} is no array")
    return named


def write_arrays(path, named):
    """Save a dict of arrays as .npz, in one piece or not at all."""
    with whole_file(path) as part, open(part, "wb") as out:
        np.savez_compressed(out, **named)


def _check(name, value, kinds, least, most=math.inf):
    """ValueError unless `value` is a finite number of these kinds from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most or value == math.inf:
        expected = "a whole number" if kinds is int else "a number"
        raise ValueError(f"{name} is {value!r}: expected {expected} from {least} to {most}".replace(" to inf", " on"))
