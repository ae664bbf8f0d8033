"""Figures are judged by eye; tests hold that they are pure, complete, and show the numbers they are given."""

import html
import io
import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from camlib import plot
from camlib.boxes import around
from camlib.data.scenes import make_scenes
from camlib.training import runs
from camlib.training.runs import Recipe, Run, Stage

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (100, 100), np.uint8)
PHOTO = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)
MAPS = RANDOM.normal(size=(25, 25, 10)).astype(np.float32)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path, Recipe((Stage(640),)), np.array([0, 5, 10]), np.array([0, 320, 640]),
               np.array([0.1, 0.5, 0.9]), np.array([np.nan, 2.0, 1.0]))


def visible(figure):
    return [panel for panel in figure.axes if panel.get_visible()]


def test_figures_are_closed_and_global_state_is_untouched(run):
    before = dict(plt.rcParams)
    for figure in (plot.maps_by_class(IMAGE, MAPS), plot.accuracy_curve(run), plot.heat_map(IMAGE, MAPS[..., 0])):
        assert not plt.fignum_exists(figure.number)
    assert dict(plt.rcParams) == before and not plt.get_fignums()


def test_maps_by_class_share_one_scale_centred_at_zero():
    logits = MAPS.mean(axis=(0, 1))
    figure = plot.maps_by_class(IMAGE, MAPS, logits=logits, classes=[3, 5], label=5)
    heats = [panel.images[1] for panel in visible(figure)[1:3]]
    cells = sorted(abs(MAPS[..., [3, 5]]).ravel())
    above, below = cells[int(0.99 * len(cells))], cells[int(0.99 * len(cells)) - 2]
    assert all(-low == high and below <= high <= above for low, high in (heat.get_clim() for heat in heats))
    assert visible(figure)[2].get_title() == f"5: {logits[5]:+.1f}".replace("-", "−")
    assert visible(figure)[2].title.get_fontweight() == "bold"


def test_a_map_of_nothing_is_drawn_white():
    figure = plot.maps_by_class(IMAGE, np.zeros((5, 5, 2)))
    heat = visible(figure)[1].images[1]
    assert heat.get_clim() == (-1, 1) and not heat.get_array().any()
    with warnings.catch_warnings(action="error"):  # no scale from 0 to 0
        figure.savefig(io.BytesIO())


def test_maps_along_training_names_every_step():
    figure = plot.maps_along_training(IMAGE, np.moveaxis(MAPS, 2, 0), range(0, 100, 10), accuracy=[0.5] * 10, label=3)
    assert [panel.get_title() for panel in visible(figure)] == [f"step {step}\n50%" for step in range(0, 100, 10)]


def test_maps_in_their_own_range_say_which():
    values = np.array([[-12.34, 0.0], [5.0, 834.9]])
    assert plot.heat_map(IMAGE, values).axes[1].get_xlabel() == "−12.3 to 835"
    along = plot.maps_along_training(IMAGE, [values, values / 1000, 2 * values], [0, 1, 2])
    assert [panel.get_xlabel() for panel in visible(along)] == ["−12.3 to 835", "−0.0123 to 0.835", "−24.7 to 1670"]
    features = np.stack([values + 13, values], axis=-1)
    parts = plot.framework(IMAGE, features, np.array([1.0, -1.0]), shown=2).axes
    assert [panel.get_xlabel() for panel in parts[1:]] == ["0.66 to 848", "−12.3 to 835", "13 to 13"]


def test_the_framework_sums_features_to_the_map():
    features, weights = abs(RANDOM.normal(size=(25, 25, 8))), RANDOM.normal(size=8)
    figure = plot.framework(IMAGE, features, weights, shown=3, name="4")
    drawn = figure.axes[-1].images[-1].get_array()
    by_hand = sum(features[..., k] * weights[k] for k in range(8))
    from camlib.maps.arrays import upsample
    np.testing.assert_allclose(drawn, upsample(by_hand, (100, 100)), rtol=1e-5)
    adds = [features[..., k].mean() * weights[k] for k in range(8)]
    assert f"feature {adds.index(max(adds))}\nadds {max(adds):+.2f}" in figure.axes[1].get_title()
    assert f"feature {adds.index(min(adds))}\n" in figure.axes[3].get_title()


def test_the_accuracy_curve_is_the_runs(run):
    axes = plot.accuracy_curve(run, target=0.976).axes[0]
    x, y = axes.lines[0].get_data()
    assert x.tolist() == [0, 320, 640] and np.allclose(y, [10, 50, 90])
    assert axes.lines[1].get_ydata()[0] == pytest.approx(97.6)
    assert plot.accuracy_curve(run, against="steps").axes[0].lines[0].get_xdata().tolist() == [0, 5, 10]


