"""Data-parallel training, by two processes and by two devices of one process, against one process alone.

Run as a program, this file is one of those processes: FOLDER NAME, with TF_CONFIG as TensorFlow wants it.
"""

import json
import os
import random
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from camlib.data import digits
from camlib.data.scenes import make_scenes
from camlib.training import runs, train
from camlib.training.runs import Recipe, Stage

pytestmark = pytest.mark.slow  # three processes, each with its own TensorFlow: a minute

RECIPES = {
    "plain": Recipe((Stage(640, 32, 2, empty=0.25, batch=32, rate=1e-3),), network="lenet_gap_original", copies=1),
    "normalised": Recipe((Stage(320, 32, 2, empty=0.25, batch=32, rate=1e-4), Stage(160, 48, 3, batch=32, rate=1e-4)),
                         copies=1),
    "learning": Recipe((Stage(6400, 32, 0, batch=64, rate=1e-2),), copies=2),
}
WORKERS = "worker 0", "worker 1"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What every process made: results[process][run] has the last weights, losses and accuracy, and its writes."""
    folder = tmp_path_factory.mktemp("distributed")
    ports = set()
    while len(ports) < len(WORKERS):
        ports.add(_free_port())
    addresses = [f"127.0.0.1:{port}" for port in ports]
    configurations = {name: {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
                      for index, name in enumerate(WORKERS)}
    processes = {name: _start(folder, name, configurations.get(name)) for name in ("alone", *WORKERS)}
    try:
        for name, process in processes.items():
            _, errors = process.communicate(timeout=400)
            assert process.returncode == 0, f"{name} failed:\n{errors[-3000:]}"
    finally:
        for process in processes.values():
            process.kill()
            process.wait(10)
    return {name: _read(folder / f"{name}.npz") for name in processes}


def _free_port():
    """A port on which nobody listens, below those that systems hand out unasked while the workers start."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as opened:
            return opened.getsockname()[1]


def _start(folder, name, configuration):
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}  # two processes can not share a GPU's collectives
    if configuration:
        environment["TF_CONFIG"] = json.dumps(configuration)
    return subprocess.Popen([sys.executable, __file__, str(folder), name], env=environment, text=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _read(path):
    tree = {}
    for name, array in runs.read_arrays(path).items():
        run, _, item = name.partition(":")
        tree.setdefault(run, {})[item] = array
    return tree


def assert_same(ours, theirs, atol):
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("run", [*RECIPES, "resumed"])
def test_both_workers_end_with_the_same_weights(results, run):
    first, second = (results[worker][run] for worker in WORKERS)
    assert_same(first, second, 0)


def test_two_workers_get_the_weights_of_one(results):
    assert_same(results["worker 0"]["plain"], results["alone"]["plain"], 1e-5)


def test_batch_normalisation_sees_the_whole_batch(results):
    ours, alone = results["worker 0"]["normalised"], results["alone"]["normalised"]
    np.testing.assert_allclose(ours["loss"], alone["loss"], rtol=1e-4)
    for name in ours:
        if "moving" in name:
            np.testing.assert_allclose(ours[name], alone[name], rtol=0.01, atol=1e-3, err_msg=name)


def test_two_workers_reach_the_accuracy_of_one(results):
    ours, alone = results["worker 0"]["learning"]["accuracy"][-1], results["alone"]["learning"]["accuracy"][-1]
    assert alone > 0.8 and abs(ours - alone) < 0.05


def test_a_crash_of_all_workers_is_resumed_to_the_same_weights(results):
    assert_same(results["worker 0"]["resumed"], results["worker 0"]["plain"], 1e-5)


def test_two_devices_of_one_process_get_the_weights_of_one(results):
    alone = results["alone"]
    assert_same(alone["mirrored plain"], alone["plain"], 1e-5)
    np.testing.assert_allclose(alone["mirrored normalised"]["loss"], alone["normalised"]["loss"], rtol=1e-4)


def test_only_the_first_worker_writes(results):
    first, second = (results[worker]["process"]["writes"].tolist() for worker in WORKERS)
    assert "run.json" in str(first) and "resume.npz" in str(first) and not second


def main(folder, name):
    """Train every recipe as one of the processes, and save what came of it."""
    from camlib.backend import tf

    writes = _record_writes(folder / "runs")
    strategy = None
    if name in WORKERS:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    else:
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    where = folder / "runs" / name.partition(" ")[0]  # workers share theirs
    out = {}
    for run, recipe in RECIPES.items():
        out |= _train(run, recipe, where, strategy)
    if strategy:
        _crash(RECIPES["plain"], where / "resumed", strategy)
        out |= _train("resumed", RECIPES["plain"], where, strategy)
    else:
        mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        out |= _train("mirrored plain", RECIPES["plain"], where, mirrored)
        out |= _train("mirrored normalised", RECIPES["normalised"], where, mirrored)
    runs.write_arrays(folder / f"{name}.npz", out | {"process:writes": writes})


def _train(name, recipe, where, strategy):
    """Train, and return losses, accuracies and the weights as this process has them, not as the first saved them."""
    models = []
    finish = train._Session.finish
    train._Session.finish = lambda session: (models.append(session.model), finish(session))
    try:
        run = train.train(recipe, *_data(recipe), where / name, snapshots=4, progress=False, strategy=strategy)
    finally:
        train._Session.finish = finish
    out = runs.arrays(models[0]) | {"loss": run.loss[1:], "accuracy": run.accuracy}
    return {f"{name}:{item}": array for item, array in out.items()}


def _crash(recipe, folder, strategy):
    """Begin a run that fails half way."""
    advance = train._Session.advance

    def fail_late(session):
        if session.step == recipe.steps // 2:
            raise RuntimeError("the power went")
        advance(session)

    train._Session.advance = fail_late
    try:
        train.train(recipe, *_data(recipe), folder, snapshots=4, progress=False, strategy=strategy)
    except RuntimeError as error:
        assert "the power went" in str(error)
    else:
        raise AssertionError("the run did not fail")
    finally:
        train._Session.advance = advance


@cache
def _data(recipe):
    train_digits, test_digits = digits.load_split()
    return train_digits, make_scenes(test_digits, 300, size=recipe.stages[-1].size, distractors=1)


def _record_writes(folder):
    """A list that grows with every file below `folder` that this process opens to write, renames or removes."""
    seen = []

    def hook(event, arguments):
        changes = event in ("os.rename", "os.remove") or (event == "open" and set(str(arguments[1])) & set("wax+"))
        if changes and str(arguments[0]).startswith(str(folder)):
            seen.append(str(arguments[0]))

    sys.addaudithook(hook)
    return seen


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
