"""The table against the metrics called one by one, and against what the baselines must be."""

import json

import numpy as np
import pytest

from camlib.boxes import box_masks
from camlib.cli import main
from camlib.data.digits import Digits
from camlib.data.scenes import make_scenes, pair_scenes
from camlib.maps import attribution, cam
from camlib.maps.refine import on_ink
from camlib.measure import localize
from camlib.measure.intervals import Interval
from camlib.measure.table import FIGURES, Row, as_text, difference, evidence, localization_table, maps_of
from camlib.training import runs


@pytest.fixture(scope="module")
def network():
    return runs.shipped_run().load()


@pytest.fixture(scope="module")
def some(split):
    return make_scenes(split[1], 24, seed=3), pair_scenes(split[1], 16, seed=3)


@pytest.fixture(scope="module")
def table(network, some):
    return localization_table(network, *some, methods=["cam", "cam on ink", "hires_cam"],
                              untrained=runs.shipped_run().load(0))


def values(row):
    return np.array([row.figures[name].value for name in FIGURES])


def test_methods_come_first_then_rivals_then_baselines(table):
    assert [(row.kind, row.name) for row in table] == [
        ("method", "cam"), ("method", "cam on ink"), ("method", "hires_cam"),
        ("rival", "wrong class"), ("rival", "class-blind"),
        ("rival", "untrained"), ("rival", "untrained, class-blind"),
        ("baseline", "centre"), ("baseline", "uniform"), ("baseline", "ink")]
    for row in table:
        assert list(row.figures) == list(FIGURES)
        assert all(0 <= low <= value <= high <= 100 or low <= high for value, low, high in row.figures.values())
        assert (values(row) >= 0).all() and (values(row) <= 100).all()


def test_without_an_untrained_network_its_rivals_are_left_out(network, some):
    names = [row.name for row in localization_table(network, *some, methods=[])]
    assert names == ["wrong class", "class-blind", "centre", "uniform", "ink"]


def test_the_row_of_cam_is_what_the_metrics_say_of_its_maps(network, some, table):
    scenes, pairs = some
    maps = [cam.explain(network, s.images).maps for s in some]
    one = localize.score_maps(np.stack([m[:, :, k] for m, k in zip(maps[0], scenes.labels)]), (100, 100))
    two = localize.score_maps(np.stack([m[:, :, k] for m, k in zip(maps[1], pairs.labels[:, 0])]), (100, 100))
    single, masks = localize.max_box_acc(one, scenes.boxes), box_masks(scenes.boxes, (100, 100))
    assert table[0].threshold == single.best
    expected = {
        "MaxBoxAcc": single.score,
        "MaxBoxAccV2": localize.max_box_acc_v2(one, scenes.boxes).score,
        "PxAP": localize.pxap(one, masks),
        "pointing 15 px": localize.pointing_game(one, scenes.boxes, 15, scenes.labels),
        "inside": localize.pointing_game(one, scenes.boxes, 1, scenes.labels),
        "of two: MaxBoxAcc": localize.max_box_acc(two, pairs.boxes[:, 0]).score,
        "of two: inside": localize.pointing_game(two, pairs.boxes[:, 0], 1, pairs.labels[:, 0]),
    }
    assert {name: figure.value for name, figure in table[0].figures.items()} == pytest.approx(expected, abs=1e-3)


def test_rivals_are_what_their_names_say(network, some):
    scenes = some[0]
    maps = cam.explain(network, scenes.images).maps
    wrong, blind, inked = (maps_of(name, network, scenes.images, scenes.labels)
                           for name in ("wrong class", "class-blind", "cam on ink"))
    for n, label in enumerate(scenes.labels):
        other = localize.score_maps(maps[n, None, :, :, (label + 1) % 10], (100, 100))[0]
        spread = np.sqrt(((maps[n] - maps[n].mean(axis=2, keepdims=True)) ** 2).mean(axis=2))
        np.testing.assert_allclose(wrong[n], other, atol=1e-5)
        np.testing.assert_allclose(blind[n], localize.score_maps(spread[None], (100, 100))[0], atol=1e-3)
        product = on_ink(maps[n, None, :, :, label], scenes.images[n, None])[0]
        np.testing.assert_allclose(inked[n], product / product.max(), atol=1e-4)
        assert not inked[n][scenes.images[n] == 0].any()


def test_a_class_blind_map_gives_the_same_answer_for_either_digit(network, some):
    images, labels = some[1].images, some[1].labels
    first, second = (maps_of("class-blind", network, images, labels[:, k]) for k in (0, 1))
    assert (first == second).all()


