import json
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from camlib.backend import keras
from camlib.data import photos
from camlib.maps import cam
from camlib.networks import alexnet, vgg
from camlib.training import features, transfer
from camlib.training.accuracy import accuracy_by_class, class_accuracy
from camlib.training.fit import PENALTIES, _folds, cross_validate, fit_head

SIDE = 63  # px: 2×2 cells
COLOURS = {"001.red": (210, 40, 40), "002.green": (40, 190, 60), "003.blue é x": (50, 60, 220)}


def picture(colour, random):
    """A patch of colour somewhere on noise."""
    pixels = random.integers(0, 256, (70, 90, 3), np.uint8)
    top, left = random.integers(0, 30), random.integers(0, 40)
    pixels[top:top + 40, left:left + 50] = np.clip(np.array(colour) + random.normal(0, 15, (40, 50, 3)), 0, 255)
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three categories of 10 photographs, one of them a text file."""
    root, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for k in range(10):
            picture(colour, random).save(root / name / f"{name[:3]}_{k + 1:04}.jpg", quality=95)
    (root / "002.green" / "002_0011.jpg").write_text("not a photograph")
    return root


@pytest.fixture
def network():
    """A small network that ends conv → GAP → dense and takes photographs of any size."""
    return small_network()


def small_network(seed=1, channels=6):
    keras.utils.set_random_seed(seed)
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255, name="scale")(image)
    x = keras.layers.Conv2D(channels, 5, strides=4, activation="relu", name="conv5")(x)
    x = keras.layers.GlobalAveragePooling2D(name="gap")(x)
    return keras.Model(image, keras.layers.Dense(3, name="dense")(x), name="small")


@pytest.fixture(autouse=True)
def random_alexnet(monkeypatch):
    """AlexNet's layers without the download: what is tested here does not depend on what they learned."""
    monkeypatch.setitem(transfer.NETWORKS, "alexnet", untrained)


def untrained(classes, **options):
    keras.utils.set_random_seed(3)
    return alexnet.alexnet_gap(classes, **options | {"weights": None})


# ---- features -------------------------------------------------------------------------------------------------------


def test_features_are_the_networks_in_half_precision(folder, network, tmp_path):
    files = photos.open_folder(folder).files[:9]
    made = features.gap_features(network, files, side=SIDE, folder=tmp_path, progress=False)
    mirrored = features.gap_features(network, files, side=SIDE, mirror=True, folder=tmp_path, progress=False)
    trunk = keras.Model(network.inputs, network.get_layer("gap").output)
    for n, file in enumerate(files):
        pixels = photos.read(file, SIDE)[None]
        np.testing.assert_allclose(made[n], trunk.predict_on_batch(pixels)[0], rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(mirrored[n], trunk.predict_on_batch(pixels[:, :, ::-1])[0], rtol=1e-3, atol=1e-6)
    assert made.shape == (9, 6) and made.dtype == np.float32
    assert features.gap_features(network, [], side=SIDE, folder=tmp_path, progress=False).shape == (0, 6)


def test_maps_may_be_kept_as_well_as_their_means(folder, network, tmp_path):
    files = photos.open_folder(folder).files[:3]
    trunk = keras.Model(network.inputs, network.get_layer("conv5").output)
    view = features.View(trunk, False, np.ones(3, bool))
    [maps] = features.features([view], files, side=SIDE, folder=tmp_path, progress=False)
    means = features.gap_features(network, files, side=SIDE, folder=tmp_path, progress=False)
    assert maps.shape == (3, 15, 15, 6)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), means, rtol=2e-3)


@pytest.fixture
def counted(monkeypatch):
    """The photographs that were read, in order."""
    read, names = photos.read, []
    def counting(path, side=None):
        names.append(path.name)
        return read(path, side)
    monkeypatch.setattr(photos, "read", counting)
    return names


