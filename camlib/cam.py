"""Class activation maps, from scratch (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016, section 2).

A network that ends convolution → global average pooling (GAP) → dense computes, for class c,

    logit_c = Σ_k w_kc · mean_xy f_k(x, y) + b_c = mean_xy [ Σ_k w_kc · f_k(x, y) ] + b_c

since a weighted sum of means is the mean of the weighted sums. The bracket is the class activation map (the
paper's equation 2). So the maps are a 1×1 convolution with the dense layer's own weights, and

    maps.mean(axis=(1, 2)) + bias == logits.
"""

import weakref
from typing import NamedTuple

import numpy as np


class NotCAMReady(ValueError):
    """The model does not end GAP → dense, so it has no class activation maps."""


class Head(NamedTuple):
    """Where a network stops looking and starts voting.

    features: the symbolic tensor that GAP averages, (batch, rows, columns, channels).
    dense: the `keras.layers.Dense` layer after GAP, with kernel (channels, classes).
    """

    features: object
    dense: object


class Explanation(NamedTuple):
    """What a network says of each image, and where that comes from.

    logits: float32, (n, classes), before any softmax.
    maps: float32, (n, rows, columns, classes), raw: no ReLU, no normalisation.
    bias: float32, (classes,), what maps leave out: maps.mean(axis=(1, 2)) + bias == logits.

    Along a training run (`explain_run`) all three have one more axis in front, the step.
    """

    logits: np.ndarray
    maps: np.ndarray
    bias: np.ndarray


def find_head(model):
    """The features and the dense layer of a Keras model that ends GAP → dense (softmax or dropout allowed).

    Raises NotCAMReady, with what was found instead and what to do, for any other model.
    """
    from .backend import keras

    passive = (keras.layers.Activation, keras.layers.Softmax, keras.layers.Dropout, keras.layers.InputLayer)
    layers = [layer for layer in model.layers if not isinstance(layer, passive)]
    tail = [type(layer).__name__ for layer in layers[-3:]]
    if len(layers) < 2 or not isinstance(layers[-1], keras.layers.Dense):
        raise NotCAMReady(_advice(model, tail, "the last layer is not Dense"))
    if not isinstance(layers[-2], keras.layers.GlobalAveragePooling2D):
        raise NotCAMReady(_advice(model, tail, "the layer before Dense is not GlobalAveragePooling2D"))
    if layers[-2].data_format != "channels_last":
        raise NotCAMReady(_advice(model, tail, "its channels come first, (n, channels, rows, columns)"))
    return Head(layers[-2].input, layers[-1])


def with_maps(model):
    """A Keras model from the same images to [logits, maps]: one forward pass for all classes.

    The maps cost one small matrix product on top of the network. Weights are shared with `model`, so the maps
    follow its further training.
    """
    from .backend import keras

    features, dense = find_head(model)
    maps = keras.ops.matmul(features, dense.kernel)
    logits = keras.ops.mean(maps, axis=(1, 2))  # the mean comes last: of 10 maps, not of 64 features
    if dense.use_bias:
        logits = logits + dense.bias
    return keras.Model(_single(model.inputs), [logits, maps], name="with_maps")


def explain(model, images, batch_size=128):
    """Logits and the maps of all classes for a stack of images, as an `Explanation`.

    images: uint8 (or finite floats on the same 0 to 255 scale), shaped as the model takes them: (n, height,
    width) grey or (n, height, width, 3). Memory is bounded by `batch_size` images and the result.
    Raises ValueError for images of another shape or with NaN, NotCAMReady for a model without GAP → dense.
    """
    images = check_images(images, model.inputs[0].shape)
    compiled = _cached_with_maps(model)
    parts = [compiled.predict_on_batch(images[i : i + batch_size]) for i in range(0, len(images), batch_size)]
    logits, maps = (np.concatenate(part) for part in zip(*parts))
    dense = find_head(model).dense
    bias = np.asarray(dense.bias) if dense.use_bias else np.zeros(dense.units, np.float32)
    return Explanation(logits, maps, bias)


def explain_run(run, images, batch_size=128):
    """The explanations of the same images by every snapshot of a training run (`camlib.runs.Run`).

    logits: (steps, n, classes), maps: (steps, n, rows, columns, classes), bias: (steps, classes).
    """
    model, views = None, []
    for step in run.steps:
        model = run.load(step, model)
        views.append(explain(model, images, batch_size))
    return Explanation(*(np.stack(part) for part in zip(*views)))


