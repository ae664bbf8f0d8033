"""The runs that the course ships are those of their recipes, as good as they say, and small."""

import numpy as np
import pytest

from camlib.data.scenes import make_scenes
from camlib.training import runs
from camlib.training.accuracy import accuracy
from camlib.training.recipes import SHIPPED

VITS = [name for name in SHIPPED if name.startswith("vit")]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_run_is_of_its_recipe(name):
    run = runs.shipped_run(name)
    assert run.finished and (run.recipe, len(run.steps)) == SHIPPED[name]
    assert run.digits == runs.shipped_run().digits


@pytest.mark.parametrize("name", VITS)
def test_a_transformers_stated_accuracy_is_the_networks(name, split):
    """On a twentieth of the scenes that `ship` measures: within three standard errors."""
    run = runs.shipped_run(name)
    measured = accuracy(run.load(), make_scenes(split[1], 500, size=64, seed=8), 100)
    assert abs(measured - run.accuracy[-1]) < 3 * np.sqrt(0.05 * 0.95 / 500)


def test_transformers_take_three_megabytes():
    sizes = [[file.stat().st_size for file in runs.SHIPPED_RUNS[name].glob("*.npz")] for name in VITS]
    assert max(map(max, sizes)) <= 300_000 and sum(map(sum, sizes)) <= 3_000_000
    assert all(len(files) == SHIPPED[name].snapshots for files, name in zip(sizes, VITS))
