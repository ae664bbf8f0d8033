"""Grids of photographs, bare or under one map each."""

import matplotlib.pyplot as plt
import numpy as np

from .plot import overlay, show_image, show_signed, write_title


def photo_grid(pictures, titles=(), maps=None, *, columns=5, limits=None, width=1.45):
    """Photographs, each under the positive part of its map, if it has one: a matplotlib figure.

    pictures: n of uint8, (height, width, 3). titles: up to n texts. maps: n of (rows, columns), raw; None leaves a
    photograph bare. limits: n numbers, the evidence that is drawn hottest; by default each map's own largest.
    width: of a panel, in inches. Raises ValueError where there are not as many maps or limits as pictures.
    """
    figure, panels = _panels(pictures, maps, columns, width)
    nothing = [None] * len(pictures)
    maps, limits = (nothing if given is None else given for given in (maps, limits))
    for panel, picture, values, limit in zip(panels, pictures, maps, limits, strict=True):
        if values is None:
            show_image(panel, picture)
        else:
            overlay(panel, picture, values, limit=limit)
    _write_titles(panels, titles)
    return figure


def evidence_grid(pictures, maps, titles=(), *, columns=5, width=1.45):
    """Photographs under their raw maps, evidence for in red and against in blue, on one scale: a matplotlib figure.

    pictures, maps, titles, columns, width: as for `photo_grid`; every picture has a map. The scale, beside, ends at
    what 1 cell in 100 exceeds, so that one peak does not make all the others pale.
    """
    figure, panels = _panels(pictures, maps, columns, width)
    limit = np.quantile(np.abs(np.concatenate([np.ravel(values) for values in maps])), 0.99) or 1
    for panel, picture, values in zip(panels, pictures, maps, strict=True):
        heat = show_signed(panel, values, picture, limit)
    _write_titles(panels, titles)
    figure.colorbar(heat, ax=list(panels), fraction=0.03, extend="both", label="evidence in a cell")
    return figure


def _panels(pictures, maps, columns, width):
    """A figure with a panel for each picture: (figure, array of axes)."""
    if not len(pictures) or (maps is not None and len(maps) != len(pictures)):
        count = "no" if maps is None else len(maps)
        raise ValueError(f"there are {len(pictures)} pictures and {count} maps: expected a map for each, one at least")
    rows = -(-len(pictures) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(columns * width, rows * (width + 0.2)), squeeze=False,
                                  layout="constrained")
    plt.close(figure)  # a notebook shows it once, as the value of its cell
    for panel in panels.flat[len(pictures):]:
        panel.set_visible(False)
    return figure, panels.flat[:len(pictures)]


def _write_titles(panels, titles):
    for panel, title in zip(panels, titles):
        write_title(panel, title, fontsize=8)
