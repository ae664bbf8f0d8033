"""Figures are judged by eye; tests hold that they are pure, complete, and show the numbers they are given."""

import io
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from camlib import plot
from camlib.colours import FOUND, TRUTH
from camlib.data.scenes import make_scenes
from camlib.maps.arrays import upsample

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (3, 20, 20), np.uint8)
PHOTOS = RANDOM.integers(0, 256, (3, 8, 10, 3), np.uint8)
MAPS = RANDOM.normal(size=(3, 5, 5)).astype(np.float32)


def visible(figure):
    return [panel for panel in figure.axes if panel.get_visible() and panel.images]


def heat_of(panel):
    """(values, opacity) of what lies over a picture."""
    return np.ma.getdata(panel.images[1].get_array()), panel.images[1].get_alpha()


def rgb(panel, image):
    """What a panel's picture and the heat over it look like: floats, (height, width, 3)."""
    heat, scene = panel.images[1], np.asarray(panel.images[0].get_array())
    scene = np.repeat(scene[..., None], 3, axis=2) if scene.ndim == 2 else scene
    colours = heat.to_rgba(np.ma.getdata(heat.get_array()))[..., :3]
    opacity = np.broadcast_to(heat.get_alpha(), scene.shape[:2])[..., None]
    return opacity * colours + (1 - opacity) * scene / 255


def test_each_picture_lies_under_the_positive_part_of_its_map_with_its_range():
    figure = plot.grid(IMAGES, MAPS, columns=2, titles=["a", "$b$", "c"])
    assert len(visible(figure)) == 3
    for panel, image, values, title in zip(visible(figure), IMAGES, MAPS, ("a", "$b$", "c")):
        assert np.array_equal(panel.images[0].get_array(), 255 - image) and panel.get_title() == title
        large = upsample(values, (20, 20))
        expected = np.array([[min(max(value, 0), values.max()) for value in row] for row in large])
        np.testing.assert_allclose(heat_of(panel)[0], expected, atol=1e-6)
        assert panel.get_xlabel() == f"{values.min():.3g} to {values.max():.3g}".replace("-", "−")
    assert not plt.get_fignums()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("low, high", [(-12.9, 0.381), (-1, 30), (0, 5), (-5, 0)])
def test_paper_without_evidence_is_white_whatever_the_range(signed, low, high):
    """A map of zeros with one cell far below and one far above: blank paper between them stays blank."""
    values = np.zeros((5, 5))
    values[0, 0], values[4, 4] = low, high
    [panel] = visible(plot.grid(np.zeros((1, 50, 50), np.uint8), [values], signed=signed))
    looks = rgb(panel, None)
    assert looks[22:28, 22:28].min() > 0.96
    if high > 0:
        red, _, blue = looks[-1, -1]
        assert red - blue > 0.01  # what speaks for it is warm
    if low < 0:
        assert looks[0, 0].min() > 0.99 if not signed else looks[0, 0, 2] - looks[0, 0, 0] > 0.01


def test_signed_maps_reach_as_far_to_either_side_and_none_leaves_a_picture_bare():
    bare, signed, nothing = visible(plot.grid(IMAGES, [None, MAPS[0], np.zeros((5, 5))], signed=True))
    assert len(bare.images) == 1
    assert signed.images[1].get_clim() == (-abs(MAPS[0]).max(), abs(MAPS[0]).max())
    assert nothing.images[1].get_clim() == (-1, 1)


def test_photographs_stand_bare_or_under_the_heat_of_their_map():
    maps = [None, np.array([[0.0, 4], [-8, 0]]), np.array([[2.0, -2], [0, 0]])]
    bare, half, full = visible(plot.grid(PHOTOS, maps, titles=["one", "$x$"], columns=2, limit=[None, 8, None]))
    assert len(bare.images) == 1 and bare.get_title() == "one" and half.get_title() == "$x$"
    assert np.array_equal(bare.images[0].get_array(), PHOTOS[0])
    (some, thin), (most, thick) = map(heat_of, (half, full))
    assert some.max() == 4 and half.images[1].get_clim() == (0, 8) and thin.max() == pytest.approx(0.85)
    assert most.max() == 2 and full.images[1].get_clim() == (0, 2) and (thick[most == 0] == 0).all()


def test_a_map_without_evidence_leaves_a_photograph_as_it_is():
    [panel] = visible(plot.grid(PHOTOS[:1], [np.full((3, 3), -2.0)]))
    assert (heat_of(panel)[1] == 0).all()


