"""Transfer: a network that learned on ImageNet says what is on other photographs, after minutes on two cores.

    photographs → frozen convolutions → GAP → features in the cache → dense, fitted → (fine-tuned, if asked)

The dense layer is softmax regression on standardised features, its L2 penalty chosen by cross-validation on the
training photographs. Standardising is linear, so it is folded into the dense layer's kernel and bias afterwards: the
network still ends convolution → GAP → dense, and class activation maps read off it as before.
"""

import functools
import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from . import photos as photographs
from .alexnet import alexnet_gap
from .fetch import cache_folder
from .files import whole_file

SIDE = 224  # px: what AlexNet was trained on
SHARD = 256  # photographs whose features are computed, saved and looked up together
BATCH = 32
PENALTIES = (0.003, 0.03, 0.3)  # L2, tried in turn


class Transfer(NamedTuple):
    """What a transfer gives. model: from uint8 photographs to logits, (n, classes), classes in the order of `names`.

    names: tuple of str. train, test: int64, indices into `photos.files`. logits: float32, of the test photographs,
    (len(test), classes). numbers: dict of what was measured, fit for JSON.
    """

    model: object
    names: tuple
    train: np.ndarray
    test: np.ndarray
    logits: np.ndarray
    numbers: dict


def run_transfer(photos, *, per_class=30, seed=0, side=SIDE, fine_tune=0, network=None, folder=None, progress=True):
    """Train AlexNet-GAP on `per_class` photographs of each category, and measure it on the rest: a `Transfer`.

    photos: `Photos`. side: px, to which every photograph is squeezed. fine_tune: epochs, 0 for frozen convolutions.
    network: options of `alexnet.alexnet_gap`, a dict. folder: for cached features (default: in the cache).
    Files that cannot be read are left out before the split, and counted.
    Raises ValueError for a category with too few photographs.
    """
    clock = _Clock()
    model = alexnet_gap(len(photos.names), seed=seed, **(network or {}))
    options = {"side": side, "folder": folder, "progress": progress}
    with clock("features"):
        plain = gap_features(model, photos.files, **options)
    readable = np.flatnonzero(plain.readable())
    train, test = (readable[part] for part in photographs.split(photographs.take(photos, readable), per_class, seed))
    labels = photos.labels
    with clock("mirrored features"):
        mirrored = gap_features(model, [photos.files[i] for i in train], mirror=True, **options)
    with clock("head"):
        views = np.stack([plain[train], mirrored[np.arange(len(train))]])
        penalty, scores = cross_validate(views, labels[train], seed=seed)
        kernel, bias = fit_head(np.concatenate(views), np.tile(labels[train], len(views)), penalty)
        model.get_layer("dense").set_weights([kernel, bias])
    logits = plain[test] @ kernel + bias
    frozen = class_accuracy(logits, labels[test])
    if fine_tune:
        with clock("fine-tuning"):
            tune(model, [photos.files[i] for i in train], labels[train], epochs=fine_tune, side=side, seed=seed,
                 progress=progress)
        with clock("test"):
            logits = predict(model, [photos.files[i] for i in test], side=side)
    by_class = accuracy_by_class(logits, labels[test])
    numbers = {
        "data": photos.about, "stand_in": photos.stand_in, "categories": len(photos.names),
        "photographs": len(photos.files), "unreadable": len(photos.files) - len(readable),
        "per_class": per_class, "seed": seed, "side": side, "fine_tune": fine_tune, "network": network or {},
        "train": len(train), "test": len(test), "penalty": penalty, "cross_validated": scores,
        "frozen_accuracy": frozen,
        "accuracy": float(by_class.mean()),
        "accuracy_by_class": {name: float(value) for name, value in zip(photos.names, by_class)},
        "seconds": clock.seconds, "images_per_second": (len(readable) + len(train)) / clock.of("features", "mirrored"),
        "features_from_cache": plain.from_cache + mirrored.from_cache,
    }
    return Transfer(model, photos.names, train, test, logits, numbers)


def accuracy_by_class(logits, labels):
    """Fraction of each class's photographs whose largest logit is theirs: float64, (classes,).

    Every class must occur in `labels`, int, (n,).
    """
    right = np.argmax(logits, axis=1) == labels
    return np.bincount(labels, weights=right) / np.bincount(labels)


def class_accuracy(logits, labels):
    """Mean of the per-class accuracies, 0 to 1: the number that Caltech-101 and 256 are reported in."""
    return float(accuracy_by_class(logits, labels).mean())


# ---- features ------------------------------------------------------------------------------------------------------


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
    from .backend import keras

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


# ---- the head ------------------------------------------------------------------------------------------------------


