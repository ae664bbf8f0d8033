"""A small vision transformer that ends as LeNet does: a mean, here of tokens, and one dense layer.

"An Image is Worth 16x16 Words" (Dosovitskiy et al., ICLR 2021) cuts a picture into patches, makes a vector of each, a
token, and hands all tokens to the blocks of "Attention Is All You Need" (Vaswani et al., NeurIPS 2017). In a block,

    x ← x + attention(norm(x)),    x ← x + MLP(norm(x)),    attention = softmax(Q Kᵀ / √d) V for each head,

attention mixes the tokens and the MLP changes each by itself. As logits are a weighted sum of the tokens' mean, its
class maps are exact: (tokens @ kernel).mean(axis=1) + bias == logits.
"""

import numpy as np


def vit_gap(classes=10, seed=0, size=64, patch=8, stem=(16, 32, 64), width=64, blocks=2, heads=4, positions=True,
            neighbours=None, token_dropout=0.0):
    """Tokens → blocks → mean → dense. Input: uint8, (n, size, size). Output: logits, (n, classes).

    patch: px, the side of a token; (size // patch)² tokens of `width` numbers each.
    stem: what makes tokens. Channels of convolutions that halve the picture until a cell is a patch (log2(patch) of
      them), each with batch normalisation and a ReLU, then a 1×1 convolution: "Early Convolutions Help Transformers
      See Better" (Xiao et al., NeurIPS 2021); here with kernels of 4×4, whose middle, at stride 2, is the cell's. With
      (), one linear function of each patch's pixels, as in Dosovitskiy et al.
    blocks, heads: of attention, `width / heads` numbers a head; the MLP has twice the width within.
    positions: whether `places` are added to the tokens; without, no token tells where it is.
    neighbours: None, or the reach of attention: a token attends to those at most so many rows and columns away.
    token_dropout: the chance of each token to be zeros in training, its place with it, from 0 to less than 1.
    Layers: "stem1" …, "tokens", then "attention1", "mlp1a", "mlp1b" …, "norm", "gap", "dense".
    Raises ValueError for numbers that make no network.
    """
    from ..backend import keras

    _check_whole(1, classes=classes, size=size, patch=patch, stem=tuple(stem) or 1, width=width, heads=heads)
    _check_whole(0, blocks=blocks, neighbours=neighbours or 0)
    _check(size, patch, stem, width, heads, token_dropout)
    layers, side = keras.layers, size // patch
    image = keras.Input((size, size), dtype="uint8", name="image")
    x = keras.ops.expand_dims(layers.Rescaling(1 / 255)(image), -1)
    for number, channels in enumerate(stem, start=1):
        x = layers.Conv2D(channels, 4, 2, padding="same", use_bias=False, name=f"stem{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(layers.BatchNormalization(momentum=0.9, name=f"batch_norm{number}")(x))
    cell = 1 if stem else patch
    x = layers.Conv2D(width, cell, cell, name="tokens")(x)
    x = layers.Reshape((side**2, width), name="line")(x)
    if positions:
        x = x + places(side, width)
    if token_dropout:
        kept = layers.Dropout(token_dropout, seed=seed, name="token_dropout")(keras.ops.ones_like(x[..., :1])) > 0
        x = x * keras.ops.cast(kept, x.dtype)
    near = None if neighbours is None else near_tokens(side, neighbours)[None]
    for number in range(1, blocks + 1):
        x = _block(x, width, heads, near, number)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling1D(name="gap")(x)
    model = keras.Model(image, layers.Dense(classes, name="dense")(x), name="vit_gap")
    _draw(model, seed)
    return model


def on_grid(model):
    """A network that ends tokens → "gap" → "dense", with its tokens in rows and columns: it says the same, and
    `explain` gives its maps as (n, rows, columns, classes). Weights are shared.
    Raises ValueError for tokens that make no square."""
    from ..backend import keras

    tokens = model.get_layer("gap").input
    side = round((tokens.shape[1] or 0) ** 0.5)
    if len(tokens.shape) != 3 or side**2 != tokens.shape[1]:
        raise ValueError(f"{model.name!r} has features {tokens.shape} before its mean: expected tokens of a "
                         "square grid, (n, side², width); explain it as it is")
    grid = keras.layers.Reshape((side, side, tokens.shape[2]))(tokens)
    mean = keras.layers.GlobalAveragePooling2D(name="gap_2d")(grid)
    return keras.Model(model.input, model.get_layer("dense")(mean), name=f"{model.name}_on_grid")


def places(side, width):
    """Row and column of each token of a square grid, as sines and cosines: float32, (side², width).

    Vaswani et al., section 3.5, in two dimensions as Beyer, Zhai and Kolesnikov have it ("Better plain ViT baselines
    for ImageNet-1k", 2022, arXiv 2205.01580, whose network ends in a mean of tokens, too): a quarter each of sines and
    cosines of the column and of the row, of wavelengths from 2π to 200π tokens.

    >>> places(2, 4).astype(float).round(2).tolist()  # sin x, cos x, sin y, cos y of (0, 0), (1, 0), (0, 1), (1, 1)
    [[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.0, 1.0], [0.0, 1.0, 0.84, 0.54], [0.84, 0.54, 0.84, 0.54]]
    """
    y, x = np.divmod(np.arange(side**2), side)
    frequencies = 100 ** -np.linspace(0, 1, width // 4)
    angles = x[:, None] * frequencies, y[:, None] * frequencies
    return np.concatenate([turn(angle) for angle in angles for turn in (np.sin, np.cos)], axis=1, dtype=np.float32)


def near_tokens(side, reach):
    """Which tokens of a square grid lie at most `reach` rows and columns from each: bool, (side², side²).

    >>> near_tokens(3, 1)[0].reshape(3, 3).astype(int).tolist()  # of the upper left one
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    grid = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    return abs(grid[:, None] - grid).max(axis=2) <= reach


def _block(x, width, heads, near, number):
    from ..backend import keras

    layers = keras.layers
    normal = layers.LayerNormalization(name=f"norm{number}a")(x)
    attention = layers.MultiHeadAttention(heads, width // heads, name=f"attention{number}")
    x = x + attention(normal, normal, attention_mask=near)
    normal = layers.LayerNormalization(name=f"norm{number}b")(x)
    wide = layers.Dense(2 * width, "gelu", name=f"mlp{number}a")(normal)
    return x + layers.Dense(width, name=f"mlp{number}b")(wide)


def _draw(model, seed):
    """Give every kernel random numbers of variance 1 / inputs (LeCun et al., "Efficient BackProp", 1998).

    One seed handed to MultiHeadAttention would make query, key and value alike, and Keras's own start takes their
    kernels, (width, heads, width / heads), for convolutions: far too small.
    """
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if weight.name == "kernel":
            to_heads = weight.path.split("/")[-2] in ("query", "key", "value")
            inputs = np.prod(weight.shape[: 1 if to_heads else -1])
            weight.assign(random.normal(0, inputs**-0.5, weight.shape))


def _check_whole(least, **numbers):
    for name, value in numbers.items():
        if np.asarray(value).dtype.kind not in "iu" or np.min(value) < least:
            raise ValueError(f"{name} is {value}: expected whole numbers from {least} on")


def _check(size, patch, stem, width, heads, token_dropout):
    if size % patch or width % heads or width % 4:
        raise ValueError(f"size {size} and patch {patch}, width {width} and heads {heads}: expected a patch that "
                         "divides the size, and a width that 4 and heads divide")
    if stem and 2 ** len(stem) != patch:
        raise ValueError(f"stem {tuple(stem)} makes cells of {2 ** len(stem)} px: expected patch to be that, or ()")
    if not 0 <= token_dropout < 1:
        raise ValueError(f"token_dropout is {token_dropout}: expected a chance from 0 to less than 1")
