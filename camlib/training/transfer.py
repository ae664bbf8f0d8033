"""Transfer: a network that learned on ImageNet says what is on other photographs, after minutes on two cores.

    photographs → frozen convolutions → GAP → features in the cache → dense, fitted → (fine-tuned, if asked)
                 `features_of`, for several networks at once            `head_of`        `fine_tuned`

The dense layer is softmax regression on standardised features, its L2 penalty chosen by cross-validation on the
training photographs. Standardising is linear, so it is folded into the dense layer's kernel and bias afterwards: the
network still ends convolution → GAP → dense, and class activation maps read off it as before.
"""

import functools
import json
import time
from typing import NamedTuple

import cv2
import numpy as np

from ..data import photos as photographs
from ..files import expanded, whole_file
from ..networks import alexnet, vgg
from ..networks.alexnet import alexnet_gap
from ..networks.pretrained import unit_layer, winners_layer
from ..networks.vgg import vgg16_gap
from .accuracy import accuracy_by_class, class_accuracy
from .features import SIDE, View, batch_size, before_head, features, outputs, read_ahead
from .fit import cross_validate, fit_head

MODEL, ABOUT = "model.keras", "transfer.json"
SMALLEST, LARGEST = max(alexnet.SMALLEST, vgg.SMALLEST), 1024  # px, of a photograph's side: what either network takes
TUNED = ("conv4", "conv5", "conv5_1", "conv5_2", "conv5_3", "conv6", "conv7", "dense")  # AlexNet's, VGG16's, both's

# Called with the number of classes, seed=…, and weights=None for random ones
NETWORKS = {"alexnet": alexnet_gap, "vgg16": functools.partial(vgg16_gap, unit=True)}


class Curves(NamedTuple):
    """How often heads on frozen networks are right, by how many photographs a category they were fitted to.

    accuracy: float64, (models, draws, counts), 0 to 1, means of the per-class accuracies.
    right: float32, (models, draws, counts, photographs), 1 where a photograph was named rightly, 0 where not, NaN
    where it was trained on, or could not be read.
    """

    accuracy: np.ndarray
    right: np.ndarray


class Transfer(NamedTuple):
    """A transfer, as far as it has come: from `features_of` to `head_of` and `fine_tuned`, each of which returns one.

    model: from uint8 photographs to logits, (n, classes), classes in the order of `photos.names`; its dense layer is
    untrained before `head_of`. train, test: int64, indices into `photos.files`. views: float32, (2, n, channels), what
    GAP made of each of these files, as it is and mirrored (of those that are not in `train`, as it is, twice).
    numbers: dict of what was measured, fit for JSON. logits: float32, of the test photographs, (len(test), classes).
    """

    model: object
    photos: photographs.Photos
    train: np.ndarray
    test: np.ndarray
    views: np.ndarray
    numbers: dict
    logits: np.ndarray | None = None


def run_transfer(photos, *, network="alexnet", fine_tune=0, progress=True, **options):
    """Train a network on some photographs of each category, and measure it on the rest: a `Transfer`.

    network: one of `NETWORKS`. fine_tune: epochs, 0 for frozen convolutions. The other options, and what is raised,
    are those of `features_of`.
    """
    [seen] = features_of(photos, [NETWORKS[network]], progress=progress, **options)
    result = head_of(seen)
    return fine_tuned(result, fine_tune, progress) if fine_tune else result


