import os
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from camlib.backend import keras
from camlib.data.scenes import make_scenes
from camlib.training import runs, train
from camlib.training.runs import Recipe, Stage

TINY = Recipe((Stage(96, 32, 2, empty=0.25, batch=16, rate=1e-3), Stage(48, 48, 3, batch=16, rate=1e-3)), copies=2)


@pytest.fixture(scope="module")
def test_scenes(split):
    return make_scenes(split[1], 60, size=48, seed=5)


@pytest.fixture(scope="module")
def whole(split, test_scenes, tmp_path_factory):
    """An uninterrupted tiny run."""
    return train.train(TINY, split[0], test_scenes, tmp_path_factory.mktemp("whole"), snapshots=4, progress=False)


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


def test_snapshots_are_lifted_as_the_recipe_says(whole, split, test_scenes, tmp_path):
    lifted = train.train(replace(TINY, lift=0.5), split[0], test_scenes, tmp_path, snapshots=4, progress=False)
    assert np.array_equal(lifted.accuracy, whole.accuracy) and np.allclose(lifted.loss[1:], whole.loss[1:], rtol=1e-5)
    plain, ours = (weights["dense/kernel"].astype(float) for weights in (last_weights(whole), last_weights(lifted)))
    np.testing.assert_allclose(ours, plain - 0.5 * plain.min(axis=1, keepdims=True), rtol=2e-3, atol=1e-3)


def test_accuracy_is_that_of_the_saved_weights(whole, test_scenes):
    for step, stated in zip(whole.steps, whole.accuracy):
        logits = whole.load(step).predict(test_scenes.images, verbose=0)
        assert stated == np.mean(np.argmax(logits, axis=1) == test_scenes.labels)


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


def test_watch_sees_every_snapshot(split, test_scenes, tmp_path):
    seen = []
    run = train.train(TINY, split[0], test_scenes, tmp_path, snapshots=3, progress=False,
                      watch=lambda run: seen.append(len(run.steps)))
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
