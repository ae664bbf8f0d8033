import os
import shutil
import signal
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from camlib.backend import keras
from camlib.data.digits import Digits
from camlib.data.scenes import Scenes, make_scenes
from camlib.maps.cam import explain
from camlib.training import runs, train
from camlib.training.runs import Recipe, Stage

pytestmark = pytest.mark.filterwarnings("ignore:Even though the .tf.config:UserWarning")  # data stay in a graph
TINY = Recipe((Stage(96, 32, 2, empty=0.25, batch=16, rate=1e-3), Stage(48, 48, 3, batch=16, rate=1e-3)), copies=2)


@pytest.fixture(scope="module")
def test_scenes(split):
    return make_scenes(split[1], 60, size=48, seed=5)


@pytest.fixture(scope="module")
def watched(split, test_scenes, tmp_path_factory):
    """An uninterrupted tiny run, and how many snapshots it had each time that it was shown."""
    seen = []
    run = train.train(TINY, split[0], test_scenes, tmp_path_factory.mktemp("whole"), snapshots=4, progress=False,
                      watch=lambda run: seen.append(len(run.steps)))
    return run, seen


@pytest.fixture(scope="module")
def whole(watched):
    return watched[0]


def last_weights(run):
    return runs.read_arrays(run.folder / runs.snapshot_name(run.steps[-1]))


def test_a_run_has_the_untrained_and_the_last_step(whole):
    assert whole.steps[0] == 0 and whole.steps[-1] == TINY.steps == 9
    assert whole.scenes.tolist() == [16 * step for step in whole.steps]
    assert np.isnan(whole.loss[0]) and np.isfinite(whole.loss[1:]).all()


def test_the_first_snapshot_is_the_untrained_network(whole):
    untrained = runs.arrays(TINY.build())
    assert all(np.allclose(whole_w, untrained[name], atol=1e-3) for name, whole_w in
               runs.arrays(whole.load(0)).items() if name != "dense/kernel" and name != "dense/bias")


def test_snapshots_are_centred(whole, test_scenes):
    for step in whole.steps:
        dense = whole.load(step).get_layer("dense")
        for weights in (np.asarray(dense.kernel), np.asarray(dense.bias)):
            assert abs(weights.sum(axis=-1)).max() <= 1e-6 * abs(weights).max()
    maps = explain(whole.load(), test_scenes.images[:10]).maps
    assert abs(maps.sum(axis=-1)).max() < 1e-5 * abs(maps).max()


def test_accuracy_is_that_of_the_saved_weights(whole, test_scenes):
    for step, stated in zip(whole.steps, whole.accuracy):
        logits = whole.load(step).predict(test_scenes.images, verbose=0)
        assert stated == np.mean(np.argmax(logits, axis=1) == test_scenes.labels)


def test_a_training_that_is_done_leaves_no_network(split, test_scenes, tmp_path, monkeypatch):
    """A Keras model refers to itself, and its graphs take 9 MB, until Python looks for what nobody else refers to."""
    networks, build = [], Recipe.build

    def watched_build(recipe):
        network = build(recipe)
        networks.append(weakref.ref(network))
        return network

    monkeypatch.setattr(Recipe, "build", watched_build)
    short = replace(TINY, stages=TINY.stages[:1])
    train.train(short, split[0], test_scenes, tmp_path, snapshots=2, progress=False)
    assert len(networks) == 2 and all(network() is None for network in networks)


@pytest.mark.parametrize("stop_at", [2, 6, 7])
def test_an_interrupted_run_ends_with_the_same_weights(whole, split, test_scenes, tmp_path, monkeypatch, stop_at):
    advance = train._Session.advance

    def advance_and_interrupt(session):
        advance(session)
        if session.step == stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(train._Session, "advance", advance_and_interrupt)
    with pytest.raises(KeyboardInterrupt, match=f"step {stop_at} of 9"):
        train.train(TINY, split[0], test_scenes, tmp_path, snapshots=4, progress=False)
    monkeypatch.undo()
    resumed = train.train(TINY, split[0], test_scenes, tmp_path, snapshots=4, progress=False)
    assert np.array_equal(resumed.steps, whole.steps) and np.array_equal(resumed.accuracy, whole.accuracy)
    assert np.allclose(resumed.loss[1:], whole.loss[1:], rtol=1e-5)
    for name, weights in last_weights(whole).items():
        np.testing.assert_allclose(last_weights(resumed)[name], weights, rtol=2e-3, atol=1e-6, err_msg=name)
    assert not (tmp_path / "resume.npz").exists()


