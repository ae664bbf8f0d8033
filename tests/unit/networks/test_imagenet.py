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


def random_arrays(seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in imagenet.SHAPES.items()}


def as_package(arrays):
    """The nested dicts of the package's file."""
    return {"AlexNet_0": {f"Conv_{n - 1}": {part: arrays[f"conv{n}/{part}"] for part in ("kernel", "bias")}
                          for n in range(1, 6)}}


def write_pickle(path, tree, protocol=3):
    path.write_bytes(pickle.dumps(tree, protocol))
    return path


def test_the_real_weights_are_alexnets():
    arrays = imagenet.alexnet_conv()
    assert {name: array.shape for name, array in arrays.items()} == imagenet.SHAPES
    assert sum(array.size for array in arrays.values()) == 2_469_696  # torchvision's `features`, counted there
    # conv1's filters are edges and colours: most sum to nearly nothing, which random ones do not
    kernel = arrays["conv1/kernel"].reshape(-1, 64)
    assert np.median(abs(kernel.sum(axis=0)) / abs(kernel).sum(axis=0)) < 0.1


def test_the_real_file_against_plain_pickle():
    """Safe here alone: `fetch` has compared the file's hash."""
    path = registry.fetch("alexnet.ckpt")
    with open(path, "rb") as stream:
        tree = pickle.load(stream)
    for name, array in imagenet.read_package(path).items():
        layer, part = name.split("/")
        assert np.array_equal(array, tree["AlexNet_0"][f"Conv_{int(layer[-1]) - 1}"][part])


def test_the_packages_file_is_all_that_is_read_and_nothing_is_written(tmp_path, monkeypatch):
    arrays, path = random_arrays(), tmp_path / "alexnet.ckpt"
    write_pickle(path, as_package(arrays))
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path))
    monkeypatch.setattr(registry, "fetch", lambda name, progress=True: tmp_path / name)
    read = imagenet.alexnet_conv()
    assert read.keys() == arrays.keys() and all(np.array_equal(read[name], arrays[name]) for name in arrays)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_calls_is_refused_and_does_not_call(tmp_path, protocol):
    trace = tmp_path / "trace"
    tree = {"first": Bomb(trace)} | as_package(random_arrays())
    with pytest.raises(imagenet.UnsafePickle, match="the name .*open"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", tree, protocol))
    assert not trace.exists()


@pytest.mark.parametrize("intruder", [
    np.array([{}], object), np.zeros(3), np.zeros(3, ">f4"), np.zeros(3, [("a", "f4")]), np.zeros(3, "U5"),
    np.float32(1), np.dtype("f4"), print, 3, None, [1.0],
])
def test_arrays_of_anything_but_float32_are_refused(tmp_path, intruder):
    tree = as_package(random_arrays())
    tree["AlexNet_0"]["Conv_0"]["kernel"] = intruder
    with pytest.raises(ValueError):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", tree))


@pytest.mark.parametrize("content", [b"", b"\x80\x03", b"not a pickle", b"\x80\x03cos\nsystem\n(S'true'\ntR."])
def test_bytes_that_are_no_pickle_are_refused(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(imagenet.UnsafePickle, match="x.ckpt"):
        imagenet.read_package(tmp_path / "x.ckpt")


def test_other_networks_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no AlexNet"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", {"VGG16_0": {}}))
    arrays = random_arrays() | {"conv2/bias": np.zeros(5, np.float32)}
    with pytest.raises(ValueError, match="conv2/bias differ"):
        imagenet.read_package(write_pickle(tmp_path / "x.ckpt", as_package(arrays)))
