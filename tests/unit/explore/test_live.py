"""The network in the page against Keras, with either engine."""

import base64
import math
import re
import shutil
import subprocess

import numpy as np
import pytest

from camlib import explain, load_split, make_scenes, shipped_run
from camlib.backend import keras
from camlib.explore.drawing import ARRAYS, LOOPS, OwnPicture
from camlib.explore.packing import Content
from camlib.training.runs import arrays, assign, read_arrays, snapshot_name

LOOK = """
    const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const engine = a.engine === "wasm" ? await m.wasm(bytes(a.loops), 1) : m.plain();
    const net = new m.LiveNet(m.halves(bytes(a.weights)), engine);
    const images = bytes(a.images), maps = [], logits = [];
    for (let i = 0; i < images.length; i += 1e4) {
        net.update(images.subarray(i, i + 1e4));
        maps.push(...net.maps.map((map) => Float32Array.from(map)));
        logits.push(...net.logits);
    }
    const all = await new Blob(maps).arrayBuffer();
    let text = "";
    for (const byte of new Uint8Array(all)) text += String.fromCharCode(byte);
    return { maps: btoa(text), logits };
"""


def coded(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def planes(named):
    """Half-precision arrays as they travel: lower bytes, then upper."""
    return np.concatenate([named[name].ravel() for name in ARRAYS]).astype("<f2").view(np.uint8).reshape(-1, 2).T


def in_the_page(js, engine, weights, images):
    seen = js(LOOK, {"engine": engine, "loops": coded(np.frombuffer(LOOPS.read_bytes(), np.uint8)),
                     "weights": coded(weights), "images": coded(images)})
    maps = np.frombuffer(base64.b64decode(seen["maps"]), np.float32).reshape(len(images), 10, 25, 25)
    return np.moveaxis(maps, 1, 3), np.reshape(seen["logits"], (-1, 10))


def agree(seen, expected):
    for ours, theirs in zip(seen, (expected.maps, expected.logits)):
        assert abs(ours - theirs).max() < 1e-5 * abs(theirs).max()


@pytest.fixture(scope="module")
def scenes():
    return make_scenes(load_split()[1], 200, seed=5)


@pytest.fixture(scope="module")
def own(scenes):
    run = shipped_run()
    steps = run.steps[[0, 5, 12, 19]]
    bias = np.stack([explain(run.load(step), scenes.images[:1]).bias for step in steps])
    return OwnPicture(run, Content(scenes.images[:1], np.zeros((4, 1, 25, 25, 10)), bias=bias, steps=steps))


@pytest.mark.parametrize("engine, count", [("wasm", 200), ("plain", 30)])
@pytest.mark.parametrize("snapshot", [0, 1])
def test_maps_are_those_of_keras_at_each_snapshot_that_travels(js, scenes, own, snapshot, engine, count):
    images = scenes.images[:count]
    network = own.run.load([145, 2100][snapshot])
    agree(in_the_page(js, engine, own.arrays()["weights"][snapshot], images), explain(network, images))


@pytest.mark.parametrize("engine", ["wasm", "plain"])
def test_negative_scales_and_any_variance_are_those_of_keras(js, scenes, engine):
    """Batch normalisation after a max-pool must not be moved before it where it turns the sign."""
    network, random = shipped_run().load(), np.random.default_rng(0)
    named = arrays(network)
    for i in range(1, 5):
        shape = named[f"norm{i}/gamma"].shape
        named[f"norm{i}/gamma"] = random.normal(0, 1, shape).astype(np.float32)
        named[f"norm{i}/moving_variance"] = random.uniform(0, 2, shape).astype(np.float32)
    named = {name: array.astype(np.float16).astype(np.float32) for name, array in named.items()}
    centred = {name: array - array.mean(axis=-1, keepdims=True, dtype=float).astype(np.float32)
               if name.startswith("dense") else array for name, array in named.items()}
    assign(network, centred)
    images = scenes.images[:10]
    agree(in_the_page(js, engine, planes(named), images), explain(network, images))


@pytest.mark.parametrize("engine", ["wasm", "plain"])
def test_what_is_computed_anew_after_a_change_has_the_bits_of_a_whole_pass(js, engine):
    """Changes small and large, at the edges and the corners, one after the other on one network."""
    run, random = shipped_run(), np.random.default_rng(1)
    weights = planes(read_arrays(run.folder / snapshot_name(2100)))
    image, along = np.zeros((100, 100), np.uint8), []
    for _ in range(30):
        image = image.copy()
        y, x = random.integers(0, 100, 2)
        height, width = random.integers(1, 30, 2)
        image[y:y + height, x:x + width] = random.integers(0, 256)
        along.append(image)
    along += [np.zeros_like(image), np.eye(100, dtype=np.uint8) * 255]
    maps, logits = in_the_page(js, engine, weights, np.stack(along))
    for i in (0, 7, 19, 29, 30, 31):
        alone = in_the_page(js, engine, weights, along[i][None])
        assert (alone[0][0] == maps[i]).all() and (alone[1][0] == logits[i]).all()


TERMS = """
    const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const net = new m.LiveNet(m.halves(bytes(a.weights)), m.plain());
    net.update(bytes(a.image));
    return a.cells.map(([cell, c, against]) => ({ terms: net.terms(cell, c, against),
        value: m.cellValue(net, cell, c, against), sum: m.sumOf(net, cell, c, against, a.digits) }));
"""


def test_a_cells_terms_are_kerass_weights_times_its_features(js, scenes):
    """Every term against the network cut before its mean; the rounded ones add up to the rounded value exactly."""
    run = shipped_run()
    network, weights = run.load(), planes(read_arrays(run.folder / snapshot_name(2100)))
    features = keras.Model(network.input, network.get_layer("gap").input).predict(scenes.images[:1], verbose=0)[0]
    kernel = network.get_layer("dense").get_weights()[0]
    cells = [(0, 3, None), (312, 3, 5), (int(features.sum(axis=2).argmax()), int(scenes.labels[0]), None), (624, 0, 0)]
    found = js(TERMS, {"weights": coded(weights), "image": coded(scenes.images[0]), "cells": cells, "digits": 2})
    for (cell, c, against), seen in zip(cells, found):
        weight = kernel[:, c] - (0 if against is None else kernel[:, against])
        products = features.reshape(625, 64)[cell] * weight
        assert [term["product"] for term in seen["terms"]] == pytest.approx(products, abs=1e-3)
        assert seen["value"] == pytest.approx(products.sum(), abs=1e-2)
        largest = [term["product"] for term in seen["sum"]["largest"]]
        assert np.abs(largest) == pytest.approx(np.sort(np.abs(products))[:-9:-1], abs=1e-3)
        shown = [math.floor(100 * value + 0.5)  # as JavaScript rounds
                 for value in (*largest, seen["sum"]["rest"], seen["value"])]
        assert sum(shown[:-1]) == shown[-1] and seen["sum"]["others"] == 56
        assert seen["sum"]["rest"] == pytest.approx(products.sum() - sum(largest), abs=0.06)


@pytest.mark.parametrize("top, digits", [(857, 2), (-9_000, 1), (0.05, 6), (3, 4), (2e6, 0), (0, 4)])
def test_digits_are_five_where_the_map_is_largest(js, top, digits):
    assert js("return m.digitsOf(Float64Array.from([0, a]));", top) == digits


def test_half_precision_is_read_exactly(js):
    values = np.arange(65536, dtype=np.uint16)
    values = values[(values >> 10) & 31 != 31]  # neither infinite nor NaN
    read = js("return [...m.halves(Uint8Array.from(atob(a), (c) => c.charCodeAt(0)))];",
              coded(values.astype("<u2").view(np.uint8).reshape(-1, 2).T))
    assert (np.array(read) == values.view(np.float16).astype(float)).all()


def test_the_binary_is_what_its_source_compiles_to(tmp_path):
    """With the compiler that made it; another version may choose other instructions."""
    if not (shutil.which("clang") and shutil.which("wasm-ld")):
        pytest.skip("no clang and lld to compile conv.c: apt-get install clang lld")
    version = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"version 14\.", version):
        pytest.skip(f"conv.wasm was made with clang 14, this is {version.splitlines()[0]}")
    folder = tmp_path / "camlib" / "explore" / "web"
    folder.mkdir(parents=True)
    shutil.copy(LOOPS.with_name("conv.c"), folder)
    shutil.copy(LOOPS.parents[3] / "Makefile", tmp_path)
    subprocess.run(["make", "wasm"], cwd=tmp_path, check=True, capture_output=True)
    assert (folder / "conv.wasm").read_bytes() == LOOPS.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["conv.c", "conv.wasm"]
    assert not (tmp_path / "conv.o").exists()
