import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import camlib
from camlib.networks import maker
from camlib.training import runs


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
    assert run.accuracy[0] < 0.2 and run.accuracy[-1] >= 0.97
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
    from camlib.data.scenes import make_scenes
    from camlib.training.accuracy import accuracy

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
def test_without_its_data_the_shipped_run_is_said_to_be_in_the_checkout(tmp_path, program):
    """A copy of the package's folder, with nothing beside it."""
    shutil.copytree(Path(camlib.__file__).parent, tmp_path / "camlib", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([sys.executable, *program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": ""}, text=True,
                          capture_output=True)
    answer = done.stderr.splitlines()[-1]
    assert done.returncode and "comes with the course's checkout" in answer and str(tmp_path) not in answer


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16", "float64"])
def test_a_snapshot_is_loaded_under_every_policy(run, policy):
    from camlib.backend import keras

    exact = run.load().get_layer("dense").kernel
    keras.config.set_dtype_policy(policy)
    try:
        kernel = run.load().get_layer("dense").kernel
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(np.asarray(kernel, float), exact, rtol=0.01, atol=1e-3 * abs(np.asarray(exact)).max())


def test_a_snapshot_of_training_that_went_astray_is_named(copy):
    """A max-pool makes 0 of NaN: such a network answers in finite numbers."""
    strange = runs.open_run(copy)
    path = copy / runs.snapshot_name(0)
    saved = runs.read_arrays(path)
    np.savez(path, **saved | {"conv2/kernel": saved["conv2/kernel"] * np.float16(np.nan)})
    with pytest.raises(ValueError, match="snapshot at step 0 in .* NaN or infinite weights in conv2/kernel"):
        strange.load(0)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"recipe": 3}', '{"recipe": {"stages": [{"sizes": 3}]}}',
                                  "[" * 100_000, "9" * 5000])
def test_a_damaged_run_json_is_named(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError, match="run.json is damaged"):
        runs.open_run(tmp_path)


