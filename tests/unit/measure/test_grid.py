"""The grid pointing game against a plain loop, maps worked by hand, and what chance must be."""

import numpy as np
import pytest

from camlib.measure import grid

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
def test_baselines_hit_by_chance(size):
    for name, maps in grid.baselines(1000, size, seed=3).items():
        maximum, share = grid.grid_pointing(maps)
        assert maps.shape == (1000, *size, 4)
        assert abs(maximum.mean() - 0.25) < (0.025 if name == "random" else 1e-9), name  # 0.025: 3.7 deviations
        assert abs(share.mean() - 0.25) < (0.005 if name == "random" else 1e-6), name


@pytest.mark.parametrize("maps", [
    np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 4)), np.zeros((0, 4, 4, 4)), np.zeros((1, 1, 4, 4)),
    np.full((1, 4, 4, 4), np.nan), np.full((1, 4, 4, 4), np.inf), np.full((1, 4, 4, 4), "x")])
def test_other_maps_are_refused(maps):
    with pytest.raises(ValueError, match="maps"):
        grid.grid_pointing(maps)


def test_mosaics_show_four_classes_each_named_rightly():
    random = np.random.default_rng(0)
    labels = random.integers(0, 6, 60)
    predicted = np.where(random.random(60) < 0.6, labels, (labels + 1) % 6)
    drawn = grid.mosaics(labels, predicted, 50, seed=4)
    assert drawn.shape == (50, 4) and drawn.dtype == np.int64
    assert (labels[drawn] == predicted[drawn]).all()
    assert all(len(set(four)) == 4 for four in labels[drawn].tolist())
    assert set(drawn.ravel()) == set(np.flatnonzero(labels == predicted))  # in the end, every one that may be
    assert np.array_equal(drawn, grid.mosaics(labels, predicted, 50, seed=4))
    assert not np.array_equal(drawn, grid.mosaics(labels, predicted, 50, seed=5))


def test_a_class_with_one_picture_is_drawn_as_often_as_one_with_many():
    labels = np.repeat(np.arange(5), [1, 100, 100, 100, 100])
    drawn = grid.mosaics(labels, labels, 1000)
    assert abs((drawn == 0).sum() / 1000 - 4 / 5) < 0.05
    assert (np.bincount(labels[drawn[:, 0]], minlength=5) > 100).all()  # each class comes to each quarter


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


def test_maps_of_the_classes_shown_and_of_classes_that_are_not():
    classes = np.array([[3, 0, 9, 5], [1, 2, 3, 4]])
    maps = np.random.default_rng(6).normal(size=(2, 3, 4, 10))
    assert np.array_equal(grid.class_maps(maps, classes)[1, :, :, 2], maps[1, :, :, 3])
    absent = grid.absent_classes(classes, 10)
    assert absent.shape == (2, 4) and all(len({*four, *others}) == 8 for four, others in zip(classes, absent))
    with pytest.raises(ValueError, match="at least 8"):
        grid.absent_classes(classes, 7)


def test_the_table_draws_photographs_anew():
    """Of photographs 0 to 7, seven always win and one never does: what an interval covers is which are drawn."""
    drawn = np.array([[0, 1, 2, 3], [4, 5, 6, 7]] * 50)
    maps = np.zeros((100, 2, 2, 4))
    for k, (y, x) in enumerate(CORNERS):
        maps[:, y, x, k] = 1
    maps[1::2, :, :, 3] = [[1, 0], [0, 0]]  # photograph 7, which is at the bottom right
    table = grid.grid_table({"some": maps} | grid.baselines(100, (2, 2)), drawn)
    value, low, high = table["some"]["maximum"]
    assert (value, low, high) == pytest.approx((87.5, 52.91, 97.76), abs=0.01)  # Wilson's, of 7 in 8
    assert table["some"]["share"].value == 87.5
    assert table["uniform"]["share"] == (25, 25, 25)
    text = grid.as_text(table).splitlines()
    assert text[0].split() == ["maximum", "share"] and text[1].startswith("some  ") and "87.5 (" in text[1]
    assert [line.split()[0] for line in text[2:]] == ["uniform", "centre", "random"]
