from itertools import combinations

import numpy as np
import pytest

from camlib.data import stamps
from camlib.data.digits import Digits
from camlib.data.scenes import make_scenes

DIGITS = Digits(np.full((10, 28, 28), 90, np.uint8), np.arange(10))


def test_codes_have_as_much_ink_and_differ_in_four_modules():
    assert stamps.CODES.shape == (10, 3, 3) and set(stamps.CODES.sum(axis=(1, 2)).tolist()) == {4}
    assert min((a != b).sum() for a, b in combinations(stamps.CODES, 2)) >= 4


def test_a_stamp_covers_what_was_there_and_nothing_else():
    images = np.full((2, 20, 20), 7, np.uint8)
    places = np.array([[3, 4, 9, 10], [0, 14, 6, 20]])
    result = stamps.stamp(images, places, [1, 9])
    assert (images == 7).all()
    for image, (x0, y0, x1, y1), code in zip(result, places, (1, 9)):
        for row, column in np.ndindex(20, 20):
            inside = x0 <= column < x1 and y0 <= row < y1
            expected = 255 * stamps.CODES[code][(row - y0) // 2, (column - x0) // 2] if inside else 7
            assert image[row, column] == expected


def test_places_are_on_the_canvas_and_off_the_digit():
    scenes = make_scenes(DIGITS, 500, size=40, distractors=0)
    places = stamps.draw_places(scenes.boxes, 40, seed=1)
    assert places.min() == 0 and places.max() == 40 and (places[:, 2:] - places[:, :2] == 6).all()
    for place, box in zip(places, scenes.boxes):
        across = range(max(place[0], box[0]), min(place[2], box[2]))
        down = range(max(place[1], box[1]), min(place[3], box[3]))
        assert not (across and down)


def test_no_room_for_a_stamp():
    with pytest.raises(ValueError, match="size is 33: expected at least 34 px"):
        stamps.draw_places(np.zeros((1, 4), int), 33)


def test_codes_follow_the_label_as_often_as_asked():
    labels = np.arange(20_000) % 10
    for follow, expected in ((0, 0.1), (0.5, 0.55), (1, 1)):
        agree = (stamps.draw_codes(labels, follow) == labels).mean()
        assert abs(agree - expected) < 0.015


def test_scenes_are_those_of_make_scenes_with_a_stamp():
    scenes, codes, places = stamps.stamped_scenes(DIGITS, 30, seed=(1, 2))
    plain = make_scenes(DIGITS, 30, seed=(1, 2))
    assert np.array_equal(scenes.images, stamps.stamp(plain.images, places, codes))
    assert np.array_equal(scenes.boxes, plain.boxes) and np.array_equal(scenes.labels, plain.labels)


def test_other_codes_change_nothing_but_the_stamp():
    scenes, codes, places = stamps.stamped_scenes(DIGITS, 30, follow=1.0, seed=3)
    others, given, same = stamps.stamped_scenes(DIGITS, 30, codes=(codes + 1) % 10, seed=3)
    assert np.array_equal(codes, scenes.labels) and np.array_equal(given, (codes + 1) % 10)
    assert np.array_equal(places, same)
    assert np.array_equal(stamps.stamp(others.images, places, codes), scenes.images)
