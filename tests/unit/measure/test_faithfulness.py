"""Faithfulness measures against networks whose answers are known, and against the formulas written out."""

import numpy as np
import pytest

from camlib.measure import faithfulness

SIDE = 16


def share_of_light(images):
    """A "network" of two classes: the light in the left half and in the right, of all there could be."""
    light = np.asarray(images).reshape(len(images), -1, SIDE, *np.shape(images)[3:]) / 255
    half = light.shape[2] // 2
    halves = [part.reshape(len(images), -1).sum(axis=1) for part in (light[:, :, :half], light[:, :, half:])]
    return np.stack(halves, axis=1) / light[0].size


def lit(columns):
    """One image, white in `columns`."""
    image = np.zeros((1, SIDE, SIDE), np.uint8)
    image[:, :, columns] = 255
    return image


def noise(seed, count=3, colours=()):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, SIDE, SIDE, *colours), dtype=np.uint8)
    return images, random.normal(size=(count, SIDE, SIDE)).astype(np.float32)


# Deletion and insertion


def test_deletion_by_hand():
    image = lit(slice(0, 8))  # its left half is white: probability 0.5 of class 0
    good = (image > 0).astype(float)
    curve = faithfulness.deletion_curve(share_of_light, image, good, [0], steps=4)
    assert curve.fractions.tolist() == [0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_allclose(curve.probabilities, [[0.5, 0.25, 0, 0, 0]])
    np.testing.assert_allclose(curve.areas, [0.125])
    bad = faithfulness.deletion_curve(share_of_light, image, -good, [0], steps=4)
    np.testing.assert_allclose(bad.probabilities, [[0.5, 0.5, 0.5, 0.25, 0]])
    np.testing.assert_allclose(bad.areas, [0.375])


def test_insertion_by_hand():
    image = lit(slice(0, 8))
    good = (image > 0).astype(float)
    curve = faithfulness.insertion_curve(share_of_light, image, good, [0], canvas=0, steps=4)
    np.testing.assert_allclose(curve.probabilities, [[0, 0.25, 0.5, 0.5, 0.5]])
    np.testing.assert_allclose(curve.areas, [0.375])


@pytest.mark.parametrize("colours", [(), (3,)])
@pytest.mark.parametrize("steps", [1, 7, 50])
def test_curves_agree_with_a_loop_over_pixels(colours, steps):
    images, maps = noise(0, colours=colours)
    maps[1] = maps[1].round()  # pixels that tie
    labels = np.array([0, 1, 0])
    deleted = faithfulness.deletion_curve(share_of_light, images, maps, labels, canvas=90, steps=steps)
    canvas = np.full_like(images, 200)
    inserted = faithfulness.insertion_curve(share_of_light, images, maps, labels, canvas=canvas, steps=steps)
    for number, (image, map_, label) in enumerate(zip(images, maps, labels)):
        order = sorted(np.ndindex(SIDE, SIDE), key=lambda place: -map_[place])
        without, only = image.copy(), np.full_like(image, 200)
        done = 0
        for step in range(steps + 1):
            for place in order[done : round(step * SIDE**2 / steps)]:
                without[place], only[place] = 90, image[place]
            done = round(step * SIDE**2 / steps)
            expected = share_of_light(np.stack([without, only]))[:, label]
            found = deleted.probabilities[number, step], inserted.probabilities[number, step]
            assert found == pytest.approx(expected)
            assert deleted.fractions[step] == done / SIDE**2
        widths = np.diff(deleted.fractions)
        middles = (deleted.probabilities[number, 1:] + deleted.probabilities[number, :-1]) / 2
        assert deleted.areas[number] == pytest.approx((widths * middles).sum())


def test_insertion_starts_from_the_blurred_image_and_ends_with_the_image():
    images, maps = noise(1)
    curve = faithfulness.insertion_curve(share_of_light, images, maps, [0, 0, 0], steps=5)
    blurred = faithfulness.blur(images)
    np.testing.assert_allclose(curve.probabilities[:, 0], share_of_light(blurred)[:, 0])
    np.testing.assert_allclose(curve.probabilities[:, -1], share_of_light(images)[:, 0])
    assert blurred.dtype == np.uint8 and blurred.std() < images.std() / 3


def test_blur_is_a_gaussian():
    image = np.zeros((1, 31, 31), np.uint8)
    image[0, 15, 15] = 255
    distance = np.arange(-5, 6)
    line = np.exp(-(distance**2) / (2 * 2.0**2))
    expected = np.zeros((31, 31))
    expected[10:21, 10:21] = 255 * np.outer(line, line) / line.sum() ** 2
    np.testing.assert_allclose(faithfulness.blur(image, 11, 2.0)[0], expected, atol=1)


def test_without_labels_the_predicted_class_is_followed():
    images = np.concatenate([lit(slice(0, 4)), lit(slice(9, 16))])
    maps = np.random.default_rng(0).random((2, SIDE, SIDE))
    curve = faithfulness.deletion_curve(share_of_light, images, maps)
    np.testing.assert_array_equal(
        curve.probabilities, faithfulness.deletion_curve(share_of_light, images, maps, [0, 1]).probabilities
    )


def test_of_equal_pixels_the_upper_left_goes_first():
    flat = np.zeros((1, SIDE, SIDE))
    curve = faithfulness.deletion_curve(share_of_light, lit(slice(0, 8)), flat, [0], steps=2)
    np.testing.assert_allclose(curve.probabilities, [[0.5, 0.25, 0]])


def test_small_integer_maps_do_not_wrap_when_ordered():
    image = lit(slice(0, 8))
    curve = faithfulness.deletion_curve(share_of_light, image, image, [0], steps=2)  # uint8, 0 and 255
    np.testing.assert_allclose(curve.probabilities, [[0.5, 0, 0]])


# Similarity of maps


def literal_ranks(values):
    """Mean rank of each value: how many are smaller, plus half of the others that are equal."""
    return np.array([np.sum(values < value) + (np.sum(values == value) - 1) / 2 for value in values])


def test_rank_similarity_agrees_with_the_definition():
    random = np.random.default_rng(0)
    maps, others = random.normal(size=(2, 3, 5, 7))
    maps[1] = maps[1].round(0)  # ties
    others[2] = maps[2] ** 3  # another scale, the same order
    for value, a, b in zip(faithfulness.rank_similarity(maps, others), maps, others):
        expected = np.corrcoef(literal_ranks(a.ravel()), literal_ranks(b.ravel()))[0, 1]
        assert value == pytest.approx(expected)
    assert faithfulness.rank_similarity(maps, others)[2] == pytest.approx(1)
    assert faithfulness.rank_similarity(maps, -maps) == pytest.approx(-1)


def test_a_constant_map_is_similar_to_none():
    maps = np.stack([np.full((4, 4), 0.3), np.arange(16.0).reshape(4, 4)])
    assert faithfulness.rank_similarity(maps, maps).tolist() == [0, pytest.approx(1)]


# Bad input


@pytest.mark.parametrize("change, message", [
    (dict(images=np.zeros((3, SIDE, SIDE))), "uint8"),
    (dict(images=np.zeros((2, SIDE, SIDE), np.uint8)), "maps of their size"),
    (dict(images=np.zeros((3, SIDE, SIDE, 4), np.uint8)), "maps of their size"),
    (dict(maps=np.zeros((3, 4, 4))), "maps of their size"),
    (dict(maps=np.full((3, SIDE, SIDE), np.nan)), "NaN"),
    (dict(maps=np.zeros((0, SIDE, SIDE))), "empty"),
    (dict(labels=[0, 1]), "labels"),
    (dict(labels=[0, 1, 2]), "labels"),
    (dict(labels=[0, 1, -1]), "labels"),
    (dict(labels=[0.0, 1.0, 1.0]), "labels"),
    (dict(predict=lambda images: share_of_light(images)[:, 0]), "predict gave shape"),
    (dict(predict=lambda images: share_of_light(images)[:1]), "predict gave shape"),
    (dict(predict=lambda images: 20 * share_of_light(images) - 3), "apply softmax"),
    (dict(predict=lambda images: share_of_light(images) * np.nan), "expected probabilities"),
])
def test_bad_input_is_refused(change, message):
    images, maps = noise(5)
    arguments = {"predict": share_of_light, "images": images, "maps": maps, "labels": None, **change}
    for measure in (faithfulness.deletion_curve, faithfulness.insertion_curve):
        with pytest.raises(ValueError, match=message):
            measure(*arguments.values())


def test_other_bad_input_is_refused():
    images, maps = noise(6)
    with pytest.raises(ValueError, match="steps"):
        faithfulness.deletion_curve(share_of_light, images, maps, steps=0)
    with pytest.raises(ValueError, match="expected the same"):
        faithfulness.rank_similarity(maps, maps[:2])
    with pytest.raises(ValueError, match="NaN"):
        faithfulness.rank_similarity(maps, maps * np.nan)
    with pytest.raises(ValueError, match="map 1 holds .* beyond"):
        faithfulness.rank_similarity(maps, maps * np.array([1, 1e38, 1])[:, None, None])
