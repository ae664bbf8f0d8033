"""The command that shows deletion and insertion at work, and at fault: the figures are those of docs/cam_card.md."""

import numpy as np

from .options import whole


def declare(add):
    """Declare the command. add(name, function, about) returns an argparse parser for it."""
    sub = add("deletion", deletion, "judge maps by deletion and insertion: one scene where that serves, one where it "
              "misleads")
    sub.add_argument("--scenes", type=whole(2), default=40)
    sub.add_argument("--seed", type=whole(0), default=2)


def deletion(options):
    """Print the areas of CAM and its rivals: for two scenes, and the mean of all.

    Deletion serves in the first scene in which another class's map has an area larger by a half, and misleads in the
    first in which it has a smaller one than CAM.
    """
    from ..data import digits
    from ..data.scenes import make_scenes
    from ..maps.arrays import softmax
    from ..maps.cam import explain
    from ..measure.faithfulness import deletion_curve, insertion_curve
    from ..training.runs import shipped_run

    network = shipped_run().load()
    scenes = make_scenes(digits.load_split()[1], options.scenes, seed=options.seed)

    def predict(images):
        return softmax(explain(network, images).logits)

    areas = {}
    for name, maps in _rivals(explain(network, scenes.images).maps, scenes).items():
        given = predict, scenes.images, maps, scenes.labels
        curves = (deletion_curve(*given, steps=20), insertion_curve(*given, steps=20),
                  insertion_curve(*given, steps=20, canvas=0))
        areas[name] = np.stack([curve.areas for curve in curves], axis=1)  # (n, 3)
    ours, others = areas["CAM"][:, 0], areas["another class's"][:, 0]
    rows = {"served": others > ours + 0.5, "misled": others < ours}
    print(f"{options.scenes} scenes of seed {options.seed}. Area under the true class's probability, 0 to 1: small is "
          f"good\nfor deletion, large for insertion{'deletion':>19}{'insertion, from blur':>23}{'from paper':>12}")
    for name, of in rows.items():
        print(f"{name} in {of.sum()} scenes" + (f", such as number {of.argmax()}:" if of.any() else ""))
        _print({kind: table[of.argmax()] for kind, table in areas.items()} if of.any() else {})
    print("mean of all:")
    _print({kind: table.mean(axis=0) for kind, table in areas.items()})


def _rivals(maps, scenes):
    """CAM and what it may be confused with: dict of names → maps of the scenes' size, (n, height, width)."""
    from ..maps.arrays import upsample

    each, size = np.arange(len(maps)), scenes.images.shape[1:3]
    cells = {"CAM": maps[each, :, :, scenes.labels], "another class's": maps[each, :, :, (scenes.labels + 1) % 10],
             "blind to classes": maps.std(axis=-1)}
    large = {name: upsample(map_[..., None], size)[..., 0] for name, map_ in cells.items()}
    return large | {"ink": scenes.images.astype(np.float32),
                    "noise": np.random.default_rng(0).random(scenes.images.shape)}


def _print(areas):
    for name, three in areas.items():
        print(f"    {name:33}{three[0]:14.3f}{three[1]:23.3f}{three[2]:12.3f}")
