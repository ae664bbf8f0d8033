import matplotlib.pyplot as plt
import numpy as np

from camlib.show import gallery

RANDOM = np.random.default_rng(0)
DIGIT = RANDOM.integers(0, 256, (28, 28), np.uint8)
SCENE = RANDOM.integers(0, 256, (40, 60), np.uint8)


def shown(panel):
    return np.asarray(panel.images[0].get_array())


def test_a_gallery_shows_every_image_its_title_and_its_boxes():
    figure = gallery.pictures([DIGIT, SCENE, DIGIT], ["a", "b", "$c"], boxes=[[], [(1, 2, 4, 8)], []], columns=2)
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == ["a", "b", "$c"]
    assert all((shown(panel) == 255 - image).all() for panel, image in zip(panels, [DIGIT, SCENE, DIGIT]))
    [frame] = panels[1].patches
    assert frame.get_bbox().bounds == (0.5, 1.5, 3, 6)
    assert not panels[0].patches and not plt.get_fignums()


def test_features_stand_beside_their_image_in_their_own_range():
    maps = [np.arange(12.0).reshape(3, 4), -np.arange(12.0).reshape(3, 4)]
    panels = gallery.features(DIGIT, maps, ["scene", "a", "b"]).axes
    assert [panel.get_title() for panel in panels] == ["scene", "a", "b"]
    assert (shown(panels[0]) == 255 - DIGIT).all()
    for panel, values in zip(panels[1:], maps):
        assert (panel.images[-1].get_array() == values).all()
        assert panel.images[-1].get_clim() == (values.min(), values.max())


def test_every_pixel_of_a_crop_has_its_value():
    left, right = gallery.crop_with_values(DIGIT, (3, 5, 11, 9), "nine").axes
    written = {text.get_position(): int(text.get_text()) for text in right.texts}
    assert written == {(x, y): DIGIT[5 + y, 3 + x] for x in range(8) for y in range(4)}
    assert left.patches[0].get_bbox().bounds == (2.5, 4.5, 8, 4)


def test_what_is_around_a_box_has_its_middle_in_the_middle():
    assert (gallery.around(SCENE, (20, 10, 30, 20), 16) == SCENE[7:23, 17:33]).all()


def test_what_is_around_a_box_stays_within_the_image():
    assert (gallery.around(SCENE, (0, 35, 4, 40), 16) == SCENE[24:, :16]).all()
    assert (gallery.around(SCENE, (55, 0, 60, 4), 16) == SCENE[:16, 44:]).all()


def test_marked_cells_are_covered_and_no_others():
    marked = RANDOM.random((10, 15)) < 0.3
    [panel] = gallery.cells_over(SCENE, marked, "title").axes
    corners = {patch.get_xy() for patch in panel.patches}
    assert corners == {(column, row) for row in range(10) for column in range(15) if marked[row, column]}
    assert panel.images[0].get_extent() == [0, 15, 10, 0]
