"""AlexNet on ImageNet, and AlexNet-GAP: its dense layers cut off, global average pooling and one dense layer put on.

The network is torchvision's ("One weird trick for parallelizing convolutional neural networks", Krizhevsky 2014):

    conv1 11×11/4 → pool 3/2 → conv2 5×5 → pool 3/2 → conv3 3×3 → conv4 3×3 → conv5 3×3, a ReLU after each.

Everything after conv5 goes. A 224×224 photograph leaves conv5 as 13×13 cells of 256 channels.
"""

import functools

import numpy as np

from . import imagenet

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet's RGB in [0, 1]
SMALLEST = 31  # px: the side of the smallest photograph that leaves a map of one cell
LARGEST = 1024  # px: what transfer takes; a batch of 32 such photographs needs 3 GB
PADDING = {"conv1": 2, "conv2": 2, "conv3": 1, "conv4": 1, "conv5": 1}


def alexnet_features(weights="imagenet", seed=0):
    """AlexNet up to conv5. Input: uint8 RGB, (n, height, width, 3). Output: float32, (n, rows, columns, 256), ≥ 0.

    Any size from 31×31 on; `cells(side)` says how many rows a height gives. weights: "imagenet", a dict of arrays as
    `imagenet.alexnet_conv` returns it, or None for random ones, drawn by `seed`.
    """
    from ..backend import keras

    layers, start = keras.layers, keras.initializers
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = layers.Rescaling((1 / 255 / DEVIATION).tolist(), (-MEAN / DEVIATION).tolist(), name="imagenet_scale")(image)
    for name, (side, _, _, channels) in imagenet.KERNELS.items():
        # Keras pads "same" unevenly where the stride is not 1, PyTorch evenly: so pad first, then convolve "valid".
        x = layers.ZeroPadding2D(PADDING[name], name=f"pad_{name}")(x)
        stride = 4 if name == "conv1" else 1
        x = layers.Conv2D(channels, side, strides=stride, activation="relu", name=name,
                          kernel_initializer="zeros" if weights is not None else start.GlorotUniform(seed))(x)
        if name in ("conv1", "conv2"):
            x = layers.MaxPooling2D(3, 2, name=f"pool_{name}")(x)
    model = keras.Model(image, x, name="alexnet_features")
    arrays = imagenet.alexnet_conv() if isinstance(weights, str) and weights == "imagenet" else weights
    if arrays is not None:
        for name in imagenet.KERNELS:
            model.get_layer(name).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    return model


@functools.cache
def winners_layer():
    """The layer class `Winners`: made at first use, as everything that needs Keras."""
    from ..backend import keras, tf

    @keras.saving.register_keras_serializable(package="camlib")
    class Winners(keras.layers.Layer):
        """Each cell times the number of size×size windows, around every cell, in which it is the largest.

        A max-pool at stride 1 writes the largest value of a window at the window's centre; this leaves it where it
        was. The mean over all cells is the same, so GAP → dense hears exactly what it would after the max-pool, but
        maps stay as sharp as the convolution's. Input and output: (n, rows, columns, channels), ≥ 0.
        """

        def __init__(self, size, **options):
            super().__init__(**options)
            self.size = size

        def call(self, x):
            window = {"ksize": [1, self.size, self.size, 1], "strides": [1, 1, 1, 1], "padding": "SAME"}
            largest = tf.nn.max_pool2d(x, self.size, 1, "SAME")
            # how many windows a cell wins is the max-pool's gradient
            won = tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=largest, grad=tf.ones_like(x), **window)
            return x * tf.stop_gradient(won)

        def compute_output_shape(self, shape):
            return shape

        def get_config(self):
            return super().get_config() | {"size": self.size}

    return Winners


