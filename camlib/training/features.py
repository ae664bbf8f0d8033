"""What a frozen network makes of photographs, computed once and kept on disk."""

import hashlib
import json
import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from ..data import photos as photographs
from ..data.pixels import READING
from ..data.registry import computed_folder
from ..files import expanded, whole_file

SIDE = 224  # px: what AlexNet was trained on
SHARD = 256  # photographs whose features are computed, saved and looked up together
BATCH = 32  # photographs at a time, at most
LARGEST_LAYER = 1 << 24  # numbers, 67 MB, that one layer may make of a batch


class View(NamedTuple):
    """One way to look at photographs.

    model: from uint8 (n, side, side, 3) to one output. mirror: left to right. wanted: bool, (photographs,), of which.
    """

    model: object
    mirror: bool
    wanted: np.ndarray


def gap_features(model, files, *, mirror=False, **options):
    """What GAP hands to the dense layer, for every photograph: float32, (n, channels). Options: see `features`."""
    return features([View(before_head(model), mirror, np.ones(len(files), bool))], files, **options)[0]


def before_head(model):
    """A network up to what GAP hands to the dense layer: from photographs to (n, channels)."""
    from ..backend import keras

    return keras.Model(model.inputs, model.get_layer("gap").output)


def features(views, files, *, side=SIDE, folder=None, progress=True, read=None):
    """Outputs of networks for photographs, computed once and kept on disk in half precision.

    views: of `View`. files: paths. read: by default `photos.read`; called as read(path, side), once a photograph for
    all views together. Returns float32, (n, …), for each view: NaN where a photograph cannot be read, or is not
    wanted. folder: where they are kept, default "features" in `registry.computed_folder`. A shard of 256 rows is known
    by its files (path, size, time of change) and how they are read, which of them are wanted, `side`, `mirror` and the
    network with its weights; it is written whole or not at all. So an interrupted call goes on where it stopped, and a
    changed photograph is seen.
    Raises OSError where the folder cannot be written to, as on a full disk.
    """
    from tqdm.auto import tqdm

    files, folder = [expanded(file) for file in files], expanded(folder or computed_folder("features"))
    networks, tables, shards = [_fingerprint(view.model) for view in views], _blank(views, files, side), []
    for start in range(0, len(files), SHARD):
        rows = slice(start, min(start + SHARD, len(files)))
        part = [view._replace(wanted=view.wanted[rows]) for view in views]
        paths = [folder / f"{_key(network, files[rows], view, side)}.npy" for network, view in zip(networks, part)]
        shards.append((rows, {i: path for i, path in enumerate(paths) if not _load(path, tables[i][rows])}))
    with tqdm(total=len(files), desc="features", unit="photo", disable=not progress) as bar:
        for rows, missing in _computed(views, tables, shards, files, side, read, bar.update):
            for i, path in missing.items():
                tables[i][rows] = _save(path, tables[i][rows].astype(np.float16))
            bar.update(rows.stop - bar.n)
    return tables


def outputs(views, files, side=SIDE, read=None, done=lambda count: None):
    """Outputs of networks for photographs, `batch_size` at a time, computed anew: what `features` returns.

    done: called with the number of photographs after each batch.
    """
    tables = _blank(views, files, side)
    deque(_computed(views, tables, [(slice(0, len(files)), range(len(views)))], files, side, read, done), maxlen=0)
    return tables


def _computed(views, tables, parts, files, side, read, done):
    """Fill `tables` with what the views make of files, and yield each part once it is there.

    parts: of (rows, which views), in order. Photographs are read ahead across them, so that no part begins by waiting.
    """
    batches = []
    for rows, which in parts:
        wanted = rows.start + np.flatnonzero(np.any([views[i].wanted[rows] for i in which], axis=0))
        size = min((batch_size(views[i].model, side) for i in which), default=BATCH)
        batches.append([wanted[start:start + size] for start in range(0, len(wanted), size)])
    coming = read_ahead(lambda row: (read or photographs.read)(files[row], side), chain.from_iterable(batches))
    for part, own in zip(parts, batches):
        for pictures in islice(coming, len(own)):
            for i in part[1]:
                if taken := [row for row in pictures if views[i].wanted[row]]:
                    stack = np.stack([pictures[row] for row in taken])
                    tables[i][taken] = views[i].model.predict_on_batch(stack[:, :, ::-1] if views[i].mirror else stack)
            done(len(pictures))
        yield part


def batch_size(model, side):
    """How many photographs of side×side px a network sees at a time: at most BATCH, and so few that no layer makes
    more than LARGEST_LAYER numbers of them; more would not be faster on a processor."""
    from ..backend import keras

    tensors = [tensor for layer in model.layers for tensor in keras.tree.flatten(layer.output)]
    shapes = keras.Model(model.inputs, tensors).compute_output_shape((1, side, side, 3))
    return min(max(LARGEST_LAYER // max(map(math.prod, shapes)), 1), BATCH)


def read_ahead(read, batches):
    """{i: read(i)} for each batch of i's, without photographs that cannot be read, or are no longer there.

    By two threads, which are at most four batches ahead: memory holds no more.
    """
    def read_batch(batch):
        pictures = {}
        for i in batch:
            with suppress(photographs.Unreadable, FileNotFoundError):
                pictures[i] = read(i)
        return pictures

    with ThreadPoolExecutor(2) as pool:
        coming = deque()
        for batch in batches:
            coming.append(pool.submit(read_batch, batch))
            if len(coming) > 4:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _blank(views, files, side):
    """Tables for the outputs of views of files, full of NaN: float32, (len(files), …)."""
    return [np.full((len(files), *view.model.compute_output_shape((1, side, side, 3))[1:]), np.nan, np.float32)
            for view in views]


def _load(path, rows):
    """Fill `rows` from a shard. Returns True, or None when it is not there, or damaged."""
    with suppress(OSError, ValueError, EOFError):
        rows[:] = np.load(path, allow_pickle=False)
        return True


def _save(path, shard):
    """Write a shard, and return it."""
    try:
        with whole_file(path) as part:
            np.save(part, shard)
        return shard
    except OSError as error:
        raise OSError(f"features cannot be kept in {path.parent} ({error}): free some space, or set CAMLIB_DATA to "
                      "another folder") from error


def _fingerprint(model):
    about = [[type(layer).__name__, layer.get_config() | {"trainable": True}] for layer in model.layers]
    digest = hashlib.sha256(json.dumps(about, default=str, sort_keys=True).encode())
    for weight in model.get_weights():
        digest.update(weight.tobytes())
    return digest.hexdigest()


def _key(network, files, view, side):
    about = [[os.path.abspath(file)] for file in files]
    for known in about:
        with suppress(OSError):
            stat = os.stat(known[0])
            known.extend((stat.st_size, stat.st_mtime_ns))
    about = [network, about, READING, side, view.mirror, view.wanted.tolist()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
