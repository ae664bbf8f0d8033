"""The grid pointing game against a plain loop, maps worked by hand, and what chance must be."""

import numpy as np
import pytest

from camlib.measure import grid
from camlib.measure.scores import centre_maps

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]  # the quarters, in reading order


def played_by_loop(maps):
    """The game, written from its definition for even grids, cell by cell."""
    maximum, share = np.zeros((len(maps), 4), bool), np.full((len(maps), 4), 0.25)
    n, rows, columns, _ = maps.shape
    for i in range(n):
        for k, (down, across) in enumerate(CORNERS):
            best, inside, total = -np.inf, 0, 0
            for y in range(rows):
                for x in range(columns):
                    value = maps[i, y, x, k]
                    own = (y >= rows // 2) == down and (x >= columns // 2) == across
                    if value > best:
                        best, maximum[i, k] = value, own
                    total += max(value, 0)
                    inside += max(value, 0) * own
            if total:
                share[i, k] = inside / total
    return maximum, share


@pytest.mark.parametrize("size", [(2, 2), (4, 4), (8, 6)])
def test_the_game_is_what_a_loop_over_cells_says(size):
    maps = np.random.default_rng(1).normal(size=(40, *size, 4)).astype(np.float32)
    maximum, share = played_by_loop(maps)
    played = grid.grid_pointing(maps)
    assert played.maximum.dtype == bool and played.maximum.shape == played.share.shape == (40, 4)
    assert np.array_equal(played.maximum, maximum)
    assert np.allclose(played.share, share, atol=1e-6)


def test_a_map_worked_by_hand():
    maps = np.zeros((1, 4, 4, 4))
    maps[0, :, :, 0] = [[1, 5, 0, 0],
                        [0, 0, 2, 0],
                        [0, 2, -9, 0],
                        [0, 0, 0, 0]]     # maximum at the top left, with 6 of 10
    maps[0, :, :, 1] = maps[0, :, :, 0]   # top right: no maximum, 2 of 10
    maps[0, :, :, 2] = -1                 # nowhere positive
    maps[0, 3, 3, 3] = 7                  # all at the bottom right
    maximum, share = grid.grid_pointing(maps)
    assert maximum.tolist() == [[True, False, False, True]]
    assert share.tolist() == [[0.6, 0.2, 0.25, 1]]


def test_the_middle_of_an_odd_grid_is_half_either_sides():
    maps = np.zeros((1, 3, 3, 4))
    maps[0, 1, 1] = 8    # the middle cell: a quarter for each
    maps[0, 0, 1] = 4    # the middle of the upper row: half left, half right
    maps[0, 0, 0] = 2
    maximum, share = grid.grid_pointing(maps)
    assert np.allclose(share[0], np.array([2 + 2 + 2, 2 + 2, 2, 2]) / 14)
    assert maximum.tolist() == [[True, False, False, False]]  # the upper left is the warmest of four with an 8
    assert np.allclose(grid.grid_pointing(maps[:, ::-1, ::-1]).share[0], share[0, ::-1])


def test_all_the_quarters_shares_of_one_map_add_up_to_one():
    one = np.random.default_rng(2).normal(size=(30, 5, 7, 1))
    maximum, share = grid.grid_pointing(one.repeat(4, axis=3))
    assert np.allclose(share.sum(axis=1), 1) and (maximum.sum(axis=1) == 1).all()


@pytest.mark.parametrize("size", [(13, 13), (26, 27)])
def test_one_map_for_all_four_classes_gets_a_quarter_of_each_mosaic(size):
    one = np.random.default_rng(3).normal(size=(200, *size, 1))
    one[:50] = centre_maps(50, size)[..., None]
    one[50:60] = 0
    for figure in grid.grid_pointing(one.repeat(4, axis=3)):
        assert np.allclose(figure.mean(axis=1), 0.25)


@pytest.mark.parametrize("maps", [
    np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 4)), np.zeros((0, 4, 4, 4)), np.zeros((1, 1, 4, 4)),
    np.full((1, 4, 4, 4), np.nan), np.full((1, 4, 4, 4), np.inf), np.full((1, 4, 4, 4), "x")])
def test_other_maps_are_refused(maps):
    with pytest.raises(ValueError, match="maps"):
        grid.grid_pointing(maps)


def test_mosaics_show_four_classes_each_named_rightly_each_picture_once():
    random = np.random.default_rng(0)
    labels = random.integers(0, 6, 60)
    predicted = np.where(random.random(60) < 0.6, labels, (labels + 1) % 6)
    drawn = grid.mosaics(labels, predicted, seed=4)
    assert drawn.shape[1] == 4 and drawn.dtype == np.int64
    assert (labels[drawn] == predicted[drawn]).all() and len(set(drawn.ravel())) == drawn.size
    assert all(len(set(four)) == 4 for four in labels[drawn].tolist())
    assert np.array_equal(drawn, grid.mosaics(labels, predicted, seed=4))
    assert not np.array_equal(drawn, grid.mosaics(labels, predicted, seed=5))
    assert np.array_equal(drawn[:3], grid.mosaics(labels, predicted, 3, seed=4))


@pytest.mark.parametrize("counts, most", [
    ([3, 3, 3, 3], 3), ([1, 9, 9, 9], 1), ([2, 2, 2, 2, 4], 2), ([5, 1, 1, 1, 1, 1], 1), ([2, 2, 1, 1, 1, 1], 2),
    ([12, 11, 10, 13, 9], 13)])