def test_a_crash_loses_nothing_before_the_last_snapshot(whole, split, test_scenes, tmp_path, monkeypatch):
    advance = train._Session.advance

    def fail_late(session):
        if session.step == 5:
            raise RuntimeError("the power went")
        advance(session)

    monkeypatch.setattr(train._Session, "advance", fail_late)
    with pytest.raises(RuntimeError):
        train.train(TINY, split[0], test_scenes, tmp_path, snapshots=4, progress=False)
    assert runs.open_run(tmp_path).steps.tolist() == [0, 1, 4]
    monkeypatch.undo()
    resumed = train.train(TINY, split[0], test_scenes, tmp_path, snapshots=4, progress=False)
    assert np.array_equal(resumed.accuracy, whole.accuracy)


SHORT = Recipe((Stage(48, 32, 2, batch=16),), copies=1)
WRITES = 9  # three for each of its snapshots at steps 0, 1 and 3


def train_short(split, test_scenes, folder, recipe=SHORT):
    """Eagerly: so few steps take less time than a graph of one."""
    tf.config.run_functions_eagerly(True)
    try:
        return train.train(recipe, split[0], test_scenes, folder, snapshots=3, progress=False)
    finally:
        tf.config.run_functions_eagerly(False)


def files_of(folder):
    """What a run leaves: the bytes of run.json and of every snapshot."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith((".", "resume"))}


@pytest.fixture(scope="module")
def short_files(split, test_scenes, tmp_path_factory):
    """The files of a run that nobody stopped, every write of which was counted."""
    written, whole_file = [], runs.whole_file
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "whole_file", lambda path: (written.append(path), whole_file(path))[1])
        run = train_short(split, test_scenes, tmp_path_factory.mktemp("short"))
    assert len(written) == WRITES
    return files_of(run.folder)


@contextmanager
def dying_before_write(number):
    """Ends a training before it replaces a file for the `number`th time, from 1."""
    whole_file, written = runs.whole_file, []

    def count(path):
        written.append(path)
        if len(written) == number:
            raise SystemError("killed")
        return whole_file(path)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemError, match="killed"):
        patch.setattr(runs, "whole_file", count)
        yield


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_run_killed_before_any_write_goes_on_to_the_same_files(split, test_scenes, tmp_path, short_files, number):
    with dying_before_write(number):
        train_short(split, test_scenes, tmp_path)
    train_short(split, test_scenes, tmp_path)
    assert files_of(tmp_path) == short_files


def test_dropped_tokens_are_the_same_after_a_kill(split, tmp_path):
    """Dropout's random numbers go on where they were, too."""
    options = {"size": 32, "stem": (2, 3, 4), "width": 12, "heads": 3, "blocks": 1, "token_dropout": 0.5}
    recipe, scenes = replace(SHORT, network="vit_gap", options=options), make_scenes(split[1], 20, size=32)
    with dying_before_write(WRITES - 2):
        train_short(split, scenes, tmp_path / "killed", recipe)
    for folder in ("killed", "whole"):
        train_short(split, scenes, tmp_path / folder, recipe)
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")


