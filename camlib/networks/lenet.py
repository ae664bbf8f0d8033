"""Networks that end convolution → global average pooling → dense, and nothing else.

That ending is all class activation maps ask for. Every model takes uint8 images as they are (scaling is its first
layer) and any size that leaves a map of at least one cell.
"""


def lenet_gap(classes=10, seed=0, sides=(5, 3, 3, 3)):
    """The network the course trains: four convolutions, maps of a quarter of the image's side, 61,658 weights.

    Input: uint8, (n, height, width). Output: logits, (n, classes). A 100×100 scene gives 25×25×64 features.
    sides: of the four kernels, in pixels of their input.

    Batch normalisation makes it train in minutes; it comes after the max-pool, where there is a quarter to normalise.
    The kernel sides 5, 3, 3, 3 are chosen for pointing: each feature sees 28×28 pixels, a digit's own box, and odd
    kernels with 2×2 pools keep it centred on its cell exactly.
    """
    from ..backend import keras

    layers = keras.layers
    image, x = _grey_input()
    blocks = zip((16, 32, 64, 64), sides, (True, True, False, False))
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
    from ..backend import keras

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
    from ..backend import keras

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
    from ..backend import keras

    image = keras.Input((size, size), dtype="uint8", name="image")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    return image, keras.ops.expand_dims(scaled, -1)
