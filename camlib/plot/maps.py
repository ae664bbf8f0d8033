"""Figures of class activation maps: one, by class, along training, and how one is put together."""

import numpy as np
from matplotlib.colors import ListedColormap

from ..colours import ACCENT, QUIET
from ..maps.arrays import probabilities
from ..networks.outputs import name_list
from .panels import bare, grid, show_image, write_range, write_title
from .style import FEATURE, described, listed, printable, signed, subplots, value_range


def heat_map(image, values, *, label="", width=2.8):
    """A scene, and the same scene under the positive part of one of its maps, whose range is written below it.

    image: (height, width) or (height, width, 3). values: (rows, columns), raw.
    """
    figure = grid([image] * 2, [None, values], width=width,
                  titles=["what the network sees", f"what speaks for “{label}”"])
    return described(figure, f"A scene, and the same under the evidence for “{label}”, {value_range(values)} a cell, "
                             f"largest in {_place(values)}.")


def maps_by_class(image, maps, *, logits=None, classes=None, label=None, width=1.5):
    """One image and its raw maps for several classes, on one signed scale, so that heat compares across classes.

    image: (height, width) or (height, width, 3). maps: (rows, columns, classes), raw. logits: (classes,), written
    above each map. classes: which to show (default all). label: the true class, marked.
    """
    maps = np.asarray(maps)
    classes = list(range(maps.shape[-1]) if classes is None else classes)
    titles = [str(k) if logits is None else f"{k}: {signed(logits[k])}" for k in classes]
    figure = grid([image] * (len(classes) + 1), [None, *np.moveaxis(maps[..., classes], -1, 0)], signed=True,
                  titles=["scene", *titles], limit="shared", columns=min(len(classes) + 1, 6), width=width)
    for panel, which in zip(figure.axes[1:], classes):
        if which == label:
            panel.title.set(color=ACCENT, fontweight="bold")
    figure.axes[-1].set_ylabel("evidence in a cell\n(mean + bias is the logit)")
    over = "" if logits is None else f", with their logits {listed(titles)}"
    return described(figure, f"A scene{'' if label is None else f' of a {label}'} and its maps of {len(classes)} "
                             f"classes on one scale{over}; red speaks for a class, blue against.")


def top_classes(picture, maps, logits, names, top=5, ending=None):
    """The paper's figure: a photograph, and over it the maps of its most probable classes, with their probability.

    picture: uint8, (height, width, 3). maps: (rows, columns, classes), raw. logits: (classes,). names: of the classes,
    a list, or a dict by class. ending: what makes probabilities of the logits, as `Explanation.ending` has it.
    One scale for all, from 0 to the largest value of any class, so that heat is evidence: in a range of its own, the
    map of a class that nobody would name is as hot as any.
    """
    names, chances = name_list(names, len(logits), "names"), probabilities(logits, ending)
    order = np.argsort(logits)[::-1][:top]
    titles = [f"{names[k]}\n{chances[k]:.1%}" for k in order]
    figure = grid([picture] * (len(order) + 1), [None, *np.moveaxis(maps[..., order], -1, 0)], titles=["", *titles],
                  limit=max(np.max(maps), 0))
    return described(figure, f"A photograph, and the evidence for its most probable classes: {listed(titles)}.")


def one_class(pictures, maps, logits, which, name, columns=5, ending=None):
    """The paper's other figure: the map of one class over many photographs, with its probability in each.

    pictures: uint8, (n, height, width, 3). maps: (n, rows, columns, classes), raw. logits: (n, classes).
    which, name: the class. Each photograph has the scale of `top_classes`, pale where others have more evidence, and
    its `ending`.
    """
    titles = [f"{chance:.1%}" for chance in probabilities(logits, ending)[:, which]]
    figure = grid(pictures, [of_all[..., which] for of_all in maps], titles=titles, width=1.5,
                  columns=min(columns, len(pictures)), limit=[max(np.max(of_all), 0) for of_all in maps])
    figure.suptitle(printable(f"Where the evidence for “{name}” lies"), fontsize=10, parse_math=False)
    return described(figure, f"{len(pictures)} photographs under the evidence for “{name}”, with its probability: "
                             f"{listed(titles)}.")


