"""The effect matrix against loops: of a convolution's map, which it can only change nearby, and of tokens."""

import numpy as np
import pytest

from camlib.maps.cam import explain
from camlib.measure.effects import effects
from camlib.networks import lenet, vit


@pytest.fixture
def images():
    """Three pictures, inked in some patches only."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 32, 32), np.uint8)
    return images * np.kron(random.random((3, 4, 4)) < 0.6, np.ones((8, 8), np.uint8)).astype(np.uint8)


def looped(maps_of, images, classes, patch):
    """One picture, one patch, one forward pass at a time."""
    rows = []
    for image, label in zip(images, classes):
        for y in range(0, image.shape[0], patch):
            for x in range(0, image.shape[1], patch):
                without = image.copy()
                without[y : y + patch, x : x + patch] = 0
                both = maps_of(np.stack([without, image]))
                rows.append(both[0, ..., label] - both[1, ..., label])
    down, across = (side // patch for side in images.shape[1:3])
    return np.reshape(rows, (len(images), down, across, *rows[0].shape))


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_of_a_convolution_against_a_loop(images, batch_size):
    network, classes = lenet.lenet_gap(), np.array([4, 0, 9])
    found = effects(network, images, classes, 8, batch_size)
    expected = looped(lambda some: explain(network, some).maps, images, classes, 8)
    assert found.shape == (3, 4, 4, 8, 8) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    blank = ~images.reshape(3, 4, 8, 4, 8).any(axis=(2, 4))
    assert blank.any() and not found[blank].any() and found[~blank].any(axis=(1, 2)).all()


def test_of_tokens_against_a_loop_and_the_logits(images):
    network = vit.vit_gap(size=32, stem=(4, 6, 8), width=12, blocks=2, heads=3)
    found = effects(network, images, [1, 2, 3], 8)
    expected = looped(lambda some: explain(network, some).maps.reshape(len(some), 4, 4, 10), images, [1, 2, 3], 8)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    without = images.copy()
    without[:, 8:16, 16:24] = 0
    before, after = (network.predict_on_batch(some)[np.arange(3), [1, 2, 3]] for some in (images, without))
    np.testing.assert_allclose(found[:, 1, 2].mean(axis=(1, 2)), after - before, atol=1e-5)


def test_tokens_of_pictures_that_are_wider_than_high():
    """A "network" whose tokens are the pixels' means over 2×2: 2 rows of 3."""
    tokens = lambda images: images.reshape(-1, 2, 2, 3, 2).mean(axis=(2, 4)).reshape(-1, 6, 1)
    image = np.arange(1, 25, dtype=np.uint8).reshape(1, 4, 6)
    found = effects(tokens, image, [0], patch=2)
    expected = np.zeros((2, 3, 2, 3))
    for y, x in np.ndindex(2, 3):
        expected[y, x, y, x] = -image[0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
    np.testing.assert_allclose(found[0], expected)


def test_forward_passes_are_few_and_small(images):
    seen = []
    effects(lambda some: (seen.append(len(some)), some[..., None])[1], images, [0, 0, 0], 8, batch_size=5)
    inked = images.reshape(3, 4, 8, 4, 8).any(axis=(2, 4)).sum()
    assert max(seen) <= 5 and sum(seen) == 3 + inked < 3 + 48


def test_colours_are_erased_and_the_pictures_left_alone():
    photo = np.full((1, 4, 4, 3), 9, np.uint8)
    found = effects(lambda some: some.sum(axis=3, dtype=int)[..., None], photo, [0], 2)
    assert found[0, 1, 0].tolist() == [[0] * 4] * 2 + [[-27, -27, 0, 0]] * 2 and (photo == 9).all()


def grey(count=2, side=8, kind=np.uint8):
    return np.ones((count, side, side), kind)


@pytest.mark.parametrize("images, classes, patch, message", [
    (grey(kind=float), [0, 0], 4, "images are float64"), (grey(0), [], 4, "one at least"),
    (grey()[0], [0], 4, "expected uint8, .n, height"), (grey(), [0], 4, "expected one int an image, .2,"),
    (grey(), [0, 0, 0], 4, "expected one int an image, .2,"),
    (grey(), [0.0, 1.0], 4, "classes are float64"), (grey(), [0, 0], 3, "patch is 3: .* divides 8"),
    (grey(), [0, 0], 0, "patch is 0"), (grey(), [0, -1], 4, "classes run from -1 to 0: expected 0 to 0"),
    (grey(), [0, 1], 4, "classes run from 0 to 1: expected 0 to 0"),
])
def test_bad_input_is_named(images, classes, patch, message):
    with pytest.raises(ValueError, match=message):
        effects(lambda some: some[..., None], images, classes, patch)


@pytest.mark.parametrize("tokens", [5, 8, 17])
def test_tokens_that_make_no_grid_are_named(tokens):
    with pytest.raises(ValueError, match=f"{tokens} tokens make no grid like pictures of 8×8 px"):
        effects(lambda some: np.zeros((len(some), tokens, 10)), grey(), [0, 0], 4)
    with pytest.raises(ValueError, match="batch_size is 0"):
        effects(lambda some: some[..., None], grey(), [0, 0], 4, batch_size=0)
