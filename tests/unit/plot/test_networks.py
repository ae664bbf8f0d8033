"""Figures are judged by eye; tests hold that they are closed, complete, and show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from camlib import plot
from camlib.networks.lenet import lenet_gap

RANDOM = np.random.default_rng(0)
INK = RANDOM.integers(0, 256, (28, 28), np.uint8)


def test_figures_are_closed():
    figure = plot.arrays({"a": INK})
    assert not plt.fignum_exists(figure.number)


def test_way_through_shows_the_channel_that_varies_most_and_the_logits():
    network = lenet_gap(seed=3)
    figure = plot.way_through(network, INK, layers=("relu1", "relu4"))
    picture, first, last, scores = figure.axes
    assert np.array_equal(picture.images[0].get_array(), 255 - INK)
    assert first.get_title().startswith("14 × 14 cells") and last.get_title().startswith("7 × 7 cells")
    assert last.images[0].get_array().shape == (7, 7) and last.images[0].get_array().std() > 0
    drawn = [bar.get_width() for bar in scores.patches]
    np.testing.assert_allclose(drawn, network.predict(INK[None], verbose=0)[0], atol=1e-4)


def test_arrays_show_ink_numbers_of_kernels_and_ranges_of_maps():
    kernel, features = np.array([[1.0, -2.0]]), RANDOM.normal(size=(6, 6))
    picture, small, large = plot.arrays({"picture": INK, "kernel": kernel, "map": features}).axes
    assert np.array_equal(picture.images[0].get_array(), 255 - INK)
    assert [text.get_text() for text in small.texts] == ["1", "−2"] and not large.texts
    assert small.images[0].get_clim() == (-2, 2)
    assert large.get_xlabel() == f"{features.min():.3g} to {features.max():.3g}".replace("-", "−")


def test_dots_are_the_features_of_their_class():
    features, labels = RANDOM.normal(size=(9, 2)), np.arange(9) % 3
    [panel] = plot.features_by_class(features, labels, [1, 4, 7]).axes
    for label, line in enumerate(panel.lines):
        np.testing.assert_array_equal(line.get_xydata(), features[labels == label])
    assert [line.get_label() for line in panel.lines] == ["“1”", "“4”", "“7”"]


@pytest.mark.parametrize("names", ["ab", "abcd"])
def test_dots_have_as_many_names_as_classes(names):
    with pytest.raises(ValueError, match=f"names has {len(names)} entries: expected 3, one per class"):
        plot.features_by_class(np.eye(3)[:, :2], np.arange(3), names)


def test_marked_probabilities_have_their_price():
    [panel] = plot.price_of_probability({"a half": 0.5}).axes
    assert [text.get_text() for text in panel.texts] == ["a half: 0.69"]
    np.testing.assert_allclose(panel.lines[1].get_xydata(), [[0.5, np.log(2)]])


def test_descent_is_drawn_on_its_curve():
    slow, fast = plot.descent([0, 1, 2], [4, 1, 0], {0.5: [0, 0.5], 2: [0, 2]}).axes
    assert [line.get_xydata().tolist() for line in slow.lines] == [[[0, 4], [1, 1], [2, 0]], [[0, 4], [0.5, 2.5]]]
    assert fast.lines[1].get_xydata().tolist() == [[0, 4], [2, 0]]
    assert [panel.get_title() for panel in (slow, fast)] == ["learning rate 0.5", "learning rate 2"]


def test_thick_lines_are_means_of_the_thin_ones():
    [panel] = plot.learning_curves({"a": [4, 2, 3, 1, 9]}, every=2).axes
    thin, thick = panel.lines
    assert thin.get_ydata().tolist() == [4, 2, 3, 1, 9]
    assert thick.get_xydata().tolist() == [[0.5, 3], [2.5, 2]]


def test_kernels_share_one_scale():
    kernels = RANDOM.normal(size=(2, 5, 5, 3))
    panels = plot.kernels_along_training(kernels, ["before", "after"]).axes[:6]
    for panel, (moment, kernel) in zip(panels, np.ndindex(2, 3)):
        np.testing.assert_array_equal(panel.images[0].get_array(), kernels[moment, :, :, kernel])
        assert panel.images[0].get_clim() == (-abs(kernels).max(), abs(kernels).max())