def test_a_killed_run_of_another_recipe_is_not_gone_on_with(split, test_scenes, tmp_path):
    """Killed before its first run.json, too: resume.npz says itself whose it is."""
    with dying_before_write(2):
        train_short(split, test_scenes, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["resume.npz"]
    with pytest.raises(ValueError, match="resume.npz is of another recipe .*: delete it, and training starts again"):
        train_short(split, test_scenes, tmp_path, replace(SHORT, seed=1))
    with pytest.raises(ValueError, match="resume.npz is of another recipe or of other digits"):
        train.train(SHORT, split[1], test_scenes, tmp_path, snapshots=3, progress=False)


@pytest.fixture(scope="module")
def stopped(split, test_scenes, tmp_path_factory):
    """The folder of a run that was stopped before its last snapshot: at step 3, with the rows of 0 and 1."""
    folder = tmp_path_factory.mktemp("stopped")
    with dying_before_write(WRITES - 1):
        train_short(split, test_scenes, folder)
    return folder


def without(name):
    return lambda state: state.pop(name)


@pytest.mark.parametrize("spoil", [
    without("step"), without("losses"), without("adam/3"), without("model/conv1/kernel"),
    lambda state: state.update(step=np.array(-1)), lambda state: state.update(step=np.array(4)),
    lambda state: state.update(step=np.array([1, 2])), lambda state: state.update(losses=np.array(0.5)),
    lambda state: state.update(losses=np.array(["a"])), lambda state: state.update(more=np.array(1)),
    lambda state: state.update({"model/dense/bias": np.zeros(9, np.float32)}),
])
def test_a_damaged_resume_file_says_how_to_go_on(stopped, split, test_scenes, tmp_path, spoil):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    state = runs.read_arrays(tmp_path / "resume.npz")
    spoil(state)
    runs.write_arrays(tmp_path / "resume.npz", state)
    before = files_of(tmp_path)
    with pytest.raises(ValueError, match="resume.npz is damaged .*: delete it, and training starts again from"):
        train_short(split, test_scenes, tmp_path)
    assert files_of(tmp_path) == before


def test_without_a_damaged_resume_file_the_run_is_made_again(stopped, split, test_scenes, tmp_path, short_files):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    (tmp_path / "resume.npz").write_bytes((tmp_path / "resume.npz").read_bytes()[:5000])
    with pytest.raises(ValueError, match="resume.npz is damaged .*: delete it, and training starts again from"):
        train_short(split, test_scenes, tmp_path)
    (tmp_path / "resume.npz").unlink()
    train_short(split, test_scenes, tmp_path)
    assert files_of(tmp_path) == short_files


def test_a_finished_run_is_returned_without_training(whole, split, test_scenes, monkeypatch):
    monkeypatch.setattr(train._Session, "advance", lambda session: pytest.fail("trained again"))
    seen = []
    again = train.train(TINY, split[0], test_scenes, whole.folder, snapshots=4, watch=seen.append, progress=False)
    assert np.array_equal(again.steps, whole.steps) and seen == [again]


def test_a_finished_run_may_be_read_only(whole, split, test_scenes, tmp_path):
    """A course folder for a whole class is; here the lock file, the one thing to write, has a folder in its place."""
    copy = Path(shutil.copytree(whole.folder, tmp_path / "run"))
    (copy / ".run.json.lock").unlink(missing_ok=True)
    (copy / ".run.json.lock").mkdir()
    assert train.train(TINY, split[0], test_scenes, copy, snapshots=4, progress=False).finished


def test_two_trainings_in_one_folder_take_turns(whole, split, test_scenes, tmp_path, monkeypatch, capsys):
    """The second waits, then returns what the first made."""
    advance, advanced = train._Session.advance, []

    def advance_slowly(session):
        advance(session)
        advanced.append(session.step)
        time.sleep(0.4)

    monkeypatch.setattr(train._Session, "advance", advance_slowly)
    with ThreadPoolExecutor(2) as pool:
        begin = [pool.submit(train.train, TINY, split[0], test_scenes, tmp_path, snapshots=4, progress=False)
                 for _ in range(2)]
        results = [run.result(120) for run in begin]
    assert sorted(advanced) == list(range(1, TINY.steps + 1))
    assert all(np.array_equal(run.accuracy, whole.accuracy) for run in results)
    assert capsys.readouterr().out.count("another process is training there") == 1


def test_the_folder_of_another_run_is_refused(whole, split, test_scenes):
    with pytest.raises(ValueError, match="another recipe"):
        train.train(Recipe(TINY.stages, seed=1), split[0], test_scenes, whole.folder, progress=False)
    with pytest.raises(ValueError, match="other digits"):
        train.train(TINY, split[1], test_scenes, whole.folder, progress=False)


def test_a_batch_without_equal_shares_is_refused(split, test_scenes, tmp_path):
    with pytest.raises(ValueError, match="batch of 16 has no equal shares for 3 replicas"):
        train.train(TINY, split[0], test_scenes, tmp_path / "run", strategy=SimpleNamespace(num_replicas_in_sync=3))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong, message", [
    ({"snapshots": 1}, "snapshots is 1: expected an int from 2 on"), ({"snapshots": 0}, "snapshots is 0"),
    ({"snapshots": 2.5}, "snapshots is 2.5"),
    ({"digits": "mnist"}, "digits can not be trained with .str"),
    ({"digits": Digits(np.zeros((3, 28, 28)), np.arange(3))}, r"float64 \(3, 28, 28\)"),
    ({"digits": Digits(np.zeros((3, 20, 20), np.uint8), np.arange(3))}, r"uint8 \(3, 20, 20\)"),
    ({"digits": Digits(np.zeros((3, 28, 28), np.uint8), np.arange(4))}, "digits can not"),
    ({"digits": Digits(np.zeros((3, 28, 28), np.uint8), np.arange(8, 11))}, "each with a label from 0 to 9"),
    ({"digits": Digits(np.zeros((0, 28, 28), np.uint8), np.arange(0))}, "one or more"),
    ({"test_scenes": Scenes(np.zeros((0, 48, 48), np.uint8), np.arange(0), np.zeros((0, 4), int))}, "one or more"),
    ({"test_scenes": Scenes(np.zeros((2, 48, 40), np.uint8), np.arange(2), np.zeros((2, 4), int))}, "square"),
    ({"test_scenes": Scenes(np.zeros((1, 48, 48), np.uint8), np.zeros((1, 2), int), np.zeros((1, 2, 4)))}, "label"),
    ({"test_scenes": None}, "test_scenes can not be trained with .NoneType"),
])
def test_bad_arguments_are_named_before_any_work(split, test_scenes, tmp_path, wrong, message):
    good = {"digits": split[0], "test_scenes": test_scenes, "snapshots": 3, "folder": tmp_path / "run"}
    with pytest.raises(ValueError, match=message):
        train.train(SHORT, progress=False, **good | wrong)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_named(split, test_scenes, tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(ValueError, match="run is a file: expected a folder"):
        train_short(split, test_scenes, tmp_path / "run")


@pytest.mark.parametrize("arguments, message", [
    ({"stages": ()}, "stages is .*: expected a tuple of at least one Stage"),
    ({"stages": Stage(640)}, "expected a tuple of at least one Stage"),
    ({"stages": ({"scenes": 640},)}, "expected a tuple of at least one Stage"),
    ({"network": "lenet_gup"}, "network is 'lenet_gup': expected the name of a function"),
    ({"network": "cells"}, "expected the name of a function"), ({"network": ["vit_gap"]}, "expected the name"),
    ({"options": {"patch": 8}}, "options of lenet_gap are {'patch': 8}: expected some of classes, sides"),
    ({"options": {"seed": 8}}, "expected some of classes, sides"), ({"options": [8]}, "expected some of classes"),
    ({"options": {"sides": {3}}}, "options are .*: expected what JSON has"),
    ({"copies": 0}, "copies is 0: expected a whole number from 1 on"), ({"seed": -1}, "seed is -1"),
])
def test_a_recipe_that_makes_no_training_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**{"stages": (Stage(640),)} | arguments)


