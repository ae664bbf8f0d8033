"""Metrics against cases worked by hand, and against the definitions written out as loops."""

import cv2
import numpy as np
import pytest

from camlib.boxes import box_masks, iou, largest_box
from camlib.measure import localize

THRESHOLDS = np.arange(0, 1, 0.01)


# The definitions of the reference evaluation, one map and one threshold at a time, inclusive corners.


def literal_score_map(cam, height, width):
    cam = cv2.resize(cam, (width, height), interpolation=cv2.INTER_CUBIC)
    if np.isnan(cam).any() or cam.min() == cam.max():
        return np.zeros_like(cam)
    cam = cam - cam.min()
    return cam / cam.max()


def literal_boxes(score_map, threshold, largest_only):
    height, width = score_map.shape
    u = (score_map * 255).astype(np.uint8)
    foreground = (u > int(threshold * np.max(u))).astype(np.uint8)
    contours, _ = cv2.findContours(foreground, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if len(contours) == 0:
        return [[0, 0, 0, 0]]
    if largest_only:
        contours = [max(contours, key=cv2.contourArea)]
    boxes = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        boxes.append([x, y, min(x + w, width - 1), min(y + h, height - 1)])
    return boxes


def literal_iou(a, b):
    """Of two boxes with inclusive corners."""
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    area_a, area_b = ((box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b))
    return w * h / (area_a + area_b - w * h)


def literal_curve(score_maps, truths, delta, largest_only):
    """Percent right at each threshold; truths are lists of half-open boxes."""
    curve = []
    for threshold in THRESHOLDS:
        right = 0
        for score_map, truth in zip(score_maps, truths):
            inclusive = [(x0, y0, x1 - 1, y1 - 1) for x0, y0, x1, y1 in truth]
            boxes = literal_boxes(score_map, threshold, largest_only)
            right += max(literal_iou(a, b) for a in boxes for b in inclusive) >= delta
        curve.append(100 * right / len(score_maps))
    return np.array(curve)


def literal_pxap(score_maps, masks):
    """Precision and recall of the pixels that score at least τ, from τ = 1 down: Σ precision · Δ recall."""
    area, last_recall = 0, 0
    for threshold in [1, *THRESHOLDS[::-1]]:
        found = score_maps >= threshold
        true_positives = np.sum(found & masks)
        if found.any():
            recall = true_positives / masks.sum()
            area += true_positives / found.sum() * (recall - last_recall)
            last_recall = recall
    return 100 * area


def literal_hit(map_, mask, tolerance):
    """Whether the (only) maximum lies nearer than `tolerance` to a pixel of the mask."""
    row, column = np.unravel_index(map_.argmax(), map_.shape)
    return any((row - y) ** 2 + (column - x) ** 2 < tolerance**2 for y, x in np.argwhere(mask))


def random_case(seed, count=12, cells=9, size=(60, 48), boxes_each=2):
    random = np.random.default_rng(seed)
    raw = random.normal(size=(count, cells, cells)).astype(np.float32)
    height, width = size
    boxes = []
    for _ in range(count * boxes_each):
        (x0, x1), (y0, y1) = (sorted(random.choice(side + 1, 2, replace=False)) for side in (width, height))
        boxes.append([x0, y0, x1, y1])
    return raw, np.reshape(boxes, (count, boxes_each, 4))


# Score maps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [(100, 100), (60, 48), (7, 9), (5, 5)])
def test_score_maps_follow_the_definition(dtype, size):
    raw = random_case(0)[0].astype(dtype)
    scores = localize.score_maps(raw, size)
    assert scores.dtype == dtype and scores.shape == (len(raw), *size)
    np.testing.assert_array_equal(scores, [literal_score_map(cam, *size) for cam in raw])
    assert (scores.min(axis=(1, 2)) == 0).all() and (scores.max(axis=(1, 2)) == 1).all()


def test_score_maps_take_the_slice_of_one_class():
    maps = np.random.default_rng(0).normal(size=(3, 5, 5, 4)).astype(np.float32)
    scores = localize.score_maps(maps[..., 2], (20, 20))
    np.testing.assert_array_equal(scores, localize.score_maps(maps[..., 2].copy(), (20, 20)))


@pytest.mark.parametrize("value", [0, 0.1, -3.7, np.nan, np.inf])
def test_a_map_that_says_nothing_becomes_zeros_and_spares_its_neighbours(value):
    raw = random_case(1)[0][:3]
    alone = localize.score_maps(raw, (50, 50))
    raw[1] = value
    scores = localize.score_maps(raw, (50, 50))
    assert not scores[1].any()
    np.testing.assert_array_equal(scores[[0, 2]], alone[[0, 2]])


@pytest.mark.parametrize("size", [(30, 30), (9, 9)])
def test_one_nan_or_an_overflow_spoils_its_map(size):
    raw = random_case(2)[0][:2]
    raw[0, 4, 4] = np.nan
    raw[1, 0, :2] = 3e38, -3e38
    assert not localize.score_maps(raw, size).any()


@pytest.mark.parametrize("maps, size, message", [
    (np.zeros((5, 5)), (10, 10), "shape"),
    (np.zeros((2, 5, 5, 10)), (10, 10), "one class each"),
    (np.zeros((0, 5, 5)), (10, 10), "empty"),
    (np.zeros((2, 0, 5)), (10, 10), "empty"),
    (np.array([[["a"]]]), (10, 10), "numbers"),
    (np.zeros((2, 5, 5)), (10, 0), "size"),
    (np.zeros((2, 5, 5)), 10, "size"),
    (np.zeros((2, 5, 5)), (10, 10, 3), "size"),
])
def test_score_maps_refuse_what_they_cannot_stretch(maps, size, message):
    with pytest.raises(ValueError, match=message):
        localize.score_maps(maps, size)


# Boxes of a map


def blocks(*parts, size=(20, 30)):
    """A score map of rectangles: (x0, y0, x1, y1, score), half-open, later ones on top."""
    score_map = np.zeros(size)
    for x0, y0, x1, y1, score in parts:
        score_map[y0:y1, x0:x1] = score
    return score_map


def test_a_box_reaches_one_pixel_further_as_in_the_reference():
    assert localize.box_at(blocks((4, 3, 10, 9, 1)), 0.5).tolist() == [4, 3, 11, 10]


def test_a_box_ends_where_the_image_ends():
    assert localize.box_at(blocks((24, 14, 30, 20, 1)), 0.5).tolist() == [24, 14, 30, 20]


def test_the_largest_contour_gives_the_box_and_all_give_boxes():
    score_map = blocks((1, 1, 5, 5, 1), (10, 5, 20, 15, 0.6))
    assert localize.box_at(score_map, 0.5).tolist() == [10, 5, 21, 16]
    assert localize.box_at(score_map, 0.7).tolist() == [1, 1, 6, 6]
    ious = localize.box_ious(np.stack([score_map] * 2), [[1, 1, 6, 6], [10, 5, 21, 16]], [0.5])
    assert ious.largest.tolist() == [[0], [1]] and ious.best.tolist() == [[1], [1]]


def test_holes_have_boxes_too():
    ring = blocks((5, 5, 15, 15, 1), (8, 8, 11, 11, 0))
    # the contour of a hole runs along the pixels around it: 7 to 11, and one further
    ious = localize.box_ious(np.stack([ring] * 2), [[5, 5, 16, 16], [7, 7, 13, 13]], [0.5])
    assert ious.best.tolist() == [[1], [1]]
    assert ious.largest.tolist() == [[1], [36 / 121]]  # the hole is never the largest


def test_the_threshold_is_strict_and_relative_to_the_maximum():
    score_map = blocks((2, 2, 12, 12, 100 / 255), (4, 4, 8, 8, 200 / 255))
    assert localize.box_at(score_map, 0.5).tolist() == [4, 4, 9, 9]  # 100 > int(0.5 · 200) is false
    assert localize.box_at(score_map, 0.495).tolist() == [2, 2, 13, 13]  # 100 > 99 is true


@pytest.mark.parametrize("score_map, threshold", [(np.zeros((20, 30)), 0.3), (blocks((4, 3, 10, 9, 1)), 1.0)])
def test_nothing_above_the_threshold_gives_the_corner_pixel(score_map, threshold):
    assert localize.box_at(score_map, threshold).tolist() == [0, 0, 1, 1]


def test_of_equal_contours_the_first_counts():
    score_map = blocks((2, 2, 3, 3, 1), (20, 2, 21, 3, 1), (9, 12, 10, 13, 1))  # three single pixels: area 0
    x0, y0, x1, y1 = literal_boxes(score_map, 0.5, largest_only=True)[0]
    assert localize.box_at(score_map, 0.5).tolist() == [x0, y0, x1 + 1, y1 + 1]


@pytest.mark.parametrize("seed", range(3))
def test_boxes_agree_with_the_definition_on_noise(seed):
    noise = np.random.default_rng(seed).random((25, 31))
    for threshold in (0, 0.2, 0.5, 0.8, 0.97):
        inclusive = localize.box_at(noise, threshold) - [0, 0, 1, 1]
        assert inclusive.tolist() == literal_boxes(noise, threshold, largest_only=True)[0]


@pytest.mark.parametrize("seed", range(3))
def test_ious_agree_with_the_definition_on_noise(seed):
    """Hundreds of contours, many of no area: where the largest is one of equals, and the best is a speck."""
    noise, truth = np.random.default_rng(seed).random((25, 31)), (3, 4, 9, 12)
    thresholds = (0, 0.2, 0.5, 0.8, 0.97, 1)
    found = localize.box_ious(noise[None], [truth], thresholds)
    for largest, best, threshold in zip(found.largest[0], found.best[0], thresholds):
        of_largest, of_all = (
            [literal_iou(box, (3, 4, 8, 11)) for box in literal_boxes(noise, threshold, largest_only)]
            for largest_only in (True, False)
        )
        assert (largest, best) == (of_largest[0], max(of_all))


@pytest.mark.parametrize("score_map, threshold, message", [
    (blocks(), 1.2, "thresholds"),
    (blocks(), -0.1, "thresholds"),
    (blocks(), np.nan, "thresholds"),
    (blocks() + 2, 0.5, "0 to 1"),
    (blocks().astype(np.uint8), 0.5, "floats"),
    (blocks() * np.nan, 0.5, "NaN"),
    (np.zeros((2, 20, 30)), 0.5, "shape"),
])
def test_box_at_refuses_bad_input(score_map, threshold, message):
    with pytest.raises(ValueError, match=message):
        localize.box_at(score_map, threshold)


# IoU


@pytest.mark.parametrize("box, other, expected", [
    ((0, 0, 10, 10), (0, 0, 10, 10), 1),
    ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150),
    ((0, 0, 10, 10), (10, 0, 20, 10), 0),  # they touch
    ((2, 2, 6, 6), (0, 0, 8, 8), 16 / 64),
    ((0, 0, 0, 0), (0, 0, 0, 0), 0),
    ((0, 0, 0, 0), (0, 0, 4, 4), 0),
    ((8, 8, 2, 2), (0, 0, 10, 10), 0),  # inside out: empty
])
def test_iou_by_hand(box, other, expected):
    assert iou(box, other) == pytest.approx(expected)
    assert iou(other, box) == pytest.approx(expected)


