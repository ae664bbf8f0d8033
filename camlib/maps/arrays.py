"""What is done to maps and scores as arrays: NumPy only, nothing here knows a network."""

import numpy as np


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
