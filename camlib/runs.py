"""A training run on disk: a folder of snapshots, and how accurate the network was at each.

`run.json` holds the recipe and a row a snapshot, `step_NNNNN.npz` the weights at that step in half precision.
"""

import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import models
from .files import whole_file

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "lenet_gap_run"
MINE = ROOT / "runs"  # what the notebooks train
COLUMNS = ("steps", "scenes", "accuracy", "loss")


@dataclass(frozen=True)
class Stage:
    """Part of a training run: how many scenes, of what kind, how many at a time, how large the steps.

    size, distractors: of the scenes, as in `clutter.make_scenes`.
    empty: the fraction of scenes that hold clutter and no digit; their target is every class alike.
    rate: Adam's learning rate rises over the first tenth to this, then falls along a cosine to a hundredth of it.
    """

    scenes: int
    size: int = 100
    distractors: int = 8
    empty: float = 0.0
    batch: int = 64
    rate: float = 1e-3

    @property
    def steps(self):
        return self.scenes // self.batch


@dataclass(frozen=True)
class Recipe:
    """Everything but the digits that decides a run: same recipe, same digits, same weights.

    network: the name of a function in `camlib.models`.
    copies: how many bent versions of each digit the scenes are made from (1: the digits as they are).
    lift: of the snapshots, as in `models.lift`: 0 for the weights as training leaves them.
    """

    stages: tuple
    network: str = "lenet_gap"
    copies: int = 12
    lift: float = 0.0
    seed: int = 0

    @property
    def steps(self):
        return sum(stage.steps for stage in self.stages)

    def build(self):
        """The untrained network."""
        return getattr(models, self.network)(seed=self.seed)


@dataclass(frozen=True)
class Run:
    """Snapshots along training, in a folder.

    steps, scenes: int64, (snapshots,), optimiser steps and scenes seen by then; the first is the untrained network.
    accuracy: float64, (snapshots,), fraction of the test scenes classified rightly, with the weights as saved.
    loss: float64, (snapshots,), mean training loss since the snapshot before; NaN at the first.
    """

    folder: Path
    recipe: Recipe
    steps: np.ndarray
    scenes: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray

    @property
    def finished(self):
        return len(self.steps) > 0 and self.steps[-1] == self.recipe.steps

    def load(self, step=None, model=None):
        """The network as it was at snapshot `step` (default: the last), or `model` given those weights.

        Raises ValueError for a step without a snapshot, and for a file that is damaged or of another network.
        """
        step = int(self.steps[-1]) if step is None else step
        if step not in self.steps:
            raise ValueError(f"no snapshot at step {step}: there are {', '.join(map(str, self.steps))}")
        model = model or self.recipe.build()
        assign(model, read_arrays(self.folder / snapshot_name(step)))
        return model


def open_run(folder):
    """The `Run` in a folder. Raises ValueError when there is none or its run.json is damaged."""
    path = Path(folder) / "run.json"
    try:
        about = json.loads(path.read_text())
        stages = tuple(Stage(**stage) for stage in about["recipe"].pop("stages"))
        columns = {name: np.array(about[name], float if name in ("accuracy", "loss") else int) for name in COLUMNS}
        return Run(path.parent, Recipe(stages, **about["recipe"]), **columns)
    except FileNotFoundError:
        if path.parent == SHIPPED:
            raise ValueError("the run that the course ships is missing: it is in the course's checkout, not in camlib "
                             "installed by itself, so work in a checkout, or name a run of yours: open_run(folder)"
                             ) from None
        raise ValueError(f"{folder} holds no training run: expected a file run.json there") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error!r}): train again, into another folder") from error


def made_from(folder):
    """The hash of the digits that the run in `folder` was made from."""
    return json.loads((Path(folder) / "run.json").read_text())["digits"]


def shipped_run():
    """The run that the course ships, so that the step slider works in the first minute."""
    return open_run(SHIPPED)


def save_run(run, digits):
    """Write run.json, with the hash of the `digits` it was made from, in one piece or not at all."""
    about = {"recipe": asdict(run.recipe), "digits": digits}
    about |= {name: getattr(run, name).tolist() for name in COLUMNS}
    about["loss"] = [None if np.isnan(loss) else loss for loss in about["loss"]]
    with whole_file(run.folder / "run.json") as part:
        part.write_text(json.dumps(about, indent=1))


def snapshot_name(step):
    return f"step_{step:05d}.npz"


def arrays(model):
    """The network's weights by name, such as "conv1/kernel"."""
    return {weight.path: np.asarray(weight) for weight in model.weights}


def assign(model, saved):
    """Give `model` the weights in the dict `saved`; ValueError, and `model` as it was, when they do not fit."""
    wanted = {weight.path: tuple(weight.shape) for weight in model.weights}
    given = {name: array.shape for name, array in saved.items()}
    if wanted != given:
        differing = sorted(name for name in wanted | given if wanted.get(name) != given.get(name))
        raise ValueError(f"these weights are of another network than {model.name!r}: {', '.join(differing)} differ")
    for weight in model.weights:
        weight.assign(saved[weight.path])


def read_arrays(path):
    """The arrays of an .npz file by name. Raises ValueError when the file is missing or damaged."""
    try:
        with np.load(path) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: train again, or restore the folder") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, OSError) as error:
        raise ValueError(f"{path} is damaged ({error}): train again, or restore the file") from error


def write_arrays(path, named):
    """Save a dict of arrays as .npz, in one piece or not at all."""
    with whole_file(path) as part, open(part, "wb") as out:
        np.savez_compressed(out, **named)
