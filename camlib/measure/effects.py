"""The effect matrix: what erasing each patch of a picture does to each cell of a class's map.

A cell of a convolution's map can only change where its window meets what was erased: its matrix is a band. Where a
network mixes all places, as attention does, any patch may change any cell. By the identity of class activation
maps, the mean of a patch's row over all cells is what erasing it does to the logit.

Erasing is the occlusion of Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (ECCV 2014),
read at every cell of the map in place of the score.
"""

import numpy as np

from ..maps.cam import compiled, explain
from ..networks.inputs import batches, check_classes


def effects(network, images, classes, patch, batch_size=32):
    """The class's map of each picture without one patch, less that of the whole: float32, (n, patches down, patches
    across, rows, columns).

    network: a Keras model that `explain` takes, or a function from at most `batch_size` images to maps of all
      classes, (n, rows, columns, classes), or (n, tokens, classes), the tokens row by row.
    images: uint8, (n, height, width) or (n, height, width, 3); erased is 0, paper. classes: int, (n,), whose map.
    patch: px, the side of a patch; it divides height and width.
    A picture takes one forward pass, and one for each patch that is not paper already: those change nothing, exactly.
    Raises ValueError for arguments of other shapes, classes that the maps do not have, and tokens that
    make no grid of the picture's proportions.

    A map that is the picture's own pixels loses what was erased:

    >>> image = np.array([[[5, 0], [7, 0]]], np.uint8)
    >>> effects(lambda images: images[..., None], image, [0], patch=1)[0, 1, 0].tolist()
    [[0.0, 0.0], [-7.0, 0.0]]
    """
    images = np.asarray(images)
    _check(images, patch)
    look, look_again = network, network
    if hasattr(network, "predict_on_batch"):  # what the whole pictures have passed need not be checked again
        look = lambda some: explain(network, some, batch_size).maps
        look_again = lambda some: compiled(network).predict_on_batch(some)[1]

    def of_class(some, which, look=look):
        maps = np.asarray(look(some))
        label = check_classes(classes, len(images), maps.shape[-1])[which]
        return _grids(maps, images.shape[1:3])[np.arange(len(some)), ..., label]

    whole = [of_class(images[part], part) for part in batches(len(images), batch_size)]
    whole = np.concatenate(whole).astype(np.float32)
    down, across = (side // patch for side in images.shape[1:3])
    inked = images.reshape(len(images), down, patch, across, -1).any(axis=(2, 4))
    changed = np.zeros((*inked.shape, *whole.shape[1:]), np.float32)
    picture, row, column = np.nonzero(inked)
    for part in batches(len(picture), batch_size):
        erased = images[picture[part]]
        for image, y, x in zip(erased, row[part] * patch, column[part] * patch):
            image[y : y + patch, x : x + patch] = 0
        without = of_class(erased, picture[part], look_again)
        changed[picture[part], row[part], column[part]] = without - whole[picture[part]]
    return changed


def _grids(maps, size):
    """Maps of tokens, (n, tokens, classes), in rows and columns of the picture's proportions; others as they are."""
    if maps.ndim != 3:
        return maps
    rows = round((maps.shape[1] * size[0] / size[1]) ** 0.5)
    if rows < 1 or rows * rows * size[1] != maps.shape[1] * size[0]:
        raise ValueError(f"{maps.shape[1]} tokens make no grid like pictures of {size[0]}×{size[1]} px: expected one "
                         "token for each patch, and no others")
    return maps.reshape(len(maps), rows, -1, maps.shape[2])


def _check(images, patch):
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not len(images):
        raise ValueError(f"images are {images.dtype}, shape {images.shape}: expected uint8, (n, height, width) or "
                         "(n, height, width, 3), one at least")
    if patch < 1 or images.shape[1] % patch or images.shape[2] % patch:
        raise ValueError(f"patch is {patch}: expected a number of pixels that divides {images.shape[1]} and "
                         f"{images.shape[2]}")
