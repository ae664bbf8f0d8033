"""Transfer: a network that learned on ImageNet says what is on other photographs, after minutes on two cores.

    photographs → frozen convolutions → GAP → features in the cache → dense, fitted → (fine-tuned, if asked)

The dense layer is softmax regression on standardised features, its L2 penalty chosen by cross-validation on the
training photographs. Standardising is linear, so it is folded into the dense layer's kernel and bias afterwards: the
network still ends convolution → GAP → dense, and class activation maps read off it as before.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from ..data import photos as photographs
from ..networks.alexnet import alexnet_gap
from .accuracy import accuracy_by_class, class_accuracy
from .features import BATCH, SIDE, gap_features
from .fit import cross_validate, fit_head


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


def tune(model, files, labels, *, epochs=8, layers=("conv4", "conv5", "conv6", "conv7", "dense"), rate=1e-4,
         side=SIDE, seed=0, progress=True):
    """Go on training the last layers on augmented photographs. Changes `model`; returns the loss of each epoch.

    layers: names of those that may change. Each epoch shows every photograph once, cropped to 60–100 % of its area,
    perhaps mirrored, brighter or darker. Adam at `rate`, which falls to 0 along a cosine; labels smoothed by 0.1.
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
