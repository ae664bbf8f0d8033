"""`docs/cam_in_one_page.py`, with fewer scenes: what it says of its network is so."""

import ast
import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

import camlib

PAGE = Path(__file__).parents[2] / "docs" / "cam_in_one_page.py"
CELLS = list(np.ndindex(10, 10))


@pytest.fixture(scope="module")
def page():
    """The names that the page leaves behind, and as `said` what it prints."""
    source = PAGE.read_text("utf-8")
    for number, fewer in (("scenes(6000,", "scenes(1500,"), ("scenes(1000,", "scenes(200,")):
        assert number in source
        source = source.replace(number, fewer)
    names, said = {}, io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, PAGE, "exec"), names)
    names["said"] = said.getvalue()
    return names


def test_it_is_one_page_of_numpy_and_keras():
    source = PAGE.read_text("utf-8")
    imported = {node.names[0].name if isinstance(node, ast.Import) else node.module
                for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))}
    assert imported == {"keras", "numpy"} and len(source.splitlines()) < 100


def test_each_logit_is_the_mean_of_its_map(page):
    """By loops from the formula, with features from Keras's layers called one by one."""
    signal = page["pictures"][:2]
    for layer in page["network"].layers[:-2]:
        signal = layer(signal, training=False)
    features, logits = np.asarray(signal), page["network"](page["pictures"][:2], training=False)
    weight, bias = (np.asarray(value) for value in page["network"].layers[-1].weights)
    for n in range(2):
        for c in range(10):
            votes = {(y, x): sum(weight[k, c] * features[n, y, x, k] for k in range(64)) for y, x in CELLS}
            assert {cell: page["maps"][n, *cell, c] for cell in votes} == pytest.approx(votes, abs=1e-4)
            assert sum(votes.values()) / 100 + bias[c] == pytest.approx(float(logits[n, c]), abs=1e-4)
    assert float(re.search(r"bias - logit: at most (\S+)", page["said"])[1]) < 1e-4


def test_its_maps_are_those_of_camlib(page):
    np.testing.assert_allclose(camlib.explain(page["network"], page["pictures"]).maps, page["maps"], atol=1e-4)


def test_a_box_is_tight_around_its_digit(page, monkeypatch):
    """Six blank scraps, then a digit of 5 × 3 pixels, wherever it falls."""
    digit = np.zeros((18, 18), bool)
    digit[4:9, 10:13] = True
    for seed in range(20):
        drawn = iter([np.zeros((18, 18), bool)] * 6 + [digit])
        monkeypatch.setitem(page, "draw", lambda label, rng, drawn=drawn: next(drawn))
        picture, _, boxes = page["scene"](1, np.random.default_rng(seed))
        y, x, _ = picture.nonzero()
        assert boxes == [(x.min(), y.min(), x.max() + 1, y.max() + 1)] and len(y) == 15


def test_the_counts_are_those_of_a_loop(page):
    """And the map's maximum finds the digit that is asked for more than twice as often as the middle does."""
    counts = np.zeros((2, 2), int)
    for own, labels, boxes in zip(page["maps"], page["labels"], page["boxes"]):
        row, column = np.unravel_index(own[..., labels[0]].argmax(), (10, 10))
        for i, (y, x) in enumerate(((4 * row + 2, 4 * column + 2), (20, 20))):
            counts[i] += [x in range(x0, x1) and y in range(y0, y1) for x0, y0, x1, y1 in boxes]
    said = re.findall(r": of (\d+), (\d+) in the digit's box, (\d+) in the other digit's", page["said"])
    assert np.array(said, int).tolist() == [[200, *pair] for pair in counts]
    assert counts[0, 0] > 2 * max(counts[0, 1], counts[1, 0])


def test_it_draws_the_ink_and_what_is_warm(page):
    """For each digit of the first scene 20 lines of 40 characters, one for two pixels, one above the other."""
    drawings = re.split(r"\nWhere is the \d\?\n", page["said"])[1:]
    ink = page["pictures"][0, ..., 0] > 0
    for drawing, label in zip(drawings, page["labels"][0]):
        lines = drawing.splitlines()
        heat = page["maps"][0, ..., label] / page["maps"][0, ..., label].max()
        assert len(lines) == 20
        for y, x in np.ndindex(20, 40):
            warm = heat[y // 2, x // 4]
            expected = "#" if ink[2 * y, x] or ink[2 * y + 1, x] else " " if warm < 0.25 else \
                "." if warm < 0.5 else "-" if warm < 0.75 else "+"
            assert lines[y][x] == expected
    assert len(drawings) == 2
