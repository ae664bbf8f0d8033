"""The vision transformer against its formulas written out in NumPy, and what its options promise."""

import numpy as np
import pytest
from scipy.special import erf, softmax

from camlib.backend import keras
from camlib.maps import cam
from camlib.networks import head, vit
from camlib.training import runs

SMALL = dict(size=32, patch=8, stem=(4, 6, 8), width=12, blocks=2, heads=3)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32), np.uint8)


def shaken(model, seed=1):
    """The model with no weight at 0 or 1, where a forgotten one would not show."""
    random = np.random.default_rng(seed)
    model.set_weights([w + random.uniform(0.01, 0.3, w.shape) for w in model.get_weights()])
    return model


def normalised(x, w, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-3) * w[f"{name}/gamma"] + w[f"{name}/beta"]


def attention(x, w, name, allowed):
    """Head by head, token by token: softmax(q · k / √d) over the tokens allowed, times v."""
    query, key, value = (np.einsum("tc,chd->htd", x, w[f"{name}/{part}/kernel"]) + w[f"{name}/{part}/bias"][:, None]
                         for part in ("query", "key", "value"))
    out = np.tile(w[f"{name}/attention_output/bias"], (len(x), 1)).astype(float)
    for q, k, v, kernel in zip(query, key, value, w[f"{name}/attention_output/kernel"]):
        for token in range(len(x)):
            near = np.flatnonzero(allowed[token])
            weights = softmax([q[token] @ k[other] / np.sqrt(q.shape[1]) for other in near])
            out[token] += sum(weight * v[other] for weight, other in zip(weights, near)) @ kernel
    return out


