"""What every method asks of a model and its images, before it looks: one check, and one wording, for all."""

import numpy as np


def check_model(model):
    """ValueError for anything but a Keras model with a graph, from one stack of images to one score a class."""
    from ..backend import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(f"{model!r} has no graph: expected a functional or a built sequential Keras model")
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ValueError(
            f"{model.name!r} maps {[x.shape for x in model.inputs]} to {[x.shape for x in model.outputs]}: "
            "expected one stack of images in and one score a class, (n, classes), out"
        )


def check_images(images, model):
    """Images as an array that the checked `model` takes, or a ValueError that says why not.

    A model with a uint8 input takes uint8, or finite floats on the same scale, 0 to 255. A model with a float input
    has a scale of its own, −1 to 1 for instance: it takes any finite numbers.
    """
    images, symbolic = np.asarray(images), model.inputs[0]
    _check_shape(images.shape, symbolic.shape)
    floats = np.issubdtype(images.dtype, np.floating)
    if images.dtype.kind not in "fiu" or (symbolic.dtype == "uint8" and images.dtype != np.uint8 and not floats):
        expected = "uint8, values 0 to 255" if symbolic.dtype == "uint8" else f"numbers, {symbolic.dtype}"
        raise ValueError(f"images are {images.dtype}: expected {expected}")
    if floats and not np.isfinite(images).all():
        raise ValueError("images hold NaN or infinite values: expected finite numbers")
    if symbolic.dtype == "uint8" and floats:
        _check_scale(images)
    return images


def _check_shape(given, wanted):
    sides = ", ".join("any" if side is None else str(side) for side in wanted[1:])
    if len(given) != len(wanted) or any(side not in (None, own) for side, own in zip(wanted[1:], given[1:])):
        hint = "; for one image say image[None]" if len(given) == len(wanted) - 1 else ""
        raise ValueError(f"images have shape {given}: expected (n, {sides}){hint}")
    if not given[0]:
        raise ValueError("there are no images: expected at least one")


def _check_scale(images):
    low, high = images.min(), images.max()
    if 0 < high <= 1:
        raise ValueError(
            f"images are floats from {low:.3g} to {high:.3g}: expected 0 to 255, as in a photo; "
            "the model does its own scaling, so hand it the picture as it is (or multiply by 255)"
        )


def batches(count, batch_size):
    """Slices that cut `count` images into batches of at most `batch_size`; ValueError for less than 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: expected at least 1")
    return [slice(start, start + batch_size) for start in range(0, count, batch_size)]


def check_classes(classes, n, count):
    """Classes as an int array, (n,), each from 0 to count − 1; ValueError where they are not."""
    classes = np.asarray(classes)
    if classes.shape != (n,) or not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(f"classes are {classes.dtype}, {classes.shape}: expected one int an image, ({n},)")
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(f"classes run from {classes.min()} to {classes.max()}: expected 0 to {count - 1}")
    return classes
