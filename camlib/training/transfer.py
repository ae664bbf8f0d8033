"""Transfer: a network that learned on ImageNet says what is on other photographs, after minutes on two cores.

    photographs → frozen convolutions → GAP → features in the cache → dense, fitted → (fine-tuned, if asked)

The dense layer is softmax regression on standardised features, its L2 penalty chosen by cross-validation on the
training photographs. Standardising is linear, so it is folded into the dense layer's kernel and bias afterwards: the
network still ends convolution → GAP → dense, and class activation maps read off it as before.
"""

import json
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..data import photos as photographs
from ..files import whole_file
from ..networks.alexnet import LARGEST, SMALLEST, alexnet_gap, unit_layer, winners_layer
from .accuracy import accuracy_by_class, class_accuracy
from .features import BATCH, SIDE, gap_features, outputs, read_ahead
from .fit import cross_validate, fit_head

MODEL, ABOUT = "model.keras", "transfer.json"


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


def run_transfer(photos, *, per_class=None, seed=0, side=SIDE, fine_tune=0, network=None, folder=None, progress=True):
    """Train AlexNet-GAP on `per_class` photographs of each category, and measure it on the rest: a `Transfer`.

    photos: `Photos`. per_class: by default `photos.usual_per_class`. side: px, to which every photograph is squeezed,
    31 to 1,024. fine_tune: epochs, 0 for frozen convolutions. network: options of `alexnet.alexnet_gap`, a dict.
    folder: for features that are kept (default: beside the downloads). Files that cannot be read are left out before
    the split, and counted; those that go while the last layers are fine-tuned are left out from then on.
    Raises ValueError for a side out of range and a category with too few photographs: before any is read, unless
    too few turn out to be readable.
    """
    _check_side(side)
    per_class = photographs.usual_per_class(photos) if per_class is None else per_class
    photographs.split(photos, per_class, seed)
    seconds, labels = {}, photos.labels
    model = alexnet_gap(len(photos.names), seed=seed, **(network or {}))
    options = {"side": side, "folder": folder, "progress": progress}
    with _timed("features", seconds):
        plain = gap_features(model, photos.files, **options)
    readable = np.flatnonzero(~np.isnan(plain[:, 0]))
    train, test = (readable[part] for part in photographs.split(photographs.take(photos, readable), per_class, seed))
    with _timed("mirrored features", seconds):
        mirrored = gap_features(model, [photos.files[i] for i in train], mirror=True, **options)
    with _timed("head", seconds):
        views = np.stack([plain[train], np.where(np.isnan(mirrored), plain[train], mirrored)])  # NaN: gone since
        penalty, scores = cross_validate(views, labels[train], seed=seed)
        kernel, bias = fit_head(np.concatenate(views), np.tile(labels[train], len(views)), penalty)
        model.get_layer("dense").set_weights([kernel, bias])
    logits = plain[test] @ kernel + bias
    frozen = class_accuracy(logits, labels[test])
    if fine_tune:
        with _timed("fine-tuning", seconds):
            tune(model, [photos.files[i] for i in train], labels[train], epochs=fine_tune, side=side, seed=seed,
                 progress=progress)
        with _timed("test", seconds):
            logits = outputs(model, [photos.files[i] for i in test], side)
        left = ~np.isnan(logits[:, 0])
        test, logits = test[left], logits[left]
    by_class = accuracy_by_class(logits, labels[test])
    numbers = {
        "data": photos.about, "categories": len(photos.names),
        "photographs": len(photos.files), "unreadable": len(photos.files) - len(readable),
        "per_class": per_class, "seed": seed, "side": side, "fine_tune": fine_tune, "network": network or {},
        "train": len(train), "test": len(test), "penalty": penalty, "cross_validated": scores,
        "frozen_accuracy": frozen,
        "accuracy": float(by_class.mean()),
        "accuracy_by_class": {name: float(value) for name, value in zip(photos.names, by_class)},
        "seconds": seconds,
    }
    return Transfer(model, photos.names, train, test, logits, numbers)