def test_iou_counts_pixels_and_equals_the_inclusive_formula():
    boxes = random_case(3, count=5)[1][:, 0]
    masks = box_masks(boxes, (60, 48))
    table = iou(boxes[:, None], boxes)
    assert table.shape == (5, 5)
    for i, j in np.ndindex(5, 5):
        assert table[i, j] == (masks[i] & masks[j]).sum() / (masks[i] | masks[j]).sum()
        assert table[i, j] == literal_iou(*(boxes[k] - [0, 0, 1, 1] for k in (i, j)))


def test_iou_of_small_unsigned_integers_does_not_wrap():
    assert iou(np.uint8([9, 9, 12, 12]), np.uint8([0, 0, 4, 4])) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
def test_iou_refuses_boxes_that_are_nowhere(bad):
    for pair in (((0, 0, bad, 4), (0, 0, 4, 4)), ((0, 0, 4, 4), [(0, 0, 4, 4), (bad, 0, 4, 4)])):
        with pytest.raises(ValueError, match="boxes with NaN, infinity or numbers beyond"):
            iou(*pair)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e38, -1e38])
def test_the_largest_box_of_no_picture_is_refused(bad):
    picture = np.zeros((5, 5))
    picture[2, 2] = bad
    with pytest.raises(ValueError, match="a picture with NaN, infinity or numbers beyond"):
        largest_box(picture, 0.2)


