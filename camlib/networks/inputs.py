"""What every method asks of its images, before it looks: one check, and one wording, for all."""

import numpy as np

from .graph import remembered


def check_images(images, model):
    """Images as an array that the checked `model` takes, or a ValueError that says why not.

    A model with a uint8 input takes uint8, or finite floats on the same scale, 0 to 255, of which it hears the whole
    part alone, as Keras hands it no other: uint8 is returned, so that every method looks at what the network sees.
    A model with a float input has a scale of its own, −1 to 1 for instance: it takes any finite numbers.
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
        images = images.astype(np.uint8)
    if None in symbolic.shape[1:]:
        remembered(model, ("takes", images.shape[1:]), lambda: _check_size(images.shape, model))
    return images


def check_finite(values, name, model):
    """ValueError where values (n, …) that `model` gave, or its weights, are NaN or infinite: which, and what to do.

    Finite values are not enough: a max-pool or ReLU may make 0 of NaN, and the answer is then that of no network.
    """
    for weight in model.weights:
        if not np.isfinite(np.asarray(weight).sum(dtype=np.float64)):
            raise ValueError(f"{model.name!r} has NaN or infinite weights in {weight.path}: training went astray, so "
                             "load an earlier snapshot, or train at a lower rate")
    finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if not finite.all():
        raise ValueError(f"{name} of {model.name!r} are NaN or infinite for {(~finite).sum()} of {len(values)} "
                         "images, its weights are not: look for values too large for its dtype, and infinite slopes")


def _check_shape(given, wanted):
    sides = ", ".join("any" if side is None else str(side) for side in wanted[1:])
    if len(given) != len(wanted) or any(side not in (None, own) for side, own in zip(wanted[1:], given[1:])):
        hint = "; for one image say image[None]" if len(given) == len(wanted) - 1 else ""
        raise ValueError(f"images have shape {given}: expected (n, {sides}){hint}")
    if not given[0]:
        raise ValueError("there are no images: expected at least one")


def _check_scale(images):
    low, high = images.min(), images.max()
    if low < -0.01 or 0 < high <= 1 or high > 255.01:  # what rounding errors leave is no other scale
        raise ValueError(
            f"images are floats from {low:.5g} to {high:.5g}: expected 0 to 255, as in a photo; the model does its "
            "own scaling, so hand it the picture as it was before it was divided or normalised (or "
            "np.clip(images, 0, 255), where only resizing overshot)"
        )


def _check_size(given, model):
    try:
        model.compute_output_shape((1, *given[1:]))
    except Exception as error:  # of what else cannot be told beforehand, the network will speak for itself
        if "negative" in str(error):  # "Computed output size would be zero or negative"
            raise ValueError(f"images of {' × '.join(map(str, given[1:]))} are too small for {model.name!r}: "
                             "its convolutions and pools leave nothing of them; take larger ones") from None


def batches(count, batch_size):
    """Slices that cut `count` images into batches of at most `batch_size`; ValueError for less than 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: expected at least 1")
    return [slice(start, start + batch_size) for start in range(0, count, batch_size)]


def check_classes(classes, n, count):
    """Classes as an int array, (n,), each from 0 to count − 1; ValueError where they are not."""
    classes = np.asarray(classes)
    if classes.shape != (n,) or not np.issubdtype(classes.dtype, np.integer):
        hint = "; say labels[:, 0] for labels in a column, as Keras loads CIFAR's" if classes.shape == (n, 1) else ""
        raise ValueError(f"classes are {classes.dtype}, {classes.shape}: expected one int an image, ({n},){hint}")
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(f"classes run from {classes.min()} to {classes.max()}: expected 0 to {count - 1}")
    return classes.astype(np.int64)  # TensorFlow gathers by no uint8, as which Keras loads MNIST's labels