def test_features_are_computed_once(folder, network, tmp_path, counted, monkeypatch):
    monkeypatch.setattr(features, "SHARD", 4)
    files = photos.open_folder(folder).files[:10]
    options = {"side": SIDE, "folder": tmp_path, "progress": False}
    first = features.gap_features(network, files, **options)
    assert len(counted) == 10 and len(list(tmp_path.iterdir())) == 3
    again = features.gap_features(network, files, **options)
    assert len(counted) == 10 and np.array_equal(first, again)
    head = small_network()
    head.get_layer("dense").set_weights([np.ones((6, 3)), np.ones(3)])
    features.gap_features(head, files, **options)
    assert len(counted) == 10  # the dense layer has no part in them


@pytest.mark.parametrize("change", ["side", "mirror", "weights", "touched", "grown", "pool"])
def test_features_are_computed_again_after_a_change(folder, network, tmp_path, counted, change):
    files = list(photos.open_folder(folder).files[:3])
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(files[0].read_bytes())
    files[0] = copy
    options = {"side": SIDE, "folder": tmp_path / "cache", "progress": False}
    features.gap_features(network, files, **options)
    before = len(counted)
    if change == "side":
        options["side"] += 1
    elif change == "mirror":
        options["mirror"] = True
    elif change == "weights":
        kernel, bias = network.get_layer("conv5").get_weights()
        network.get_layer("conv5").set_weights([kernel, bias + 0.001])
    elif change == "touched":
        os.utime(copy, (1, 1))
    elif change == "grown":
        stamp = copy.stat()
        copy.write_bytes(copy.read_bytes() + b"\0")
        os.utime(copy, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    elif change == "pool":
        network, other = (alexnet.alexnet_gap(3, weights=None, pool=pool) for pool in (3, 5))
        other.set_weights(network.get_weights())
        features.gap_features(other, files, **options)
        before = len(counted)
    features.gap_features(network, files, **options)
    assert len(counted) == before + 3


def test_an_interrupted_computation_goes_on(folder, network, tmp_path, counted, monkeypatch):
    monkeypatch.setattr(features, "SHARD", 4)
    files = photos.open_folder(folder).files[:12]
    options = {"side": SIDE, "folder": tmp_path, "progress": False}

    def interrupted(path, side):
        if path == files[8]:
            raise KeyboardInterrupt
        return photos.read(path, side)

    with pytest.raises(KeyboardInterrupt):
        features.gap_features(network, files, read=interrupted, **options)
    assert len(counted) == 8
    assert len(features.gap_features(network, files, **options)) == 12 and len(counted) == 12


@pytest.mark.parametrize("largest, expected", [
    (1 << 24, [9]), (2 * 15 * 15 * 60, [2, 2, 2, 2, 1]), (15 * 15 * 60 * 3 - 1, [2, 2, 2, 2, 1]), (1, [1] * 9),
])
def test_so_few_photographs_at_a_time_that_no_layer_is_too_large(folder, monkeypatch, largest, expected):
    """The largest layer of a photograph of 63×63 px is conv5, with 15×15 cells of 60 channels."""
    monkeypatch.setattr(features, "LARGEST_LAYER", largest)
    network, sizes = small_network(channels=60), []
    files = photos.open_folder(folder).files[:9]
    features.outputs([features.View(network, False, np.ones(9, bool))], files, SIDE, done=sizes.append)
    assert sizes == expected


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:-20]),
                                    lambda path: path.write_bytes(b""), lambda path: path.write_text("?" * 500)])
def test_damaged_features_are_computed_again(folder, network, tmp_path, damage, counted):
    files = photos.open_folder(folder).files[:3]
    options = {"side": SIDE, "folder": tmp_path, "progress": False}
    first = features.gap_features(network, files, **options)
    damage(next(tmp_path.iterdir()))
    again = features.gap_features(network, files, **options)
    assert len(counted) == 6 and np.array_equal(again, first)


