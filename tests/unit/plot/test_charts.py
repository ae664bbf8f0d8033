
from camlib.plot import charts

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


def test_curves_lie_in_bands_from_low_to_high():
    lines = {"points": [(50, 40, 60), (70, 60, 90)], "names": [(5, 5, 5), (6, 6, 6)]}
    figure = charts.curves({"A": ([0, 1], lines), "B": ([5, 7], {"ink": [(1, 0, 2), (1, 0, 2)]})},
                           xlabel=["step", "clutter"])
    left, right = figure.axes
    assert [(line.get_label(), line.get_ydata().tolist()) for line in left.lines] == [
        ("points", [50, 70]), ("names", [5, 6])]
    corners = {tuple(corner) for corner in left.collections[0].get_paths()[0].vertices}
    assert corners == {(0, 40), (0, 60), (1, 60), (1, 90)}
    assert [panel.get_xlabel() for panel in (left, right)] == ["step", "clutter"]
    assert right.lines[0].get_xdata().tolist() == [5, 7]


def test_steps_from_zero_on_can_be_drawn_in_powers_of_ten():
    figure = charts.curves({"A": ([0, 10, 1000], {"points": [(1, 0, 2)] * 3})}, xlabel="step", log=True)
    assert figure.axes[0].get_xscale() == "symlog" and figure.axes[0].get_xlim()[0] == 0


def test_xy_draws_each_series_in_its_format():
    figure = charts.xy({"law": ([1, 1e7], [2, 3], "-"), "drawn": ([5], [4], "o")}, xlabel="n", ylabel="%", log="x")
    [panel] = figure.axes
    assert [(line.get_label(), line.get_xydata().tolist(), line.get_marker()) for line in panel.lines] == [
        ("law", [[1, 2], [1e7, 3]], "None"), ("drawn", [[5, 4]], "o")]
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "linear")
    figure.canvas.draw()
    assert "1,000,000" in [label.get_text() for label in panel.get_xticklabels()]  # neither 10⁶ nor 1e+06


def test_bars_are_as_high_as_they_say():
    [panel] = charts.bars({"a": 6.64, "b": 0}, ylabel="wrong (%)", marked=["b"]).axes
    assert [bar.get_height() for bar in panel.patches] == [6.64, 0]
    assert [text.get_text() for text in panel.texts] == ["6.6 %", "0.0 %"]
    assert panel.patches[0].get_facecolor() != panel.patches[1].get_facecolor()


def test_a_histogram_counts_each_group_in_equal_parts():
    figure = charts.histogram({"a": [0.1, 0.2, 0.9], "b": [0.6]}, xlabel="p", ylabel="n", bins=2)
    [panel] = figure.axes
    assert [[bar.get_height() for bar in bars] for bars in panel.containers] == [[2, 1], [0, 1]]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["a", "b"]


def test_repeated_runs_are_circles_about_their_mean():
    [panel] = charts.repeats({"a": [10, 30], "b": [50]}, xlabel="%", chance=10).axes
    assert [line.get_xdata().tolist() for line in panel.lines[:4]] == [[10, 30], [20], [50], [50]]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a", "b"]
    bottom, top = panel.get_ylim()
    assert bottom > top