def test_as_many_mosaics_as_the_pictures_make(counts, most):
    """k mosaics can be made where Σ min(count, k) ≥ 4 k: none takes two pictures of a class."""
    labels = np.repeat(np.arange(len(counts)), counts)
    assert most == max(k for k in range(99) if np.minimum(counts, k).sum() >= 4 * k)
    for seed in range(5):
        assert len(grid.mosaics(labels, labels, seed=seed)) == most


def test_the_surest_pictures_come_first():
    labels = np.repeat(np.arange(4), 5)
    sureness = np.random.default_rng(1).random(20)
    drawn = grid.mosaics(labels, labels, 2, sureness=sureness)
    for label in range(4):
        ranked = np.flatnonzero(labels == label)[sureness[labels == label].argsort()[::-1]]
        assert [ranked[0]] == [i for i in drawn[0] if labels[i] == label]
        assert [ranked[1]] == [i for i in drawn[1] if labels[i] == label]


def test_each_class_comes_to_each_quarter():
    labels = np.repeat(np.arange(4), 400)
    drawn = labels[grid.mosaics(labels, labels)]
    assert all(abs(np.bincount(quarter) - 100).max() < 35 for quarter in drawn.T)  # 35: four deviations


def test_fewer_than_four_classes_make_no_mosaic():
    labels = np.arange(5)
    with pytest.raises(ValueError, match="3 classes have a picture that is named rightly: a mosaic needs 4"):
        grid.mosaics(labels, [0, 1, 2, 0, 0], 1)
    with pytest.raises(ValueError, match="one class a picture"):
        grid.mosaics(labels, labels[:3], 1)
    with pytest.raises(ValueError, match="at least 1 mosaic"):
        grid.mosaics(labels, labels, 0)


@pytest.mark.parametrize("colours", [(), (3,)])
def test_a_mosaic_has_each_picture_in_its_quarter(colours):
    pictures = np.random.default_rng(5).integers(0, 256, (3, 4, 6, 6, *colours), np.uint8)
    whole = grid.compose(pictures)
    assert whole.shape == (3, 12, 12, *colours) and whole.dtype == np.uint8
    for k, (x0, y0, x1, y1) in enumerate(grid.quarter_boxes(6)):
        assert np.array_equal(whole[:, y0:y1, x0:x1], pictures[:, k])


@pytest.mark.parametrize("pictures", [
    np.zeros((2, 3, 6, 6), np.uint8), np.zeros((2, 4, 6, 5), np.uint8), np.zeros((2, 4, 6, 6, 4), np.uint8),
    np.zeros((2, 4, 6, 6, 3), np.float32), np.zeros((4, 6), np.uint8)])
def test_what_makes_no_mosaic_is_refused(pictures):
    with pytest.raises(ValueError, match="expected uint8"):
        grid.compose(pictures)


def test_maps_of_the_classes_shown():
    classes = np.array([[3, 0, 9, 5], [1, 2, 3, 4]])
    maps = np.random.default_rng(6).normal(size=(2, 3, 4, 10))
    assert np.array_equal(grid.class_maps(maps, classes)[1, :, :, 2], maps[1, :, :, 3])


def test_how_many_absent_classes_follow_the_class_blind_peak_worked_by_hand():
    """Of seven classes 0 to 3 are shown; the maps differ most at the bottom right, where 3 and the absent 4 peak."""
    maps = np.zeros((2, 2, 2, 7))
    for which, (y, x) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (1, 1), (0, 0), (1, 0)]):
        maps[0, y, x, which] = 1
    maps[0, 1, 1, [3, 4]] = 5
    maps[1] = maps[0, :, :, [6, 5, 0, 1, 4, 2, 3]].transpose(1, 2, 0)  # the absent 4 still does, and now 6, too
    assert grid.at_blind_peak(maps, [[0, 1, 2, 3], [3, 2, 1, 0]]).tolist() == pytest.approx([1 / 3, 2 / 3])


def test_absent_classes_that_know_nothing_follow_by_chance():
    maps = np.random.default_rng(0).normal(size=(2000, 4, 4, 9))
    maps[..., 8] *= 20  # one that is shown says where the class-blind map peaks
    assert abs(grid.at_blind_peak(maps, np.tile([8, 0, 1, 2], (2000, 1))).mean() - 0.25) < 0.02


def test_the_table_draws_mosaics_anew():
    """In one mosaic of two all four win, in the other none: a hundred mosaics, not four hundred photographs."""
    maps = np.zeros((100, 2, 2, 4))
    for k, (y, x) in enumerate(CORNERS):
        maps[::2, y, x, k] = 1
        maps[1::2, 1 - y, x, k] = 1
    table = grid.grid_table({"some": maps, "blind": maps.std(axis=-1, keepdims=True).repeat(4, axis=-1)})
    assert table["some"]["maximum"] == pytest.approx((50, 40.38, 59.62), abs=0.01)  # Wilson's, of 50 in 100
    assert table["some"]["share"].value == 50
    assert table["blind"]["maximum"] == table["blind"]["share"] == (25, 25, 25)
    text = grid.as_text(table).splitlines()
    assert text[0].split() == ["maximum", "share"] and text[1].startswith("some  ") and "50.0 (" in text[1]
    assert text[2].split() == ["blind", "25.0", "25.0"]