def test_a_live_curve_is_shown_once_and_then_redrawn_in_place(run, monkeypatch):
    shown, redrawn = [], []

    def display(figure, display_id):
        assert display_id is True  # without one there is no handle
        shown.append(figure)
        return SimpleNamespace(update=redrawn.append)

    monkeypatch.setattr("IPython.display.display", display)
    curve = plot.LiveCurve(target=0.976)
    for moments in (1, 2, 3):
        curve(Run(run.folder, run.recipe, *(getattr(run, name)[:moments] for name in runs.COLUMNS)))
    assert (len(shown), len(redrawn)) == (1, 2)
    for moments, figure in enumerate([*shown, *redrawn], 1):
        line, target = figure.axes[0].lines
        assert line.get_ydata().tolist() == [10, 50, 90][:moments]
        assert target.get_ydata()[0] == pytest.approx(97.6)
    assert not plt.get_fignums()


NAMES = {"$x^$": "$x^$", "$$": "$$", "$5 or $6": "$5 or $6", "a\0b": r"a\x00b", "\x1b[1m": r"\x1b[1m",
         "\ud800": r"\ud800", "tab\there": r"tab\there", "é": "é"}


@pytest.mark.parametrize("name, expected", NAMES.items(), ids=map(ascii, NAMES))
def test_names_are_shown_as_they_are(name, expected):
    photo, maps, logits = PHOTO, MAPS[..., :2], np.array([1.0, 0])
    scene = SimpleNamespace(images=IMAGE[None], labels=[name], boxes=[[0, 0, 9, 9]])
    figures = [
        plot.top_classes(photo, maps, logits, [name, "other"]),
        plot.heat_map(IMAGE, maps[..., 0], label=name),
        plot.scene_grid(scene),
        plot.scene_grid(scene, titles=[name]),
        plot.framework(IMAGE, abs(MAPS), MAPS[0, 0], name=name),
        plot.maps_along_training(IMAGE, np.moveaxis(maps, 2, 0), [0, 1], label=name),
    ]
    for figure in figures:
        drawn = io.StringIO()
        with plt.rc_context({"svg.fonttype": "none"}):
            figure.savefig(drawn, format="svg")
        assert expected in html.unescape(drawn.getvalue())


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e38, -1e38])
def test_what_cannot_be_drawn_is_refused_and_leaves_no_figure(bad):
    maps = MAPS.copy()
    maps[3, 4, :] = bad
    boxes = SimpleNamespace(images=IMAGE[None], labels=[1], boxes=[[0, 0, bad, 9]])
    for draw in (
        lambda: plot.maps_by_class(IMAGE, maps),
        lambda: plot.heat_map(IMAGE, maps[..., 0]),
        lambda: plot.top_classes(PHOTO, maps, np.arange(10.0), list("abcdefghij")),
        lambda: plot.maps_along_training(IMAGE, np.moveaxis(maps, 2, 0), range(10)),
        lambda: plot.framework(IMAGE, maps, np.ones(10)),
        lambda: plot.scene_grid(boxes, boxes=True),
    ):
        with pytest.raises(ValueError, match="with NaN, infinity or numbers beyond"):
            draw()
    assert not plt.get_fignums()


def test_heatmaps_are_the_originals(tmp_path, split):
    """Jet at a half over the inverted scene, one file an image and step, each pixel as the recipe says."""
    run = runs.shipped_run()
    few = Run(run.folder, run.recipe, *(getattr(run, name)[[0, -1]] for name in runs.COLUMNS))
    scenes = make_scenes(split[1], 2, seed=3)
    plot.write_heatmaps(few, scenes, tmp_path)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    last = run.steps[-1]
    assert files == sorted(["accuracy.png"] + [f"img_{n}/cmap_{s}.png" for n in (0, 1) for s in (0, last)])

    from camlib.maps.arrays import upsample
    from camlib.maps.cam import explain
    raw = explain(run.load(), scenes.images).maps[1, ..., scenes.labels[1]]
    heat = upsample(raw, (100, 100))
    heat = (heat - heat.min()) / (heat.max() - heat.min())
    expected = 0.5 * plt.get_cmap("jet")(heat)[..., :3] + 0.5 * (1 - scenes.images[1, ..., None] / 255)
    written = plt.imread(tmp_path / f"img_1/cmap_{last}.png")[::2, ::2, :3]
    np.testing.assert_allclose(written, expected, atol=1 / 255)


def test_the_top_classes_are_the_largest_logits():
    picture = np.zeros((40, 60, 3), np.uint8)
    maps = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    figure = plot.top_classes(picture, maps, np.array([0, 5, 1, 4, 2.0]), list("abcde"), top=3)
    titles = [axes.get_title() for axes in figure.axes[1:]]
    assert [title[0] for title in titles] == ["b", "d", "e"]
    assert titles[0].endswith("69.3%")  # e⁵ of 1 + e⁵ + e + e⁴ + e² = 214.12


