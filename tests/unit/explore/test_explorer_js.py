"""The explorer's arithmetic, run by Node or, where there is none, by Chromium."""

import base64
import json
import math
import re

import numpy as np
import pytest
from ipywidgets import DOMWidget
from matplotlib import colormaps

from camlib import colours
from camlib.boxes import largest_box
from camlib.explore import packing, widget
from camlib.explore.page import MODULES
from camlib.maps.arrays import upsample


def stretched_by_a_loop(cells, height, width):
    """Bilinear upsampling from its definition: half-pixel centres, edges repeated."""
    rows, columns = cells.shape
    out = np.empty((height, width))
    for i in range(height):
        for j in range(width):
            y, x = (i + 0.5) * rows / height - 0.5, (j + 0.5) * columns / width - 0.5
            total = 0.0
            for r in (int(np.floor(y)), int(np.floor(y)) + 1):
                for c in (int(np.floor(x)), int(np.floor(x)) + 1):
                    weight = (1 - abs(y - r)) * (1 - abs(x - c))
                    total += weight * cells[min(max(r, 0), rows - 1), min(max(c, 0), columns - 1)]
            out[i, j] = total
    return out


@pytest.mark.parametrize("cells, size", [((25, 25), (100, 100)), ((13, 13), (224, 224)), ((3, 5), (17, 11)),
                                         ((1, 1), (4, 6)), ((8, 8), (8, 8)), ((10, 6), (5, 4))])
def test_upsampling_is_that_of_cam_and_of_the_definition(js, cells, size):
    values = np.random.default_rng(1).normal(0, 10, cells)
    out = js("return [...m.upsample(a.map, ...a.cells, ...a.size)];",
             {"map": values.ravel().tolist(), "cells": cells, "size": size})
    out = np.array(out).reshape(size)
    assert abs(out - stretched_by_a_loop(values, *size)).max() < 1e-9
    assert abs(out - upsample(values, size)).max() < 1e-3


def test_boxes_are_those_of_python(js):
    random = np.random.default_rng(2)
    pictures = [upsample(random.normal(0, 1, (6, 7)), (24, 31)).round(3) for _ in range(20)]
    pictures += [np.zeros((24, 31)), -np.ones((24, 31)), np.eye(24, 31)]
    pictures += [random.uniform(0, 1, (24, 31)) for _ in range(20)]  # parts that fork, join late and touch by corners
    thresholds = [0.0, 0.2, 0.5, 0.9, 1.0]
    boxes = js("return a.pictures.map((p) => a.thresholds.map((t) => m.largestBox(p, 24, 31, t)));",
               {"pictures": [p.astype(float).ravel().tolist() for p in pictures], "thresholds": thresholds})
    for picture, found in zip(pictures, boxes):
        expected = [largest_box(picture.astype(float), t) for t in thresholds]
        assert [tuple(box) if box else None for box in found] == expected


