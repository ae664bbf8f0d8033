"""Boxes in photographs: figures worked by hand, errors against a loop, and a network of which all is known."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.data import photos
from camlib.measure import photo_boxes
from camlib.measure.localize import THRESHOLDS, max_box_acc, max_box_acc_v2, pointing_hits
from camlib.measure.scores import score_maps
from camlib.training import transfer

SIDE = 32


def test_each_kind_is_measured_by_the_published_metric():
    random = np.random.default_rng(0)
    maps, labels = random.normal(size=(12, 4, 4, 5)).astype(np.float32), np.arange(12) % 5
    own = np.stack([map_[:, :, label] for map_, label in zip(maps, labels)])
    boxes = [np.array([[4, 4, 20, 24]]), np.array([[0, 0, 9, 9], [8, 8, 32, 32]])] * 6
    found = photo_boxes.evidence(maps, own, boxes, SIDE)
    expected = {"CAM": own, "CAM, ReLU first": np.maximum(own, 0), "CAM, root of ReLU": np.maximum(own, 0) ** 0.5,
                "class-blind": np.stack([[[cell.std() for cell in row] for row in map_] for map_ in maps])}
    for kind, raw in expected.items():
        scores = score_maps(raw, (SIDE, SIDE))
        curve = max_box_acc(scores, boxes).curve
        assert np.allclose(100 * found[kind].largest.mean(axis=0), curve), kind
        assert np.allclose(100 * found[kind].best.mean(axis=0), max_box_acc_v2(scores, boxes).curve)
        assert np.array_equal(found[kind].inside, pointing_hits(scores, boxes, 1))
        assert 100 * found[kind].chosen.mean() == pytest.approx(curve.max())
    assert list(found) == list(photo_boxes.KINDS) and not found["whole picture"].largest[::2].any()


def test_thresholds_come_from_where_they_are_told():
    """A map of two heights, 1 and ½: above ½ the box is the small square, below it the large one."""
    own = np.zeros((2, 16, 16), np.float32)
    own[:, 2:14, 2:14], own[:, 6:10, 6:10] = 0.5, 1
    large, small = np.array([[4, 4, 28, 28]]), np.array([[11, 11, 21, 21]])
    maps = np.stack([own, 0 * own], axis=-1)
    training = photo_boxes.evidence(maps, own, [large, large], SIDE)
    places = photo_boxes.best_thresholds(training)
    assert 0 <= THRESHOLDS[places["CAM"]] < 0.5
    test = photo_boxes.evidence(maps, own, [large, small], SIDE, places)["CAM"]
    assert test.chosen.tolist() == [True, False]
    assert test.largest[:, 20].tolist() == [True, False] and test.largest[:, 80].tolist() == [False, True]


def test_a_blob_in_a_quarter_is_that_of_a_photograph_and_knows_the_quarter_alone():
    random = np.random.default_rng(0)
    own, maps = random.normal(size=(8, 5, 5)), random.normal(size=(8, 5, 5, 3))
    one, four = ([np.array([[4, 4, 12, 12]]) + corner for corner in corners]
                 for corners in ([0] * 8, [(0, 0, 0, 0), (16, 0, 16, 0), (0, 16, 0, 16), (16, 16, 16, 16)] * 2))
    for where in range(8):  # in a map of 5 cells, the corner of the quarter that is asked for is the maximum
        own[where, where // 2 % 2 * 4, where % 2 * 4] = 9
    found = photo_boxes.evidence(maps, own, four, 32, kinds=photo_boxes.IN_MOSAICS)
    alone = photo_boxes.evidence(maps, own, one, 16)["blob in the middle"]
    assert list(found) == [*list(photo_boxes.KINDS)[:-1], "blob in CAM's quarter"]
    assert np.array_equal(found["blob in CAM's quarter"].largest[:, 1:], alone.largest[:, 1:])
    assert found["blob in CAM's quarter"].inside.all() and alone.largest.any() and not alone.largest.all()
    other = photo_boxes.evidence(maps, own[::-1], four, 32, kinds=photo_boxes.IN_MOSAICS)["blob in CAM's quarter"]
    assert not other.largest.any()


def evidence_of(right, at_paper, inside):
    """`Evidence` whose box is right at the chosen threshold, which is 0.5, and at 0.2, for the maps that are given."""
    largest = np.zeros((len(right), len(THRESHOLDS)), bool)
    largest[:, 50], largest[:, 20] = right, at_paper
    best = np.stack([np.ones_like(largest), largest, np.zeros_like(largest)], axis=1)
    return photo_boxes.Evidence(largest, best, np.asarray(inside, float), np.asarray(right, bool))


def test_figures_worked_by_hand():
    rows = evidence_of([1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0.5, 0])
    figures = photo_boxes.box_figures(rows, np.arange(4))
    assert {name: round(figure.value, 6) for name, figure in figures.items()} == {
        "MaxBoxAcc": 75, "τ = 0.2": 25, "τ trained": 75, "V2": pytest.approx((100 + 75 + 0) / 3), "inside": 62.5}
    assert figures["τ trained"] == pytest.approx((75, 30.06, 95.44), abs=0.01)  # Wilson's, of 3 in 4
    assert all(figure.low < figure.value < figure.high for figure in figures.values())


def test_a_photograph_of_several_splits_counts_once():
    rows = evidence_of(*[[1, 1, 1, 0] * 5] * 3)
    once = photo_boxes.box_figures(evidence_of(*[[1, 1, 1, 0]] * 3), np.arange(4))
    again = photo_boxes.box_figures(rows, np.arange(20) % 4)
    for name in ("MaxBoxAcc", "τ = 0.2", "τ trained", "inside"):
        assert np.allclose(again[name], once[name], atol=1), name  # 1: MaxBoxAcc is drawn


def test_localisation_error_against_a_loop():
    """As ILSVRC counts: of the first five classes, is any the true one, with a box that is right?"""
    random = np.random.default_rng(1)
    logits, labels = random.normal(size=(50, 8)), random.integers(0, 8, 50)
    right, at_paper = random.random((2, 50, 8)) < 0.6  # whether the box of each class's map is right
    true = np.arange(50), labels
    ranks = (logits > logits[true][:, None]).sum(axis=1)
    made = photo_boxes.localisation_errors(evidence_of(right[true], at_paper[true], right[true]), ranks, np.arange(50))
    for first in (1, 5):
        for name, boxes in (("τ = 0.2", at_paper), ("τ trained", right)):
            wrong = 0
            for n in range(50):
                named = np.argsort(-logits[n])[:first]
                wrong += not any(c == labels[n] and boxes[n, c] for c in named)
            assert made[f"top-{first}, {name}"].value == pytest.approx(2 * wrong)


def test_errors_by_place_worked_by_hand():
    boxes = [np.array([[0, 0, 10, 10], [40, 40, 60, 60]]), np.array([[10, 10, 90, 90]]), np.array([[0, 0, 40, 40]]),
             np.array([[30, 30, 50, 50]])]
    where = photo_boxes.places(boxes, 100)
    assert where["area"].tolist() == [0.04, 0.64, 0.16, 0.04]
    assert where["distance"] == pytest.approx([0, 0, 0.3 * 2**0.5, 0.1 * 2**0.5])
    found = {"CAM": evidence_of([0, 1, 1, 1], [0] * 4, [0] * 4)}
    tables = photo_boxes.errors_by_place(found, where, np.arange(4))
    assert [list(rows) for rows in tables.values()] == [["0 to 0.1 (2)"], ["0 to 0.05 (2)"]]
    assert tables["area"]["0 to 0.1 (2)"]["CAM"].value == tables["distance"]["0 to 0.05 (2)"]["CAM"].value == 50


# ---- a network of which all is known --------------------------------------------------------------------------------


COLOURS = {f"{n:03}.colour": [230 * (n >> bit & 1) + 12 for bit in range(3)] for n in range(1, 7)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six categories of 5 photographs, each a square of its colour on black, boxed; and one that has no box."""
    from PIL import Image

    root, random, lines = tmp_path_factory.mktemp("photos"), np.random.default_rng(0), ["file,x0,y0,x1,y1,group"]
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for k in range(6):
            x, y = 8 * random.integers(0, 5, 2)
            pixels = np.zeros((64, 64, 3), np.uint8)
            pixels[y:y + 24, x:x + 24] = colour
            Image.fromarray(pixels).save(root / name / f"{k}.png")
            lines += [f"{name}/{k}.png,{x},{y},{x + 24},{y + 24},0"] * (k < 5)
    (root / "boxes.csv").write_text("\n".join(lines) + "\n")
    return root


