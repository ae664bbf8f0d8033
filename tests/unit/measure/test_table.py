"""The table against the metrics called one by one, and against what the baselines must be."""

import json
import subprocess
import sys

import numpy as np
import pytest

from camlib.boxes import box_masks
from camlib.data.digits import Digits
from camlib.data.scenes import make_scenes, pair_scenes
from camlib.maps import attribution, cam
from camlib.measure import localize
from camlib.measure.table import Row, as_text, localization_table, maps_of
from camlib.training import runs


@pytest.fixture(scope="module")
def network():
    return runs.shipped_run().load()


@pytest.fixture(scope="module")
def some(split):
    return make_scenes(split[1], 24, seed=3), pair_scenes(split[1], 16, seed=3)


@pytest.fixture(scope="module")
def table(network, some):
    return localization_table(network, *some, methods=["cam", "hires_cam"])


def test_methods_come_first_then_every_baseline(table):
    assert [row.name for row in table] == ["cam", "hires_cam", "centre", "uniform", "ink"]
    assert [row.kind for row in table] == ["method"] * 2 + ["baseline"] * 3
    values = np.array([row[2:] for row in table])
    assert (values >= 0).all() and (values <= 100).all() and np.isfinite(values).all()


def test_the_row_of_cam_is_what_the_metrics_say_of_its_maps(network, some, table):
    scenes, pairs = some
    maps = [cam.explain(network, s.images).maps for s in some]
    one = localize.score_maps(np.stack([m[:, :, k] for m, k in zip(maps[0], scenes.labels)]), (100, 100))
    two = localize.score_maps(np.stack([m[:, :, k] for m, k in zip(maps[1], pairs.labels[:, 0])]), (100, 100))
    row, single = table[0], localize.max_box_acc(one, scenes.boxes)
    assert (row.max_box_acc, row.threshold) == (single.score, single.best)
    assert row.max_box_acc_v2 == localize.max_box_acc_v2(one, scenes.boxes).score
    assert row.pxap == localize.pxap(one, box_masks(scenes.boxes, (100, 100)))
    assert row.pointing_15 == localize.pointing_game(one, scenes.boxes, 15, scenes.labels)
    assert row.pointing == localize.pointing_game(one, scenes.boxes, 1, scenes.labels)
    assert row.of_two == localize.pointing_game(two, pairs.boxes[:, 0], 1)


def test_hires_cam_is_cam_here(table):
    np.testing.assert_allclose(table[1][2:], table[0][2:], atol=5)


def test_baselines_are_what_they_must_be(some, table):
    _, pairs = some
    uniform, boxes = table[3], pairs.boxes[:, 0]
    covered = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 100**2
    assert uniform.max_box_acc == 0  # the box is the whole scene, and no digit fills half of it
    assert uniform.of_two == pytest.approx(100 * covered.mean())  # what a random pixel hits
    assert table[4].max_box_acc > 90  # the digit is the largest blob


def test_maps_of_takes_the_class_of_each_image(network, some):
    images, labels = some[0].images[:6], some[0].labels[:6]
    maps = maps_of("grad_cam", network, images, labels)
    alone = [attribution.attribute(network, images[i : i + 1], labels[i : i + 1])[0] for i in range(6)]
    assert maps.shape == (6, 100, 100)
    np.testing.assert_allclose(maps, localize.score_maps(np.stack(alone), (100, 100)), atol=1e-3)


def test_pairs_are_as_many_as_asked_for_different_and_the_same_every_time(split):
    pairs, again = (pair_scenes(split[1], 300, seed=1, distractors=2) for _ in range(2))
    assert [part.shape for part in pairs] == [(300, 100, 100), (300, 2), (300, 2, 4)]
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


def test_text_has_a_line_a_row_and_a_rule_before_the_baselines(table):
    lines = as_text(table).splitlines()
    assert len(lines) == 1 + len(table) + 1 and set(lines[3]) == {"─"}
    assert {len(line) for line in lines} == {len(lines[0])}
    assert f"{table[0].max_box_acc_v2:.1f}" in lines[1] and lines[-1].startswith("ink")


def test_the_command_prints_the_table_and_writes_it(tmp_path):
    file = tmp_path / "new" / "table.json"
    command = [sys.executable, "-m", "camlib", "localize", "--scenes", "20", "--methods", "cam", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    about = json.loads(file.read_text())
    assert (about["scenes"], about["step"]) == (20, runs.shipped_run().steps[-1])
    rows = [Row(**row) for row in about["rows"]]
    assert [row.name for row in rows] == ["cam", "centre", "uniform", "ink"]
    assert as_text(rows) in done.stdout


def test_the_command_names_an_unknown_method():
    command = [sys.executable, "-m", "camlib", "localize", "--scenes", "2", "--methods", "magic"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "camlib localize: there is no method 'magic'" in done.stderr
