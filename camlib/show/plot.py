"""Figures of the course. Functions are pure: arrays in, a matplotlib figure out.

Scenes are shown as ink on paper (inverted grey). Raw maps are signed evidence: they get a diverging colour map
centred at zero, with its range stated; maps for looking get a sequential one that survives greyscale.
"""

import unicodedata

import matplotlib.pyplot as plt
import numpy as np

from ..boxes import LARGEST_SIDE, check_range
from ..maps.arrays import normalise, softmax, upsample
from .packing import photo_heat

HEAT = "YlOrRd"
FEATURE = "magma"
SIGNED = "RdBu_r"
INK = "#222222"
ACCENT = "#b5431f"
QUIET = "#8a8a8a"


def scene_grid(scenes, columns=6, *, count=None, boxes=False, titles=None):
    """The first `count` scenes in a grid, each with its label (or its entry of `titles`), and the true boxes if asked.

    scenes: `Scenes`, or any (images, labels, boxes) with images (n, height, width) or (n, height, width, 3).
    """
    count = count or len(scenes.images)
    titles = scenes.labels if titles is None else titles
    figure, panels = _grid(-(-count // columns), min(columns, count), 1.5)
    for panel, image, title, box in zip(panels.flat[:count], scenes.images, titles, scenes.boxes):
        show_image(panel, image)
        write_title(panel, title, fontsize=10)
        if boxes:
            for x0, y0, x1, y1 in np.atleast_2d(box):
                draw_box(panel, (x0, y0, x1, y1))
    for panel in panels.flat[count:]:
        panel.set_visible(False)
    return figure


def maps_by_class(image, maps, *, logits=None, classes=None, label=None, width=1.5):
    """One image and its raw maps for several classes, on one scale, so that heat compares across classes.

    image: (height, width) or (height, width, 3). maps: (rows, columns, classes), raw. logits: (classes,), written
    above each map. classes: which to show (default all). label: the true class, marked.
    """
    maps = np.asarray(maps)
    classes = range(maps.shape[-1]) if classes is None else classes
    columns = min(len(classes) + 1, 6)
    figure, panels = _grid(-(-(len(classes) + 1) // columns), columns, width, height=width + 0.35)
    limit = abs(maps[..., list(classes)]).max() or 1
    show_image(panels.flat[0], image)
    panels.flat[0].set_title("scene", fontsize=9)
    for panel, which in zip(panels.flat[1:], classes):
        heat = show_signed(panel, maps[..., which], image, limit)
        title = str(which) if logits is None else f"{which}:  {logits[which]:+.1f}"
        panel.set_title(title, fontsize=9, color=ACCENT if which == label else INK,
                        fontweight="bold" if which == label else "normal")
    for panel in panels.flat[len(classes) + 1:]:
        panel.set_visible(False)
    bar = figure.colorbar(heat, ax=panels, fraction=0.025, pad=0.02)
    bar.set_label("evidence in a cell\n(their mean + bias is the logit)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def heat_map(image, values, *, label="", width=5.6):
    """A scene, and the same scene under one of its maps (see `overlay`), whose range is written below it.

    image: (height, width) or (height, width, 3). values: (rows, columns), raw.
    """
    figure, [[left, right]] = _grid(1, 2, width / 2, width / 2 + 0.2)
    show_image(left, image)
    overlay(right, image, values)
    left.set_title("what the network sees", fontsize=10)
    write_title(right, f"what speaks for “{label}”", fontsize=10)
    write_range(right, values)
    return figure


def top_classes(picture, maps, logits, names, top=5):
    """The paper's figure: a photograph, and over it the maps of its most probable classes, with their probability.

    picture: uint8, (height, width, 3). maps: (rows, columns, classes), raw. logits: (classes,). names: of the classes.
    One scale for all, from 0 to the largest value of any class, so that heat is evidence: in a range of its own, the
    map of a class that nobody would name is as hot as any.
    """
    order = np.argsort(logits)[::-1][:top]
    figure, panels = _grid(1, len(order) + 1, 1.6, height=2)
    show_image(panels[0, 0], picture)
    for panel, which in zip(panels[0, 1:], order):
        overlay(panel, picture, maps[:, :, which], limit=np.max(maps))
        write_title(panel, f"{names[which]}\n{softmax(logits)[which]:.1%}", fontsize=9)
    return figure


def one_class(pictures, maps, logits, which, name, columns=5):
    """The paper's other figure: the map of one class over many photographs, with its probability in each.

    pictures: uint8, (n, height, width, 3). maps: (n, rows, columns, classes), raw. logits: (n, classes).
    which, name: the class. Each photograph has the scale of `top_classes`: pale where others have more evidence.
    """
    figure, panels = _grid(-(-len(pictures) // columns), min(columns, len(pictures)), 1.5, height=1.75)
    for panel, picture, of_all, scores in zip(panels.flat, pictures, maps, logits):
        overlay(panel, picture, of_all[:, :, which], limit=np.max(of_all))
        panel.set_title(f"{softmax(scores)[which]:.1%}", fontsize=9)
    for panel in panels.flat[len(pictures):]:
        panel.set_visible(False)
    figure.suptitle(printable(f"Where the evidence for “{name}” lies"), fontsize=10, parse_math=False)
    return figure


def maps_along_training(image, maps, steps, *, accuracy=None, label=None, columns=10):
    """The maps of one class at several training steps, each stretched to its own range, which is written below it.

    image: (height, width). maps: (steps, rows, columns), raw. steps: (steps,). accuracy: (steps,), 0 to 1.
    """
    columns = min(columns, len(steps))
    figure, panels = _grid(-(-len(steps) // columns), columns, 1.15, height=1.8)
    figure.get_layout_engine().set(hspace=0.1)  # a row's ranges stand apart from the next row's steps
    for index, panel in enumerate(panels.flat):
        if index >= len(steps):
            panel.set_visible(False)
            continue
        overlay(panel, image, maps[index])
        write_range(panel, maps[index])
        caption = f"step {steps[index]:,}" + ("" if accuracy is None else f"\n{accuracy[index]:.0%}")
        panel.set_title(caption, fontsize=8)
    if label is not None:
        figure.suptitle(printable(f"Evidence for “{label}” along training"), fontsize=10, parse_math=False)
    return figure


def framework(image, features, weights, *, shown=4, name=""):
    """The paper's figure 2 for one class: feature maps times weights, summed to the class activation map.

    image: (height, width). features: (rows, columns, channels). weights: (channels,), the class's column of the dense
    kernel. Drawn are the `shown` − 1 channels that raise the class's logit most and the one that lowers it most, each
    in its own range, which is written below it; all channels are in the sum.
    """
    adds = features.mean(axis=(0, 1)) * weights
    strongest = [*np.argsort(-adds)[: shown - 1], adds.argmin()]
    figure, panels = _grid(1, shown + 2, 1.5, height=2.0)
    show_image(panels[0, 0], image)
    panels[0, 0].set_title("scene", fontsize=9)
    for panel, channel in zip(panels[0, 1:], strongest):
        panel.imshow(features[..., channel], cmap=FEATURE)
        panel.set(xticks=[], yticks=[])
        write_range(panel, features[..., channel])
        panel.set_title(f"{weights[channel]:+.1f} × feature {channel}\nadds {adds[channel]:+.2f}", fontsize=9)
    total = features @ weights
    show_signed(panels[0, -1], total, image, abs(total).max() or 1)
    write_range(panels[0, -1], total)
    title = f"all {len(weights)}: map of {name}\n{adds.sum():+.2f} before bias"
    write_title(panels[0, -1], title, fontsize=9, color=ACCENT)
    for panel, sign in zip(panels[0, 1:], ["", *["+"] * (shown - 1), "…\n="]):
        panel.text(-0.1, 0.5, sign, transform=panel.transAxes, ha="center", va="center", fontsize=13)
    return figure


def accuracy_curve(run, *, target=None, against="scenes"):
    """Accuracy on unseen digits against scenes (or steps) seen.

    run: a `Run`. target: a fraction, drawn as a line to compare with.
    """
    figure, panel = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    panel.plot(getattr(run, against), 100 * run.accuracy, color=ACCENT, marker="o", ms=3.5, lw=1.8)
    if target is not None:
        panel.axhline(100 * target, color=INK, ls="--", lw=1)
        panel.annotate(f"{target:.1%}", (0.01, 100 * target), xycoords=("axes fraction", "data"),
                       xytext=(0, 3), textcoords="offset points", fontsize=8)
    panel.set(xlabel=f"{against} seen in training" if against == "scenes" else "training step",
              ylabel="accuracy on unseen digits (%)", ylim=(0, 101.5))
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    return _done(figure)


class LiveCurve:
    """A `watch` for `train.train`: the accuracy curve, redrawn in place after each snapshot."""

    def __init__(self, target=None):
        self.target = target
        self.handle = None

    def __call__(self, run):
        from IPython.display import display

        figure = accuracy_curve(run, target=self.target)
        if self.handle is None:
            self.handle = display(figure, display_id=True)
        else:
            self.handle.update(figure)


def overlay(panel, image, values, *, limit=None, opacity=0.85):
    """Draw one map, (rows, columns), over an image on matplotlib axes.

    The colder a place the more transparent, so that the image stays as it is where the map is silent. A grey image's
    map is stretched to its own range. A photograph's, (height, width, 3), begins at zero and ends at `limit`, which
    several classes' maps may share (default: its maximum); what speaks against the class is left out.
    """
    show_image(panel, image)
    large = upsample(values, np.shape(image)[:2])
    if np.ndim(image) == 2:
        heat = normalise(large)
        panel.imshow(heat, cmap=HEAT, alpha=opacity * heat, vmin=0, vmax=1)
    else:
        limit = np.max(values) if limit is None else limit
        heat = np.clip(large / limit, 0, 1) if limit > 0 else np.zeros_like(large)
        panel.imshow(heat, cmap=photo_heat(), alpha=opacity * np.minimum(1, 2 * heat), vmin=0, vmax=1)


def show_signed(panel, values, image, limit, opacity=0.8):
    """Draw one raw map, (rows, columns), from −limit to +limit around white, over an image; returns the heat."""
    show_image(panel, image)
    return panel.imshow(upsample(values, np.shape(image)[:2]), cmap=SIGNED, vmin=-limit, vmax=limit, alpha=opacity)


def write_title(panel, text, **style):
    """The title of matplotlib axes, as it is: no $mathematics$, and control characters by their escapes."""
    panel.set_title(printable(text), parse_math=False, **style)


def write_range(panel, values):
    """Below matplotlib axes, the smallest and the largest value of the map drawn there, (rows, columns)."""
    ends = (np.format_float_positional(end, 3, fractional=False, trim="-") for end in (np.min(values), np.max(values)))
    panel.set_xlabel(" to ".join(ends).replace("-", "−"), fontsize=8)


def printable(text):
    """Text that can be drawn: control characters, such as NUL, and lone surrogates by their escapes in Python."""
    kept = (c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else repr(c)[1:-1] for c in str(text))
    return "".join(kept)


def draw_box(panel, box, *, color=ACCENT, **style):
    """Outline a half-open pixel box (x0, y0, x1, y1) on an image. ValueError for another shape, NaN and infinity."""
    if np.shape(box) != (4,):
        raise ValueError(f"a box has shape {np.shape(box)}: expected four numbers, (x0, y0, x1, y1)")
    check_range(box, LARGEST_SIDE, "a box")
    x0, y0, x1, y1 = box
    frame = plt.Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, ec=color, **{"lw": 1.5} | style)
    panel.add_patch(frame)


def show_image(panel, image):
    """Draw a uint8 image on matplotlib axes: grey (height, width) as ink on paper, RGB as it is."""
    image = np.asarray(image)
    panel.imshow(255 - image if image.ndim == 2 else image, cmap="gray", vmin=0, vmax=255)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set(color="#cccccc", linewidth=0.6)  # where a white scene ends


def _grid(rows, columns, width, height=None):
    figure, panels = plt.subplots(
        rows, columns, figsize=(columns * width, rows * (height or width)), layout="constrained", squeeze=False
    )
    return _done(figure), panels


def _done(figure):
    """Closed for pyplot, so that a notebook shows it once: as the value of its cell."""
    plt.close(figure)
    return figure