def features_of(photos, networks, *, per_class=None, seed=0, side=SIDE, folder=None, progress=True, read=None):
    """Split photographs, and read each once, for all of some frozen networks: a list of `Transfer`, one for each.

    photos: `Photos`. networks: functions like those in `NETWORKS`, of models that end "gap" → "dense". per_class: how
    many of each category to train on, by default `photos.usual_per_class`. seed: of the split and of untrained layers.
    side: px, to which every photograph is squeezed, 31 to 1,024. folder: for features that are kept (default: beside
    the downloads). read: as for `features`. Files that cannot be read are left out before the split, and counted; this
    changes the split, so that mirrored ones in the same shard are then read again.
    Raises ValueError for a side out of range and a category with too few photographs: before any is read, unless
    too few turn out to be readable.
    """
    per_class = photographs.usual_per_class(photos) if per_class is None else per_class
    _check(photos, per_class, side)
    models = [network(len(photos.names), seed=seed) for network in networks]
    began, readable, before = time.perf_counter(), np.arange(len(photos.files)), None
    while not np.array_equal(readable, before):
        kept = photographs.take(photos, readable)
        train, test = (readable[part] for part in photographs.split(kept, per_class, seed))
        views = _both_views(models, photos.files, train, side=side, folder=folder, progress=progress, read=read)
        readable, before = np.flatnonzero(~np.isnan(views[0][0, :, 0])), readable
    numbers = {"data": photos.about, "categories": len(photos.names), "photographs": len(photos.files),
               "unreadable": len(photos.files) - len(readable), "per_class": per_class, "seed": seed, "side": side,
               "fine_tune": 0, "train": len(train), "seconds": {"features": time.perf_counter() - began}}
    return [Transfer(model, photos, train, test, both, numbers | {"network": model.name})
            for model, both in zip(models, views)]


def head_of(seen):
    """Fit the dense layer of a `Transfer` to its training photographs' features, and measure it on the others."""
    model, photos, train, test, views, numbers, _ = seen
    began, labels = time.perf_counter(), photos.labels[train]
    penalty, scores = cross_validate(views[:, train], labels, seed=numbers["seed"])
    kernel, bias = fit_head(np.concatenate(views[:, train]), np.tile(labels, 2), penalty)
    model.get_layer("dense").set_weights([kernel, bias])
    seconds, logits = {"head": time.perf_counter() - began}, views[0, test] @ kernel + bias
    return _judged(seen, logits, seconds, penalty=penalty, cross_validated=scores,
                   frozen_accuracy=class_accuracy(logits, photos.labels[test]))


def fine_tuned(result, epochs, progress=True):
    """Train the last layers of a `Transfer` on, by `tune`, which changes its model, and measure it anew.

    Photographs that can no longer be read are left out.
    """
    train, test = ([result.photos.files[i] for i in part] for part in (result.train, result.test))
    side, began = result.numbers["side"], time.perf_counter()
    tune(result.model, train, result.photos.labels[result.train], epochs=epochs, side=side,
         seed=result.numbers["seed"], progress=progress)
    tested = time.perf_counter()
    [logits] = outputs([View(result.model, False, np.ones(len(test), bool))], test, side)
    left = ~np.isnan(logits[:, 0])
    seconds = {"fine-tuning": tested - began, "test": time.perf_counter() - tested}
    return _judged(result._replace(test=result.test[left]), logits[left], seconds, fine_tune=epochs)


def _judged(seen, logits, seconds, **numbers):
    """A `Transfer` with logits, with how good these are, and with further numbers."""
    by_class = accuracy_by_class(logits, seen.photos.labels[seen.test])
    return seen._replace(logits=logits, numbers=seen.numbers | numbers | {
        "test": len(seen.test), "accuracy": float(by_class.mean()), "seconds": seen.numbers["seconds"] | seconds,
        "accuracy_by_class": {name: float(value) for name, value in zip(seen.photos.names, by_class)}})


def _both_views(models, files, mirrored, **options):
    """What GAP makes of files, for each model (2, n, channels): as they are, and those at `mirrored` mirrored, too."""
    wanted = (False, np.ones(len(files), bool)), (True, np.isin(np.arange(len(files)), mirrored))
    views = [View(trunk, *view) for trunk in map(before_head, models) for view in wanted]
    tables = features(views, files, **options)
    return [np.stack([plain, np.where(np.isnan(turned), plain, turned)])  # NaN: not asked for, or gone since
            for plain, turned in zip(tables[::2], tables[1::2])]


def _check(photos, per_class, side):
    if not SMALLEST <= side <= LARGEST:
        raise ValueError(f"side is {side}: expected {SMALLEST} to {LARGEST:,} px")
    photographs.split(photos, per_class)


