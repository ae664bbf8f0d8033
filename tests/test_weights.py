import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from camlib import fetch, weights


class Bomb:
    """Pickles to a call that leaves a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def random_arrays(seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in weights.SHAPES.items()}


def as_package(arrays):
    """The nested dicts of the package's file."""
    return {"AlexNet_0": {f"Conv_{n - 1}": {part: arrays[f"conv{n}/{part}"] for part in ("kernel", "bias")}
                          for n in range(1, 6)}}


def write_pickle(path, tree, protocol=3):
    path.write_bytes(pickle.dumps(tree, protocol))
    return path


class Storage:
    """A block of numbers as PyTorch's pickler sees it."""

    def __init__(self, key, numbers):
        self.key, self.numbers = key, numbers


class TorchPickler(pickle._Pickler):
    """Writes what torch.save writes, after the description of its format: names by GLOBAL, blocks by persistent id."""

    names = {}

    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return "storage", Global("torch", "FloatStorage"), thing.key, "cpu", len(thing.numbers)

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Global):
            return self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())
        if isinstance(thing, Tensor):
            self.save(Global("torch._utils", "_rebuild_tensor_v2"))
            self.save((thing.storage, thing.offset, thing.shape, thing.strides, False, OrderedDict()))
            return self.write(pickle.REDUCE)
        return super().save(thing, save_persistent_id)


class Global:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Tensor:
    def __init__(self, key, array, offset=0, strides=None):
        self.storage = Storage(key, array)
        self.offset, self.shape = offset, array.shape
        self.storage.numbers = array.ravel()
        self.strides = strides or tuple(stride // 4 for stride in array.strides)


def write_torch(path, tree, blocks):
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("archive/data.pkl", "w") as stream:
            TorchPickler(stream, protocol=2).dump(tree)
        for key, numbers in blocks.items():
            archive.writestr(f"archive/data/{key}", np.asarray(numbers, "<f4").tobytes())
        archive.writestr("archive/version", "3\n")
    return path


def torch_file(path, arrays, **changes):
    tree, blocks = OrderedDict(), {}
    for layer, index in weights.TORCH_INDEX.items():
        kernel = np.ascontiguousarray(arrays[f"{layer}/kernel"].transpose(3, 2, 0, 1))
        for name, array in ((f"features.{index}.weight", kernel), (f"features.{index}.bias", arrays[f"{layer}/bias"])):
            key = str(len(blocks))
            tree[name], blocks[key] = Tensor(key, array, **changes), array.ravel()
    return write_torch(path, tree, blocks)


def test_the_real_weights_are_alexnets():
    arrays = weights.alexnet_conv()
    assert {name: array.shape for name, array in arrays.items()} == weights.SHAPES
    assert sum(array.size for array in arrays.values()) == 2_469_696  # torchvision's `features`, counted there
    # conv1's filters are edges and colours: most sum to nearly nothing, which random ones do not
    kernel = arrays["conv1/kernel"].reshape(-1, 64)
    assert np.median(abs(kernel.sum(axis=0)) / abs(kernel).sum(axis=0)) < 0.1


def test_the_real_file_against_plain_pickle():
    """Safe here alone: `fetch` has compared the file's hash."""
    path = fetch.fetch("alexnet.ckpt")
    with open(path, "rb") as stream:
        tree = pickle.load(stream)
    for name, array in weights.read_package(path).items():
        layer, part = name.split("/")
        assert np.array_equal(array, tree["AlexNet_0"][f"Conv_{int(layer[-1]) - 1}"][part])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache whose only file is a package's file with random weights."""
    arrays, source = random_arrays(), tmp_path / "source.ckpt"
    write_pickle(source, as_package(arrays))
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "fetch", lambda name, progress=True: source)
    return arrays, tmp_path / "cache" / weights.CONVERTED


def same(given, wanted):
    return given.keys() == wanted.keys() and all(np.array_equal(given[name], wanted[name]) for name in wanted)


def test_weights_are_converted_once(cache, monkeypatch):
    arrays, converted = cache
    assert same(weights.alexnet_conv(), arrays) and [path.name for path in converted.parent.iterdir()] == [
        weights.CONVERTED]
    monkeypatch.setattr(fetch, "fetch", lambda *args, **options: pytest.fail("fetched again"))
    assert same(weights.alexnet_conv(), arrays)
    np.load(converted, allow_pickle=False)["conv1/kernel"]


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(path.read_bytes()[:5000]),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_text("no archive"),
    lambda path: np.savez(path, **{"conv1/kernel": np.zeros(3)}),
    lambda path: np.save(path.open("wb"), np.array([{}], object), allow_pickle=True),
])
def test_a_damaged_conversion_is_made_again(cache, damage):
    arrays, converted = cache
    weights.alexnet_conv()
    damage(converted)
    assert same(weights.alexnet_conv(), arrays)
    assert same(dict(np.load(converted)), arrays)