def test_hires_cam_is_cam_here(table):
    np.testing.assert_allclose(values(table[2]), values(table[0]), atol=5)


def test_baselines_are_what_they_must_be(some, table):
    _, pairs = some
    uniform, boxes = table[-2], pairs.boxes[:, 0]
    covered = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 100**2
    by_class = [covered[pairs.labels[:, 0] == label].mean() for label in np.unique(pairs.labels[:, 0])]
    assert uniform.figures["MaxBoxAcc"].value == 0  # the box is the whole scene, and no digit fills half of it
    assert uniform.figures["of two: inside"].value == pytest.approx(100 * np.mean(by_class))  # a random pixel's hits
    assert table[-1].figures["MaxBoxAcc"].value > 90  # the digit is the largest blob


def test_a_difference_is_that_of_the_figures_and_narrower_than_they_are(some, table):
    scenes, pairs = some
    for name in FIGURES:
        groups = pairs.digits[:, 0] if name.startswith("of two") else scenes.digits
        found = difference(table[1], table[0], name, groups)
        assert found.value == pytest.approx(table[1].figures[name].value - table[0].figures[name].value, abs=1e-3)
        assert found.low <= found.value <= found.high
    same = difference(table[0], table[2], "MaxBoxAcc")  # CAM and HiResCAM
    assert same.high - same.low < table[0].figures["MaxBoxAcc"].high - table[0].figures["MaxBoxAcc"].low


def test_evidence_has_a_row_a_scene(network, some):
    scenes = some[0]
    rows = evidence(maps_of("cam", network, scenes.images, scenes.labels), scenes)
    assert all(len(values) == len(scenes.labels) for values in rows.values())


def test_maps_of_takes_the_class_of_each_image(network, some):
    images, labels = some[0].images[:6], some[0].labels[:6]
    maps = maps_of("grad_cam", network, images, labels)
    alone = [attribution.attribute(network, images[i : i + 1], labels[i : i + 1])[0] for i in range(6)]
    assert maps.shape == (6, 100, 100)
    np.testing.assert_allclose(maps, localize.score_maps(np.stack(alone), (100, 100)), atol=1e-3)


def test_pairs_are_as_many_as_asked_for_different_and_the_same_every_time(split):
    pairs, again = (pair_scenes(split[1], 300, seed=1, distractors=2) for _ in range(2))
    assert [part.shape for part in pairs] == [(300, 100, 100), (300, 2), (300, 2, 4), (300, 2)]
    assert (pairs.labels[:, 0] != pairs.labels[:, 1]).all()
    assert all((a == b).all() for a, b in zip(pairs, again))
    assert not np.array_equal(pairs.images, pair_scenes(split[1], 300, seed=2, distractors=2).images)


def test_what_cannot_be_measured_is_refused(network, some, split):
    with pytest.raises(ValueError, match="no method 'gradcam'"):
        localization_table(network, *some, methods=["gradcam"])
    with pytest.raises(ValueError, match="see `pair_scenes`"):
        localization_table(network, some[0], some[0])
    with pytest.raises(ValueError, match="all of one class"):
        pair_scenes(Digits(split[1].images[:3], np.full(3, 7)), 5)


def test_text_has_a_line_a_row_and_rules_before_rivals_and_baselines(table):
    lines = as_text(table).splitlines()
    assert len(lines) == 1 + len(table) + 2 and set(lines[4]) == set(lines[9]) == {"─"}
    assert {len(line) for line in lines} == {len(lines[0])} and len(lines[0]) <= 132
    low, high = table[0].figures["MaxBoxAccV2"][1:]
    assert f"{table[0].figures['MaxBoxAccV2'].value:.1f} ±{(high - low) / 2:4.1f}" in lines[1]
    assert lines[-1].startswith("ink")


def test_the_command_prints_the_table_and_writes_it(tmp_path, capsys):
    file = tmp_path / "new" / "table.json"
    main(["localize", "--scenes", "20", "--methods", "cam", "--json", str(file)])
    said = capsys.readouterr().out
    about = json.loads(file.read_text())
    assert (about["scenes"], about["step"]) == (20, runs.shipped_run().steps[-1])
    rows = [Row(row["name"], row["kind"], {name: Interval(*row[name]) for name in FIGURES}, {}, row["threshold"])
            for row in about["rows"]]
    assert len(rows) == 8 and as_text(rows) in said
    assert "less cam, on the same scenes" in said


def test_the_command_names_an_unknown_method():
    with pytest.raises(SystemExit, match="^camlib localize: there is no method 'magic'"):
        main(["localize", "--scenes", "2", "--methods", "magic"])
