import csv
import gzip

import numpy as np
import pytest

from camlib.data import digits, registry


def test_the_embedded_digits_are_those_of_the_file():
    loaded = digits.load()
    with gzip.open(registry.fetch("mnist_5k.csv.gz"), "rt") as file:
        rows = [[int(value) for value in row] for row in csv.reader(file)]
    assert loaded.images.shape == (5000, 28, 28) and loaded.images.dtype == np.uint8
    for n in (0, 1234, 4999):
        assert loaded.images[n].ravel().tolist() == rows[n][:784] and loaded.labels[n] == rows[n][784]


def test_the_split_is_stratified_and_shares_no_digit(split):
    train, test = split
    assert np.bincount(train.labels).tolist() == [400] * 10 and np.bincount(test.labels).tolist() == [100] * 10
    seen = {image.tobytes() for image in train.images}
    everything = digits.load()
    twins = len(everything.images) - len({image.tobytes() for image in everything.images})
    assert sum(image.tobytes() in seen for image in test.images) <= twins == 0


def test_the_split_is_a_seed(split):
    again, other = digits.load_split(), digits.load_split(seed=1)
    assert np.array_equal(again[1].images, split[1].images)
    assert not np.array_equal(other[1].images, split[1].images)


def test_the_full_digits_split_the_same_way(monkeypatch):
    from camlib.backend import keras

    random = np.random.default_rng(0)
    def part(n):
        return random.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 10
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (part(600), part(100)))
    train, test = digits.load_split("full")
    assert len(train.labels) == 600 and np.bincount(test.labels).tolist() == [10] * 10
    assert train.labels.dtype == np.int64


def test_full_digits_out_of_reach_say_what_to_do(monkeypatch):
    from camlib.backend import keras

    def offline():
        raise Exception("URL fetch failure")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", offline)
    with pytest.raises(registry.FetchError, match='Connect to the internet .* or use "embedded"'):
        digits.load("full")


@pytest.mark.parametrize("call, complaint", [
    (lambda: digits.load("fashion"), "'fashion'"),
    (lambda: digits.split(digits.load(), 1.0), "test_fraction is 1.0"),
])
def test_bad_arguments_are_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_augment_keeps_the_originals_first_and_the_labels(split):
    few = digits.take(split[0], np.arange(50))
    bent = digits.augment(few, 3, seed=1)
    assert np.array_equal(bent.images[:50], few.images) and bent.labels.tolist() == few.labels.tolist() * 3
    assert (bent.images[50:100] != bent.images[100:]).any() and bent.images.dtype == np.uint8
    assert np.array_equal(digits.augment(few, 3, seed=1).images, bent.images)


def test_augment_without_any_bending_gives_the_digit_back(split):
    few = digits.take(split[0], np.arange(50))
    still = digits.augment(few, 2, turn=0, stretch=0, shear=0, wave=0)
    assert np.array_equal(still.images[50:], few.images)


def test_sampling_against_a_loop(split):
    images = split[0].images[:3]
    places = np.random.default_rng(0).uniform(-3, 31, (2, 3, 28, 28)).astype(np.float32)
    def pixel(image, x, y):
        return float(image[y, x]) if 0 <= x < 28 and 0 <= y < 28 else 0.0
    sampled = digits._sample(images, places)
    for n, row, column in np.ndindex(3, 28, 28):
        x, y = places[:, n, row, column]
        if not (-1 <= x < 28 and -1 <= y < 28):
            assert sampled[n, row, column] == 0
            continue
        x0, y0 = int(np.floor(x)), int(np.floor(y))
        value = sum(
            pixel(images[n], x0 + i, y0 + j) * abs(1 - i - (x - x0)) * abs(1 - j - (y - y0))
            for i in (0, 1) for j in (0, 1)
        )
        assert abs(sampled[n, row, column] - value) <= 0.51


def test_a_quarter_turn_is_a_quarter_turn(split, monkeypatch):
    class Quarter:
        """Draws that ask for exactly 90 degrees and nothing else."""
        def uniform(self, low, high, size):
            return np.full(size, high)
        def normal(self, mean, deviation, size):
            return np.zeros(size)
    turned = digits._bend(split[0].images[:5], Quarter(), 90, 0, 0, 0)
    quarter = np.rot90(split[0].images[:5], 1, axes=(1, 2))
    assert min(abs(turned.astype(int) - q).max() for q in (quarter, np.rot90(quarter, 2, axes=(1, 2)))) <= 1