def test_a_file_in_the_place_of_the_folder_holds_no_run(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(ValueError, match="run holds no training run"):
        runs.open_run(tmp_path / "run")


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("place, value", [
    (["recipe", "network"], "lenet_gup"), (["recipe", "network"], "__doc__"), (["recipe", "network"], 3),
    (["recipe", "copies"], 0), (["recipe", "seed"], -1), (["recipe", "seed"], 0.5), (["recipe", "stages"], []),
    (["recipe", "stages", 0], 3), (["recipe", "stages", 0, "batch"], 0), (["recipe", "stages", 0, "batch"], "64"),
    (["recipe", "stages", 0, "scenes"], 63), (["recipe", "stages", 0, "size"], 27),
    (["recipe", "stages", 0, "distractors"], -1), (["recipe", "stages", 0, "empty"], 1.01),
    (["recipe", "stages", 0, "rate"], NAN), (["recipe", "stages", 0, "rate"], INFINITY),
    (["recipe", "stages", 0, "rate"], True), (["digits"], 3), (["digits"], "none"),
    (["recipe", "options"], {"patch": 8}), (["recipe", "options"], {"seed": 1}), (["recipe", "options"], ["classes"]),
    (["steps"], []), (["steps"], {}), (["steps"], "0"), (["steps", 0], -1), (["steps", 0], 1), (["steps", 1], 0),
    (["steps", 1], 6.5), (["steps", 1], "6"), (["steps", 1], None), (["steps", -1], 2101), (["steps", -1], 10**30),
    (["scenes", -1], 10**19), (["scenes", 1], 0), (["scenes"], [0]),
    (["accuracy", 3], NAN), (["accuracy", 3], 1.5), (["accuracy", 3], None), (["accuracy", 3], [0.5]),
    (["loss", 3], "low"), (["loss"], None), (["loss"], [None]),
])
def test_a_run_json_that_is_no_runs_is_named(copy, place, value):
    about = json.loads((copy / "run.json").read_text())
    *way, last = place
    inner = about
    for key in way:
        inner = inner[key]
    inner[last] = value
    (copy / "run.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="run.json is damaged, or no run of this version .*: train again"):
        runs.open_run(copy)


@pytest.mark.parametrize("key", ["recipe", "digits", "steps", "loss"])
def test_a_run_json_without_an_entry_is_named(copy, key):
    about = json.loads((copy / "run.json").read_text())
    del about[key]
    (copy / "run.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match=f"run.json is damaged, .*{key}"):
        runs.open_run(copy)


def test_what_is_saved_is_what_is_opened(run, tmp_path):
    """Losses that left all bounds included, which JSON has no word for."""
    wild = replace(run, folder=tmp_path, loss=np.append(run.loss[:-2], [np.inf, np.nan]))
    runs.save_run(wild)
    json.loads((tmp_path / "run.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    again = runs.open_run(tmp_path)
    assert again.recipe == run.recipe and again.digits == run.digits and len(run.digits) == 64
    for name in ("steps", "scenes", "accuracy"):
        assert np.array_equal(getattr(again, name), getattr(run, name)) and getattr(again, name).dtype.itemsize == 8
    assert np.array_equal(again.loss[:-2], run.loss[:-2], equal_nan=True) and np.isnan(again.loss[-2:]).all()


def test_a_run_without_options_is_written_as_it_ever_was(run, tmp_path):
    runs.save_run(replace(run, folder=tmp_path))
    assert (tmp_path / "run.json").read_bytes() == (run.folder / "run.json").read_bytes()


OPTIONS = {"vit_gap": {"size": 32, "width": 12, "heads": 3, "stem": (2, 3, 4), "positions": False, "neighbours": 1},
           "lenet_gap": {"sides": (3, 3, 3, 3)}, "lenet_dense": {"size": 40, "classes": 4},
           "alexnet_gap": {"classes": 3, "weights": None}}


@pytest.mark.parametrize("network", OPTIONS)
def test_a_run_on_disk_rebuilds_any_network_with_its_arguments(run, tmp_path, network):
    recipe = runs.Recipe(run.recipe.stages, network, seed=5, options=OPTIONS[network])
    made = replace(run, folder=tmp_path, recipe=recipe)
    runs.save_run(made)
    again = runs.open_run(tmp_path)
    assert again.identity == made.identity and hash(again.recipe) == hash(recipe)
    ours = runs.arrays(again.recipe.build())
    expected = runs.arrays(maker(network)(seed=5, **OPTIONS[network]))
    assert ours.keys() == expected.keys() and all(np.array_equal(ours[name], expected[name]) for name in ours)


def test_a_run_that_is_not_shipped_is_named():
    with pytest.raises(ValueError, match="ships no run of 'vgg': expected one of lenet_gap, vit_gap"):
        runs.shipped_run("vgg")


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


def header(shape, descr="<f4"):
    """The start of an .npy file that claims such an array."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
    return out.getvalue()


def as_zip(content, name="conv1/kernel.npy", **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def pickled():
    out = io.BytesIO()
    np.savez(out, **{"conv1/kernel": np.array([{"a": 1}], object)})
    return out.getvalue()


def with_header_field(offset, value):
    """A zip with a field changed in both its headers, the file's own and the directory's, where it lies 2 further."""
    stored = bytearray(as_zip(header((1,)) + bytes(4)))
    for signature, further in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        stored[stored.index(signature) + offset + further] = value
    return bytes(stored)


FOREIGN = {
    "nothing": b"", "text": b"weights", "a pickle": pickle.dumps([1, 2]), "objects": pickled(),
    "a foreign zip": as_zip(b"hello", "word/document.xml"), "an array alone": header((1,)) + bytes(4),
    "1.6 TB": as_zip(header((4 * 10**11,))), "1.6 TB alone": header((4 * 10**11,)),
    "negative": as_zip(header((-3,))), "deep": as_zip(header((1,), "(" * 9000)), "an empty zip": as_zip(b"")[-22:],
    "encrypted": with_header_field(6, 1), "a compression of the future": with_header_field(8, 99),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_that_is_no_snapshot_is_named(copy, what):
    (copy / runs.snapshot_name(0)).write_bytes(FOREIGN[what])
    with pytest.raises(ValueError, match="step_00000.npz is damaged .*: train again, or restore the file"):
        runs.open_run(copy).load(0)


@pytest.mark.parametrize("strange", [np.array(["a"] * 10), np.zeros(10, complex), np.zeros(10, [("a", "f4")]),
                                     np.zeros(10, int), np.zeros(9, np.float16), None])
def test_weights_that_do_not_fit_are_named_and_the_network_is_left_alone(run, strange):
    model = run.load()
    saved, before = runs.arrays(model), runs.arrays(model)
    saved |= {name: array + 1 for name, array in saved.items()} | {"dense/bias": strange}
    if strange is None:
        del saved["dense/bias"]
    with pytest.raises(ValueError, match="dense/bias differ"):
        runs.assign(model, saved)
    assert all(np.array_equal(before[name], now) for name, now in runs.arrays(model).items())


def test_weights_of_another_network_are_refused(run):
    from camlib.networks.lenet import lenet_gap_original

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
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]
