"""What every figure has: a text alternative, in its output's metadata, and numbers that are well written."""

import doctest
import inspect

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from camlib import plot
from camlib.networks.lenet import lenet_gap
from camlib.plot import style
from camlib.training.runs import shipped_run

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (100, 100), np.uint8)
PHOTOS = RANDOM.integers(0, 256, (2, 60, 80, 3), np.uint8)
MAPS = RANDOM.normal(size=(25, 25, 10)).astype(np.float32)
LOGITS = MAPS.mean(axis=(0, 1))
INTERVALS = {"CAM": (91.84, 90, 93), "ink": (50, 49, 51)}
SCENES = (IMAGE[None].repeat(2, 0), [3, 7], [[0, 0, 9, 9], [3, 3, 8, 8]])

FIGURES = {  # each function that draws a figure, and words that its text alternative has
    "grid": (lambda: plot.grid([IMAGE] * 2, [None, MAPS[..., 0]], titles=["a", "b"], boxes=[None, (0, 0, 9, 9)]),
             ["2 pictures, 1 under a map", "titles: a, b", "true boxes on 1"]),
    "scene_grid": (lambda: plot.scene_grid(SceneLike(*SCENES), boxes=True), ["2 scenes", "titles: 3, 7"]),
    "crop_with_values": (lambda: plot.crop_with_values(IMAGE, (1, 1, 3, 3), "a digit"), ["a digit", "4 pixels"]),
    "heat_map": (lambda: plot.heat_map(IMAGE, np.eye(3) * [1, 5, -2], label=4), ["“4”", "−2 to 5", "row 2 of 3"]),
    "maps_by_class": (lambda: plot.maps_by_class(IMAGE, MAPS, logits=LOGITS, label=3), ["of a 3", "10 classes"]),
    "top_classes": (lambda: plot.top_classes(PHOTOS[0], MAPS, np.arange(10.0), list("abcdefghij")), ["j 63.2%"]),
    "one_class": (lambda: plot.one_class(PHOTOS, [MAPS] * 2, np.eye(2, 10), 1, "dog"), ["2 photographs", "“dog”"]),
    "maps_along_training": (lambda: plot.maps_along_training(IMAGE, MAPS[..., :2].T, [0, 500], label=5),
                            ["2 steps", "step 0", "step 500"]),
    "framework": (lambda: plot.framework(IMAGE, abs(MAPS), LOGITS, name="“4”"), ["all 10, the map of “4”"]),
    "features": (lambda: plot.features(IMAGE, [MAPS[..., 0]], ["scene", "channel 7"]), ["channel 7"]),
    "cells_over": (lambda: plot.cells_over(IMAGE, np.eye(5, dtype=bool), "ink"), ["5 of 25 marked: ink"]),
    "interval_chart": (lambda: plot.interval_chart({"boxes": {"one": INTERVALS}}), ["boxes one: CAM 91.8, ink 50"]),
    "curves": (lambda: plot.curves({"A": ([0, 9], {"ink": [(1, 0, 2), (40, 30, 50)]})}, xlabel="step"),
               ["A ink from 1 at 0 to 40 at 9"]),
    "xy": (lambda: plot.xy({"law": ([1, 2], [-3, 4.5], "-")}, xlabel="n", ylabel="%"),
           ["law from −3 at 1 to 4.5 at 2"]),
    "xy, a dot": (lambda: plot.xy({"seen": (17.5e6, 2.4, "*")}, xlabel="n", ylabel="%"), ["seen from 2.4 at 175"]),
    "bars": (lambda: plot.bars({"a": 6.64}, ylabel="wrong (%)"), ["Bars, wrong (%): a 6.64"]),
    "histogram": (lambda: plot.histogram({"a": [0.1, 0.2, 0.9]}, xlabel="p", ylabel="n"), ["medians: a 0.2"]),
    "repeats": (lambda: plot.repeats({"a": [10, 30]}, xlabel="%"), ["means: a 20"]),
    "accuracy_curve": (lambda: plot.accuracy_curve(shipped_run()), ["Accuracy in percent from", "134400"]),
    "way_through": (lambda: plot.way_through(lenet_gap(), IMAGE), ["relu1, relu2", "largest for class"]),
    "arrays": (lambda: plot.arrays({"kernel": np.array([[1.0, -2]])}), ["kernel (1 × 2, −2 to 1)"]),
    "features_by_class": (lambda: plot.features_by_class(np.eye(2), np.array([0, 1]), ["1", "7"]), ["classes 1, 7"]),
    "price_of_probability": (lambda: plot.price_of_probability({"half": 0.5}), ["half: 0.69"]),
    "descent": (lambda: plot.descent([0, 1], [4, 1], {0.5: [0, 0.5]}), ["at rate 0.5 from 0 to 0.5"]),
    "learning_curves": (lambda: plot.learning_curves({"ours": [4, 2, 3, 1]}, every=2), ["ours from 4 to 2"]),
    "kernels_along_training": (lambda: plot.kernels_along_training(RANDOM.normal(size=(2, 5, 5, 3)), ["a", "b"]),
                               ["3 kernels", "2 times: a, b"]),
    "course_picture": (lambda: plot.course_picture(IMAGE, np.stack([MAPS] * 9), range(9), [0.5] * 9,
                                                   np.stack([LOGITS] * 9), 3), ["scene of a 3", "8 steps"]),
}


class SceneLike:
    def __init__(self, images, labels, boxes):
        self.images, self.labels, self.boxes = images, labels, boxes


def test_every_function_that_draws_a_figure_is_here():
    drawn = {name for name in plot.__all__ if inspect.isfunction(getattr(plot, name))}
    parts = {"draw_box", "show_image", "show_map", "write_heatmaps", "write_range", "write_title"}
    assert drawn - set(FIGURES) == parts and drawn | {"xy, a dot"} == parts | set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_in_its_output(name):
    draw, words = FIGURES[name]
    figure = draw()
    _, metadata = figure._repr_mimebundle_()
    said = metadata["image/png"]["alt"]
    assert all(word in said for word in words), said
    assert said[0].isupper() or said[0].isdigit()
    assert said.endswith(".") and len(said) < 700 and "\n" not in said and "  " not in said


def test_the_text_alternative_reaches_the_output():
    """As a notebook's kernel formats the value of a cell."""
    _, metadata = InteractiveShell.instance().display_formatter.format(FIGURES["bars"][0]())
    assert metadata["image/png"] == {"alt": "Bars, wrong (%): a 6.64.", "width": 560}


def test_numbers_are_written_with_a_true_minus_and_three_digits():
    assert not doctest.testmod(style).failed
    assert style.number(-0.00004567) == "−0.0000457" and style.value_range([[834.9, -12.34]]) == "−12.3 to 835"