def upsample(maps, size):
    """Maps stretched to `size` = (height, width) pixels, bilinearly, with cell centres kept in place.

    maps: float, (n, rows, columns, classes) or (rows, columns). Same convention as `tf.image.resize` and
    OpenCV's INTER_LINEAR (half-pixel centres, edges repeated). Returns float32 with the same other axes.
    """
    maps = np.asarray(maps, np.float32)
    if maps.ndim not in (2, 4) or 0 in maps.shape:
        raise ValueError(f"maps have shape {maps.shape}: expected (n, rows, columns, classes) or (rows, columns)")
    stack = maps if maps.ndim == 4 else maps[None, :, :, None]
    down = interpolation_matrix(stack.shape[1], size[0])
    across = interpolation_matrix(stack.shape[2], size[1])
    large = np.einsum("yr,nrck,xc->nyxk", down, stack, across, optimize=True)
    return large if maps.ndim == 4 else large[0, :, :, 0]


def interpolation_matrix(cells, pixels):
    """Weights that stretch a line of `cells` values to `pixels` values: float32, (pixels, cells), rows sum to 1.

    Pixel i has its centre at (i + ½)·cells/pixels − ½ on the scale of cells, and mixes its two neighbours there.
    """
    centres = (np.arange(pixels) + 0.5) * cells / pixels - 0.5
    centres = np.clip(centres, 0, cells - 1)
    return np.maximum(0, 1 - abs(centres[:, None] - np.arange(cells))).astype(np.float32)


def normalise(maps):
    """Each map stretched to [0, 1] by its own minimum and maximum; a constant map becomes zeros.

    maps: (n, rows, columns, classes) or (rows, columns). For looking only: it forgets how strong a map was.
    """
    maps = np.asarray(maps, np.float32)
    axes = (1, 2) if maps.ndim == 4 else (0, 1)
    low, high = maps.min(axis=axes, keepdims=True), maps.max(axis=axes, keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def softmax(logits):
    """Shares that add up to 1 along the last axis: exp(logits) over their sum."""
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def check_images(images, model_shape):
    """Images as an array that a model with input shape `model_shape` takes, or a ValueError that says why not."""
    images = np.asarray(images)
    wanted = tuple("any" if side is None else side for side in model_shape[1:])
    if images.ndim != len(model_shape) or any(
        side not in (None, given) for side, given in zip(model_shape[1:], images.shape[1:])
    ):
        hint = ""
        if images.ndim == len(model_shape) - 1:
            hint = "; for one image say image[None]"
        raise ValueError(f"images have shape {images.shape}: expected (n, {', '.join(map(str, wanted))}){hint}")
    if not len(images):
        raise ValueError("there are no images: expected at least one")
    if images.dtype != np.uint8:
        _check_floats(images)
    return images


def _single(inputs):
    """The input of a one-input model as a tensor, not a list of one: what Keras then expects to be handed."""
    return inputs[0] if len(inputs) == 1 else inputs


def _check_floats(images):
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"images are {images.dtype}: expected uint8, values 0 to 255")
    if not np.isfinite(images).all():
        raise ValueError("images hold NaN or infinite values: expected numbers from 0 to 255")
    if images.max() <= 1 and images.max() > 0:
        raise ValueError(
            f"images are floats from {images.min():.3g} to {images.max():.3g}: expected 0 to 255, as in a photo; "
            "the model does its own scaling, so hand it the picture as it is (or multiply by 255)"
        )


_compiled = weakref.WeakKeyDictionary()


def _cached_with_maps(model):
    """`with_maps(model)`, built once a model: its first call compiles, which takes longer than a batch."""
    if model not in _compiled:
        _compiled[model] = with_maps(model)
    return _compiled[model]


def _advice(model, tail, reason):
    return (
        f"{model.name!r} has no class activation maps: {reason} (it ends {' → '.join(tail)}). Expected a network "
        "that ends convolution → GlobalAveragePooling2D → Dense. Replace what follows its last convolution by "
        "these two layers and train them, or use Grad-CAM (camlib.attribution), which asks for no particular ending."
    )
