"""Grids of scenes, each under one map, with the boxes and titles that a comparison needs."""

import matplotlib.pyplot as plt
import numpy as np

from .plot import INK, draw_box, overlay, show_image, show_signed, write_range, write_title


def map_panels(images, maps, *, titles=(), boxes=(), found=(), columns=None, signed=False, ranges=False, width=1.65):
    """Scenes, each under a map, in a grid: a matplotlib figure.

    images: n of (height, width) or (height, width, 3), uint8. maps: n of (rows, columns), raw; None leaves a scene
    bare. Each map is stretched to its own range, or, where `signed`, drawn from −limit to +limit, white at zero, limit
    being its own largest value. titles: n texts. boxes, found: n of (x0, y0, x1, y1) in pixels, half-open, or None:
    `boxes` are the truth, drawn solid, `found` are dashed. columns: panels a row, default all. ranges: whether a map's
    smallest and largest value stand below it. width: of a panel, in inches. Titles, boxes and found may end early.
    Raises ValueError unless there are as many images as maps, at least one, and for a box that is none.
    """
    if len(images) != len(maps) or not len(maps):
        raise ValueError(f"there are {len(images)} images and {len(maps)} maps: expected one an image, or None")
    columns = columns or len(maps)
    rows = -(-len(maps) // columns)
    shape = np.shape(images[0])
    height = width * shape[0] / shape[1] + 0.2 + 0.2 * ranges
    figure, panels = plt.subplots(rows, columns, figsize=(columns * width, rows * height), layout="constrained",
                                  squeeze=False)
    plt.close(figure)  # a notebook shows it once, as the value of its cell
    for panel, image, values in zip(panels.flat, images, maps):
        _draw(panel, image, values, signed, ranges)
    for panel in panels.flat[len(maps):]:
        panel.set_visible(False)
    for panel, title in zip(panels.flat, titles):
        write_title(panel, title, fontsize=9)
    for some, style in ((boxes, {}), (found, {"color": INK, "ls": "--"})):
        for panel, box in zip(panels.flat, some):
            if box is not None:
                draw_box(panel, box, **style)
    return figure


def _draw(panel, image, values, signed, ranges):
    if values is None:
        show_image(panel, image)
        return
    if signed:
        show_signed(panel, values, image, abs(values).max() or 1)
    else:
        overlay(panel, image, values)
    if ranges:
        write_range(panel, values)
