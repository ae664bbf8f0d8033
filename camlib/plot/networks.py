"""Figures of what happens inside a network: its arrays, its weights, and how they change while it learns."""

import numpy as np

from ..colours import ACCENT, INK, QUIET
from ..networks.outputs import name_list
from .maps import show_features
from .panels import show_image, write_title
from .style import SIGNED, described, listed, number, plain, subplots, value_range

MARKERS = (("o", ACCENT), ("s", INK), ("^", "#4a7fb5"))  # classes are told apart by shape as well as by colour


def way_through(network, image, layers=("relu1", "relu2", "relu3", "relu4")):
    """One image, the strongest channel behind each of some layers, and the logits; a matplotlib figure.

    network: a Keras model. image: uint8, (height, width). layers: names of layers with maps, (n, rows, columns,
    channels). The strongest channel is the one that varies most over the cells. Each map is drawn in its own range.
    """
    from ..backend import keras

    probe = keras.Model(network.input, [*[network.get_layer(name).output for name in layers], network.output])
    *maps, logits = [np.asarray(output)[0] for output in probe(image[None])]
    figure, [panels] = subplots(1, len(maps) + 2, size=(1.35 * (len(maps) + 2), 1.8))
    show_image(panels[0], image)
    panels[0].set_title("pixels", fontsize=9)
    for panel, features in zip(panels[1:], maps):
        strongest = features[..., features.std(axis=(0, 1)).argmax()]
        show_features(panel, strongest)
        panel.set_title("{} × {} cells,\n1 of {} maps".format(*features.shape), fontsize=8)
    panels[-1].barh(range(len(logits)), logits, color=[ACCENT if z == logits.max() else QUIET for z in logits])
    panels[-1].set(yticks=range(len(logits)), xticks=[])
    panels[-1].invert_yaxis()
    panels[-1].tick_params(labelsize=7, length=0)
    panels[-1].spines[["top", "right", "bottom"]].set_visible(False)
    panels[-1].set_title("scores", fontsize=9)
    return described(figure, f"A scene, the strongest of the maps behind {listed(layers)}, and the network's scores, "
                             f"largest for class {logits.argmax()}.")


def arrays(named, *, width=1.6):
    """Arrays side by side: uint8 images as ink on paper, kernels with their numbers, maps around a white zero.

    named: dict of titles → (rows, columns). Floats are drawn from −m to m, where m is the array's largest size; up to
    5 × 5 of them get their numbers written in, larger ones their range below.
    """
    figure, [panels] = subplots(1, len(named), size=(width * len(named), width + 0.45))
    for panel, (title, values) in zip(panels, named.items()):
        values = np.asarray(values)
        if values.dtype == np.uint8:
            show_image(panel, values)
        else:
            _show_weights(panel, values, abs(values).max() or 1)
            panel.set_xlabel("" if values.size <= 25 else value_range(values), fontsize=8)
        write_title(panel, title)
    said = listed(f"{title} ({' × '.join(map(str, np.shape(values)))}, {value_range(values)})"
                  for title, values in named.items())
    return described(figure, f"Arrays side by side: {said}.")


def features_by_class(features, labels, names, axes=("feature 0", "feature 1")):
    """Two features of many images as dots, one shape and colour a class.

    features: (n, 2). labels: int, (n,), 0 to at most 2. names: of the classes, as many as labels tell. axes: what the
    two features are. Raises ValueError for another number of names.
    """
    figure, [[panel]] = subplots(size=(4.6, 3.4), sharp=True)
    names = name_list(names, int(np.max(labels)) + 1, "names")
    for label, (name, (marker, color)) in enumerate(zip(names, MARKERS)):
        panel.plot(*features[labels == label].T, marker, color=color, ms=4, alpha=0.6, mew=0, label=f"“{name}”")
    panel.set(xlabel=axes[0], ylabel=axes[1])
    panel.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.5)
    plain(panel)
    return described(figure, f"{len(features)} images as dots, {axes[0]} against {axes[1]}, of the classes "
                             f"{listed(names)}.")