def test_a_cache_that_cannot_be_written_still_serves(cache, monkeypatch):
    arrays, converted = cache
    def refuse(path):
        raise PermissionError("read-only")
    monkeypatch.setattr(weights, "whole_file", refuse)
    assert same(weights.alexnet_conv(), arrays) and not converted.exists()


def test_torchvisions_file_is_used_when_it_is_the_one_at_hand(cache, tmp_path, monkeypatch):
    others = random_arrays(1)
    full = torch_file(tmp_path / "full.pth", others)
    monkeypatch.setattr(fetch, "cached", lambda name: full if name == weights.TORCHVISION else None)
    assert same(weights.alexnet_conv(), others)


def test_a_pth_file_is_read_without_torch(tmp_path):
    arrays = random_arrays()
    assert same(weights.read_torchvision(torch_file(tmp_path / "x.pth", arrays)), arrays)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_calls_is_refused_and_does_not_call(tmp_path, protocol):
    trace = tmp_path / "trace"
    tree = {"first": Bomb(trace)} | as_package(random_arrays())
    with pytest.raises(weights.UnsafePickle, match="the name .*open"):
        weights.read_package(write_pickle(tmp_path / "x.ckpt", tree, protocol))
    assert not trace.exists()


def test_a_pth_that_calls_is_refused_and_does_not_call(tmp_path):
    trace = tmp_path / "trace"
    with pytest.raises(weights.UnsafePickle, match="open"):
        weights.read_torchvision(write_torch(tmp_path / "x.pth", {"features.0.weight": Bomb(trace)}, {}))
    assert not trace.exists()


@pytest.mark.parametrize("intruder", [
    np.array([{}], object), np.zeros(3), np.zeros(3, ">f4"), np.zeros(3, [("a", "f4")]), np.zeros(3, "U5"),
    np.float32(1), np.dtype("f4"), print, 3, None, [1.0],
])
def test_arrays_of_anything_but_float32_are_refused(tmp_path, intruder):
    tree = as_package(random_arrays())
    tree["AlexNet_0"]["Conv_0"]["kernel"] = intruder
    with pytest.raises(ValueError):
        weights.read_package(write_pickle(tmp_path / "x.ckpt", tree))


@pytest.mark.parametrize("content", [b"", b"\x80\x03", b"not a pickle", b"\x80\x03cos\nsystem\n(S'true'\ntR."])
def test_bytes_that_are_no_pickle_are_refused(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(weights.UnsafePickle, match="x.ckpt"):
        weights.read_package(tmp_path / "x.ckpt")


def test_other_networks_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no AlexNet"):
        weights.read_package(write_pickle(tmp_path / "x.ckpt", {"VGG16_0": {}}))
    arrays = random_arrays() | {"conv2/bias": np.zeros(5, np.float32)}
    with pytest.raises(ValueError, match="conv2/bias differ"):
        weights.read_package(write_pickle(tmp_path / "x.ckpt", as_package(arrays)))


def test_a_pth_of_another_kind_is_named(tmp_path):
    (tmp_path / "old.pth").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    with pytest.raises(ValueError, match="PyTorch 1.6"):
        weights.read_torchvision(tmp_path / "old.pth")
    with pytest.raises(ValueError, match="no AlexNet of torchvision"):
        weights.read_torchvision(write_torch(tmp_path / "x.pth", OrderedDict(a=1), {}))


@pytest.mark.parametrize("changes", [{"offset": 1}, {"offset": -1}, {"strides": (1, 1, 1, 1)}])
def test_a_tensor_beyond_its_numbers_is_refused(tmp_path, changes):
    with pytest.raises(weights.UnsafePickle):
        weights.read_torchvision(torch_file(tmp_path / "x.pth", random_arrays(), **changes))


def test_a_block_of_another_length_than_announced_is_refused(tmp_path):
    array = np.zeros(64, np.float32)
    path = write_torch(tmp_path / "x.pth", {"features.0.bias": Tensor("0", array)}, {"0": array[:10]})
    with pytest.raises(weights.UnsafePickle, match="10 numbers where 64"):
        weights.read_torchvision(path)
