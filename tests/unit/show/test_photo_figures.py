import numpy as np
import pytest

from camlib.show.photo_figures import evidence_grid, photo_grid

PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), np.uint8)
MAPS = [np.array([[0.0, 4], [-8, 0]]), np.ones((2, 2)), np.array([[2.0, -2], [0, 0]])]


def panels(figure):
    return [panel for panel in figure.axes if panel.get_visible() and panel.images]


def test_photographs_stand_bare_or_under_the_heat_of_their_map():
    figure = photo_grid(PHOTOS, ["one", "$x$"], [None, MAPS[0], MAPS[2]], columns=2, limits=[None, 8, None])
    bare, half, full = panels(figure)
    assert len(bare.images) == 1 and bare.get_title() == "one" and half.get_title() == "$x$"
    assert np.array_equal(bare.images[0].get_array(), PHOTOS[0])
    assert half.images[1].get_array().max() == pytest.approx(0.5)  # 4 of 8
    assert full.images[1].get_array().max() == pytest.approx(1) and full.images[1].get_array().min() == 0


def test_evidence_has_one_scale_that_a_single_peak_does_not_set():
    flat = [np.full((10, 10), -4.0), np.ones((10, 10)), np.zeros((10, 10))]
    flat[1][3, 3] = 1000
    figure = evidence_grid(PHOTOS, flat, columns=3)
    limits = {panel.images[1].get_clim() for panel in panels(figure) if len(panel.images) == 2}
    assert limits == {(-4, 4)}
    assert evidence_grid(PHOTOS[:1], [np.zeros((2, 2))]).axes[0].images[1].get_clim() == (-1, 1)


def test_nothing_and_too_few_maps_are_refused():
    with pytest.raises(ValueError, match="there are 3 pictures and 2 maps"):
        photo_grid(PHOTOS, maps=MAPS[:2])
    with pytest.raises(ValueError, match="there are 3 pictures and 1 maps"):
        evidence_grid(PHOTOS, MAPS[:1])
    with pytest.raises(ValueError, match="one at least"):
        photo_grid(PHOTOS[:0])
    with pytest.raises(ValueError):
        photo_grid(PHOTOS, maps=MAPS, limits=[1])
