"""The command that asks which networks of `keras.applications` have class activation maps, for docs/endings.md."""

import gc

import numpy as np

from .options import Misuse

SIDE = 224  # px


def declare(add):
    """Declare the command. add(name, function, about) returns an argparse parser for it."""
    sub = add("endings", endings, "what the networks of keras.applications end in, and whether CAM is exact for them")
    sub.add_argument("names", nargs="*", metavar="NAME", help="such as ResNet50 (default: all, in some minutes)")


def endings(options):
    """Print a row of the table for each network, as soon as it is known."""
    from ..backend import keras

    known = [name for name in dir(keras.applications) if name[0].isupper()]
    if unknown := {*options.names} - {*known}:
        raise Misuse(f"keras.applications has no {' and no '.join(sorted(unknown))}: expected some of "
                     f"{', '.join(known)}")
    print(f"Keras {keras.__version__}, random weights, photographs of {SIDE} × {SIDE} px, softmax left out\n")
    print("| network | ends in | has CAM | largest residue | cells |\n| --- | --- | --- | --- | --- |")
    for name in options.names or known:
        keras.utils.clear_session()  # one network at a time: the largest fill gigabytes
        gc.collect()
        print(f"| {' | '.join((name, *row(name)))} |", flush=True)


def row(name):
    """What the network `name` ends in, whether `explain` takes it, the identity's largest residue, and its cells.

    The residue is the largest |mean of a map + bias − logit| over two images of noise and all classes, as a part of
    the largest logit. Logits are the network's own; biases are drawn at random, since new ones are zero.
    """
    from ..backend import keras
    from ..maps.cam import with_maps
    from ..networks.graph import unrolled
    from ..networks.head import NotCAMReady, find_head, tail_of

    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(weights=None, input_shape=(SIDE, SIDE, 3), classifier_activation=None)
    ends = tail_of(unrolled(model).output)
    try:
        dense = find_head(model).dense
    except NotCAMReady as error:
        return ends, f"no: {error.obstacle}", "–", "–"
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    dense.bias.assign(random.normal(size=dense.bias.shape))
    _take_statistics(model, images)
    # Both uncompiled: a compiled ResNet50 differs from an uncompiled one by 9e-06 of its largest logit.
    maps, logits = (np.asarray(x) for x in (with_maps(model)(images)[1], model(images)))
    residue = abs(maps.mean(axis=(1, 2)) + np.asarray(dense.bias) - logits).max() / abs(logits).max()
    return ends, "yes", f"{residue:.0e}", f"{maps.shape[1]} × {maps.shape[2]}"


def _take_statistics(model, images):
    """Batch normalisation takes these images' statistics, as if trained; else signals fade out in a deep network."""
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            layer.momentum = 0
    model(images, training=True)
