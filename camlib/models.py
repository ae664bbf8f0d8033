"""Networks that end convolution → global average pooling → dense, and nothing else.

That ending is all class activation maps ask for. Every model takes uint8 images as they are (scaling is its first
layer) and any size that leaves a map of at least one cell.
"""

import numpy as np


def lenet_gap(classes=10, seed=0):
    """The network the course trains: four convolutions, maps of a quarter of the image's side, 61,658 weights.

    Input: uint8, (n, height, width). Output: logits, (n, classes). A 100×100 scene gives 25×25×64 features.

    Batch normalisation makes it train in minutes; it comes after the max-pool, where there is a quarter to normalise.
    The kernel sides 5, 3, 3, 3 are chosen for pointing: each feature sees 28×28 pixels, a digit's own box, and odd
    kernels with 2×2 pools keep it centred on its cell exactly.
    """
    from .backend import keras

    layers = keras.layers
    image, x = _grey_input()
    blocks = [(16, 5, True), (32, 3, True), (64, 3, False), (64, 3, False)]
    for number, (channels, kernel, halve) in enumerate(blocks, start=1):
        start = keras.initializers.HeNormal(seed=seed + number)
        x = layers.Conv2D(channels, kernel, padding="same", use_bias=False, kernel_initializer=start,
                          name=f"conv{number}")(x)
        if halve:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    start = keras.initializers.GlorotUniform(seed=seed)
    logits = layers.Dense(classes, kernel_initializer=start, name="dense")(x)
    return keras.Model(image, logits, name="lenet_gap")


def lenet_gap_original(classes=10, seed=0):
    """The network of the TensorFlow 1 project that this course starts from, layer by layer.

    Input: uint8, (n, height, width), tiled to three equal channels. 5×5×32 and 5×5×64 convolutions, each with
    ReLU and a 2×2 max-pool, then GAP and 64×classes weights without bias, all weights from N(0, 0.01).
    Output: logits, (n, classes). It is trained with SGD at 0.5 on batches of 256.
    """
    from .backend import keras

    layers = keras.layers
    image, x = _grey_input()
    x = layers.Concatenate()([x, x, x])
    for number, channels in enumerate((32, 64), start=1):
        start = keras.initializers.RandomNormal(stddev=0.01, seed=seed + number)
        conv = layers.Conv2D(channels, 5, padding="same", activation="relu", kernel_initializer=start,
                             name=f"conv{number}")
        x = layers.MaxPooling2D(name=f"pool{number}")(conv(x))
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    start = keras.initializers.RandomNormal(stddev=0.01, seed=seed)
    logits = layers.Dense(classes, use_bias=False, kernel_initializer=start, name="dense")(x)
    return keras.Model(image, logits, name="lenet_gap_original")


def lenet_dense(classes=10, size=100, seed=0):
    """LeNet with its dense layers left in: the counter-example, for which no class activation map exists.

    Input: uint8, (n, size, size), that size only, since a dense layer's weights count the cells.
    Output: logits, (n, classes).
    """
    from .backend import keras

    layers = keras.layers
    image, x = _grey_input(size)
    start = [keras.initializers.GlorotUniform(seed=seed + number) for number in range(5)]
    for number, channels in enumerate((6, 16), start=1):
        x = layers.Conv2D(channels, 5, activation="relu", kernel_initializer=start.pop(), name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate((120, 84), start=1):
        x = layers.Dense(units, activation="relu", kernel_initializer=start.pop(), name=f"dense{number}")(x)
    logits = layers.Dense(classes, kernel_initializer=start.pop(), name="dense3")(x)
    return keras.Model(image, logits, name="lenet_dense")


def _grey_input(size=None):
    """A uint8 image input, (n, height, width), and the same with a channel axis, scaled to [0, 1]."""
    from .backend import keras

    image = keras.Input((size, size), dtype="uint8", name="image")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    return image, keras.ops.expand_dims(scaled, -1)


def spread(model, old_size, new_size):
    """Make `model`, trained on canvases of `old_size` px, say on `new_size` px what it said on the small ones.

    On a larger canvas a digit fills a smaller part of the mean, and blank cells fill the rest: with
    r = (new_size / old_size)², a scene in the middle of a blank canvas has mean' = mean / r + (1 − 1/r) · blank.
    So a kernel r times as large and a bias less (r − 1) · kernelᵀ blank give the logits back. Changes `model`.
    """
    from .backend import keras

    if new_size == old_size:
        return
    ratio = (new_size / old_size) ** 2
    dense = model.get_layer("dense")
    trunk = keras.Model(model.input, model.get_layer("gap").input)
    features = np.asarray(trunk(np.zeros((1, old_size, old_size), np.uint8)))[0]
    blank = features[features.shape[0] // 2, features.shape[1] // 2]
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel * ratio, bias - (ratio - 1) * (blank @ kernel)])


def lift(model, share):
    """Give every class back a share of what all classes have in common. Changes maps, but no probability of `model`.

    Softmax does not hear what is added to all logits alike, so each feature k may add any a_k to its weights for all
    the classes: no loss settles it, and every map changes by the picture Σ_k a_k f_k. Here a_k = −share · min_c w_kc:
    at 0 nothing changes, at 1 no weight is below zero. Strokes that a digit shares with others then count in its
    map, and boxes drawn from it hold the whole digit. Lifting by a, then by b, is lifting by 1 − (1 − a)(1 − b).
    """
    dense = model.get_layer("dense")
    kernel = np.asarray(dense.kernel)
    dense.kernel.assign(kernel - share * kernel.min(axis=1, keepdims=True))


def freeze_statistics(model):
    """Let batch normalisation use the statistics it has gathered, so that features stay what they are. Changes `model`.

    Needed where the canvas grows: a batch of larger canvases has more blank cells, and other statistics.
    """
    from .backend import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