def test_one_scale_for_all_is_not_set_by_a_single_peak():
    flat = [np.full((10, 10), -4.0), np.ones((10, 10)), np.zeros((10, 10))]
    flat[1][3, 3] = 1000
    figure = plot.grid(PHOTOS, flat, signed=True, limit="shared")
    assert {panel.images[1].get_clim() for panel in visible(figure)} == {(-4, 4)}
    assert "in a cell" in figure.axes[-1].get_ylabel()
    [one] = visible(plot.grid(PHOTOS[:1], [np.zeros((2, 2))], signed=True, limit="shared"))
    assert one.images[1].get_clim() == (-1, 1)


def test_true_boxes_are_dashed_and_orange_and_found_ones_solid_and_dark():
    figure = plot.grid(IMAGES, MAPS, boxes=[None, [(1, 2, 5, 9), (0, 0, 2, 2)]], found=[(0, 0, 3, 3)])
    first, second, third = (panel.patches for panel in visible(figure))
    assert [(frame.get_linestyle(), to_hex(frame.get_edgecolor())) for frame in first] == [("-", FOUND)]
    assert [frame.get_bbox().bounds for frame in second] == [(0.5, 1.5, 4, 7), (-0.5, -0.5, 2, 2)]
    assert {(frame.get_linestyle(), to_hex(frame.get_edgecolor())) for frame in second} == {("--", TRUTH)}
    assert not third


def test_rows_have_names():
    figure = plot.grid(IMAGES[[0, 1, 2, 0]], titles="abcd", rows=["one", "$two$"], columns=2)
    assert [panel.get_ylabel() for panel in figure.axes] == ["one", "", "$two$", ""]


def test_a_map_for_each_picture_and_numbers_for_a_box_are_asked_for():
    for images, maps in ((IMAGES, MAPS[:2]), (IMAGES[:0], MAPS[:0]), (PHOTOS, MAPS[:1])):
        with pytest.raises(ValueError, match="expected one an image, or None"):
            plot.grid(images, maps)
    with pytest.raises(ValueError, match="expected four numbers"):
        plot.grid(IMAGES, MAPS, boxes=[(0, 0, 9)])
    with pytest.raises(ValueError):
        plot.grid(IMAGES, MAPS, limit=[1, 2])
    assert not plt.get_fignums()


def test_ink_is_dark_photographs_stay_as_they_are_and_fractions_are_scaled():
    for image, drawn in ((IMAGES[0], 255 - IMAGES[0]), (PHOTOS[0], PHOTOS[0]), (PHOTOS[0] / 255, PHOTOS[0]),
                         (IMAGES[0].astype(np.float32) / 255, 255 - IMAGES[0]),
                         (IMAGES[0].astype(np.int64), 255 - IMAGES[0])):
        [panel] = visible(plot.grid([image]))
        assert np.array_equal(panel.images[0].get_array(), drawn)


@pytest.mark.parametrize("image", [255.0 * np.ones((4, 4)), np.ones((4, 4, 3)) * -0.1, np.full((4, 4), np.nan),
                                   np.full((4, 4), 256), np.full((4, 4), -1), np.ones((4, 4), bool)])
def test_what_would_be_drawn_white_is_refused(image):
    with pytest.raises(ValueError, match=r"an image is .*expected uint8, 0 to 255, or floats from 0 to 1"):
        plot.grid([image])


def test_a_scene_grid_shows_every_scene_its_label_and_its_boxes(split):
    scenes = make_scenes(split[1], 7, digits_per_scene=2)
    shown = visible(plot.scene_grid(scenes, 3, boxes=True))
    assert [panel.get_title() for panel in shown] == [str(label) for label in scenes.labels]
    x0, y0, x1, y1 = scenes.boxes[0, 1]
    assert shown[0].patches[1].get_bbox().bounds == (x0 - 0.5, y0 - 0.5, x1 - x0, y1 - y0)
    assert len(visible(plot.scene_grid(scenes, 3, count=4))) == 4


def test_every_pixel_of_a_crop_has_its_value():
    digit = RANDOM.integers(0, 256, (28, 28), np.uint8)
    left, right = plot.crop_with_values(digit, (3, 5, 11, 9), "nine").axes
    written = {text.get_position(): int(text.get_text()) for text in right.texts}
    assert written == {(x, y): digit[5 + y, 3 + x] for x in range(8) for y in range(4)}
    assert left.patches[0].get_bbox().bounds == (2.5, 4.5, 8, 4)


def test_nothing_is_warned_of_when_a_map_of_nothing_is_drawn():
    with warnings.catch_warnings(action="error"):  # no scale from 0 to 0
        for signed in (False, True):
            plot.grid(IMAGES, np.zeros((3, 5, 5)), signed=signed, limit="shared").savefig(io.BytesIO())
