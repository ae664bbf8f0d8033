import pickle

import numpy as np
import pytest

from camlib.data import registry
from camlib.networks import imagenet


class Bomb:
    """Pickles to a call that leaves a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def random_arrays(network="AlexNet", seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in imagenet.shapes(network).items()}


def as_package(arrays, network="AlexNet"):
    """The nested dicts of the package's file."""
    return {f"{network}_0": {f"Conv_{n}": {part: arrays[f"{name}/{part}"] for part in ("kernel", "bias")}
                             for n, name in enumerate(imagenet.KERNELS[network])}}


def write_pickle(path, tree, protocol=3):
    path.write_bytes(pickle.dumps(tree, protocol))
    return path


NETWORKS = pytest.mark.parametrize("network, first, numbers", [
    ("AlexNet", "conv1", 2_469_696), ("VGG16", "conv1_1", 14_714_688),  # torchvision's `features`, counted there
])


@NETWORKS
def test_the_real_weights_are_the_networks(network, first, numbers):
    arrays = imagenet.convolutions(network)
    assert {name: array.shape for name, array in arrays.items()} == imagenet.shapes(network)
    assert sum(array.size for array in arrays.values()) == numbers
    # the first filters are edges and colours: most sum to less than half of what random ones do
    kernel = arrays[f"{first}/kernel"].reshape(-1, 64)
    random = np.random.default_rng(0).normal(size=kernel.shape)
    plain, chance = (np.median(abs(some.sum(axis=0)) / abs(some).sum(axis=0)) for some in (kernel, random))
    assert plain < chance / 2


@NETWORKS
def test_the_real_file_against_plain_pickle(network, first, numbers):
    """Safe here alone: `fetch` has compared the file's hash."""
    path = registry.fetch(imagenet.FILES[network])
    with open(path, "rb") as stream:
        layers = pickle.load(stream)[f"{network}_0"]
    arrays = imagenet.read_package(path, network)
    assert len(layers) == len(imagenet.KERNELS[network])
    for number, name in enumerate(imagenet.KERNELS[network]):
        for part in ("kernel", "bias"):
            assert np.array_equal(arrays[f"{name}/{part}"], layers[f"Conv_{number}"][part])


@NETWORKS
def test_the_packages_file_is_all_that_is_read_and_nothing_is_written(tmp_path, monkeypatch, network, first, numbers):
    arrays, path = random_arrays(network), tmp_path / imagenet.FILES[network]
    write_pickle(path, as_package(arrays, network))
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path))
    monkeypatch.setattr(registry, "fetch", lambda name, progress=True: tmp_path / name)
    read = imagenet.convolutions(network)
    assert read.keys() == arrays.keys() and all(np.array_equal(read[name], arrays[name]) for name in arrays)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_calls_is_refused_and_does_not_call(tmp_path, protocol):
    trace = tmp_path / "trace"
    tree = {"first": Bomb(trace)} | as_package(random_arrays())
    with pytest.raises(imagenet.UnsafePickle, match="the name .*open"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", tree, protocol), "AlexNet")
    assert not trace.exists()


@pytest.mark.parametrize("intruder", [
    np.array([{}], object), np.zeros(3), np.zeros(3, ">f4"), np.zeros(3, [("a", "f4")]), np.zeros(3, "U5"),
    np.float32(1), np.dtype("f4"), print, 3, None, [1.0],
])
def test_arrays_of_anything_but_float32_are_refused(tmp_path, intruder):
    tree = as_package(random_arrays())
    tree["AlexNet_0"]["Conv_0"]["kernel"] = intruder
    with pytest.raises(ValueError):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", tree), "AlexNet")


@pytest.mark.parametrize("content", [b"", b"\x80\x03", b"not a pickle", b"\x80\x03cos\nsystem\n(S'true'\ntR."])
def test_bytes_that_are_no_pickle_are_refused(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(imagenet.UnsafePickle, match="x.ckpt"):
        imagenet.read_package(tmp_path / "x.ckpt", "AlexNet")


def test_other_networks_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no AlexNet"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", {"VGG16_0": {}}), "AlexNet")
    arrays = random_arrays() | {"conv2/bias": np.zeros(5, np.float32)}
    with pytest.raises(ValueError, match="conv2/bias differ"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", as_package(arrays)), "AlexNet")
    with pytest.raises(ValueError, match="holds no VGG16: expected VGG16_0/Conv_0…12"):
        imagenet.read_package(tmp_path / "x.ckpt", "VGG16")
