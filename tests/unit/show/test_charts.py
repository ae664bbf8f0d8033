import matplotlib.pyplot as plt
import numpy as np

from camlib.show import charts

FIGURES = {"a": (50, 40, 65), "b": (90, 85, 95)}
OTHERS = {"b": (10, 5, 15), "a": (20, 20, 20)}


def test_dots_and_bars_are_the_figures_and_their_intervals():
    figure = charts.interval_chart({"boxes": {"one": FIGURES, "two": OTHERS}})
    [panel] = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a", "b"]
    assert [bar.lines[0].get_xdata().tolist() for bar in panel.containers] == [[50, 90], [20, 10]]
    ends = [[segment[:, 0].tolist() for segment in bar.lines[2][0].get_segments()] for bar in panel.containers]
    assert ends == [[[40, 65], [85, 95]], [[20, 20], [5, 15]]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]


def test_the_first_name_is_on_top_and_one_series_needs_no_legend():
    figure = charts.interval_chart({"boxes": {"one": FIGURES}, "points": {"one": FIGURES}})
    assert [panel.get_title() for panel in figure.axes] == ["boxes", "points"] and not figure.legends
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top


def test_a_value_beside_its_interval_by_rounding_is_drawn():
    charts.interval_chart({"boxes": {"one": {"a": (50, 50.001, 51)}}})


def test_a_band_reaches_from_low_to_high():
    figure, panel = plt.subplots()
    charts.band(panel, [0, 1], [(50, 40, 60), (70, 60, 90)], label="points")
    [line], [area] = panel.lines, panel.collections
    assert line.get_ydata().tolist() == [50, 70] and line.get_label() == "points"
    corners = area.get_paths()[0].vertices
    assert {tuple(corner) for corner in corners} == {(0, 40), (0, 60), (1, 60), (1, 90)}
    assert np.ptp(corners[:, 1]) == 50
    plt.close(figure)
