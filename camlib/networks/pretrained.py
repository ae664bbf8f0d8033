"""What AlexNet-GAP and VGG16-GAP share: ImageNet's convolutions, and what stands between them and the votes.

    photograph → ImageNet's scale → convolutions → (winners) → (convolutions to be trained) → (unit) → GAP → dense
"""

import functools

import numpy as np

from . import imagenet

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet's RGB in [0, 1]


def convolutions(network, *, pool, pooled, first=(1, 1), weights="imagenet", seed=0):
    """The convolutions of `imagenet.KERNELS[network]`, a ReLU after each, as a model from uint8 RGB photographs.

    Input: (n, height, width, 3). Output: float32, (n, rows, columns, channels), ≥ 0. Each convolution's layer has its
    name, such as "conv1", and a max-pool's "pool_conv1".
    pool: (side, stride) of the max-pools, which follow the convolutions named in `pooled`. first: (stride, padding)
    of the first convolution; all others keep the number of cells. weights: "imagenet", a dict of arrays as
    `imagenet.convolutions` returns it, or None for random ones, drawn by `seed`.
    """
    from ..backend import keras

    layers, start = keras.layers, keras.initializers
    kernels, (stride, padding) = imagenet.KERNELS[network], first
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = layers.Rescaling((1 / 255 / DEVIATION).tolist(), (-MEAN / DEVIATION).tolist(), name="imagenet_scale")(image)
    if stride > 1:  # Keras would pad unevenly, PyTorch does evenly
        x = layers.ZeroPadding2D(padding, name="pad")(x)
    for number, (name, shape) in enumerate(kernels.items()):
        twins = list(kernels.values())[:number].count(shape)  # which one seed would make the same
        x = layers.Conv2D(shape[-1], shape[0], strides=stride, padding="valid" if stride > 1 else "same",
                          activation="relu", name=name, kernel_initializer="zeros" if weights is not None
                          else start.GlorotUniform(seed + 1000 * twins))(x)
        if name in pooled:
            x = layers.MaxPooling2D(*pool, name=f"pool_{name}")(x)
        stride = 1
    model = keras.Model(image, x, name=f"{network.lower()}_features")
    arrays = imagenet.convolutions(network) if isinstance(weights, str) and weights == "imagenet" else weights
    for name in kernels if arrays is not None else ():
        model.get_layer(name).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    return model


def gap_network(features, last, classes, *, taps, pool, unit, extra, weights, seed):
    """Convolutions → global average pooling → dense, with the options of `alexnet.alexnet_gap`.

    features: function (weights, seed) that makes the convolutions. last: names of those that share the last grid.
    Raises ValueError for arguments that make no network.
    """
    from ..backend import keras

    _check(classes, taps, last, pool, extra)
    layers, start = keras.layers, keras.initializers
    trunk = features(weights, seed)
    maps = [trunk.get_layer(name).output for name in taps]
    x = layers.Concatenate(name="taps")(maps) if len(maps) > 1 else maps[0]
    if pool > 1:
        x = winners_layer()(pool, name="winners")(x)
    for number, channels in enumerate(extra, start=6):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{number}",
                          kernel_initializer=start.HeNormal(seed=seed + number))(x)
    if unit:
        x = unit_layer()(name="unit")(x)
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    logits = layers.Dense(classes, name="dense", kernel_initializer=start.GlorotUniform(seed=seed))(x)
    return keras.Model(trunk.inputs, logits, name=trunk.name.replace("features", "gap"))


def _check(classes, taps, last, pool, extra):
    if not classes >= 1:
        raise ValueError(f"classes is {classes}: expected at least 1")
    if isinstance(taps, str) or not taps or not set(taps) <= set(last):
        names = ", ".join(f'"{name}"' for name in last)
        raise ValueError(f'taps is {taps!r}: expected a tuple of some of {names}, such as ("{last[-1]}",)')
    if pool < 1 or pool % 2 == 0:
        raise ValueError(f"pool is {pool}: expected an odd number, 1 for no max-pool")
    if isinstance(extra, int) or any(channels < 1 for channels in extra):
        raise ValueError(f"extra is {extra!r}: expected a tuple of channel numbers, such as (1024,)")


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
