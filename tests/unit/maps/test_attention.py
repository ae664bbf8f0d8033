"""Attention's maps against the formulas in loops of float64 NumPy, gradients by differences."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps.attention import attention_rollout, gradient_attention

TOKENS, WIDTH, HEADS, CLASSES = 5, 4, 2, 3
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(3, TOKENS, WIDTH))


def transformer(activation=None):
    layers = keras.layers
    image = x = keras.Input((TOKENS, WIDTH))
    for number in (1, 2):
        x = x + layers.MultiHeadAttention(HEADS, 3, name=f"attention{number}")(x, x)
    model = keras.Model(image, layers.Dense(CLASSES, activation, name="dense")(layers.GlobalAveragePooling1D()(x)))
    model.set_weights([RANDOM.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def model():
    return transformer()


def by_hand(model, image, taken=None):
    """(logits, shares) of one image, float64; `taken`: dict of a block → shares to take in place of its own."""
    x, found = image, []
    for block in range(2):
        weights = model.get_layer(f"attention{block + 1}").get_weights()
        q, qb, k, kb, v, vb, out, bias = [w.astype(float) for w in weights]
        together = bias.copy() * np.ones((TOKENS, 1))
        shares = np.zeros((HEADS, TOKENS, TOKENS))
        for head in range(HEADS):
            query, key = x @ q[:, head] + qb[head], x @ k[:, head] + kb[head]
            powers = np.exp(query @ key.T / np.sqrt(3))
            shares[head] = powers / powers.sum(axis=1, keepdims=True)
        shares = (taken or {}).get(block, shares)
        for head in range(HEADS):
            together += shares[head] @ (x @ v[:, head] + vb[head]) @ out[head]
        found.append(shares)
        x = x + together
    kernel, bias = model.get_layer("dense").get_weights()
    return x.mean(axis=0) @ kernel + bias, found


def test_by_hand_is_the_network(model):
    assert np.allclose([by_hand(model, image)[0] for image in IMAGES], model(IMAGES), atol=1e-4)


def test_rollout_is_the_product_of_shares_and_shortcuts(model):
    maps = attention_rollout(model, IMAGES, batch_size=2)
    assert maps.dtype == np.float32 and np.allclose(maps.sum(axis=1), 1, atol=1e-5)
    for image, rolled in zip(IMAGES, maps):
        reached = np.eye(TOKENS)
        for shares in by_hand(model, image)[1]:
            step = np.zeros((TOKENS, TOKENS))
            for i, j in np.ndindex(step.shape):
                step[i, j] = sum(shares[head][i, j] for head in range(HEADS)) / HEADS / 2 + (i == j) / 2
            reached = step @ reached
        assert np.allclose(rolled, reached.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_gradients_weigh_the_shares(activation):
    """The logit's gradients, whatever the network ends in."""
    model, classes = transformer(activation), np.array([2, 0, 1])
    maps = gradient_attention(model, IMAGES, classes, batch_size=2)
    for image, label, found in zip(IMAGES, classes, maps):
        _, all_shares = by_hand(model, image)
        reached = np.eye(TOKENS)
        for block, shares in enumerate(all_shares):
            step = np.zeros((TOKENS, TOKENS))
            for head, i, j in np.ndindex(shares.shape):
                ends = []
                for nudge in (1e-5, -1e-5):
                    nudged = shares.copy()
                    nudged[head, i, j] += nudge
                    ends.append(by_hand(model, image, {block: nudged})[0][label])
                step[i, j] += max(0, (ends[0] - ends[1]) / 2e-5 * shares[head, i, j]) / HEADS
            reached = reached + step @ reached
        expected = (reached - np.eye(TOKENS)).mean(axis=0)
        assert np.allclose(found, expected, rtol=1e-3, atol=1e-4)
        assert found.min() >= 0


def test_a_nested_transformer_is_entered(model):
    image = keras.Input((TOKENS, WIDTH))
    nested = keras.Model(image, model(image))
    assert np.allclose(attention_rollout(nested, IMAGES), attention_rollout(model, IMAGES))


def test_what_has_no_attention_is_told():
    network = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"has no attention of each token to each \(found: none\)"):
        attention_rollout(network, np.zeros((1, 4, 4, 1)))


def test_attention_to_other_tokens_is_told():
    layers = keras.layers
    image = keras.Input((TOKENS, WIDTH))
    few = layers.AveragePooling1D(2)(image)
    x = layers.MultiHeadAttention(1, 2)(image, few)
    network = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    with pytest.raises(ValueError, match="found: 5 × 2"):
        attention_rollout(network, IMAGES)


def attending(*calls, size=(TOKENS, WIDTH)):
    """A network of attention blocks, `calls`, functions of tokens, of which each sees what the one before gave."""
    layers = keras.layers
    x = image = keras.Input(size)
    for call in calls:
        x = call(x)
    return keras.Model(image, layers.Dense(2)(keras.ops.mean(x, axis=range(1, len(size)))))


def block(x, **options):
    return keras.layers.MultiHeadAttention(1, 2, **options)(x, x)


@pytest.mark.parametrize("size, calls, found", [
    ((3, 3, WIDTH), [lambda x: block(x, attention_axes=(1, 2))], "3 × 3 × 3 × 3"),  # tokens in rows and columns
    ((3, 3, WIDTH), [lambda x: block(x, attention_axes=(2,))], "1 × 3 × 3"),  # row by row
    ((6, WIDTH), [block, keras.layers.MaxPooling1D(2), block], "6 × 6, 3 × 3"),
])
@pytest.mark.parametrize("method", [attention_rollout, lambda *of: gradient_attention(*of, [0])])
def test_attention_that_is_not_each_token_to_each_in_every_block_is_told(size, calls, found, method):
    with pytest.raises(ValueError, match=rf"has no attention of each token to each \(found: {found}\).* one line"):
        method(attending(*calls, size=size), np.zeros((1, *size)))


@pytest.mark.parametrize("method", [attention_rollout, lambda *of: gradient_attention(*of, [0, 1, 2])])
def test_weights_that_are_nan_are_told(method):
    model = transformer()
    kernel, bias = model.get_layer("dense").get_weights()
    model.get_layer("dense").set_weights([kernel * np.nan, bias])
    with pytest.raises(ValueError, match="has NaN or infinite weights in dense/kernel"):
        method(model, IMAGES)


@pytest.mark.parametrize("method", [attention_rollout, lambda *of: gradient_attention(*of, [0, 1, 2])])
def test_what_is_no_model_is_told_first(method):
    with pytest.raises(ValueError, match="'vit' has no graph: expected a functional or a built"):
        method("vit", IMAGES)


def test_a_block_that_the_score_does_not_hear_is_told():
    """Whole numbers alone: no gradient reaches the shares."""
    network = attending(block, lambda x: keras.ops.cast(keras.ops.cast(x, "int32"), "float32"))
    with pytest.raises(ValueError, match="no gradient of the class's score reaches the attention of every block"):
        gradient_attention(network, IMAGES, [0, 1, 1])
    assert attention_rollout(network, IMAGES).shape == (3, TOKENS)


def test_classes_that_do_not_fit_are_told(model):
    with pytest.raises(ValueError, match="classes run from 0 to 3: expected 0 to 2"):
        gradient_attention(model, IMAGES, [0, 3, 1])
