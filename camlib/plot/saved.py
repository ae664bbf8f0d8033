"""What commands write: the README's picture, and the original project's pictures."""

import matplotlib.pyplot as plt
import numpy as np

from ..colours import ACCENT, INK
from ..files import expanded
from ..maps.arrays import normalise, upsample
from ..maps.cam import explain
from .charts import accuracy_curve
from .panels import show_image, show_map, write_title
from .style import described, signed, subplots


def course_picture(image, maps, steps, accuracy, logits, label, *, classes=6, moments=8):
    """The course in one picture: a scene, the last step's maps of its strongest classes, and the true one's growth.

    image: (height, width). maps: (steps, rows, columns, classes), raw. logits: (steps, classes). Shown are
    `classes` of the classes, those with the largest last logits and the two with the smallest, on one signed scale,
    and `moments` of the steps, the positive part of each map.
    """
    figure, [[one]] = subplots(size=(11, 3.9))
    one.remove()
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2.05))
    panel = left.subplots()
    show_image(panel, image)
    write_title(panel, "a scene, never seen before", fontsize=12)
    above, below = right.subfigures(2, 1, height_ratios=(1.12, 1))
    order = np.argsort(-logits[-1])
    extremes = [*order[:classes - 2], *order[-2:]]
    limit = np.quantile(abs(maps[-1][..., extremes]), 0.99)
    for panel, which in zip(above.subplots(1, classes), extremes):
        colour = ACCENT if which == label else INK
        show_map(panel, image, maps[-1, :, :, which], signed=True, limit=limit)
        write_title(panel, f"{which}: {signed(logits[-1, which])}", fontsize=11, color=colour)
    above.suptitle("what speaks for each class (red) and against it (blue), with its logit", fontsize=12)
    chosen = np.round(np.linspace(0, len(steps) - 1, moments)).astype(int)
    for panel, moment in zip(below.subplots(1, moments), chosen):
        show_map(panel, image, maps[moment, :, :, label])
        write_title(panel, f"step {steps[moment]:,}\n{accuracy[moment]:.0%} right")
    below.suptitle(f"what speaks for the {label}, along training", fontsize=12)
    return described(figure, f"A cluttered scene of a {label}, the evidence for and against {classes} classes, and "
                             f"how that for {label} gathers over {steps[-1]:,} steps of training.")


def write_heatmaps(run, scenes, folder):
    """The original project's outputs: `folder`/img_N/cmap_STEP.png for each scene and snapshot, and accuracy.png.

    Each picture is the map of the true class, upsampled bilinearly, stretched to [0, 1], in jet at opacity 0.5 over
    the inverted scene, at twice the scene's pixels.
    """
    folder = expanded(folder)
    network = None
    for step in run.steps:
        network = run.load(step, network)
        maps = explain(network, scenes.images).maps
        true = np.take_along_axis(maps, scenes.labels[:, None, None, None], axis=3)
        heat = normalise(upsample(true, scenes.images.shape[1:]))[..., 0]
        paper = 1 - scenes.images[..., None] / 255
        pictures = 0.5 * paper + 0.5 * plt.get_cmap("jet")(heat)[..., :3]
        for number, picture in enumerate(pictures):
            path = folder / f"img_{number}" / f"cmap_{step}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            plt.imsave(path, picture.repeat(2, axis=0).repeat(2, axis=1).clip(0, 1))
    accuracy_curve(run, against="steps").savefig(folder / "accuracy.png", dpi=120)