def test_iou_wants_four_numbers():
    with pytest.raises(ValueError, match=r"\(\.\.\., 4\)"):
        iou([0, 0, 4], [0, 0, 4, 4])


# MaxBoxAcc


@pytest.mark.parametrize("cells", [4, 9, 30])
def test_accuracies_agree_with_the_definition(cells):
    raw, boxes = random_case(cells, cells=cells)
    scores = localize.score_maps(raw, (60, 48))
    result, v2 = localize.box_accuracies(scores, boxes)

    np.testing.assert_array_equal(result.curve, literal_curve(scores, boxes, 0.5, largest_only=True))
    curves = [literal_curve(scores, boxes, delta, largest_only=False) for delta in (0.3, 0.5, 0.7)]
    np.testing.assert_array_equal(v2.curve, curves)
    assert result.score == result.curve.max()
    assert v2.score == pytest.approx(np.mean([curve.max() for curve in curves]), rel=1e-12)
    assert result.score > 0 and v2.score > result.score  # else the case would show little


def test_thresholds_are_fractions_of_a_maps_own_maximum():
    raw, boxes = random_case(4)
    scores = localize.score_maps(raw, (60, 48)) * np.float32(0.6)
    result = localize.max_box_acc(scores, boxes)
    np.testing.assert_array_equal(result.curve, literal_curve(scores, boxes, 0.5, largest_only=True))


