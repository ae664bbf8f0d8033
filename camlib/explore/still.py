"""The explorer where scripts do not run: a picture of what it shows."""

import base64
import io

import numpy as np

from ..colours import FOUND, TRUTH
from ..maps.arrays import probabilities, upsample
from .packing import colourise


def still(content, state, title):
    """A JPEG in base64: the image that a state of the controls shows, and four classes' maps as seen alive.

    content: the explorer's `Content`. state: {control: value}. title: above the image.
    """
    from matplotlib.figure import Figure

    step, image, k, against = (state[name] for name in ("step_index", "image_index", "class_index", "against"))
    edges = (0, content.size[1], content.size[0], 0)
    chances = probabilities(content.logits[step, image], content.ending)
    shown = [k, *(other for other in np.argsort(-chances) if other != k)][:4]
    figure = Figure(figsize=(8, 1.9), dpi=96, layout="constrained")
    first, *rest = figure.subplots(1, 1 + len(shown))
    for axes in (first, *rest):
        axes.imshow(content.pictures[image], cmap="gray", vmin=0, vmax=255, extent=edges)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="#cccccc", linewidth=0.6)  # where a white scene ends
    first.set_title(title, fontsize=9, parse_math=False)
    smooth = state["smooth"]
    for axes, j in zip(rest, shown):
        cells = content.seen(step, image, j, against)
        span = content.colour_range(step, image, j, state["scale"], against)
        heat = colourise(upsample(cells, content.travelling) if smooth else cells, *span, state["colormap"],
                         state["opacity"])
        axes.imshow(heat, extent=edges, interpolation="auto" if smooth else "nearest")
        axes.set_title(f"{content.class_names[j]}: {100 * chances[j]:.1f} %", fontsize=9, parse_math=False,
                       fontweight="bold" if j == k else "normal")
    if state["show_box"]:
        for box in content.truths(image, k):
            _outline(rest[0], box, TRUTH, dash=3)
        _outline(rest[0], content.box(step, image, k, against, state["threshold"]), FOUND)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", pil_kwargs={"quality": 80})
    return base64.b64encode(buffer.getvalue()).decode()


def _outline(axes, box, ink, dash=None):
    """A box, if there is one, with a white edge, to show on any picture; dashes of so many points, and gaps."""
    from matplotlib.patches import Rectangle

    for colour, width in (("#fffc", 2.6), (ink, 1.2)) if box else ():
        x0, y0, x1, y1 = box
        line = (0, (dash / width, dash / width)) if dash else "solid"  # in widths
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=colour, lw=width, ls=line))