def price_of_probability(marked):
    """The curve −log p from 0 to 1, with some of its points marked.

    marked: dict of texts → probability of the label, 0 < p ≤ 1.
    """
    p = np.linspace(0.004, 1, 400)
    figure, [[panel]] = subplots(size=(4.6, 2.9), sharp=True)
    panel.plot(p, -np.log(p), color=INK)
    for text, probability in marked.items():
        price = -np.log(probability)
        side, above = ("right", 22) if probability > 0.8 else ("left", 10)  # clear of the curve and of the edge
        panel.plot(probability, price, "o", color=ACCENT)
        panel.annotate(f"{text}: {price:.2f}", (probability, price), xytext=(3, above), textcoords="offset points",
                       fontsize=9, ha=side)
    panel.set(xlabel="probability that the label gets", ylabel="price, −log p", ylim=(0, 5.6))
    plain(panel)
    prices = listed(f"{text}: {-np.log(p):.2f}" for text, p in marked.items())
    return described(figure, f"The price −log p falls from 5.5 at a probability near 0 to 0 at 1; {prices}.")


def descent(weights, losses, walks):
    """A loss along one weight, and walks downhill on it, one panel a learning rate.

    weights, losses: (n,), the curve, weights ascending. walks: dict of learning rates → the weights of a walk,
    (steps + 1,), its start included. Their losses are read off the curve.
    """
    figure, [panels] = subplots(1, len(walks), size=(2.4 * len(walks), 2.6), sharp=True, sharey=True)
    for panel, (rate, walk) in zip(panels, walks.items()):
        heights = np.interp(walk, weights, losses)
        panel.plot(weights, losses, color=INK, lw=1)
        panel.plot(walk, heights, "o--", color=ACCENT, ms=4.5, lw=0.7)
        panel.annotate("start", (walk[0], heights[0]), xytext=(-8, 0), textcoords="offset points", fontsize=9,
                       ha="right", va="center")
        panel.set(title=f"learning rate {rate:g}", xlabel="the weight")
        plain(panel)
    panels[0].set_ylabel("loss")
    ends = listed(f"at rate {rate:g} from {number(walk[0])} to {number(walk[-1])}" for rate, walk in walks.items())
    return described(figure, f"Walks downhill on the loss along one weight: {ends}.")


def learning_curves(runs, every):
    """The losses of trainings, step by step as thin lines, and their means over `every` steps as thick ones.

    runs: dict of names → losses, (steps,); at most three.
    """
    figure, [[panel]] = subplots(size=(5.6, 2.9), sharp=True)
    for (name, losses), (marker, color) in zip(runs.items(), MARKERS):
        losses = np.asarray(losses)
        whole = len(losses) // every * every
        panel.plot(losses, color=color, alpha=0.3, lw=0.7)
        panel.plot(np.arange(whole).reshape(-1, every).mean(axis=1), losses[:whole].reshape(-1, every).mean(axis=1),
                   marker + "-", color=color, ms=4, label=f"{name}, mean of {every} steps")
    panel.set(xlabel="training step", ylabel="loss of the batch", ylim=(0, None))
    panel.legend(frameon=False)
    plain(panel)
    ends = listed(f"{name} from {number(losses[0])} to {number(np.mean(losses[-every:]))}"
                  for name, losses in runs.items())
    return described(figure, f"The loss of the batch along training: {ends}.")


def kernels_along_training(kernels, captions):
    """The kernels of a first layer at several times, a row a time, all on one scale.

    kernels: (times, rows, columns, kernels). captions: of the rows.
    """
    kernels = np.asarray(kernels)
    times, count = len(kernels), kernels.shape[-1]
    figure, panels = subplots(times, count, size=(0.8 * count + 0.9, 0.85 * times + 0.2))
    limit = abs(kernels).max() or 1
    for row, moment, caption in zip(panels, kernels, captions):
        for panel, kernel in zip(row, np.moveaxis(moment, -1, 0)):
            heat = _show_weights(panel, kernel, limit, numbers=False)
        row[0].set_ylabel(caption, fontsize=9, rotation=0, ha="right", va="center")
    figure.colorbar(heat, ax=panels, fraction=0.03, pad=0.02).set_label("weight", fontsize=8)
    return described(figure, f"The {count} kernels of the first layer at {times} times: {listed(captions)}.")


def _show_weights(panel, values, limit, numbers=True):
    """Signed values around a white zero, with their numbers where there are few."""
    heat = panel.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
    panel.set(xticks=[], yticks=[])
    for (y, x), value in np.ndenumerate(values) if numbers and values.size <= 25 else ():
        colour = "w" if abs(value) > 0.7 * limit else "k"
        panel.text(x, y, f"{value:g}".replace("-", "−"), ha="center", va="center", color=colour)
    return heat