@functools.cache
def unit_layer():
    """The layer class `Unit`: made at first use, as everything that needs Keras."""
    from ..backend import keras, tf

    @keras.saving.register_keras_serializable(package="camlib")
    class Unit(keras.layers.Layer):
        """A photograph's maps over |v|, the length of the vector v of their means: these means then have length 1.

        How strongly all channels answer is heard no more; which of them answer, is. A dense layer on the mean says
        w·v/|v| + b, and class maps are what they would be, over |v|: one number a photograph, so that their mean and
        the bias still are the logit. Input and output: (n, rows, columns, channels).
        """

        def call(self, x):
            mean = tf.reduce_mean(x, axis=(1, 2), keepdims=True)
            return x * tf.math.rsqrt(tf.reduce_sum(mean**2, axis=-1, keepdims=True) + 1e-12)  # nothing stays nothing

        def compute_output_shape(self, shape):
            return shape

    return Unit


def cells(side):
    """Rows of the map for a photograph of `side` pixels high (or columns for its width); 0 where it is too small."""
    after_conv1 = (side + 4 - 11) // 4 + 1
    after_pool1 = (after_conv1 - 3) // 2 + 1
    return max((after_pool1 - 3) // 2 + 1, 0)


def alexnet_gap(classes, *, taps=("conv4", "conv5"), pool=7, unit=False, extra=(), weights="imagenet", seed=0):
    """AlexNet-GAP: convolutions → global average pooling → dense. Input: uint8 RGB, (n, height, width, 3), from
    31×31 on. Output: logits, (n, classes). Layers "gap" and "dense" are the last two.

    taps: the convolutions whose maps are averaged, side by side: some of "conv3", "conv4", "conv5", which share a
        grid. Two of them say more than the last alone where a class has few photographs.
    pool: side of a max-pool at stride 1 over the maps, odd, 1 for none. A feature that is strong in one place then
        counts as one that is strong around it. Its values stay where they
        were found (`winners_layer`), so that maps stay sharp.
    unit: whether maps are divided by the length of their mean (`unit_layer`): worth 5 % with one or two photographs a
        category to train on, 3 % with five, 1 % with eleven. The mean is then no longer all that the votes hear.
    extra: channels of 3×3 convolutions, with ReLU, put on top, to be trained: the paper's network is
        taps=("conv5",), pool=1, extra=(1024,), and its AlexNet*-GAP has two of them, (1024, 1024).
    weights: as for `alexnet_features`. seed: of the untrained layers.
    Raises ValueError for arguments that make no network.
    """
    from ..backend import keras

    _check(classes, taps, pool, extra)
    layers, start = keras.layers, keras.initializers
    trunk = alexnet_features(weights, seed)
    maps = [trunk.get_layer(name).output for name in taps]
    x = layers.Concatenate(name="taps")(maps) if len(maps) > 1 else maps[0]
    if pool > 1:
        x = winners_layer()(pool, name="winners")(x)
    for number, channels in enumerate(extra, start=6):
        x = layers.ZeroPadding2D(1, name=f"pad_conv{number}")(x)
        x = layers.Conv2D(channels, 3, activation="relu", name=f"conv{number}",
                          kernel_initializer=start.HeNormal(seed=seed + number))(x)
    if unit:
        x = unit_layer()(name="unit")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    logits = layers.Dense(classes, name="dense", kernel_initializer=start.GlorotUniform(seed=seed))(x)
    return keras.Model(trunk.inputs, logits, name="alexnet_gap")


def _check(classes, taps, pool, extra):
    if not classes >= 1:
        raise ValueError(f"classes is {classes}: expected at least 1")
    if isinstance(taps, str) or not taps or not set(taps) <= {"conv3", "conv4", "conv5"}:
        raise ValueError(f'taps is {taps!r}: expected a tuple of "conv3", "conv4" or "conv5", such as ("conv5",)')
    if pool < 1 or pool % 2 == 0:
        raise ValueError(f"pool is {pool}: expected an odd number, 1 for no max-pool")
    if isinstance(extra, int) or any(channels < 1 for channels in extra):
        raise ValueError(f"extra is {extra!r}: expected a tuple of channel numbers, such as (1024,)")