def test_unreadable_photographs_are_marked(folder, network, tmp_path):
    found = photos.open_folder(folder)
    made = features.gap_features(network, [*found.files, folder / "gone.jpg"], side=SIDE, folder=tmp_path,
                                 progress=False)
    unreadable = np.isnan(made).all(axis=1)
    assert [found.files[i].name for i in np.flatnonzero(unreadable[:-1])] == ["002_0011.jpg"] and unreadable[-1]
    assert np.isfinite(made[~unreadable]).all()


def test_features_go_where_they_can_where_the_cache_can_only_be_read(folder, network, tmp_path, monkeypatch):
    """The cache's folder lies in a file, where nobody can make one, not even a superuser."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "file" / "cache"))
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "own"))
    made = features.gap_features(network, photos.open_folder(folder).files[:3], side=SIDE, progress=False)
    assert made.shape == (3, 6) and list(tmp_path.glob("own/**/features/*.npy"))


def test_a_full_disk_is_named(folder, network, tmp_path, monkeypatch):
    def full(path, rows):
        path.write_bytes(b"some")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match=f"features cannot be kept in {tmp_path} .*No space left.*CAMLIB_DATA"):
        features.gap_features(network, photos.open_folder(folder).files[:3], folder=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())


def test_reading_ahead_keeps_few_batches_in_memory():
    begun = []
    coming = features.read_ahead(lambda i: begun.append(i) or -i, [[2 * n, 2 * n + 1] for n in range(50)])
    assert next(coming) == {0: 0, 1: -1} and len(begun) <= 10
    assert list(coming) == [{2 * n: -2 * n, 2 * n + 1: -2 * n - 1} for n in range(1, 50)]


def test_the_next_shards_are_read_while_one_is_computed(folder, network, tmp_path, monkeypatch):
    """In shards of one photograph, four are begun before anything is computed."""
    monkeypatch.setattr(features, "SHARD", 1)
    files, begun, trunk = photos.open_folder(folder).files[:4], threading.Semaphore(0), features.before_head(network)
    compute = trunk.predict_on_batch

    def reading(path, side):
        begun.release()
        return photos.read(path, side)

    def after_four(stack):
        trunk.predict_on_batch = compute
        assert all(begun.acquire(timeout=20) for _ in files)
        return compute(stack)

    trunk.predict_on_batch = after_four
    view = features.View(trunk, False, np.ones(4, bool))
    [made] = features.features([view], files, side=SIDE, folder=tmp_path, progress=False, read=reading)
    assert np.isfinite(made).all()


def test_views_of_several_networks_share_one_reading(folder, network, tmp_path, counted, monkeypatch):
    """Each view has rows for what it asks for, as if it were computed alone, over several shards and batches."""
    monkeypatch.setattr(features, "SHARD", 13)
    monkeypatch.setattr(features, "BATCH", 4)
    files, options = photos.open_folder(folder).files, {"side": SIDE, "folder": tmp_path / "all", "progress": False}
    other = small_network(seed=2, channels=5)
    odd, few = np.arange(31) % 2 == 1, np.isin(np.arange(31), (4, 20, 30))
    views = [features.View(features.before_head(model), mirror, wanted) for model, mirror, wanted in (
        (network, False, np.ones(31, bool)), (network, True, odd), (other, True, few))]
    tables = features.features(views, files, **options)
    assert len(counted) == len(set(counted)) == 31
    for (_, mirror, wanted), model, table in zip(views, (network, network, other), tables):
        alone = features.gap_features(model, files, mirror=mirror, side=SIDE, folder=tmp_path, progress=False)
        left_out = ~wanted | (np.arange(31) == 20)
        assert np.isnan(table[left_out]).all()
        np.testing.assert_allclose(table[~left_out], alone[~left_out], rtol=1e-3)
    del counted[:]
    again = features.features(views, files, **options)
    assert not counted and all(np.array_equal(*pair, equal_nan=True) for pair in zip(tables, again, strict=True))
    features.features([views[0], views[1]._replace(wanted=~odd)], files, **options)
    assert sorted(counted) == sorted(file.name for file in files[::2])  # those that are not in the cache


# ---- the head -------------------------------------------------------------------------------------------------------


def problem(seed=0, count=90, channels=5):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    rows = random.normal(size=(count, channels)) * [1, 10, 0.1, 1, 1] + labels[:, None] * [0.4, 2, 0.05, 0, 0] + 7
    rows[:, 4] = 2.5  # a dead channel
    return rows.astype(np.float32), labels


@pytest.mark.parametrize("penalty", [0.01, 0.3])
def test_the_head_is_where_the_loss_is_least(penalty):
    """The loss as the docstring states it, in NumPy: no small step from the fitted head makes it smaller."""
    rows, labels = problem()
    kernel, bias = (part.astype(np.float64) for part in fit_head(rows, labels, penalty))
    deviation = np.where(rows.std(axis=0) > 1e-6, rows.std(axis=0), 1)

    def loss(kernel, bias):
        logits = rows.astype(np.float64) @ kernel + bias
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(labels)), labels].mean() + penalty / 2 * ((kernel * deviation[:, None])**2).sum()

    least, random = loss(kernel, bias), np.random.default_rng(1)
    for _ in range(50):
        step = random.normal(size=kernel.shape) / deviation[:, None]
        moved = kernel + 0.02 * step, bias - 0.02 * rows.mean(axis=0) @ step + 0.02 * random.normal(size=3)
        assert loss(*moved) > least
    assert least < loss(np.zeros_like(kernel), np.zeros(3)) and np.isfinite(kernel).all()


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted as Linux lists them")
@pytest.mark.parametrize("first", ["", "camlib.measure.intervals", "camlib.measure.faithfulness"])
def test_the_minimiser_brings_no_threads_that_wait_busily(first):
    """Whatever else of the package has loaded SciPy, and its BLAS, before."""
    code = ("import importlib, os, sys; tasks = '/proc/self/task'; import numpy, cv2; before = len(os.listdir(tasks));"
            "[importlib.import_module(name) for name in sys.argv[1:]];"
            "from camlib.blas import one_threaded; one_threaded('scipy.optimize');"
            "print(len(os.listdir(tasks)) - before, os.environ.get('OPENBLAS_NUM_THREADS'))")
    for setting in (None, "2"):
        variables = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        variables |= {"OPENBLAS_NUM_THREADS": setting} if setting else {}
        run = subprocess.run([sys.executable, "-c", code, *filter(None, [first])], env=variables, capture_output=True,
                             text=True, check=True)
        assert run.stdout.split() == ["0", str(setting)]


def test_the_head_does_not_depend_on_the_features_scale():
    """Standardising is folded in: features in other units give the same logits."""
    rows, labels = problem()
    first = np.matmul(rows, (head := fit_head(rows, labels, 0.1))[0]) + head[1]
    scale, shift = np.array([3, 0.1, 20, 1, 4], np.float32), np.array([1, -5, 0, 2, 0], np.float32)
    kernel, bias = fit_head(rows * scale + shift, labels, 0.1)
    np.testing.assert_allclose((rows * scale + shift) @ kernel + bias, first, atol=2e-2)


def test_cross_validation_against_a_loop():
    rows, labels = problem(count=45)
    views = np.stack([rows, rows + 0.1])
    best, scores = cross_validate(views, labels, penalties=(0.01, 3.0), folds=3, seed=2)
    fold = _folds(labels, 3, 2)
    assert [np.bincount(labels[fold == k]).tolist() for k in range(3)] == [[5, 5, 5]] * 3
    for penalty, score in scores.items():
        right = []
        for n in range(45):
            rest = fold != fold[n]
            kernel, bias = fit_head(np.concatenate([rows[rest], rows[rest] + 0.1]),
                                             np.tile(labels[rest], 2), penalty)
            right.append(np.argmax(rows[n] @ kernel + bias) == labels[n])
        assert score == pytest.approx(np.mean(right))  # classes of equal size: their mean is the mean
    assert scores[best] == max(scores.values())


def test_cross_validation_holds_out_all_views_of_a_photograph():
    """Labels that mean nothing, and views that give a photograph away: honest folds stay at chance."""
    random = np.random.default_rng(0)
    rows, labels = random.normal(size=(60, 100)).astype(np.float32), random.permutation(np.arange(60) % 3)
    _, scores = cross_validate(np.stack([rows, rows + 0.01]), labels, penalties=(1e-3,))
    assert scores[1e-3] < 0.55


def test_one_photograph_a_class_leaves_nothing_to_validate_on():
    rows, labels = problem(count=3)
    penalty, scores = cross_validate(rows[None], labels)
    assert penalty in PENALTIES and scores == {}


def test_accuracy_is_the_mean_over_classes():
    logits = np.eye(2)[[0, 0, 0, 1, 1]]  # says 0, 0, 0, 1, 1
    labels = np.array([0, 0, 0, 0, 1])  # right: 3 of 4, and 1 of 1
    assert accuracy_by_class(logits, labels).tolist() == [0.75, 1.0]
    assert class_accuracy(logits, labels) == 0.875


# ---- the whole ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(transfer.NETWORKS, "alexnet", untrained)
        return transfer.run_transfer(photos.open_folder(folder), per_class=5, seed=1, side=SIDE,
                                     folder=tmp_path_factory.mktemp("cache"), progress=False)


def test_a_transfer_is_measured_on_photographs_it_did_not_see(folder, result):
    found, numbers = photos.open_folder(folder), result.numbers
    assert not set(result.train) & set(result.test) and len(result.train) == 15 and len(result.test) == 15
    assert found.files[20].name == "002_0011.jpg" and 20 not in {*result.train, *result.test}
    pixels = np.stack([photos.read(found.files[i], SIDE) for i in result.test])
    logits = result.model.predict_on_batch(pixels)
    np.testing.assert_allclose(result.logits, logits, atol=0.05 * np.ptp(logits))  # features are in half precision
    right = [logits[k].argmax() == found.labels[i] for k, i in enumerate(result.test)]
    assert abs(numbers["accuracy"] - np.mean(right)) <= 1 / 15 + 1e-9 and numbers["accuracy"] > 0.6
    assert numbers["unreadable"] == 1 and numbers["photographs"] == 31 and numbers["train"] == 15
    assert set(numbers["seconds"]) == {"features", "head"}
    json.dumps(numbers)


def test_the_identity_holds_after_the_head_is_folded_in(folder, result):
    found = photos.open_folder(folder)
    pixels = np.stack([photos.read(found.files[i], SIDE) for i in result.test])
    explanation = cam.explain(result.model, pixels)
    logits, maps = explanation.logits, explanation.maps
    bias = result.model.get_layer("dense").get_weights()[1]
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, atol=1e-4)


def test_fine_tuning_changes_the_last_layers_only(folder):
    found = photos.open_folder(folder)
    model = untrained(3)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    fine = [i for i in range(31) if i != 20]
    curve = transfer.tune(model, [found.files[i] for i in fine], found.labels[fine], epochs=3, rate=1e-3, side=SIDE,
                          progress=False)
    changed = {layer.name for layer in model.layers if any(
        not np.array_equal(a, b) for a, b in zip(layer.get_weights(), before[layer.name]))}
    assert changed == {"conv4", "conv5", "dense"} and len(curve) == 3 and curve[-1] < curve[0]
    assert all(layer.trainable for layer in model.layers)


def test_vgg16_is_tuned_in_its_last_block_in_batches_that_fit_and_says_its_name(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "LARGEST_LAYER", 7 * 32 * 32 * 64)  # conv1's, of seven photographs
    found, model, sizes = photos.take(photos.open_folder(folder), np.arange(10)), vgg.vgg16_gap(3, weights=None), []
    before, train = {layer.name: layer.get_weights() for layer in model.layers}, model.train_on_batch
    model.train_on_batch = lambda pictures, target: sizes.append(len(pictures)) or train(pictures, target)
    transfer.tune(model, found.files, found.labels, epochs=1, side=32, progress=False)
    assert sizes == [7, 3]
    assert {layer.name for layer in model.layers if any(map(np.any, map(np.subtract, layer.get_weights(),
            before[layer.name])))} == {"conv5_1", "conv5_2", "conv5_3", "dense"}
    nothing = np.zeros(0, int)
    transfer.save(transfer.Transfer(model, found, nothing, nothing, None, {"side": 32}), tmp_path)
    assert transfer.load(tmp_path)[0].name == "vgg16_gap"


def test_a_learning_curve_against_heads_fitted_one_by_one(folder, tmp_path, counted):
    """Each figure is that of a head fitted to a draw's training photographs, mirrored ones too, and to no others."""
    found = photos.take(photos.open_folder(folder), np.arange(31) != 20)
    options = {"side": SIDE, "folder": tmp_path, "progress": False}
    models = small_network(), small_network(seed=2, channels=1)
    curves = transfer.learning_curve(photos.open_folder(folder), (1, 6), models, draws=3, penalty=0.1, **options)
    assert len(counted) == len(set(counted)) == 31  # for both networks, and for the mirror images
    for model, curve, judged in zip(models, *curves, strict=True):
        plain, mirrored = (features.gap_features(model, found.files, mirror=mirror, **options)
                           for mirror in (False, True))
        for seed in range(3):
            for column, count in enumerate((1, 6)):
                train, test = photos.split(found, count, seed)
                rows = np.concatenate([plain[train], mirrored[train]])
                kernel, bias = fit_head(rows, found.labels[[*train, *train]], penalty=0.1)
                right = (plain[test] @ kernel + bias).argmax(axis=1) == found.labels[test]
                assert curve[seed, column] == pytest.approx(right.mean())  # as many of each class
                seen = np.delete(judged[seed, column], 20)
                assert np.array_equal(seen[test], right) and np.isnan(seen[train]).all()
    assert np.isnan(curves.right[..., 20]).all()  # the text file
    assert curves.accuracy.shape == (2, 3, 2) and not np.array_equal(*curves.accuracy)