def test_iou_by_counting(js):
    random = np.random.default_rng(3)
    corners = np.sort(random.integers(0, 12, (40, 2, 2, 2)), axis=2)
    corners[:, :, 1] += 1
    pairs = corners.reshape(40, 2, 4)
    for (a, b), value in zip(pairs, js("return a.map(([p, q]) => m.iou(p, q));", pairs.tolist())):
        masks = np.zeros((2, 13, 13), bool)
        for mask, (x0, y0, x1, y1) in zip(masks, (a, b)):
            mask[y0:y1, x0:x1] = True
        assert value == pytest.approx((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


def test_softmax(js):
    for logits in ([1.0, 2.0, -3.0], [1000.0, 999.0], [-5.0]):
        powers = np.exp(np.array(logits) - max(logits))
        assert js("return m.softmax(a);", logits) == pytest.approx(powers / powers.sum())


@pytest.mark.parametrize("logits", [[1.0, 2.0, -3.0], [1000.0, -1000.0], [-5.0]])
def test_probabilities_are_those_of_the_ending(js, logits):
    out = js("return ['softmax', 'sigmoid'].map((ending) => m.probabilities(a, ending));", logits)
    powers = np.exp(np.array(logits) - max(logits))
    assert out[0] == pytest.approx(powers / powers.sum())
    assert out[1] == pytest.approx([1 / (1 + math.exp(-z)) if z > -700 else 0 for z in logits])


@pytest.mark.parametrize("name", ["viridis", "magma", "jet"])
def test_colours_are_those_of_matplotlib(js, name):
    values = np.random.default_rng(5).uniform(-2, 3, 300)
    table = colours.tables()[colours.COLORMAPS.index(name)].ravel().tolist()
    out = js("return [...m.colourise(a.values, [-2, 3], a.table, { opacity: 0.6 })];",
             {"values": values.tolist(), "table": table})
    out = np.array(out).reshape(-1, 4)
    expected = colormaps[name](np.rint((values + 2) / 5 * 255).astype(int), bytes=True)[:, :3]
    assert (abs(out[:, :3] - expected).max(axis=1) == 0).all()
    assert (out[:, 3] == 153).all()


def test_diverging_colours_are_centred_at_zero_and_fade_there(js):
    table = colours.tables()[colours.COLORMAPS.index("diverging")].ravel().tolist()
    out = js("return [...m.colourise([-4, -1, 0, 1, 4, 0.5], [-1, 4], a, { diverging: true })];", table)
    against, weakly_against, zero, weakly_for, strongly_for, faint = np.array(out).reshape(-1, 4)
    assert zero[3] == 0 < faint[3] < weakly_for[3] == weakly_against[3] < strongly_for[3] == 255 == against[3]
    for cool, warm in ((against, strongly_for), (weakly_against, weakly_for)):
        assert cool[2] > cool[0] and warm[0] > warm[2]  # blue against, red for


@pytest.mark.parametrize("name", colours.COLORMAPS)
@pytest.mark.parametrize("low, high", [(-2, 3), (0, 1.5), (-1, -0.25), (0.5, 0.5), (0, 0)])
def test_the_still_is_coloured_as_the_live_view_is(js, name, low, high):
    values = np.random.default_rng(6).uniform(low - 0.1, high + 0.1, 200)
    table = colours.tables()[colours.COLORMAPS.index(name)].ravel().tolist()
    out = js("return [...m.colourise(a.values, a.range, a.table, { opacity: 0.75, [a.name]: true })];",
             {"values": values.tolist(), "table": table, "range": [low, high], "name": name})
    assert (np.array(out).reshape(-1, 4) == packing.colourise(values, low, high, name, 0.75)).all()


def test_heat_begins_at_zero_and_fades_there_as_python_has_it(js):
    table = colours.tables()[colours.COLORMAPS.index("heat")].ravel().tolist()
    values = np.linspace(-2, 4, 40)
    for low, high in ((-2, 4), (1, 3), (-2, -1)):
        out = np.array(js("return [...m.colourise(a.values, a.range, a.table, { opacity: 0.5, heat: true })];",
                          {"values": values.tolist(), "range": [low, high], "table": table})).reshape(-1, 4)
        assert (out == packing.colourise(values, low, high, "heat", 0.5)).all()
        assert (out[values <= 0, 3] == 0).all() and (out[values >= max(high, 0), 3] > 120).all() == (high > 0)


def test_boxes_of_a_class_go_with_it_alone(js):
    boxes = [{3: (0, 0, 4, 4), 1: [(4, 0, 8, 4), (0, 4, 4, 8)]}, [(1, 1, 2, 2)], {}]
    content = packing.Content(np.zeros((3, 8, 8), np.uint8), np.zeros((3, 2, 2, 4)), boxes=boxes)
    packed = base64.b64encode(packing.compressed(content.packed())).decode()
    own, shown = js("""const d = await m.unpack(Uint8Array.from(atob(a), (c) => c.charCodeAt(0)));
        const shown = [0, 1, 2].map((i) => [0, 1, 2, 3].map((c) => d.truths(i, c)));
        return [[0, 1, 2].map(d.ownClasses), shown];""", packed)
    assert own == [[3, 1, 1], [], []]
    assert shown == [[content.truths(i, c) for c in range(4)] for i in range(3)]
    assert shown[0] == [[], [[4, 0, 8, 4], [0, 4, 4, 8]], [], [[0, 0, 4, 4]]] and shown[1] == [[[1, 1, 2, 2]]] * 4


def test_boxes_are_stretched_as_python_does_and_exactly_where_nothing_is_to_do(js):
    random = np.random.default_rng(7)
    content = packing.Content(np.zeros((1, 1801, 2503, 3), np.uint8), np.ones((1, 2, 2, 1)))
    boxes = [*random.integers(0, 864, (50, 4)).tolist(), [0, 0, 1200, 863]]
    out = js("return a.boxes.map((box) => m.stretchBox(box, a.from, a.to));",
             {"boxes": boxes, "from": content.travelling, "to": content.size})
    assert [tuple(box) for box in out] == [content.in_pixels(box) for box in boxes]
    assert out[-1] == [0, 0, 2503, 1801]
    assert js("return a.map((box) => m.stretchBox(box, [864, 1200], [864, 1200]));", boxes) == boxes


def test_boxes_have_the_colours_that_they_have_in_figures(js):
    assert js("return [m.TRUTH, m.FOUND];", None) == [colours.TRUTH, colours.FOUND]


def test_numbers_have_a_true_minus_and_ranges_three_digits_at_most(js):
    values = [0, -0.001, 0.001, -0.41, 12.345, -12.345, 633.71, -11.0, 1234.5, 99.96, -0.04]
    assert js("return a.map((v) => m.number(v));", values[:5]) == ["0.00", "0.00", "0.00", "−0.41", "12.35"]
    assert js("return a.map((v) => m.signed(v));", values[:5]) == ["0.00", "0.00", "+0.00", "−0.41", "+12.35"]
    assert js("return a.map(m.brief);", values) == [
        "0.00", "0.00", "0.00", "−0.41", "12.3", "−12.3", "634", "−11.0", "1230", "100", "−0.04"]


def functions(source):
    """(first line, number of lines) of every function with a body of lines, up to the brace as far in as it."""
    lines = source.splitlines()
    for at, line in enumerate(lines):
        opens = re.match(r"\s*(?!if|for|while|else|switch)\S.*(\)|=>) \{$", line)
        if opens:
            closing = " " * (len(line) - len(line.lstrip())) + "}"
            yield line.strip(), next(n for n, later in enumerate(lines[at:]) if n and later.startswith(closing)) + 1


def test_no_function_is_long():
    lengths = {name: lines for path in MODULES for name, lines in functions(path.read_text(encoding="utf-8"))}
    assert len(lengths) > 90 and 40 < lengths["export function template(data) {"] <= 80  # it finds them, to their ends
    assert {name: lines for name, lines in lengths.items() if lines > 80} == {}


def test_a_constant_map_has_one_colour(js):
    table = colours.tables()[1].ravel().tolist()
    assert js("return [...m.colourise([2, 2], [2, 2], a)];", table) == [*table[:3], 255] * 2


def damaged(change):
    """A page's bytes with another header, or other bytes: change(header) → header, or None for fewer bytes."""
    content = packing.Content(np.zeros((2, 8, 9), np.uint8), np.ones((3, 2, 2, 3, 4)), labels=[0, 1], boxes=[[], []],
                              accuracy=[0, 0.5, 1])
    packed = content.packed()
    length = int.from_bytes(packed[:4], "little")
    header, arrays = json.loads(packed[4:4 + length]), packed[4 + length:]
    if (changed := change(header)) is None:
        arrays = arrays[:-1]
    text = json.dumps(changed or header).encode()
    text += b" " * (-len(text) % 4)
    return packing.compressed(len(text).to_bytes(4, "little") + text + arrays)


@pytest.mark.parametrize("change, complaint", [
    (lambda header: header, None),
    (lambda header: None, "there are 4439 bytes for 4440"),
    (lambda header: header | {"shape": [3, 2, 4, 2, 30_000_000]}, "codes has 144 numbers for 1440000000"),
    (lambda header: header | {"shape": [3, 2, 4, 2]}, "its sizes are 3,2,4,2, 8,9 and 8,9"),
    (lambda header: header | {"shape": [3, 2, 4, 2, -3]}, "its sizes are"),
    (lambda header: header | {"travelling": [80_000, 90_000]}, "its sizes are"),
    (lambda header: header | {"size": [8, 0]}, "its sizes are"),
    (lambda header: header | {"class_names": []}, "there are 0 class_names for 4"),
    (lambda header: header | {"images": None}, "there are 0 images for 2"),
    (lambda header: header | {"steps": [0]}, "there are 1 steps for 3"),
    (lambda header: header | {"accuracy": [0] * 4}, "there are 4 accuracy for 3"),
    (lambda header: header | {"labels": [0]}, "there are 1 labels for 2"),
    (lambda header: header | {"boxes": [[]]}, "there are 1 boxes for 2"),
    (lambda header: header | {"own_steps": [2]}, "weights is missing: there should be "),
    (lambda header: header | {"colormaps": ["jet"]}, "tables has 3840 numbers for 768"),
    (lambda header: header | {"arrays": header["arrays"][1:]}, "low is missing: there should be 24 numbers"),
])
def test_sizes_that_do_not_agree_are_told(js, change, complaint):
    said = js("""return m.unpack(Uint8Array.from(atob(a), (c) => c.charCodeAt(0)))
                     .then(() => null, (error) => error.message);""",
              base64.b64encode(damaged(change)).decode())
    assert said == complaint if complaint is None else said.startswith(complaint)


def test_the_longest_side_of_a_picture_is_pythons(js):
    assert js("return m.LONGEST;", None) == packing.SIDE


@pytest.mark.parametrize("offset", [0, 1000])
def test_the_browser_reads_what_python_packed(js, offset):
    random = np.random.default_rng(4)
    maps = random.normal(offset, 2, (3, 4, 6, 7, 5)).astype(np.float32)
    images = random.integers(0, 256, (4, 30, 35), dtype=np.uint8)
    views = widget.explorer(images, maps, bias=random.normal(size=(3, 5)), title="scénes",
                             boxes=[(1, 2, 3, 4)] * 4, labels=[0, 1, 2, 3])
    data = js("""const d = await m.unpack(Uint8Array.from(atob(a), (c) => c.charCodeAt(0)));
                 return { map: [...d.map(2, 3, 4)], range: d.range(2, 3, 4), shared: d.sharedRange(2, 3),
                          less: [...d.map(2, 3, 4, 1)], itself: [...d.map(2, 3, 1, 1)], centred: d.centred,
                          ranges: [d.sharedRange(2, 3, 1), d.range(2, 3, 4, 1)],
                          logits: [...d.logitsOf(1, 2)], controls: d.controls, title: d.title, boxes: d.boxes,
                          images: d.images.length, tables: d.tables.length };""",
              base64.b64encode(views._packed).decode())
    shown = views._content.seen(2, 3, 4)
    assert data["map"] == pytest.approx(shown.ravel(), abs=1e-12)
    assert data["less"] == pytest.approx((shown - views._content.seen(2, 3, 1)).ravel(), abs=1e-12)
    assert set(data["itself"]) == {0} and data["centred"] is False
    assert data["ranges"] == [pytest.approx(views._content.colour_range(2, 3, 4, scale, 1), abs=1e-12)
                              for scale in ("classes", "map")]
    assert data["range"] == pytest.approx([maps[2, 3, :, :, 4].min(), maps[2, 3, :, :, 4].max()])
    assert data["shared"] == pytest.approx([maps[2, 3].min(), maps[2, 3].max()])
    assert data["logits"] == pytest.approx(views._content.logits[1, 2], rel=1e-6)
    assert set(data["controls"]) == {name for name in views.traits(sync=True) if not name.startswith("_")} - {
        *DOMWidget.class_trait_names(sync=True)}
    assert (data["title"], data["boxes"][3], data["images"], data["tables"]) == ("scénes", [[1, 2, 3, 4]], 4, 3840)