def colours(classes, weights="imagenet", seed=0):
    """A network that sees how much red, green and blue there is, and each two of them, at each pixel of four."""
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = keras.layers.AveragePooling2D(4)(keras.layers.Rescaling(1 / 255)(image))
    conv = keras.layers.Conv2D(7, 1, activation="relu", name="conv5")
    x = keras.layers.GlobalAveragePooling2D(name="gap")(conv(x))
    model = keras.Model(image, keras.layers.Dense(classes, name="dense")(x), name="colours")
    combinations = np.array([[n >> bit & 1 for bit in range(3)] for n in range(1, 8)], np.float32)
    conv.set_weights([(2 * combinations - 1).T[None, None], 0.5 - combinations.sum(axis=1)])
    return model


def test_a_network_that_knows_colours_boxes_them(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(transfer.NETWORKS, "alexnet", colours)
    found = photos.open_folder(folder)
    numbers, tables = photo_boxes.measure(found, network="alexnet", per_class=2, seeds=2, side=64, folder=tmp_path,
                                          progress=False)
    assert numbers["test"] == 18 and numbers["mosaics"] == 4 and numbers["accuracy"].value == 100
    assert set(tables) == {"single", "errors", "mosaics", "area", "distance"}
    for table in (tables["single"], tables["mosaics"]):
        assert table["CAM, ReLU first"]["inside"].value == 100 > table["blob in the middle"]["inside"].value
        assert table["CAM, ReLU first"]["MaxBoxAcc"].value == 100 == table["CAM, ReLU first"]["τ trained"].value
    assert tables["mosaics"]["class-blind"]["inside"].value == pytest.approx(25)
    assert "whole picture" not in tables["mosaics"]
    assert 0 < tables["mosaics"]["blob in CAM's quarter"]["MaxBoxAcc"].value < 100  # told which, not where
    assert tables["single"]["whole picture"]["MaxBoxAcc"].value == 0
    assert tables["errors"]["CAM, ReLU first"]["top-1, τ trained"].value == 0
    assert [len(values) for values in numbers["thresholds"].values()] == [2] * 6