def test_probabilities_are_those_of_the_ending():
    """Of logits 2 and −1 sigmoids are 88.1 and 26.9 %, shares 95.3 and 4.7 %; one class by itself is no certainty."""
    maps, logits = np.zeros((3, 4, 2)), np.array([2.0, -1])

    def titles(figure, first):
        return [axes.get_title().split("\n")[-1] for axes in figure.axes[first:]]
    assert titles(plot.top_classes(PHOTO, maps, logits, "ab"), 1) == ["95.3%", "4.7%"]
    assert titles(plot.top_classes(PHOTO, maps, logits, "ab", ending="sigmoid"), 1) == ["88.1%", "26.9%"]
    assert titles(plot.top_classes(PHOTO, maps[..., :1], logits[1:], ["eel"]), 1) == ["26.9%"]
    assert titles(plot.one_class(PHOTO[None], maps[None], logits[None], 1, "b", ending="sigmoid"), 0) == ["26.9%"]
    with pytest.raises(ValueError, match="ending is 'tanh': expected 'softmax', 'sigmoid', or None"):
        plot.top_classes(PHOTO, maps, logits, "ab", ending="tanh")


@pytest.mark.parametrize("names", [{1: "dog", 0: "cat"}, {"dog": 1, "cat": 0}])
def test_names_may_be_a_dict(names):
    figure = plot.top_classes(PHOTO, np.zeros((3, 4, 2)), np.array([2.0, -1]), names)
    assert [axes.get_title().split("\n")[0] for axes in figure.axes[1:]] == ["cat", "dog"]
    figure = plot.features_by_class(np.eye(2), np.arange(2), names)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["“cat”", "“dog”"]
    with pytest.raises(ValueError, match="names has 1 entries: expected 2, one per class"):
        plot.top_classes(PHOTO, np.zeros((3, 4, 2)), np.array([2.0, -1]), ["cat"])


def heats(figure, first):
    """The heat over each photograph of a figure: (values, opacity), from its panel number `first` on."""
    return [(np.ma.getdata(panel.images[1].get_array()), panel.images[1].get_alpha())
            for panel in figure.axes[first:] if panel.get_visible()]


@pytest.mark.parametrize("draw, first", [
    (lambda maps, logits: plot.top_classes(PHOTO, maps, logits, list("abc"), top=3), 1),
    (lambda maps, logits: plot.one_class(PHOTO[None].repeat(3, 0), np.stack([np.roll(maps, -k, 2) for k in range(3)]),
                                         np.tile(logits, (3, 1)), 0, "a"), 0)])
def test_a_class_with_little_evidence_does_not_flood_a_photograph(draw, first):
    """Three maps that differ by factors alone, and would be alike in ranges of their own."""
    cells = np.zeros((2, 2))
    cells[0, 0], cells[1, 1] = 1, -5
    maps = np.stack([10 * cells, cells, 0.1 * cells], axis=-1)
    (hot, thick), (pale, thin), (_, none) = heats(draw(maps, np.array([3.0, 1, 0])), first)
    assert hot.max() == 10 and np.isclose(thick.max(), 0.85)
    assert np.isclose(pale.max(), 1) and np.isclose(thin.max(), 0.85 * 0.2) and none.max() < 0.2
    assert thick[-1, -1] == 0  # what speaks against it leaves the photograph as it is


def test_one_class_states_its_probability_in_each_photograph():
    maps, logits = np.random.default_rng(0).normal(size=(7, 3, 3, 2)), np.stack([np.arange(7), np.zeros(7)], axis=1)
    figure = plot.one_class(PHOTO[None].repeat(7, 0), maps, logits, 1, "a $name$")
    titles = [panel.get_title() for panel in figure.axes if panel.get_visible()]
    assert titles == [f"{1 / (1 + np.exp(k)):.1%}" for k in range(7)]
    assert "$name$" in figure.get_suptitle()


def test_features_stand_beside_their_image_in_their_own_range():
    maps = [np.arange(12.0).reshape(3, 4), -np.arange(12.0).reshape(3, 4)]
    panels = plot.features(IMAGE, maps, ["scene", "a", "b"]).axes
    assert [panel.get_title() for panel in panels] == ["scene", "a", "b"]
    assert (panels[0].images[0].get_array() == 255 - IMAGE).all()
    for panel, values in zip(panels[1:], maps):
        [drawn] = panel.images
        assert (drawn.get_array() == values).all() and drawn.get_clim() == (values.min(), values.max())


def test_marked_cells_are_covered_and_no_others():
    marked = RANDOM.random((10, 15)) < 0.3
    [panel] = plot.cells_over(IMAGE, marked, "title").axes
    image, cover = panel.images
    assert np.array_equal(~np.ma.getmaskarray(cover.get_array()), marked)
    assert image.get_extent() == cover.get_extent() == [0, 15, 10, 0]


def test_what_is_around_a_box_has_its_middle_in_the_middle_and_stays_within_the_image():
    scene = IMAGE[:40, :60]
    assert (around(scene, (20, 10, 30, 20), 16) == scene[7:23, 17:33]).all()
    assert (around(scene, (0, 35, 4, 40), 16) == scene[24:, :16]).all()
    assert (around(scene, (55, 0, 60, 4), 16) == scene[:16, 44:]).all()