def learning_curve(photos, counts, *, draws=10, penalty=0.03, side=SIDE, network=None, folder=None, progress=True):
    """How often heads on frozen convolutions are right, by how many photographs a category they were fitted to.

    counts: photographs a category to train on. draws: how often the photographs are split anew, by the seeds 0 to
    draws − 1. penalty: of all heads, fixed, since cross-validation would take 16 times as long and one photograph a
    category leaves nothing to validate on. The other options are those of `run_transfer`.
    Returns means of the per-class accuracies, 0 to 1: float64, (draws, len(counts)). Draws differ in which photographs
    are trained on; all are from the same `photos`, so their spread does not tell what other photographs would bring.
    Raises ValueError for a side out of range and a category with too few photographs.
    """
    from tqdm.auto import tqdm

    _check_side(side)
    for count in counts:
        photographs.split(photos, count)
    model = alexnet_gap(len(photos.names), **(network or {}))
    views = np.stack([gap_features(model, photos.files, side=side, mirror=mirror, folder=folder, progress=progress)
                      for mirror in (False, True)])
    readable = np.flatnonzero(~np.isnan(views[..., 0]).any(axis=0))
    kept, views = photographs.take(photos, readable), views[:, readable]
    curve = np.empty((draws, len(counts)))
    with tqdm(total=curve.size, desc="heads", unit="head", disable=not progress) as bar:
        for seed, column in np.ndindex(curve.shape):
            train, test = photographs.split(kept, counts[column], seed)
            kernel, bias = fit_head(np.concatenate(views[:, train]), np.tile(kept.labels[train], 2), penalty)
            curve[seed, column] = class_accuracy(views[0, test] @ kernel + bias, kept.labels[test])
            bar.update()
    return curve


def _check_side(side):
    if not SMALLEST <= side <= LARGEST:
        raise ValueError(f"side is {side}: expected {SMALLEST} to {LARGEST:,} px")


def save(result, folder):
    """Write a `Transfer` to a folder: the model, and its numbers with the names of the classes."""
    folder = Path(folder)
    with whole_file(folder / MODEL) as part:
        result.model.save(part)
    with whole_file(folder / ABOUT) as part:
        part.write_text(json.dumps(result.numbers | {"names": list(result.names)}, indent=1))


def load(folder):
    """(model, names of its classes, side in px) from a folder that `save` wrote, or from the model.keras in it.

    Raises ValueError where there is none.
    """
    from ..backend import keras

    winners_layer(), unit_layer()  # Keras must know the classes before it reads one
    folder = Path(folder).parent if Path(folder).name == MODEL else Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_text())
        return keras.saving.load_model(folder / MODEL), tuple(about["names"]), about["side"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} holds no trained model ({error}): make one with  python -m camlib transfer "
                         f"--out {folder}") from error


def tune(model, files, labels, *, epochs=8, layers=("conv4", "conv5", "conv6", "conv7", "dense"), rate=1e-4,
         side=SIDE, seed=0, progress=True):
    """Go on training the last layers on augmented photographs. Changes `model`; returns the loss of each epoch.

    layers: names of those that may change. Each epoch shows every photograph once, cropped to 60–100 % of its area,
    perhaps mirrored, brighter or darker. Adam at `rate`, which falls to 0 along a cosine; labels smoothed by 0.1.
    A photograph that can no longer be read is left out of its batch.
    With 30 photographs a class it costs a percent rather than gains one: 1.5 million weights, 360 photographs.
    """
    from tqdm.auto import tqdm

    from ..backend import keras

    files, labels = list(files), np.asarray(labels)
    for layer in model.layers:
        layer.trainable = layer.name in layers
    steps = -(-len(files) // BATCH) * epochs
    smooth = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), smooth)
    target = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
    curve = []
    with tqdm(total=steps, desc="fine-tuning", unit="step", disable=not progress) as bar:
        for epoch in range(epochs):
            order = np.random.default_rng((seed, epoch)).permutation(len(files))
            batches = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
            losses = []
            for batch, pictures in read_ahead(partial(_augmented_batch, files, side, (seed, epoch)), batches):
                if len(batch):
                    losses.append(float(model.train_on_batch(pictures, target[batch])))
                    bar.set_postfix(loss=f"{np.mean(losses):.3f}")
                bar.update()
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


def _augmented_batch(files, side, seed, batch):
    """Those of a batch of indices whose photographs can be read, and these: (k,) and uint8, (k, side, side, 3)."""
    read, pictures = [], []
    for i in batch:
        try:
            pictures.append(augmented(files[i], side, (*seed, int(i))))
            read.append(i)
        except (photographs.Unreadable, FileNotFoundError):
            pass
    return read, np.array(pictures)


@contextmanager
def _timed(stage, seconds):
    """Put the time that the block takes into the dict `seconds`."""
    began = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - began
