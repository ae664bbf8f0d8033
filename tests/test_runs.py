import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import camlib
from camlib import runs


@pytest.fixture(scope="module")
def run():
    return runs.shipped_run()


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the shipped run that a test may spoil."""
    shutil.copytree(run.folder, tmp_path / "run")
    return tmp_path / "run"


def test_the_shipped_run_is_a_story_from_the_start(run):
    assert run.finished and len(run.steps) == 20 and run.steps[0] == run.scenes[0] == 0
    assert (np.diff(run.steps) > 0).all() and (np.diff(run.scenes) > 0).all()
    assert run.accuracy[0] < 0.2 and run.accuracy[-1] >= 0.976
    assert np.isnan(run.loss[0]) and run.loss[-1] < run.loss[1]


def test_every_snapshot_loads_and_they_differ(run):
    model = None
    kernels = []
    for step in run.steps:
        model = run.load(step, model)
        kernels.append(np.array(model.get_layer("conv4").kernel))
    assert all(np.abs(a - b).max() > 0 for a, b in pairwise(kernels))


def test_the_stated_accuracy_is_the_networks(run, split):
    """On a tenth of the scenes that `python -m camlib accuracy` measures: within three standard errors."""
    from camlib.clutter import make_scenes
    from camlib.train import accuracy

    measured = accuracy(run.load(), make_scenes(split[1], 1000, seed=8))
    assert abs(measured - run.accuracy[-1]) < 3 * np.sqrt(0.025 * 0.975 / 1000)


def test_run_json_is_plain_json(run):
    json.loads((run.folder / "run.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("step", [1, -1, 10**9])
def test_a_step_without_snapshot_is_named(run, step):
    with pytest.raises(ValueError, match=f"no snapshot at step {step}: there are 0, "):
        run.load(step)


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(ValueError, match="holds no training run"):
        runs.open_run(tmp_path)


@pytest.mark.parametrize("program", [["-c", "import camlib; camlib.shipped_run()"], ["-m", "camlib", "accuracy"]])
def test_without_the_checkout_the_shipped_run_is_said_to_be_in_it(tmp_path, program):
    """camlib installed by itself, as from a wheel: the package in a folder with nothing beside it."""
    shutil.copytree(Path(camlib.__file__).parent, tmp_path / "camlib", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([sys.executable, *program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": ""}, text=True,
                          capture_output=True)
    answer = done.stderr.splitlines()[-1]
    assert done.returncode and "is in the course's checkout" in answer and str(tmp_path) not in answer


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"recipe": 3}', '{"recipe": {"stages": [{"sizes": 3}]}}'])
def test_a_damaged_run_json_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError, match="run.json is damaged"):
        runs.open_run(tmp_path)


def test_a_truncated_snapshot_is_named_and_the_network_is_left_alone(copy):
    spoilt = runs.open_run(copy)
    model = spoilt.load()
    before = runs.arrays(model)
    path = copy / runs.snapshot_name(0)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="step_00000.npz is damaged"):
        spoilt.load(0, model)
    path.unlink()
    with pytest.raises(ValueError, match="step_00000.npz is missing"):
        spoilt.load(0, model)
    assert all(np.array_equal(before[name], now) for name, now in runs.arrays(model).items())


def test_weights_of_another_network_are_refused(run):
    from camlib.models import lenet_gap_original

    with pytest.raises(ValueError, match="of another network than 'lenet_gap_original': conv1/bias.*differ"):
        run.load(model=lenet_gap_original())


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    runs.write_arrays(path, {"a": np.arange(3)})

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        runs.write_arrays(path, {"a": np.zeros(3)})
    assert runs.read_arrays(path)["a"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]
