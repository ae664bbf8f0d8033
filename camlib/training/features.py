"""What a frozen network makes of photographs, computed once and kept on disk."""

import hashlib
import json
import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..data import photos as photographs
from ..data.registry import computed_folder
from ..files import whole_file

SIDE = 224  # px: what AlexNet was trained on
SHARD = 256  # photographs whose features are computed, saved and looked up together
BATCH = 32  # photographs at a time, at most
LARGEST_LAYER = 1 << 24  # numbers, 67 MB, that one layer may make of a batch


def gap_features(model, files, **options):
    """What GAP hands to the dense layer, for every photograph: float32, (n, channels). Options: see `features`."""
    from ..backend import keras

    return features(keras.Model(model.inputs, model.get_layer("gap").output), files, **options)


def features(model, files, *, side=SIDE, mirror=False, folder=None, progress=True):
    """Outputs of a network for photographs, computed once and kept on disk in half precision: float32, (n, …).

    Rows of photographs that cannot be read are NaN.
    model: from uint8 (n, side, side, 3) to one output. files: paths, read by `photos.read`. mirror: left to right.
    folder: where they are kept, default "features" in `registry.computed_folder`. A shard of 256 rows is known by its
    files (path, size, time of change), `side`, `mirror` and the network with its weights; it is written whole or not
    at all. So an interrupted call goes on where it stopped, and a changed photograph is seen.
    Raises OSError where the folder cannot be written to, as on a full disk.
    """
    from tqdm.auto import tqdm

    files = list(files)
    folder = Path(folder or computed_folder("features"))
    network, shape = _fingerprint(model), model.compute_output_shape((1, side, side, 3))[1:]
    rows = np.empty((len(files), *shape), np.float32)
    with tqdm(total=len(files), desc="features", unit="photo", disable=not progress) as bar:
        for start in range(0, len(files), SHARD):
            part = files[start:start + SHARD]
            path = folder / f"{_key(network, part, side, mirror)}.npy"
            shard = _load(path, (len(part), *shape))
            if shard is None:
                shard = outputs(model, part, side, mirror, bar.update).astype(np.float16)
                _save(path, shard)
            rows[start:start + SHARD] = shard
            bar.update(start + len(part) - bar.n)
    return rows


def outputs(model, files, side=SIDE, mirror=False, done=lambda count: None):
    """Outputs of a network for photographs, `batch_size` at a time: float32, (n, …), NaN where one cannot be read.

    done: called with the number of photographs after each batch.
    """
    blank, rows, size = np.zeros((side, side, 3), np.uint8), [], batch_size(model, side)
    batches = [files[start:start + size] for start in range(0, len(files), size)]
    for pictures in read_ahead(lambda batch: [_read_or_none(file, side) for file in batch], batches):
        stack = np.stack([blank if picture is None else picture for picture in pictures])
        rows.append(np.array(model.predict_on_batch(stack[:, :, ::-1] if mirror else stack)))
        rows[-1][[picture is None for picture in pictures]] = np.nan
        done(len(stack))
    return np.concatenate(rows)


def batch_size(model, side):
    """How many photographs of side×side px a network sees at a time: at most BATCH, and so few that no layer makes
    more than LARGEST_LAYER numbers of them; more would not be faster on a processor."""
    from ..backend import keras

    tensors = [tensor for layer in model.layers for tensor in keras.tree.flatten(layer.output)]
    shapes = keras.Model(model.inputs, tensors).compute_output_shape((1, side, side, 3))
    return min(max(LARGEST_LAYER // max(map(math.prod, shapes)), 1), BATCH)


def read_ahead(read, batches):
    """`read(batch)` for each batch, by two threads, which are at most four batches ahead: memory holds no more."""
    with ThreadPoolExecutor(2) as pool:
        coming = deque()
        for batch in batches:
            coming.append(pool.submit(read, batch))
            if len(coming) > 4:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _read_or_none(file, side):
    """A photograph, or None where it cannot be read, or is no longer there."""
    try:
        return photographs.read(file, side)
    except (photographs.Unreadable, FileNotFoundError):
        return None


def _load(path, shape):
    """The shard, or None when it is not there, damaged, or of another shape."""
    try:
        shard = np.load(path, allow_pickle=False)
        return shard if shard.shape == shape and shard.dtype == np.float16 else None
    except (OSError, ValueError, EOFError):
        return None


def _save(path, shard):
    try:
        with whole_file(path) as part:
            np.save(part, shard)
    except OSError as error:
        raise OSError(f"features cannot be kept in {path.parent} ({error}): free some space, or set CAMLIB_DATA to "
                      "another folder") from error


def _fingerprint(model):
    digest = hashlib.sha256()
    for layer in model.layers:
        config = layer.get_config() | {"trainable": True}
        digest.update(json.dumps([type(layer).__name__, config], default=str, sort_keys=True).encode())
        for weight in layer.get_weights():
            digest.update(weight.tobytes())
    return digest.hexdigest()


def _key(network, files, side, mirror):
    about = []
    for file in files:
        try:
            stat = os.stat(file)
            about.append((os.path.abspath(file), stat.st_size, stat.st_mtime_ns))
        except OSError:
            about.append((os.path.abspath(file), None, None))
    return hashlib.sha256(json.dumps([network, about, side, mirror]).encode()).hexdigest()[:32]
