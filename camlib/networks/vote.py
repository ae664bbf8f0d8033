"""The vote: the layers that weigh what a network saw, put together as one kernel and one bias.

Each of them, a dense layer, a 1×1 convolution or batch normalisation outside training, takes a vector x of channels to
x W + b. So do several in a row: (x V + a) W + b = x (V W) + (a W + b).
"""

import math

from .graph import activation_of, kind


def averaged(step):
    """The axis of the channels where this step is a mean over all others but the batch's; None where it is not."""
    name, operation, x = kind(step.operation), step.operation, step.x
    if x is None or len(x.shape) < 3:
        return None
    if name == "Mean":
        axes = operation.axis if isinstance(operation.axis, (tuple, list)) else [operation.axis]
        left = {*range(len(x.shape))} - {axis % len(x.shape) for axis in axes if axis is not None}
        return max(left) if len(left) == 2 and 0 in left else None
    channel = _channel_axis(operation) % len(x.shape)
    places = [size for axis, size in enumerate(x.shape) if axis not in (0, channel)]
    if name.startswith("GlobalAveragePooling"):
        whole = getattr(x, "_keras_mask", None) is None  # of masked tokens only some count
    elif name.startswith("AdaptiveAveragePooling"):
        whole = {*operation.output_size} == {1}
    elif name.startswith("AveragePooling"):
        whole = [*operation.pool_size] == places and math.prod(step.y.shape[1:]) == x.shape[channel]
    else:
        whole = False
    return channel if whole else None


def is_vote(step, channel, squashed):
    """True for a layer that takes the channels to weighted sums of them, the same at every place.

    channel: their axis before the mean; None after it, where they are the only axis of more than one. squashed:
    whether its own softmax or sigmoid is what the network ends in, so that logits are what it is taken of.
    """
    name, layer = kind(step.operation), step.operation
    if name == "BatchNormalization":
        axis, fits = layer.axis, not step.options.get("training")
    elif name in ("Dense", "Conv1D", "Conv2D", "Conv3D"):
        pointwise = name == "Dense" or {*layer.kernel_size, *layer.strides, layer.groups} == {1}
        linear = squashed or activation_of(layer) == "linear"
        axis, fits = _channel_axis(layer), pointwise and linear and not layer.quantization_mode
    else:
        return False
    shape = step.x.shape
    return fits and (axis % len(shape) == channel if channel else shape[axis] == math.prod(shape[1:]))


def _channel_axis(layer):
    return 1 if getattr(layer, "data_format", None) == "channels_first" else -1


def kernel_and_bias(layers):
    """Of layers in a row that are votes: the kernel, (channels, classes), and the bias, (classes,), float32."""
    from ..backend import keras

    kernel, bias = _affine(layers[0])
    for layer in layers[1:]:
        weights, shift = _affine(layer)
        kernel, bias = keras.ops.matmul(kernel, weights), keras.ops.matmul(bias, weights) + shift
    return kernel, bias


def _affine(layer):
    """A layer's W, (channels in, channels out), and b, (channels out,), float32. Activations are left out."""
    from ..backend import keras

    ops = keras.ops
    if kind(layer) == "BatchNormalization":  # as outside training, by its moving statistics
        mean, variance = (ops.cast(x, "float32") for x in (layer.moving_mean, layer.moving_variance))
        scale = ops.rsqrt(variance + layer.epsilon)
        scale = scale * ops.cast(layer.gamma, "float32") if layer.scale else scale
        shift = ops.cast(layer.beta, "float32") if layer.center else 0
        return ops.diag(scale), shift - mean * scale
    kernel = ops.cast(ops.reshape(layer.kernel, layer.kernel.shape[-2:]), "float32")
    return kernel, ops.cast(layer.bias, "float32") if layer.use_bias else ops.zeros(kernel.shape[-1], "float32")
