"""Pictures side by side, bare or under a map, with boxes and titles: the one grid that all figures of pictures use."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import Normal, Stroke

from ..boxes import LARGEST_SIDE, check_range
from ..colours import FOUND, INK, TRUTH, photo_heat
from ..maps.arrays import upsample
from .style import HEAT, SIGNED, described, listed, printable, subplots, value_range

FOR = "red: evidence for the class, from 0 (white)"
PHOTO_FOR = "coloured: evidence for the class, from 0 (bare)"
FOR_AND_AGAINST = "red: evidence for, blue: against, white: 0"


def grid(images, maps=None, *, titles=(), rows=(), boxes=(), found=(), columns=None, signed=False, limit=None,
         width=1.6, what="picture"):
    """Pictures, each bare or under a map, in rows: a matplotlib figure.

    images: n of (height, width) or (height, width, 3), uint8, or floats from 0 to 1; their sizes may differ.
    maps: n of (rows, columns), raw; None leaves a picture bare. A map's positive part is drawn, from nothing at 0 to
        its hottest at its own largest value, or, where `signed`, all of it, white at 0, as far to either side. Its
        range stands below.
    limit: the value at which colours end, a number or one a map; "shared" for one scale for all, with a bar beside
        it, which ends where 1 cell in 100 does, so that one peak does not make all the others pale.
    titles, rows: texts, of the panels and of the rows. Titles, boxes and found may end early.
    boxes, found: for each picture None, one or more of (x0, y0, x1, y1) in pixels, half-open: `boxes` are the truth,
        dashed and orange, `found` are solid and dark.
    columns: panels a row, default all. width: of a panel, in inches. what: a noun for the pictures, in the text
        alternative.
    Raises ValueError unless there are as many images as maps, one at least; for a box or an image that is none.
    """
    maps = [None] * len(images) if maps is None else maps
    if len(images) != len(maps) or not len(images):
        raise ValueError(f"there are {len(images)} images and {len(maps)} maps: expected one an image, or None")
    shown = [values for values in maps if values is not None]
    shared = isinstance(limit, str)
    limits = np.broadcast_to(shared_limit(shown) if shared else limit, len(images))
    figure, panels = _panels(images, titles, rows, columns, width, bool(shown), shared)
    for panel, image, values, end in zip(panels, images, maps, limits):
        heat = show_map(panel, image, values, signed=signed, limit=end)
        if values is not None and not shared:
            write_range(panel, values)
    for panel, title in zip(panels, titles):
        write_title(panel, title)
    for some, kind in ((boxes, "true"), (found, "found")):
        for panel, several in zip(panels, some):
            for box in () if several is None else np.atleast_2d(several):
                draw_box(panel, box, kind=kind)
    if shown:
        _write_scale(figure, panels, heat if shared else None, signed, np.ndim(images[0]) == 3)
    return described(figure, _sentence(what, len(images), len(shown), titles, rows, boxes, found))


def show_map(panel, image, values=None, *, signed=False, limit=None, opacity=0.85):
    """Draw an image on matplotlib axes and, unless `values` is None, one map, (rows, columns), over it; the heat.

    The colours end at `limit`, by default at the map's own largest value. A map is drawn from 0 on: what speaks
    against the class leaves the picture as it is. Where `signed`, it is drawn from −limit to +limit around white.
    """
    show_image(panel, image)
    if values is None:
        return None
    large = upsample(values, np.shape(image)[:2])
    if signed:
        limit = (np.max(np.abs(values)) if limit is None else limit) or 1
        strength = np.minimum(1, 0.4 + abs(large) / limit)  # what lies below shows where there is little to say
        return panel.imshow(large, cmap=SIGNED, vmin=-limit, vmax=limit, alpha=opacity * strength)
    limit = np.max(values) if limit is None else limit
    heat = np.clip(large / limit, 0, 1) if limit > 0 else np.zeros_like(large)
    photo = np.ndim(image) == 3
    return panel.imshow(limit * heat, cmap=photo_heat() if photo else HEAT, vmin=0, vmax=max(limit, 1e-9),
                        alpha=opacity * (np.minimum(1, 2 * heat) if photo else heat))


def show_image(panel, image):
    """Draw an image on matplotlib axes: grey (height, width) as ink on paper, RGB as it is.

    Whole numbers from 0 to 255, or floats from 0 to 1, which are scaled. Raises ValueError for any other, which would
    be drawn white.
    """
    image = np.asarray(image)
    largest = {"u": 255, "i": 255, "f": 1}.get(image.dtype.kind, 0)
    if not (image.size and largest and image.min() >= 0 and image.max() <= largest):
        ends = value_range(image) if image.size and image.dtype.kind in "fiub" else "nothing"
        raise ValueError(f"an image is {image.dtype}, {ends}: expected uint8, 0 to 255, or floats from 0 to 1")
    image = (image if largest > 1 else np.rint(255 * image)).astype(np.uint8)
    panel.imshow(255 - image if image.ndim == 2 else image, cmap="gray", vmin=0, vmax=255)
    bare(panel)


def bare(panel):
    """Axes without ticks, and with the faint frame that shows where a white scene ends."""
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set(color="#cccccc", linewidth=0.6)


def draw_box(panel, box, *, kind="true", **style):
    """Outline a half-open pixel box (x0, y0, x1, y1) on an image: a true one dashed and orange, a found one dark.

    A white edge lets either show on any picture. ValueError for another shape, NaN and infinity.
    """
    if np.shape(box) != (4,):
        raise ValueError(f"a box has shape {np.shape(box)}: expected four numbers, (x0, y0, x1, y1)")
    check_range(box, LARGEST_SIDE, "a box")
    x0, y0, x1, y1 = box
    look = {"ec": TRUTH, "ls": "--"} if kind == "true" else {"ec": FOUND, "ls": "-"}
    frame = plt.Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, **look | {"lw": 1.5} | style)
    frame.set_path_effects([Stroke(linewidth=frame.get_linewidth() + 1.4, foreground="white", alpha=0.7), Normal()])
    panel.add_patch(frame)


def write_title(panel, text, **style):
    """The title of matplotlib axes, as it is: no $mathematics$, and control characters by their escapes."""
    panel.set_title(printable(text), parse_math=False, **{"fontsize": 9} | style)


def write_range(panel, values):
    """Below matplotlib axes, the smallest and the largest value of the map drawn there, (rows, columns)."""
    panel.set_xlabel(value_range(values), fontsize=8)


def shared_limit(maps):
    """Where one scale for several maps ends: what 1 cell in 100 exceeds, to either side; 1 where all is 0."""
    return np.quantile(np.abs(np.concatenate([np.ravel(values) for values in maps])), 0.99) or 1 if len(maps) else None


def scene_grid(scenes, columns=6, *, count=None, boxes=False, titles=None):
    """The first `count` scenes in a grid, each with its label (or its entry of `titles`), and the true boxes if asked.

    scenes: `Scenes`, or any (images, labels, boxes) with images (n, height, width) or (n, height, width, 3).
    """
    count = count or len(scenes.images)
    titles = scenes.labels if titles is None else titles
    return grid(scenes.images[:count], titles=titles, boxes=scenes.boxes[:count] if boxes else (),
                columns=min(columns, count), width=1.5, what="scene")


def crop_with_values(image, box, title):
    """A small grey image with a box on it, and what is in the box, enlarged, each pixel with its value.

    image: uint8, (height, width). box: half-open (x0, y0, x1, y1), in pixels.
    """
    x0, y0, x1, y1 = box
    piece = image[y0:y1, x0:x1]
    figure = grid([image, piece], titles=[title, f"the crop of {y1 - y0} × {x1 - x0}"], boxes=[box], width=3.1)
    for (y, x), ink in np.ndenumerate(piece):
        figure.axes[1].text(x, y, ink, ha="center", va="center", fontsize=7, color="w" if ink > 127 else "k")
    return described(figure, f"A small picture, {title}, and beside it the {piece.size} pixels of a box on it with "
                             f"their values, {piece.min()} to {piece.max()}.")


def _panels(images, titles, rows, columns, width, mapped, shared):
    """A figure and a panel for each image, in rows of `columns`, with room for titles, ranges or a bar, and a note."""
    columns = columns or len(images)
    lines = max((1 + str(title).count("\n") for title in titles if str(title)), default=0)
    tallest = max(np.shape(image)[0] / np.shape(image)[1] for image in images)
    height = width * min(tallest, 2) + 0.19 * lines + 0.2 * (mapped and not shared) + 0.05
    count = -(-len(images) // columns)
    size = columns * width + 0.3 * bool(len(rows)) + 0.8 * shared, count * height + 0.2 * mapped
    figure, panels = subplots(count, columns, size=size)
    for panel in panels.flat[len(images):]:
        panel.set_visible(False)
    for panel, name in zip(panels[:, 0], rows):
        panel.set_ylabel(printable(name), fontsize=9, parse_math=False)
    return figure, panels.flat[:len(images)]


def _write_scale(figure, panels, heat, signed, photo):
    """What white means, below the panels; and beside them the bar of the scale that they share, if they do."""
    note = FOR_AND_AGAINST if signed else PHOTO_FOR if photo else FOR
    if heat is not None:
        bar = figure.colorbar(heat, ax=list(panels), fraction=0.03, pad=0.02, extend="both" if signed else "max")
        bar.set_label("evidence in a cell", fontsize=8)
        bar.ax.tick_params(labelsize=8)
    figure.supxlabel(note, fontsize=8, color=INK)


def _sentence(what, count, under, titles, rows, boxes, found):
    """The text alternative of a grid, from what it shows."""
    parts = [f"{count} {what}{'s' * (count != 1)}" + (f", {under} under a map" if under else "")]
    parts += [f"rows: {listed(rows)}"] if len(rows) else []
    parts += [f"titles: {listed(titles)}"] if any(str(title) for title in titles) else []
    drawn = [(sum(box is not None for box in some), kind) for some, kind in ((boxes, "true"), (found, "found"))]
    parts += [f"{kind} boxes on {n}" for n, kind in drawn if n]
    return "; ".join(parts) + "."
