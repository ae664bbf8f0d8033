"""What a frozen network makes of photographs, computed once and kept on disk."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..data import photos as photographs
from ..data.registry import cache_folder
from ..files import whole_file

SIDE = 224  # px: what AlexNet was trained on


SHARD = 256  # photographs whose features are computed, saved and looked up together


BATCH = 32


class Features(Sequence):
    """Rows of float16 on disk, in shards; indexing with an int, a list or an array reads those rows as float32.

    Rows of unreadable photographs are NaN. from_cache: how many rows were there already.
    """

    def __init__(self, shards, count, from_cache):
        self._shards, self._count, self.from_cache = shards, count, from_cache

    def __len__(self):
        return self._count

    def __getitem__(self, indices):
        indices = np.arange(self._count)[indices]
        if indices.ndim == 0:
            return self._shards[indices // SHARD][indices % SHARD].astype(np.float32)
        return np.stack([self[int(i)] for i in indices]) if len(indices) else np.empty((0, *self[0].shape), np.float32)

    def readable(self):
        """bool, (n,)."""
        return np.concatenate([~np.isnan(shard.reshape(len(shard), -1)[:, 0]) for shard in self._shards])


def gap_features(model, files, **options):
    """What GAP hands to the dense layer, for every photograph: `Features`, (n, channels). Options: see `features`."""
    from ..backend import keras

    return features(keras.Model(model.inputs, model.get_layer("gap").output), files, **options)


def features(model, files, *, side=SIDE, mirror=False, folder=None, progress=True):
    """Outputs of a network for photographs, computed once and kept on disk in half precision: `Features`.

    model: from uint8 (n, side, side, 3) to one output. files: paths, read by `photos.read`. mirror: left to right.
    folder: of the cache, default "features" in camlib's. A shard is known by its files (path, size, time of change),
    `side`, `mirror` and the network with its weights; it is written whole or not at all. So an interrupted call goes
    on where it stopped, a changed photograph is seen, and memory holds one batch, however many photographs there are.
    """
    from tqdm.auto import tqdm

    files = list(files)
    folder = folder or cache_folder() / "features"
    network = _fingerprint(model)
    shards, from_cache = [], 0
    with (ThreadPoolExecutor(2) as pool,
          tqdm(total=len(files), desc="features", unit="photo", disable=not progress) as bar):
        for start in range(0, len(files), SHARD):
            part = files[start:start + SHARD]
            path = folder / f"{_key(network, part, side, mirror)}.npy"
            rows = _open_rows(path, len(part))
            if rows is None:
                rows = _compute(model, part, side, mirror, path, pool, bar)
            else:
                from_cache += len(part)
                bar.update(len(part))
            shards.append(rows)
    return Features(shards, len(files), from_cache)


def _compute(model, files, side, mirror, path, pool, bar):
    with whole_file(path) as part:
        shape = (len(files), *model.compute_output_shape((1, side, side, 3))[1:])
        rows = np.lib.format.open_memmap(part, "w+", np.float16, shape)
        batches = [files[i:i + BATCH] for i in range(0, len(files), BATCH)]
        coming = pool.map(lambda batch: [_read_or_none(file, side) for file in batch], batches)
        blank = np.zeros((side, side, 3), np.uint8)
        for number, pictures in enumerate(coming):
            stack = np.stack([blank if picture is None else picture for picture in pictures])
            out = np.array(model.predict_on_batch(stack[:, :, ::-1] if mirror else stack), np.float16)
            out[[picture is None for picture in pictures]] = np.nan
            rows[number * BATCH:number * BATCH + len(out)] = out
            bar.update(len(out))
        rows.flush()
        del rows
    return _open_rows(path, len(files))


def _open_rows(path, count):
    """The shard, memory-mapped, or None when it is not there or damaged."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
        return rows if len(rows) == count and rows.dtype == np.float16 else None
    except (OSError, ValueError, EOFError):
        return None


def _read_or_none(file, side):
    try:
        return photographs.read(file, side)
    except (photographs.Unreadable, FileNotFoundError):
        return None


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