def by_hand(image, w, tokens, blocks, allowed):
    """Logits and tokens of one image, from the tokens before their places are added."""
    side, width = round(len(tokens) ** 0.5), tokens.shape[1]
    x = tokens.astype(float)
    for token in range(len(x)):
        for axis, place in enumerate((token % side, token // side)):
            for k in range(width // 4):
                angle = place / 100 ** (k / (width // 4 - 1))
                x[token, axis * width // 2 + k] += np.sin(angle)
                x[token, axis * width // 2 + width // 4 + k] += np.cos(angle)
    for n in range(1, blocks + 1):
        x = x + attention(normalised(x, w, f"norm{n}a"), w, f"attention{n}", allowed)
        wide = normalised(x, w, f"norm{n}b") @ w[f"mlp{n}a/kernel"] + w[f"mlp{n}a/bias"]
        x = x + wide * (1 + erf(wide / np.sqrt(2))) / 2 @ w[f"mlp{n}b/kernel"] + w[f"mlp{n}b/bias"]
    x = normalised(x, w, "norm")
    return x.mean(axis=0) @ w["dense/kernel"] + w["dense/bias"], x


@pytest.mark.parametrize("neighbours", [None, 1])
def test_against_its_formulas(images, neighbours):
    model = shaken(vit.vit_gap(**SMALL, neighbours=neighbours))
    w, tokens = runs.arrays(model), keras.Model(model.input, model.get_layer("line").output).predict_on_batch(images)
    allowed = np.array([[neighbours is None or max(abs(a // 4 - b // 4), abs(a % 4 - b % 4)) <= 1 for b in range(16)]
                        for a in range(16)])
    logits, ends = zip(*(by_hand(image, w, of_image, 2, allowed) for image, of_image in zip(images, tokens)))
    np.testing.assert_allclose(model.predict_on_batch(images), logits, rtol=1e-4, atol=1e-4)
    found = keras.Model(model.input, model.get_layer("gap").input).predict_on_batch(images)
    np.testing.assert_allclose(found, ends, rtol=1e-3, atol=1e-4)


def test_the_maps_of_tokens_add_up_to_the_logits(images):
    model = shaken(vit.vit_gap(**SMALL))
    tokens = keras.Model(model.input, head.find_head(model).features).predict_on_batch(images)
    kernel, bias = model.get_layer("dense").get_weights()
    assert tokens.shape == (3, 16, 12)
    np.testing.assert_allclose((tokens @ kernel).mean(axis=1) + bias, model.predict_on_batch(images), rtol=1e-4)


def test_without_a_stem_a_token_is_a_patchs_pixels_and_no_others(images):
    model = shaken(vit.vit_gap(**SMALL | {"stem": ()}))
    w, tokens = runs.arrays(model), keras.Model(model.input, model.get_layer("line").output).predict_on_batch(images)
    patch = images[1, 8:16, 24:32] / 255
    expected = np.tensordot(patch, w["tokens/kernel"][:, :, 0], 2) + w["tokens/bias"]
    np.testing.assert_allclose(tokens[1, 1 * 4 + 3], expected, rtol=1e-4, atol=1e-5)


def test_without_positions_a_token_does_not_know_where_it_is(images):
    """Patches in another order are tokens in that order, and the same logits; with positions they are not."""
    order = np.random.default_rng(2).permutation(16)
    patches = images.reshape(3, 4, 8, 4, 8).swapaxes(2, 3).reshape(3, 16, 8, 8)
    mixed = patches[:, order].reshape(3, 4, 4, 8, 8).swapaxes(2, 3).reshape(3, 32, 32)
    logits = {known: [shaken(vit.vit_gap(**SMALL | {"stem": ()}, positions=known)).predict_on_batch(pictures)
                      for pictures in (images, mixed)] for known in (True, False)}
    np.testing.assert_allclose(*logits[False], rtol=1e-4, atol=1e-5)
    assert abs(np.subtract(*logits[True])).max() > 0.01


@pytest.mark.parametrize("neighbours, spread", [(None, 4), (1, 2), (0, 0)])
def test_how_far_a_patch_reaches(images, neighbours, spread):
    """Two blocks, each to neighbours at most: what one patch changes lies two tokens away at most."""
    model = shaken(vit.vit_gap(**SMALL | {"stem": ()}, neighbours=neighbours))
    trunk = keras.Model(model.input, model.get_layer("gap").input)
    erased = images.copy()
    erased[:, :8, :8] = 0
    changed = abs(trunk.predict_on_batch(erased) - trunk.predict_on_batch(images)).max(axis=(0, 2)) > 1e-6
    distance = np.maximum(*np.indices((4, 4)))
    assert np.array_equal(changed.reshape(4, 4), distance <= spread)


def test_tokens_are_dropped_whole_and_in_training_alone(images):
    model = shaken(vit.vit_gap(**SMALL, token_dropout=0.5))
    line = keras.Model(model.input, [model.get_layer("line").output, model.get_layer("norm1a").input])
    before, after = (np.asarray(tokens) for tokens in line(images, training=True))
    gone = (after == 0).all(axis=2)
    assert 0.2 < gone.mean() < 0.8 and len(np.unique(gone, axis=0)) == 3
    np.testing.assert_allclose(after[~gone], (before + vit.places(4, 12))[~gone], rtol=1e-5)
    model, same = (shaken(vit.vit_gap(**SMALL, token_dropout=share)) for share in (0.5, 0))
    assert np.array_equal(model.predict_on_batch(images), same.predict_on_batch(images))


def test_a_seed_decides_the_weights_and_no_two_layers_begin_alike():
    one, same, other = vit.vit_gap(seed=3), vit.vit_gap(seed=3), vit.vit_gap(seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), same.get_weights()))
    assert any(not np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights()))
    kernels = [w.tobytes() for name, w in runs.arrays(one).items() if "kernel" in name]
    assert len(kernels) == len(set(kernels))
    assert vit.vit_gap(classes=3).output.shape == (None, 3)


@pytest.mark.parametrize("options, message", [
    ({"size": 60}, "size 60 and patch 8"), ({"width": 66}, "width 66"), ({"width": 18, "heads": 3}, "width 18"),
    ({"stem": (8, 8)}, "makes cells of 4 px"), ({"stem": (8, 0, 8)}, r"stem is \(8, 0, 8\): expected .* from 1 on"),
    ({"size": 0}, "size is 0: expected whole numbers from 1 on"), ({"patch": 0}, "patch is 0"),
    ({"heads": 0}, "heads is 0"), ({"width": -4}, "width is -4"), ({"classes": 0}, "classes is 0"),
    ({"size": 64.0}, "size is 64.0"), ({"neighbours": 1.5}, "neighbours is 1.5"),
    ({"blocks": -1}, "blocks is -1: expected whole numbers from 0 on"), ({"neighbours": -1}, "neighbours is -1"),
    ({"token_dropout": 1.0}, "token_dropout is 1.0: expected a chance from 0 to less than 1"),
    ({"token_dropout": -0.1}, "token_dropout is -0.1"), ({"token_dropout": float("nan")}, "token_dropout is nan"),
])
def test_numbers_that_make_no_network_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        vit.vit_gap(**options)


@pytest.mark.parametrize("size, shape", [((8, 3), "8, 3"), ((None, 3), "None, 3"), ((4, 4, 3), "4, 4, 3")])
def test_tokens_that_make_no_square_are_named(size, shape):
    pool = keras.layers.GlobalAveragePooling1D if len(size) == 2 else keras.layers.GlobalAveragePooling2D
    layers = [keras.Input(size), pool(name="gap"), keras.layers.Dense(2, name="dense")]
    with pytest.raises(ValueError, match=rf"'flat' has features \(None, {shape}\) before its mean: expected"):
        vit.on_grid(keras.Sequential(layers, name="flat"))


def test_on_a_grid_it_says_the_same_and_its_maps_have_rows_and_columns():
    network = vit.vit_gap(size=32, blocks=1, seed=4)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32), np.uint8)
    of_tokens, of_grid = (cam.explain(model, images) for model in (network, vit.on_grid(network)))
    assert of_grid.maps.shape == (3, 4, 4, 10) and np.allclose(of_grid.logits, of_tokens.logits, atol=1e-5)
    for token in range(16):
        assert np.allclose(of_grid.maps[:, token // 4, token % 4], of_tokens.maps[:, token], atol=1e-5)
