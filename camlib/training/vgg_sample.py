"""What VGG16-GAP sees in the sample's photographs, computed beforehand: a photograph costs it a third of a second.

The head is fitted as notebook 06 fits AlexNet-GAP's: seed 0, 11 photographs a category, penalty 0.03.
"""

from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from ..data import photos as photographs
from ..files import DATA, expanded, whole_file
from .features import View, outputs
from .fit import fit_head
from .transfer import NETWORKS

FILE = DATA / "vgg16_sample.npz"
PER_CLASS, PENALTY = 11, 0.03


class Seen(NamedTuple):
    """features: float32, (483, 512), what GAP makes of each photograph of the sample. Of the 263 test photographs of
    seed 0: logits, (263, 20), and maps, (263, 14, 14, 20), both float32, and bias, (20,): maps' means + bias are the
    logits, but for what 8 bits of a map leave out."""

    features: np.ndarray
    logits: np.ndarray
    maps: np.ndarray
    bias: np.ndarray


def read(path=FILE):
    """What `write` wrote, as `Seen`. Raises ValueError where the file is missing or another."""
    path = expanded(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            features, codes, low, unit = (stored[name] for name in ("features", "codes", "low", "unit"))
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path} does not hold VGG16-GAP's maps ({error}): get it from the course's repository, or "
                         "make it, in some minutes, by  python -m camlib vgg-sample") from error
    features = features.astype(np.float32)
    kernel, bias, test = _head(features)
    maps = low[:, None, None] + unit[:, None, None] * codes
    return Seen(features, features[test] @ kernel + bias, maps.astype(np.float32), bias)


def write(path=FILE):
    """Look at all photographs of the sample with VGG16-GAP, and keep its features in half precision, and the class
    maps of the test photographs, each in 256 steps of its own range."""
    found = photographs.open_folder(photographs.SAMPLE)
    cells = before_gap(found.files)
    features = cells.mean(axis=(1, 2)).astype(np.float16)
    kernel, _, test = _head(features.astype(np.float32))
    maps = cells[test] @ kernel
    low, high = maps.min(axis=(1, 2)), maps.max(axis=(1, 2))
    unit = np.maximum(high - low, 1e-9) / 255
    codes = np.rint((maps - low[:, None, None]) / unit[:, None, None]).astype(np.uint8)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez_compressed(file, features=features, codes=codes, low=low, unit=unit)


def before_gap(files):
    """What enters VGG16-GAP's mean: float32, (n, 14, 14, 512), of photographs squeezed to 224 px."""
    from ..backend import keras

    model = NETWORKS["vgg16"](20)
    trunk = keras.Model(model.inputs, model.get_layer("gap").input)
    return outputs([View(trunk, False, np.ones(len(files), bool))], files)[0]


def _head(features):
    """(kernel, bias, indices of the test photographs) of the head fitted to the training photographs' features."""
    found = photographs.open_folder(photographs.SAMPLE)
    train, test = photographs.split(found, PER_CLASS, seed=0)
    return *fit_head(features[train], found.labels[train], PENALTY), test
