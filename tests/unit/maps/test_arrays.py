"""Maps as arrays, against loops over single maps and against TensorFlow."""

import numpy as np
import pytest

from camlib.backend import keras, tf
from camlib.maps.arrays import normalise, softmax, upsample

RANDOM = np.random.default_rng(0)
SHAPES = {"one": (5, 4), "one an image": (3, 5, 4), "one an image and class": (3, 5, 4, 2),
          "as many as rows": (5, 5, 5)}


def one_by_one(function, maps):
    """`function` of each map, (rows, columns), by itself, put together again."""
    if maps.ndim == 2:
        return function(maps)
    if maps.ndim == 3:
        return np.array([function(map_) for map_ in maps])
    return np.array([np.dstack([function(each[:, :, c]) for c in range(each.shape[2])]) for each in maps])


def normalised_in_loops(map_):
    low, high = min(map_.flat), max(map_.flat)
    return np.array([[(value - low) / (high - low) for value in row] for row in map_])


def upsampled_in_loops(map_, size=(7, 11)):
    """Each pixel from the four cells around its centre; cells beyond the edge are the edge's."""
    def mix(pixel, pixels, cells):
        place = min(max((pixel + 0.5) * cells / pixels - 0.5, 0), cells - 1)
        first = int(place)
        return first, min(first + 1, cells - 1), place - first

    large = np.zeros(size)
    for y, x in np.ndindex(size):
        (i, below, v), (j, right, u) = mix(y, size[0], map_.shape[0]), mix(x, size[1], map_.shape[1])
        upper = (1 - u) * map_[i, j] + u * map_[i, right]
        large[y, x] = (1 - v) * upper + v * ((1 - u) * map_[below, j] + u * map_[below, right])
    return large


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_is_treated_map_by_map(shape):
    maps = RANDOM.normal(size=shape)
    assert normalise(maps).dtype == upsample(maps, (7, 11)).dtype == np.float32
    np.testing.assert_allclose(normalise(maps), one_by_one(normalised_in_loops, maps), atol=1e-6)
    np.testing.assert_allclose(upsample(maps, (7, 11)), one_by_one(upsampled_in_loops, maps), atol=1e-6)


def test_what_attribute_returns_is_taken():
    from camlib.maps.attribution import attribute
    from camlib.networks.lenet import lenet_gap

    images = RANDOM.integers(0, 256, (3, 40, 40), np.uint8)
    maps = normalise(upsample(attribute(lenet_gap(), images, [1, 2, 3], "hires_cam"), (40, 40)))
    assert (maps.min(axis=(1, 2)) == 0).all() and (maps.max(axis=(1, 2)) == 1).all()


@pytest.mark.parametrize("size", [(100, 100), (25, 25), (60, 91), (25, 13), (26, 14)])
def test_upsampling_is_tensorflows(size):
    maps = RANDOM.normal(size=(2, 25, 13, 3)).astype(np.float32)
    np.testing.assert_allclose(upsample(maps, size), tf.image.resize(maps, size), atol=1e-5)


@pytest.mark.parametrize("size", [(10, 13), (25, 5), (3, 3)])
def test_with_fewer_pixels_than_cells_a_pixel_still_mixes_its_two_neighbours(size):
    """No averaging over what lies between (as with antialias=True): TensorFlow's convention, too."""
    maps = RANDOM.normal(size=(2, 25, 13, 3)).astype(np.float32)
    np.testing.assert_allclose(upsample(maps, size), tf.image.resize(maps, size), atol=1e-5)
    by_hand = upsampled_in_loops(maps[0, :, :, 0], size)
    np.testing.assert_allclose(upsample(maps[0, :, :, 0], size), by_hand, atol=1e-5)


def test_normalise_of_a_constant_map_is_zeros_and_spares_its_neighbours():
    maps = np.stack([np.full((3, 3), 7.0), np.arange(9.0).reshape(3, 3)])
    assert normalise(maps).tolist() == [np.zeros((3, 3)).tolist(), normalise(maps[1]).tolist()]


@pytest.mark.parametrize("function", [normalise, lambda maps: upsample(maps, (10, 10))])
@pytest.mark.parametrize("maps, complaint", [
    (np.zeros(5),
     r"shape \(5,\): expected numbers, \(rows, columns\), \(n, rows, columns\) or \(n, rows, columns, cl"),
    (np.zeros((2, 3, 3, 3, 3)), "shape .2, 3, 3, 3, 3.: expected"),
    (np.zeros((0, 3)), "not empty"),
    (np.zeros((0, 3, 3)), "not empty"),
    ([["a"]], "expected numbers"),
    ([[np.nan, 0]], "maps with NaN, infinity or numbers beyond"),
    ([[np.inf, 0]], "maps with NaN"),
    (np.float32([[1e38, -1e38]]), "beyond ±1e[+]30"),
    ([[1e300, 0.0]], "beyond"),
])
def test_maps_that_cannot_be_stretched_are_named(function, maps, complaint):
    with pytest.raises(ValueError, match=complaint):
        function(maps)


@pytest.mark.parametrize("size", [(10, 0), 10, (10, 10, 3)])
def test_sizes_that_are_none_are_named(size):
    with pytest.raises(ValueError, match="expected .height, width."):
        upsample(np.zeros((3, 3)), size)


def test_softmax_against_keras():
    logits = RANDOM.normal(0, 50, (2, 3, 7))
    np.testing.assert_allclose(softmax(logits), keras.ops.softmax(logits), atol=1e-6)