def test_the_single_accuracies_are_those_of_both():
    raw, boxes = random_case(5)
    scores = localize.score_maps(raw, (60, 48))
    both = localize.box_accuracies(scores, boxes)
    for single, expected in zip((localize.max_box_acc, localize.max_box_acc_v2), both):
        for mine, theirs in zip(single(scores, boxes), expected):
            np.testing.assert_array_equal(mine, theirs)


def test_max_box_acc_by_hand():
    # the map's 10×10 block is boxed as 11×11; the other block, half as bright, is larger but off the truth
    score_map = blocks((2, 2, 12, 12, 1), (15, 2, 29, 18, 0.5))
    truth = np.array([[2, 2, 12, 12]])
    result = localize.max_box_acc(score_map[None], truth)
    # 0.5 · 255 is 127 in uint8: above it for int(τ · 255) < 127, that is τ < 127 / 255
    np.testing.assert_array_equal(result.curve, np.where(THRESHOLDS < 127 / 255, 0, 100))
    assert result.score == 100 and result.best == pytest.approx(0.5)
    v2 = localize.max_box_acc_v2(score_map[None], truth)
    assert v2.score == 100 and (v2.curve == 100).all()  # 100 / 121 is above 0.7, at every threshold
    assert v2.best.tolist() == [0, 0, 0]


def test_an_iou_of_exactly_delta_is_right():
    # the box of a 4×4 block is 5×5; with a truth of 5×10, IoU is exactly 25 / 50
    score_map = blocks((2, 2, 6, 6, 1))
    assert localize.max_box_acc(score_map[None], [[2, 2, 7, 12]]).score == 100
    assert localize.max_box_acc(score_map[None], [[2, 2, 7, 13]]).score == 0


