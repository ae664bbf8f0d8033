"""Pictures side by side: what notebooks show before there is any class activation map."""

import matplotlib.pyplot as plt
import numpy as np

from .plot import ACCENT, FEATURE, QUIET, draw_box, show_image, write_title


def pictures(images, titles, *, boxes=None, columns=None, width=1.6):
    """Images side by side, each with its title and, if asked, its boxes; a matplotlib figure.

    images: uint8, (height, width) or (height, width, 3) each; their sizes may differ. boxes: for each image, none or
    more half-open (x0, y0, x1, y1), in pixels. columns: how many stand in a row, by default all. width: of one image
    with its margin, in inches.
    """
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    lines = max((1 + title.count("\n") for title in titles if title), default=0)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * width, rows * (width + 0.2 * lines)),
                                layout="constrained", squeeze=False)
    for panel in axes.flat[len(images):]:
        panel.set_visible(False)
    for panel, image, title in zip(axes.flat, images, titles):
        show_image(panel, image)
        write_title(panel, title, fontsize=9)
    for panel, some in zip(axes.flat, boxes or []):
        for box in some:
            draw_box(panel, box)
    plt.close(figure)
    return figure


def features(image, maps, titles, *, width=1.4):
    """An image, and beside it feature maps, each in its own range: light is large; a matplotlib figure.

    image: uint8, (height, width). maps: (rows, columns) each. titles: of the image, then of the maps.
    """
    figure = pictures([image, *(np.zeros(np.shape(one), np.uint8) for one in maps)], titles, width=width)
    for panel, one in zip(figure.axes[1:], maps):
        panel.imshow(one, cmap=FEATURE)
    return figure


def crop_with_values(image, box, title):
    """A small grey image with a box on it, and what is in the box, enlarged, each pixel with its value.

    image: uint8, (height, width). box: half-open (x0, y0, x1, y1), in pixels.
    """
    x0, y0, x1, y1 = box
    piece = image[y0:y1, x0:x1]
    figure = pictures([image, piece], [title, f"the crop of {y1 - y0} × {x1 - x0}"], boxes=[[box], []], width=3.1)
    for (y, x), ink in np.ndenumerate(piece):
        figure.axes[1].text(x, y, ink, ha="center", va="center", fontsize=7, color="w" if ink > 127 else "k")
    return figure


def around(image, box, side):
    """The square of `side` pixels of an image whose middle is a box's, moved inward where it would reach outside.

    image: (height, width). box: half-open (x0, y0, x1, y1), in pixels.
    """
    x0, y0, x1, y1 = box
    height, width = image.shape
    left = int(np.clip((x0 + x1) // 2 - side // 2, 0, width - side))
    top = int(np.clip((y0 + y1) // 2 - side // 2, 0, height - side))
    return image[top:top + side, left:left + side]


def cells_over(image, marked, title):
    """An image under the grid of a map's cells, some of them marked; a matplotlib figure.

    image: uint8, (height, width). marked: bool, (rows, columns).
    """
    rows, columns = marked.shape
    figure, panel = plt.subplots(figsize=(3.4, 3.6), layout="constrained")
    panel.imshow(255 - np.asarray(image), cmap="gray", vmin=0, vmax=255, extent=(0, columns, rows, 0))
    for row, column in zip(*np.nonzero(marked)):
        panel.add_patch(plt.Rectangle((column, row), 1, 1, fc=ACCENT, alpha=0.35, lw=0))
    panel.set(xticks=range(columns + 1), yticks=range(rows + 1), xticklabels=[], yticklabels=[])
    panel.grid(color=QUIET, lw=0.3)
    panel.tick_params(length=0)
    panel.set_title(title, fontsize=10)
    plt.close(figure)
    return figure
