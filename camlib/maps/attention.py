"""What attention says of a transformer: one map an image, from the shares that tokens take of one another.

In each head of each block, token i takes a share A_ij of token j; the shares of a row add up to 1. Both methods follow
the shares through the blocks, by a matrix product, and return for token j the mean over all tokens i of what has
reached them: a network that ends in the tokens' mean reads all of them alike. (Published code reads one row, that of a
class token.)
"""

import numpy as np

from ..networks.graph import ending, kind, remembered, unrolled
from ..networks.inputs import batches, check_classes, check_finite, check_images


def attention_rollout(model, images, batch_size=32):
    """How much of each token reaches the mean, if attention were all that moves: float32, (n, tokens), ≥ 0, sum 1.

    R = Ã_L ⋯ Ã_1, where Ã = ½ (mean of heads of A) + ½ I: the half is for the shortcut past attention. No class
    enters, so it is the same map for all.
    Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, arXiv 2005.00928, section 3.

    model: from one stack of images to one score a class, with `keras.layers.MultiHeadAttention` layers over one line
    of tokens. images: as the model takes them. batch_size: the most images in one pass.
    Raises ValueError for a model without such layers, or with any over other tokens than the first's, for images that
    it does not take, and for maps or weights that are NaN.

    Where all tokens fit each other alike, each takes the same share of all:

    >>> from camlib.backend import keras
    >>> tokens, layers = keras.Input((2, 3)), keras.layers
    >>> mean = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(1, 2)(tokens, tokens))
    >>> network = keras.Model(tokens, layers.Dense(2)(mean))
    >>> network.set_weights([np.zeros(weight.shape) for weight in network.get_weights()])
    >>> attention_rollout(network, np.ones((1, 2, 3))).tolist()
    [[0.5, 0.5]]
    """
    logits, images = _plain(model), check_images(images, model)

    def roll(part):
        _, shares = _run(logits, images[part])
        return _mean_row((one + np.eye(one.shape[-1])) / 2 for one in map(_mean_of_heads, shares))

    return _checked([roll(part) for part in batches(len(images), batch_size)], model)


def gradient_attention(model, images, classes, batch_size=32):
    """The same, with shares that count as far as the class's logit y gains by them: float32, (n, tokens), ≥ 0.

    R ← R + Ā R, where Ā = mean of heads of ReLU(∂y/∂A ⊙ A); of R, the identity from which it starts is taken off.
    Chefer, Gur, Wolf, "Generic Attention-model Explainability", ICCV 2021, arXiv 2103.15679, equations 5 and 6.

    classes: int, (n,), the class that each map is for. Other arguments and errors as for `attention_rollout`, and
    ValueError where no gradient reaches a block.
    """
    from ..backend import tf

    logits, images = _plain(model), check_images(images, model)
    classes = check_classes(classes, len(images), logits.output.shape[-1])

    def follow(part):
        with tf.GradientTape() as tape:
            scores, shares = _run(logits, images[part])
            y = tf.reduce_sum(tf.gather(scores, classes[part], axis=1, batch_dims=1))
        slopes = tape.gradient(y, shares)
        if any(slope is None for slope in slopes):
            raise ValueError("no gradient of the class's score reaches the attention of every block: something "
                             "between them has none, or the score does not depend on it; take attention_rollout")
        gained = [tf.nn.relu(slope * one) for slope, one in zip(slopes, shares)]
        tokens = gained[0].shape[-1]
        return _mean_row(one + np.eye(tokens) for one in map(_mean_of_heads, gained)) - 1 / tokens

    return _checked([follow(part) for part in batches(len(images), batch_size)], model)


def _plain(model):
    """A Keras model from float32 images to logits, without models inside; weights are shared."""
    from ..backend import keras

    def make():
        image = keras.Input(batch_shape=model.inputs[0].shape, dtype="float32")
        return keras.Model(image, ending(unrolled(model, image).output)[0], name=model.name)

    return remembered(model, "plain", make)


def _run(plain, images):
    """Logits, and the shares of each block, (n, heads, tokens, tokens).

    Operation by operation, since Keras builds no model on the shares of a layer that was first called without them.
    """
    from ..backend import tf

    shares = []

    def call(operation, *args, **options):
        if kind(operation) != "MultiHeadAttention":
            return operation(*args, **options)
        result, share = operation(*args, **options | {"return_attention_scores": True})
        shares.append(share)
        return result

    scores = unrolled(plain, tf.constant(images, plain.inputs[0].dtype), call).output
    if len({size for one in shares for size in one.shape[2:]}) != 1 or any(len(one.shape) != 4 for one in shares):
        found = ", ".join(" × ".join(map(str, one.shape[2:])) for one in shares) or "none"
        raise ValueError(f"{plain.name!r} has no attention of each token to each (found: {found}): expected layers "
                         "keras.layers.MultiHeadAttention over one line of tokens, the same in all")
    return scores, shares


def _checked(parts, model):
    maps = np.concatenate(parts).astype(np.float32)
    check_finite(maps, "maps of attention", model)
    return maps


def _mean_of_heads(shares):
    return np.asarray(shares, np.float64).mean(axis=1)


def _mean_row(steps):
    """The mean row of the product … S₂ S₁ of matrices, (n, tokens, tokens) each: (n, tokens)."""
    product = next(steps := iter(steps))
    for step in steps:
        product = step @ product
    return product.mean(axis=1)