def test_all_images_share_one_threshold():
    # one map is right below 0.5 only, the other above only: never both
    score_map = blocks((2, 2, 28, 19, 0.5), (2, 2, 12, 12, 1))
    result = localize.max_box_acc(np.stack([score_map, score_map]), [[2, 2, 28, 19], [2, 2, 12, 12]])
    assert result.score == 50 and set(result.curve) == {50}


def test_box_ious_by_hand_and_several_truths():
    score_map = blocks((2, 2, 12, 12, 1))
    ious = localize.box_ious(score_map[None], [np.array([[20, 10, 24, 14], [2, 2, 12, 12]])], [0.5])
    assert ious.largest.tolist() == ious.best.tolist() == [[pytest.approx(100 / 121)]]


def test_ground_truth_may_differ_in_number_from_image_to_image():
    raw, boxes = random_case(6, count=4)
    scores = localize.score_maps(raw, (60, 48))
    lists = [boxes[0], boxes[1, :1], boxes[2, 1], boxes[3]]
    ious = localize.box_ious(scores, lists)
    for number, some in enumerate(lists):
        alone = localize.box_ious(scores[number : number + 1], [some])
        np.testing.assert_array_equal(ious.largest[number], alone.largest[0])
        np.testing.assert_array_equal(ious.best[number], alone.best[0])


def test_own_thresholds_in_any_order():
    raw, boxes = random_case(7)
    scores = localize.score_maps(raw, (60, 48))
    whole = localize.max_box_acc_v2(scores, boxes)
    some = localize.max_box_acc_v2(scores, boxes, THRESHOLDS[[40, 3, 40, 17]])
    np.testing.assert_array_equal(some.curve, whole.curve[:, [40, 3, 40, 17]])


def test_dark_maps_have_defined_accuracies():
    zeros = np.zeros((1, 20, 30), np.float32)
    assert localize.max_box_acc(zeros, [[4, 4, 9, 9]]).score == 0
    assert localize.max_box_acc(zeros, [[0, 0, 1, 1]]).score == 100  # what "nothing" is boxed as


@pytest.mark.parametrize("boxes, message", [
    ([[0, 0, 31, 10]], r"box \[0, 0, 31, 10\] of image 0 .* leaves the image"),
    ([[0, 0, 10, 21]], "leaves the image"),
    ([[-1, 0, 10, 10]], "leaves the image"),
    ([[5, 5, 5, 10]], "is empty"),
    ([[9, 5, 5, 10]], "is empty"),
    ([[0, 0, 0, 0]], "is empty"),
    ([[0.5, 0, 5, 5]], "integers"),
    ([[np.nan, 0, 5, 5]], "integers"),
    ([[0, 0, 5]], r"\(k, 4\)"),
    ([[]], r"\(k, 4\)"),
    ([np.zeros((0, 4), int)], r"\(k, 4\)"),
    ([[0, 0, 5, 5], [0, 0, 5, 5]], "boxes of 2 images: expected 1"),
    ([], "boxes of 0 images: expected 1"),
])
def test_bad_ground_truth_is_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        localize.max_box_acc(blocks()[None], boxes)
    with pytest.raises(ValueError, match=message):
        localize.pointing_game(blocks()[None], boxes)


@pytest.mark.parametrize("scores, thresholds, message", [
    (blocks(), THRESHOLDS, "shape"),
    (np.zeros((0, 20, 30)), THRESHOLDS, "shape"),
    (blocks()[None] - 1, THRESHOLDS, "0 to 1"),
    (blocks((0, 0, 5, 5, np.nan))[None], THRESHOLDS, "map 0 holds NaN"),
    (blocks((0, 0, 5, 5, np.inf))[None], THRESHOLDS, "map 0 holds NaN or inf"),
    (blocks()[None], [0.1, 1.01], "thresholds"),
    (blocks()[None], [], "thresholds"),
    (blocks()[None], 0.5, "thresholds"),
])
def test_bad_score_maps_and_thresholds_are_refused(scores, thresholds, message):
    with pytest.raises(ValueError, match=message):
        localize.max_box_acc_v2(scores, [[0, 0, 5, 5]], thresholds)
    with pytest.raises(ValueError, match=message):
        localize.pxap(scores, np.ones(np.shape(scores), bool), thresholds)


