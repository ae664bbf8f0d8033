"""MNIST digits: 5,000 from a package index, or all 70,000, always split by digit."""

from typing import NamedTuple

import numpy as np

from . import registry

SIDE = 28
CHUNK = 250  # digits bent at a time: what they need stays in the processor's cache


class Digits(NamedTuple):
    """Grey digits and what they show.

    images: uint8, (n, 28, 28), 0 is paper and 255 is ink.  labels: int64, (n,), 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray


def load(source="embedded"):
    """All digits of a source: "embedded" (5,000, 500 a class) or "full" (70,000, through Keras).

    Raises ValueError for another name, `registry.FetchError` when the file can not be had.
    """
    if source == "embedded":
        return _embedded()
    if source == "full":
        return _full()
    raise ValueError(f'no digits called {source!r}: say "embedded" (5,000 digits) or "full" (70,000)')


def split(digits, test_fraction=0.2, seed=0):
    """Cut digits into (train, test), the same fraction of every class, shuffled by `seed`.

    Scenes are made after this cut, never before it, so that no digit is seen on both sides.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}: expected more than 0 and less than 1")
    random = np.random.default_rng(seed)
    test = np.zeros(len(digits.labels), bool)
    for label in np.unique(digits.labels):
        members = random.permutation(np.flatnonzero(digits.labels == label))
        test[members[: round(test_fraction * len(members))]] = True
    train_order, test_order = (random.permutation(np.flatnonzero(side)) for side in (~test, test))
    return take(digits, train_order), take(digits, test_order)


def load_split(source="embedded", seed=0):
    """Train and test digits: 4,000 and 1,000 of the embedded set, 60,000 and 10,000 of the full one."""
    return split(load(source), 0.2 if source == "embedded" else 1 / 7, seed)


def take(digits, indices):
    """The digits at `indices`, in that order."""
    return Digits(digits.images[indices], digits.labels[indices])


def _embedded():
    """Rows of 784 grey values and the label, as the file in the registry holds them."""
    rows = np.loadtxt(registry.fetch("mnist_5k.csv.gz"), delimiter=",", dtype=np.uint8)
    return Digits(rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1].astype(np.int64))


def _full():
    from keras.datasets import mnist

    try:
        (first, first_labels), (last, last_labels) = mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when its download fails
        raise registry.FetchError(
            "the full MNIST (70,000 digits, 11 MB) is not in Keras's cache and could not be downloaded: "
            f'{error}. Connect to the internet and call digits.load("full") once, or use "embedded".'
        ) from error
    labels = np.concatenate([first_labels, last_labels]).astype(np.int64)
    return Digits(np.concatenate([first, last]), labels)


def augment(digits, copies, seed=0, *, turn=15.0, stretch=0.15, shear=0.15, wave=1.0):
    """The digits and `copies - 1` bent versions of each, so that 4,000 digits last for a whole training run.

    Every version is turned by up to ±`turn` degrees, stretched along each axis by up to ±`stretch` (a fraction),
    sheared by up to ±`shear`, and waved: each pixel moves along a smooth field of `wave` pixels (standard
    deviation), as in Simard et al. 2003. Labels stay as they are.  Returns `copies * n` digits.
    """
    random = np.random.default_rng(seed)
    versions = np.empty((copies, *digits.images.shape), np.uint8)  # filled in place: 100 MB in a training
    versions[0] = digits.images
    for version in versions[1:]:
        for part in (slice(start, start + CHUNK) for start in range(0, len(version), CHUNK)):
            version[part] = _bend(digits.images[part], random, turn, stretch, shear, wave)
    return Digits(versions.reshape(-1, SIDE, SIDE), np.tile(digits.labels, copies))


def _bend(images, random, turn, stretch, shear, wave):
    """One version of each image, sampled bilinearly at displaced places."""
    count = len(images)
    angle = np.deg2rad(random.uniform(-turn, turn, count))
    cos, sin = np.cos(angle), np.sin(angle)
    scale_x, scale_y = 1 + random.uniform(-stretch, stretch, (2, count))
    slant = random.uniform(-shear, shear, count)
    rotate = np.array([[cos, -sin], [sin, cos]])
    skew = np.array([[scale_x, slant], [np.zeros(count), scale_y]])
    affine = np.einsum("ijn,jkn->ikn", rotate, skew).astype(np.float32)[..., None, None]  # broadcast over places

    middle = (SIDE - 1) / 2
    across = np.arange(SIDE, dtype=np.float32) - middle  # x of each column, y of each row
    places = affine[:, 0] * across + affine[:, 1] * across[:, None] + _waves(random, count, wave) + middle
    return _sample(images, places)


def _waves(random, count, wave):
    """Smooth displacement fields, (x or y, n, 28, 28) pixels: a coarse 5×5 grid of noise, interpolated."""
    coarse = random.normal(0, wave, (count, 5, 5, 2)).astype(np.float32)
    knots = np.linspace(0, SIDE - 1, 5)
    hats = np.maximum(0, 1 - abs(np.arange(SIDE)[:, None] - knots) / knots[1]).astype(np.float32)
    return np.einsum("ra,nabd,cb->dnrc", hats, coarse, hats, optimize=True)


def _sample(images, places):
    """Bilinear samples of each image at `places`, (x or y, n, rows, columns), 0 outside: uint8."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).astype(np.float32)
    places = np.clip(places + 1, 0, SIDE + 0.999)
    whole = places.astype(np.intp)
    x, y = places - whole
    side = SIDE + 2
    at = np.arange(len(images))[:, None, None] * side**2 + whole[1] * side + whole[0]
    here, right, below, across = (padded.take(at + step) for step in (0, 1, side, side + 1))
    upper = here * (1 - x) + right * x
    lower = below * (1 - x) + across * x
    return np.round(upper * (1 - y) + lower * y).astype(np.uint8)