def fit_head(rows, labels, penalty):
    """Softmax regression on standardised features: (kernel, bias) for features as they are.

    Minimises mean cross-entropy + penalty/2 · ‖V‖², V the weights of z = (x − mean) / deviation. Then
    V·z + b = (V/deviation)·x + (b − V·mean/deviation), and kernel and bias are those brackets.
    rows: float32, (n, channels). labels: int, (n,), each of 0 to classes − 1 at least once. L-BFGS to convergence:
    same rows, same head. Returns float32, (channels, classes) and (classes,).
    """
    from scipy.optimize import minimize

    from .backend import tf

    rows = np.asarray(rows, np.float64)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    deviation = np.where(deviation > 1e-6, deviation, 1)
    data = [tf.constant((rows - mean) / deviation, tf.float32), tf.constant(labels, tf.int64),
            tf.constant(penalty, tf.float32)]
    classes, channels = int(np.max(labels)) + 1, rows.shape[1]

    def in_double(flat):
        loss, gradient = _loss_and_gradient()(tf.constant(flat.reshape(channels + 1, classes), tf.float32), *data)
        return float(loss), gradient.numpy().astype(np.float64).ravel()

    start = np.zeros((channels + 1) * classes)
    found = minimize(in_double, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    kernel = found[:-classes].reshape(channels, classes) / deviation[:, None]
    return kernel.astype(np.float32), (found[-classes:] - mean @ kernel).astype(np.float32)


@functools.cache
def _loss_and_gradient():
    """Compiled once. TensorFlow, since NumPy's threads wait in busy loops: a minute, on a machine with other work."""
    from .backend import tf

    anything = tf.TensorSpec((None, None)), tf.TensorSpec((None, None)), tf.TensorSpec((None,), tf.int64)

    @tf.function(input_signature=[*anything, tf.TensorSpec(())])
    def loss_and_gradient(weights, z, labels, penalty):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            kernel, bias = weights[:-1], weights[-1]
            cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z @ kernel + bias)
            loss = tf.reduce_mean(cross_entropy) + penalty / 2 * tf.reduce_sum(kernel**2)
        return loss, tape.gradient(loss, weights)

    return loss_and_gradient


def cross_validate(views, labels, penalties=PENALTIES, folds=5, seed=0):
    """The penalty whose heads are right most often on photographs they were not fitted to, and all their scores.

    views: float32, (views, n, channels): each photograph as it is, mirrored, …; all views of one are in one fold,
    and the first is what a head is tested on. Returns (penalty, {penalty: mean of per-class accuracies}).
    """
    fold = _folds(labels, folds, seed)
    folds = fold.max() + 1
    if folds < 2:  # one photograph a class: nothing to hold out
        return penalties[len(penalties) // 2], {}
    scores = {}
    for penalty in penalties:
        logits = np.empty((len(labels), labels.max() + 1), np.float32)
        for held_out in range(folds):
            rest = fold != held_out
            kernel, bias = fit_head(np.concatenate(views[:, rest]), np.tile(labels[rest], len(views)), penalty)
            logits[~rest] = views[0, ~rest] @ kernel + bias
        scores[penalty] = class_accuracy(logits, labels)
    best = max(scores.values())
    return max(penalty for penalty in penalties if scores[penalty] == best), scores  # of equals, the most cautious


def _folds(labels, folds, seed):
    """A fold for each photograph, so that every fold has about as many of each class: int, (n,)."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(labels), int)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        fold[members] = np.arange(len(members)) % min(folds, np.bincount(labels).min())
    return fold


# ---- fine-tuning ---------------------------------------------------------------------------------------------------


def tune(model, files, labels, *, epochs=8, layers=("conv4", "conv5", "conv6", "conv7", "dense"), rate=1e-4,
         side=SIDE, seed=0, progress=True):
    """Go on training the last layers on augmented photographs. Changes `model`; returns the loss of each epoch.

    layers: names of those that may change. Each epoch shows every photograph once, cropped to 60–100 % of its area,
    perhaps mirrored, brighter or darker. Adam at `rate`, which falls to 0 along a cosine; labels smoothed by 0.1.
    With 30 photographs a class it costs a percent rather than gains one: 1.5 million weights, 360 photographs.
    """
    from tqdm.auto import tqdm

    from .backend import keras

    files, labels = list(files), np.asarray(labels)
    for layer in model.layers:
        layer.trainable = layer.name in layers
    steps = -(-len(files) // BATCH) * epochs
    smooth = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), smooth)
    target = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
    curve = []
    with ThreadPoolExecutor(2) as pool, tqdm(total=steps, desc="fine-tuning", unit="step", disable=not progress) as bar:
        for epoch in range(epochs):
            order = np.random.default_rng((seed, epoch)).permutation(len(files))
            batches = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
            coming = pool.map(
                lambda batch: np.stack([augmented(files[i], side, (seed, epoch, int(i))) for i in batch]), batches)
            losses = []
            for batch, pictures in zip(batches, coming):
                losses.append(float(model.train_on_batch(pictures, target[batch])))
                bar.update()
                bar.set_postfix(loss=f"{np.mean(losses):.3f}")
            curve.append(float(np.mean(losses)))
    for layer in model.layers:
        layer.trainable = True
    return curve


def augmented(file, side, seed):
    """A photograph as a learner might have taken it another time: uint8, (side, side, 3)."""
    random = np.random.default_rng(seed)
    large = photographs.read(file, round(side * 1.25))
    tall, wide = (np.sqrt(random.uniform(0.6, 1.0)) * len(large) * random.uniform(0.9, 1.0, 2)).astype(int)
    top, left = random.integers(0, len(large) - tall + 1), random.integers(0, len(large) - wide + 1)
    piece = cv2.resize(large[top:top + tall, left:left + wide], (side, side), interpolation=cv2.INTER_LINEAR)
    piece = piece[:, ::random.choice((-1, 1))] * random.uniform(0.8, 1.2)
    return piece.clip(0, 255).astype(np.uint8)


def predict(model, files, side=SIDE):
    """Logits for photographs, a batch at a time: float32, (n, classes)."""
    return np.concatenate([
        model.predict_on_batch(np.stack([photographs.read(file, side) for file in files[i:i + BATCH]]))
        for i in range(0, len(files), BATCH)
    ])


class _Clock:
    """Seconds by stage: `with clock("head"): …`."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, stage):
        self._stage = stage
        return self

    def __enter__(self):
        self._began = time.perf_counter()

    def __exit__(self, *error):
        self.seconds[self._stage] = time.perf_counter() - self._began

    def of(self, *beginnings):
        return sum(seconds for stage, seconds in self.seconds.items() if stage.startswith(beginnings))