# PxAP


@pytest.mark.parametrize("seed", range(3))
def test_pxap_agrees_with_the_definition(seed):
    raw, boxes = random_case(seed)
    scores, masks = localize.score_maps(raw, (60, 48)), box_masks(boxes, (60, 48))
    assert localize.pxap(scores, masks) == pytest.approx(literal_pxap(scores, masks), rel=1e-12)


def test_pxap_by_hand():
    # at τ = 1, 0.7, 0.5 and 0: found 1, 2, 4, 6 pixels, of which 1, 1, 2, 3 are the object's
    scores = np.array([[[1.0, 0.5, 0.5]], [[0.0, 0.0, 0.7]]])
    masks = np.array([[[1, 1, 0]], [[0, 1, 0]]], np.uint8)
    by_hand = 100 * (1 / 1 + 2 / 4 + 3 / 6) / 3  # at 0.7 recall gains nothing
    assert localize.pxap(scores, masks) == pytest.approx(by_hand)


def test_pxap_of_a_perfect_and_of_a_uniform_map():
    masks = box_masks([[5, 5, 15, 15]], (20, 30))
    assert localize.pxap(masks.astype(float), masks) == pytest.approx(100)
    assert localize.pxap(localize.uniform_maps(1, (20, 30)), masks) == pytest.approx(100 * 100 / 600)
    assert localize.pxap(np.zeros((1, 20, 30)), masks) == pytest.approx(100 * 100 / 600)


def test_pxap_ignores_pixels_of_255():
    raw, boxes = random_case(8, count=1)
    scores, masks = localize.score_maps(raw, (60, 48)), box_masks(boxes, (60, 48))
    ignored = masks.astype(np.uint8)
    ignored[0, :20] = 255
    expected = localize.pxap(scores[:, 20:], masks[:, 20:])
    assert localize.pxap(scores, ignored) == pytest.approx(expected)


@pytest.mark.parametrize("masks, message", [
    (np.zeros((1, 20, 30), bool), "no mask marks an object"),
    (np.full((1, 20, 30), 255, np.uint8), "no mask marks an object"),
    (np.ones((1, 20, 29), bool), "shape of the maps"),
    (np.ones((20, 30), bool), "shape of the maps"),
    (np.ones((1, 20, 30)), "float64"),
    (np.full((1, 20, 30), 7, np.uint8), "255"),
])
def test_pxap_refuses_bad_masks(masks, message):
    with pytest.raises(ValueError, match=message):
        localize.pxap(blocks()[None], masks)


# Pointing game


@pytest.mark.parametrize("tolerance", [1, 3.5, 15])
def test_pointing_game_agrees_with_the_definition(tolerance):
    raw, boxes = random_case(9, count=30, boxes_each=1)
    maps, masks = localize.score_maps(raw, (60, 48)), box_masks(boxes, (60, 48))
    labels = np.arange(30) % 7 % 3  # classes of different sizes
    hits = np.array([literal_hit(map_, mask, tolerance) for map_, mask in zip(maps, masks)])
    by_class = np.mean([hits[labels == label].mean() for label in range(3)])
    assert 0 < hits.mean() < 1
    for truth in (boxes, masks, masks.astype(np.uint8)):
        assert localize.pointing_game(maps, truth, tolerance) == pytest.approx(100 * hits.mean())
        assert localize.pointing_game(maps, truth, tolerance, labels) == pytest.approx(100 * by_class)


@pytest.mark.parametrize("x, y, tolerance, expected", [
    (10, 10, 1, 100), (9, 10, 1, 0), (20, 10, 1, 0), (19, 10, 1, 100),  # the box is half-open
    (22, 14, 5, 0), (22, 13, 5, 100),  # 3, 4 → 5 is not nearer than 5; (19, 12) is nearer
    (9, 10, 1.01, 100),
])
def test_pointing_game_by_hand(x, y, tolerance, expected):
    map_ = blocks((x, y, x + 1, y + 1, 1))
    assert localize.pointing_game(map_[None], [[10, 5, 20, 11]], tolerance) == expected