def maps_along_training(image, maps, steps, *, accuracy=None, label=None, columns=10):
    """The maps of one class at several training steps, each from 0 to its own largest value; its range below it.

    image: (height, width). maps: (steps, rows, columns), raw. steps: (steps,). accuracy: (steps,), 0 to 1.
    """
    titles = [f"step {step:,}" + ("" if accuracy is None else f"\n{accuracy[i]:.0%}") for i, step in enumerate(steps)]
    figure = grid([image] * len(steps), maps, titles=titles, columns=min(columns, len(steps)), width=1.15)
    if label is not None:
        figure.suptitle(printable(f"Evidence for “{label}” along training"), fontsize=10, parse_math=False)
    return described(figure, f"The evidence for “{label}” in one scene at {len(steps)} steps of training, "
                             f"{listed(titles[:1])} to {listed(titles[-1:])}; at last it is largest in "
                             f"{_place(maps[len(steps) - 1])}.")


def framework(image, features, weights, *, shown=4, name=""):
    """The paper's figure 2 for one class: feature maps times weights, summed to the class activation map.

    image: (height, width). features: (rows, columns, channels). weights: (channels,), the class's column of the dense
    kernel. Drawn are the `shown` − 1 channels that raise the class's logit most and the one that lowers it most, each
    in its own range, which is written below it; all channels are in the sum.
    """
    adds = features.mean(axis=(0, 1)) * weights
    strongest = [*np.argsort(-adds)[: shown - 1], adds.argmin()]
    total = features @ weights
    sum_title = f"all {len(weights)}: map of {name}\n{signed(adds.sum(), 2)} before bias"
    titles = [f"{signed(weights[k])} × feature {k}\nadds {signed(adds[k], 2)}" for k in strongest]
    figure = grid([image] * (shown + 2), [None] * (shown + 1) + [total], titles=["scene", *titles, sum_title],
                  signed=True)
    for panel, channel in zip(figure.axes[1:], strongest):
        show_features(panel, features[..., channel])
        write_range(panel, features[..., channel])
    figure.axes[shown + 1].title.set_color(ACCENT)
    for panel, sign in zip(figure.axes[1:], ["", *["+"] * (shown - 1), "…\n="]):
        panel.text(-0.1, 0.5, sign, transform=panel.transAxes, ha="center", va="center", fontsize=13)
    return described(figure, f"A scene, {shown} of its feature maps with their weights, {listed(titles)}, and the sum "
                             f"of all {len(weights)}, the map of {name}, {value_range(total)} a cell.")


def features(image, maps, titles, *, width=1.4):
    """An image, and beside it feature maps, each in its own range: light is large; a matplotlib figure.

    image: uint8, (height, width). maps: (rows, columns) each. titles: of the image, then of the maps.
    """
    figure = grid([image] * (len(maps) + 1), titles=titles, width=width, what="panel")
    for panel, one in zip(figure.axes[1:], maps):
        show_features(panel, one)
    return described(figure, f"An image and {len(maps)} of its feature maps, light where they are large: "
                             f"{listed(titles)}.")


def show_features(panel, values):
    """Draw one feature map, (rows, columns), on matplotlib axes in place of what is there, in its own range."""
    for image in panel.images:
        image.remove()
    panel.imshow(values, cmap=FEATURE)
    bare(panel)


def cells_over(image, marked, title):
    """An image under the grid of a map's cells, some of them marked; a matplotlib figure.

    image: uint8, (height, width). marked: bool, (rows, columns).
    """
    rows, columns = marked.shape
    figure, [[panel]] = subplots(size=(3.4, 3.6))
    show_image(panel, image)
    edges = (0, columns, rows, 0)
    panel.images[0].set_extent(edges)
    panel.imshow(np.where(marked, 1.0, np.nan), cmap=ListedColormap([ACCENT]), alpha=0.35, extent=edges)
    panel.set(xticks=range(columns + 1), yticks=range(rows + 1), xticklabels=[], yticklabels=[])
    panel.grid(color=QUIET, lw=0.3)
    panel.tick_params(length=0)
    write_title(panel, title, fontsize=10)
    return described(figure, f"A scene under its cells, {marked.sum()} of {marked.size} marked: {title}.")


def _place(values):
    """Where a map is largest, in words."""
    rows, columns = np.shape(values)
    row, column = np.unravel_index(np.argmax(values), (rows, columns))
    return f"row {row + 1} of {rows}, column {column + 1} of {columns}"
