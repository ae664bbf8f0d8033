import matplotlib.pyplot as plt
import numpy as np
import pytest
from camlib.show.panels import map_panels

from camlib.maps.arrays import normalise, upsample

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (3, 20, 20), np.uint8)
MAPS = RANDOM.normal(size=(3, 5, 5)).astype(np.float32)


def visible(figure):
    return [panel for panel in figure.axes if panel.get_visible()]


def test_each_scene_lies_under_its_own_map_in_its_own_range():
    figure = map_panels(IMAGES, MAPS, columns=2, titles=["a", "$b$", "c"], ranges=True)
    assert len(figure.axes) == 4 and len(visible(figure)) == 3
    for panel, image, values, title in zip(visible(figure), IMAGES, MAPS, ("a", "$b$", "c")):
        scene, heat = panel.images
        assert np.array_equal(scene.get_array(), 255 - image) and panel.get_title() == title
        np.testing.assert_allclose(heat.get_array(), normalise(upsample(values, (20, 20))), atol=1e-6)
        assert panel.get_xlabel().count(" to ") == 1
    assert not plt.get_fignums()


def test_signed_maps_are_centred_at_zero_and_none_leaves_a_scene_bare():
    figure = map_panels(IMAGES, [None, MAPS[0], np.zeros((5, 5))], signed=True)
    bare, signed, nothing = figure.axes
    assert len(bare.images) == 1
    assert signed.images[1].get_clim() == (-abs(MAPS[0]).max(), abs(MAPS[0]).max())
    assert nothing.images[1].get_clim() == (-1, 1)


def test_true_boxes_are_solid_and_found_ones_dashed():
    figure = map_panels(IMAGES, MAPS, boxes=[None, (1, 2, 5, 9)], found=[(0, 0, 3, 3)])
    first, second, third = (panel.patches for panel in figure.axes)
    assert [frame.get_linestyle() for frame in first] == ["--"]
    assert [frame.get_bbox().bounds for frame in second] == [(0.5, 1.5, 4, 7)] and second[0].get_linestyle() == "solid"
    assert not third


def test_a_map_for_each_image_is_asked_for():
    for images, maps in ((IMAGES, MAPS[:2]), (IMAGES[:0], MAPS[:0])):
        with pytest.raises(ValueError, match="expected one an image, or None"):
            map_panels(images, maps)
    with pytest.raises(ValueError, match="expected four numbers"):
        map_panels(IMAGES, MAPS, boxes=[(0, 0, 9)])