@pytest.mark.parametrize("counts, options, complaint", [
    ((1, 10), {}, r"red \(10\).*Use at most 9"), ((0,), {}, "per_class is 0"), ((1,), {"side": 30}, "side is 30"),
])
def test_a_learning_curve_that_cannot_be_is_refused_before_any_photograph_is_read(folder, counted, counts, options,
                                                                                complaint):
    with pytest.raises(ValueError, match=complaint):
        transfer.learning_curve(photos.open_folder(folder), counts, [small_network()], **options)
    assert not counted


def test_augmentation_is_a_seed(folder):
    file = photos.open_folder(folder).files[0]
    first, again, other = (transfer.augmented(file, SIDE, (1, seed)) for seed in (0, 0, 1))
    assert first.shape == (SIDE, SIDE, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_too_few_photographs_are_named_before_any_is_read(folder, tmp_path, counted):
    with pytest.raises(ValueError, match=r"red \(10\).*Use at most 9"):
        transfer.run_transfer(photos.open_folder(folder), per_class=10, side=SIDE, folder=tmp_path, progress=False)
    assert not counted


@pytest.mark.parametrize("side", [30, 1025, 100_000])
def test_a_side_out_of_range_is_refused_before_any_photograph_is_read(folder, counted, side):
    with pytest.raises(ValueError, match=f"side is {side}: expected 31 to 1,024 px"):
        transfer.run_transfer(photos.open_folder(folder), side=side)
    assert not counted


@pytest.fixture
def tiny_network(monkeypatch):
    """In AlexNet's place: five layers, with names that `tune` knows."""
    monkeypatch.setitem(transfer.NETWORKS, "alexnet", lambda classes, seed: small_network(seed))


def test_a_transfer_that_is_fine_tuned(folder, tmp_path, tiny_network):
    options = {"per_class": 5, "seed": 1, "side": SIDE, "folder": tmp_path, "progress": False}
    found = photos.open_folder(folder)
    frozen, tuned = (transfer.run_transfer(found, fine_tune=epochs, **options) for epochs in (0, 2))
    assert np.array_equal(tuned.test, frozen.test)
    assert tuned.numbers["frozen_accuracy"] == frozen.numbers["accuracy"] == frozen.numbers["frozen_accuracy"]
    assert set(tuned.numbers["seconds"]) == {"features", "head", "fine-tuning", "test"}
    assert [each.numbers["fine_tune"] for each in (frozen, tuned)] == [0, 2]
    for layer in ("conv5", "dense"):
        assert not np.array_equal(*(each.model.get_layer(layer).get_weights()[0] for each in (frozen, tuned)))
    pixels = np.stack([photos.read(found.files[i], SIDE) for i in tuned.test])
    np.testing.assert_allclose(tuned.logits, tuned.model.predict_on_batch(pixels), atol=1e-4)
    right = tuned.logits.argmax(axis=1) == found.labels[tuned.test]  # 5 of each class
    assert tuned.numbers["accuracy"] == pytest.approx(right.mean())


def test_photographs_that_go_during_fine_tuning_are_left_out(folder, tmp_path, tiny_network, monkeypatch):
    copy = tmp_path / "photos"
    shutil.copytree(folder, copy)
    found, tune = photos.open_folder(copy), transfer.tune
    gone = []

    def tune_while_others_delete(model, files, labels, **options):
        kept = set(files)
        test = [i for i, file in enumerate(found.files) if file not in kept and file.name != "002_0011.jpg"]
        for file in (files[0], found.files[test[0]]):
            file.unlink()
        gone.append(test[0])
        return tune(model, files, labels, **options)

    monkeypatch.setattr(transfer, "tune", tune_while_others_delete)
    result = transfer.run_transfer(found, per_class=5, side=SIDE, fine_tune=1, folder=tmp_path / "cache",
                                   progress=False)
    assert len(result.test) == len(result.logits) == result.numbers["test"] == 14 and gone[0] not in result.test
    assert np.isfinite(result.logits).all() and 0 <= result.numbers["accuracy"] <= 1


def test_what_is_saved_is_loaded(result, tmp_path):
    transfer.save(result, tmp_path / "a folder")
    assert sorted(path.name for path in (tmp_path / "a folder").iterdir()) == ["model.keras", "transfer.json"]
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    for path in (tmp_path / "a folder", tmp_path / "a folder" / "model.keras"):
        model, names, side = transfer.load(path)
        assert names == tuple(name.split(".")[1] for name in COLOURS) and side == SIDE
        np.testing.assert_allclose(model.predict_on_batch(pixels), result.model.predict_on_batch(pixels), atol=1e-5)


def test_a_saved_model_is_read_by_another_process(result, tmp_path):
    """There Keras has not met the layers of our own."""
    transfer.save(result, tmp_path)
    program = "import sys; from camlib import transfer; print(transfer.load(sys.argv[1])[0].count_params())"
    said = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True).stdout
    assert int(said) == result.model.count_params()


@pytest.mark.parametrize("about", [None, "", "{}", "[]", '{"names": ["a", "b"], "side": 63}'])
def test_a_folder_without_a_model_says_how_to_make_one(tmp_path, about):
    if about is not None:
        (tmp_path / "transfer.json").write_text(about)
    with pytest.raises(ValueError, match="holds no trained model.*camlib transfer --out"):
        transfer.load(tmp_path)