def test_raw_maps_may_point_and_equal_maxima_share_the_chance():
    map_ = blocks((0, 0, 1, 1, 1), (10, 10, 13, 11, 1)) - 5  # one pixel outside the object, three on it
    assert localize.pointing_game(map_[None], [[10, 10, 20, 20]], 1) == pytest.approx(75)
    uniform = localize.uniform_maps(1, (20, 30))
    assert localize.pointing_game(uniform, [[10, 10, 20, 20]], 1) == pytest.approx(100 * 100 / 600)


@pytest.mark.parametrize("arguments, message", [
    (dict(tolerance=0), "tolerance"),
    (dict(tolerance=np.nan), "tolerance"),
    (dict(labels=[0, 1]), "labels"),
    (dict(truth=np.zeros((1, 20, 30), bool)), "mask 0 marks no object"),
    (dict(truth=np.ones((1, 25, 25), bool)), "shape of the maps"),
    (dict(maps=blocks()[None] * np.nan), "NaN"),
    (dict(maps=blocks((0, 0, 9, 9, 1e38))[None]), r"map 0 holds NaN or infinity, or a number beyond ±1e\+30"),
    (dict(maps=blocks()), "shape"),
    (dict(maps=np.zeros((1, 5, 5))), "leaves the image"),  # maps that were not stretched to the images
])
def test_pointing_game_refuses_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        localize.pointing_game(**{"maps": blocks()[None], "truth": [[0, 0, 9, 9]], **arguments})


# Baselines and masks


def test_box_masks_fill_half_open_boxes():
    masks = box_masks([[[1, 0, 3, 2], [2, 1, 4, 3]], [[0, 0, 4, 3], [0, 0, 1, 1]]], (3, 4))
    assert masks.astype(int).tolist() == [[[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]], [[1] * 4] * 3]


def test_the_centre_map_is_round_and_in_the_middle():
    maps = localize.centre_maps(2, (41, 61))
    assert maps.shape == (2, 41, 61) and maps.dtype == np.float32
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_allclose(maps[0], maps[0, ::-1, ::-1], atol=1e-6)
    assert maps.max() == 1 and maps.min() == 0
    assert maps[0, 20, 30] == 1 and maps[0, 0, 0] == 0
    assert maps[0, 20, 40] == pytest.approx(maps[0, 10, 30])  # as far to the side as up
    x0, y0, x1, y1 = localize.box_at(maps[0], 0.5)
    assert (x0 + x1 - 2) / 2 == 30 and (y0 + y1 - 2) / 2 == 20  # less the extra pixel


def test_the_uniform_map_boxes_the_whole_image():
    maps = localize.uniform_maps(3, (20, 30))
    assert maps.shape == (3, 20, 30) and maps.dtype == np.float32
    assert localize.box_at(maps[0], 0.99).tolist() == [0, 0, 30, 20]


def test_ink_maps_are_the_images_stretched_to_0_1():
    images = np.random.default_rng(0).integers(50, 200, (2, 12, 15), dtype=np.uint8)
    low, high = (f(images, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    expected = (images - low) / (high - low)
    np.testing.assert_allclose(localize.ink_maps(images), expected, atol=1e-6)
    colours = np.stack([images] * 3, axis=-1)
    np.testing.assert_allclose(localize.ink_maps(colours), expected, atol=1e-6)
    colours[..., 0] = 0  # of three colours, two are left: the pattern is the same
    np.testing.assert_allclose(localize.ink_maps(colours), expected, atol=1e-6)


@pytest.mark.parametrize("images", [np.zeros((5, 5), np.uint8), np.zeros((0, 5, 5), np.uint8), np.uint8(3)])
def test_ink_maps_refuse_bad_images(images):
    with pytest.raises(ValueError, match="shape|size"):
        localize.ink_maps(images)