@pytest.mark.parametrize("arguments, message", [
    ({"scenes": 63}, "scenes is 63: expected a whole number from 64 on"), ({"batch": 0}, "batch is 0"),
    ({"size": 27}, "size is 27: expected a whole number from 28 on"), ({"size": 40.0}, "size is 40.0"),
    ({"distractors": -1}, "distractors is -1"), ({"empty": 1.5}, "empty is 1.5: expected a number from 0 to 1"),
    ({"rate": float("nan")}, "rate is nan: expected a number from 0 on"), ({"rate": float("inf")}, "rate is inf"),
])
def test_a_stage_that_makes_no_training_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Stage(**{"scenes": 640} | arguments)


def test_a_network_without_a_bias_asks_for_one_size(split, test_scenes, tmp_path):
    with pytest.raises(ValueError, match="'lenet_gap_original' has no bias, .* 32 px can not be fitted to 48 px"):
        train_short(split, test_scenes, tmp_path, replace(SHORT, network="lenet_gap_original"))


def test_mixed_precision_keeps_the_weights_in_full_precision(split, test_scenes, tmp_path):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        run = train.train(TINY, split[0], test_scenes, tmp_path, snapshots=3, progress=False)
        computed = run.load().get_layer("conv4").compute_dtype
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert computed == "bfloat16" and np.isfinite(run.loss[1:]).all()
    assert all(np.isfinite(weights).all() for weights in last_weights(run).values())
    assert all(weight.dtype == "float32" for weight in run.load().weights)


def test_watch_sees_every_snapshot(watched):
    run, seen = watched
    assert seen == list(range(1, len(run.steps) + 1))


def test_training_outside_the_main_thread_works(split, test_scenes, tmp_path):
    result = []
    short = Recipe((Stage(16, 32, 2, batch=16),), copies=1)
    thread = threading.Thread(target=lambda: result.append(
        train.train(short, split[0], test_scenes, tmp_path, progress=False)))
    thread.start()
    thread.join(120)
    assert result and result[0].steps[-1] == 1


def test_cross_entropy_against_the_formula():
    logits = np.random.default_rng(0).normal(size=(4, 10)).astype(np.float32)
    labels = np.array([3, -1, 0, -1])
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    by_hand = [-log_p[0, 3], -log_p[1].mean(), -log_p[2, 0], -log_p[3].mean()]
    ours = train.cross_entropy(keras.ops.convert_to_tensor(labels), keras.ops.convert_to_tensor(logits))
    np.testing.assert_allclose(np.asarray(ours), by_hand, rtol=1e-5)


def test_snapshot_steps_lie_closest_at_the_start():
    steps = train.snapshot_steps(1000, 20)
    assert steps[0] == 0 and steps[-1] == 1000 and len(steps) == 20
    assert (np.diff(np.diff(steps)) >= -1).all()