def learning_curve(photos, counts, models, *, draws=10, penalty=0.03, side=SIDE, folder=None, progress=True):
    """How often heads on frozen networks are right, by how many photographs a category they were fitted to.

    counts: photographs a category to train on. models: each ends "gap" → "dense"; their dense layers play no part.
    draws: how often the photographs are split anew, by the seeds 0 to draws − 1. penalty: of all heads, fixed, since
    cross-validation would take 16 times as long and one photograph a category leaves nothing to validate on. The other
    options are those of `features_of`; each photograph is read once.
    Returns `Curves`. Draws differ in which photographs are trained on; all are from the same `photos`, so their spread
    does not tell what other photographs would bring: `right` does.
    Raises ValueError for a side out of range and a category with too few photographs.
    """
    from tqdm.auto import tqdm

    for count in counts:
        _check(photos, count, side)
    tables = _both_views(models, photos.files, range(len(photos.files)), side=side, folder=folder, progress=progress)
    readable = np.flatnonzero(~np.isnan(tables[0][0, :, 0]))
    kept, curves = photographs.take(photos, readable), np.empty((len(models), draws, len(counts)))
    right = np.full((*curves.shape, len(photos.files)), np.nan, np.float32)
    with tqdm(total=curves.size, desc="heads", unit="head", disable=not progress) as bar:
        for which, seed, column in np.ndindex(curves.shape):
            views = tables[which][:, readable]
            train, test = photographs.split(kept, counts[column], seed)
            kernel, bias = fit_head(np.concatenate(views[:, train]), np.tile(kept.labels[train], 2), penalty)
            logits, labels = views[0, test] @ kernel + bias, kept.labels[test]
            curves[which, seed, column] = class_accuracy(logits, labels)
            right[which, seed, column, readable[test]] = logits.argmax(axis=1) == labels
            bar.update()
    return Curves(curves, right)


def save(result, folder):
    """Write a `Transfer` to a folder: the model, and its numbers with the names of the classes."""
    folder = expanded(folder)
    with whole_file(folder / MODEL) as part:
        result.model.save(part)
    with whole_file(folder / ABOUT) as part:
        part.write_text(json.dumps(result.numbers | {"names": list(result.photos.names)}, indent=1))


def load(folder):
    """(model, names of its classes, side in px) from a folder that `save` wrote, or from the model.keras in it.

    `model.name` tells the network: "alexnet_gap" or "vgg16_gap". Raises ValueError where there is none.
    """
    from ..backend import keras

    winners_layer(), unit_layer()  # Keras must know the classes before it reads one
    folder = expanded(folder)
    folder = folder.parent if folder.name == MODEL else folder
    try:
        about = json.loads((folder / ABOUT).read_text())
        return keras.saving.load_model(folder / MODEL, compile=False), tuple(about["names"]), about["side"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} holds no trained model ({error}): make one with  python -m camlib transfer "
                         f"--out {folder}") from error


def tune(model, files, labels, *, epochs=8, layers=TUNED, rate=1e-4, side=SIDE, seed=0, progress=True):
    """Go on training the last layers on augmented photographs. Changes `model`; returns the loss of each epoch.

    layers: names of those that may change. A batch is what `batch_size` says: 32 photographs of 224 px for AlexNet,
    five for VGG16. Each epoch shows every photograph once, cropped to 60–100 % of its area,
    perhaps mirrored, brighter or darker. Adam at `rate`, which falls to 0 along a cosine; labels smoothed by 0.1.
    A photograph that can no longer be read is left out of its batch.
    With 30 photographs a class it costs AlexNet a percent rather than gains one: 1.5 million weights, 360 photographs.
    """
    from tqdm.auto import tqdm

    from ..backend import keras

    for layer in model.layers:
        layer.trainable = layer.name in layers
    size = batch_size(model, side)
    steps = -(-len(files) // size) * epochs
    smooth = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), smooth)
    target = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
    curve = []
    with tqdm(total=steps, desc="fine-tuning", unit="step", disable=not progress) as bar:
        for epoch in range(epochs):
            order = np.random.default_rng((seed, epoch)).permutation(len(files))
            batches = [order[i:i + size] for i in range(0, len(order), size)]
            losses = []
            for batch in read_ahead(lambda i, epoch=epoch: augmented(files[i], side, (seed, epoch, int(i))), batches):
                if batch:
                    losses.append(float(model.train_on_batch(np.stack([*batch.values()]), target[[*batch]])))
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
    return (piece[:, ::random.choice((-1, 1))] * random.uniform(0.8, 1.2)).clip(0, 255).astype(np.uint8)
