"""Where do the exact maps of a transformer point? Its runs and LeNet's, measured on the same scenes of unseen digits.

    python tests/benchmarks/vit.py                          every run that the course ships, on 2,000 scenes of 64 px
    python tests/benchmarks/vit.py out/seed1 --scenes 500   runs in these folders, on so many
    python tests/benchmarks/vit.py out/p16 --train '{"patch": 16, "stem": [16, 32, 48, 64]}'
                                                            first trained so, as vit_gap is but for these options

For each: accuracy; the largest residue of mean of maps + bias − logits; how often the maximum of the true class's map
lies in the digit's box, centred over the classes as the course has it, less the runner-up's map, which no choice of
maps moves, and with the sign turned; the table of `camlib localize` (in percent, ± half of a 95 % interval over
digits), of half as many pairs, too. On a quarter of the scenes: Spearman's correlation, scene by scene, of the true
class's map with what the logit loses by erasing each patch of 8 px (or each token's, where they are larger); how often
the patch that costs most lies in the digit's box; and how much of what erasing does to the map, of its absolute
values, lies near the patch: in cells at most 18 px from it, as far as LeNet's windows of 28 px reach.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from camlib.backend import keras
from camlib.data.digits import load_split
from camlib.data.scenes import make_scenes, pair_scenes
from camlib.maps.cam import explain
from camlib.measure import table
from camlib.measure.effects import effects
from camlib.measure.faithfulness import rank_similarity
from camlib.measure.intervals import bootstrap
from camlib.measure.localize import pointing_hits, score_maps
from camlib.networks import head
from camlib.training import runs
from camlib.training.accuracy import right_names
from camlib.training.recipes import VIT
from camlib.training.train import train

SIDE, PATCH, NEAR = 64, 8, 18  # px


def on_grid(network, trained_on):
    """The network for scenes of SIDE px, its tokens in rows and columns where it has any: weights are shared."""
    head.spread(network, trained_on, SIDE)
    found = head.find_head(network)
    features, dense = found.features, found.dense
    if len(features.shape) == 4:
        return network
    side = round(features.shape[1] ** 0.5)
    grid = keras.layers.Reshape((side, side, features.shape[2]))(features)
    return keras.Model(network.input, dense(keras.layers.GlobalAveragePooling2D()(grid)))


def erasing(network, scenes, maps):
    """Of each scene: the rank correlation of its map with erasing, whether erasing points into the box, and the share
    of the effects near the patch; and the share of cells that are near one."""
    own = true_maps(maps, scenes.labels)
    cells, patches = own.shape[1], min(SIDE // PATCH, own.shape[1])
    of_patches = own.reshape(len(own), patches, cells // patches, patches, -1).mean(axis=(2, 4))
    found = effects(network, scenes.images, scenes.labels, SIDE // patches)
    middles = [(np.arange(count) + 0.5) * SIDE / count for count in (patches, cells)]
    away = abs(middles[0][:, None] - middles[1]) > NEAR
    far = away[:, None, :, None] | away[:, None]
    size = abs(found)
    near = 100 * (size * ~far).sum(axis=(1, 2, 3, 4)) / size.sum(axis=(1, 2, 3, 4))
    losses = -found.mean(axis=(3, 4))
    inside = 100 * pointing_hits(score_maps(losses, (SIDE, SIDE)), scenes.boxes, 1)
    return rank_similarity(of_patches, losses), inside, near, 100 * (~far).mean()


def true_maps(maps, labels):
    return maps[np.arange(len(maps)), :, :, labels]


def choices(seen, labels):
    """The true classes' maps, less the runners-up's, and with the sign turned: {name: (n, rows, columns)}."""
    own, others = true_maps(seen.maps, labels), np.where(np.eye(10)[labels], -np.inf, seen.logits).argmax(axis=1)
    return {"centred": own, "less the runner-up's": own - true_maps(seen.maps, others), "sign turned": -own}


def measure(run, scenes, pairs, few):
    size = run.recipe.stages[-1].size
    network, untrained = (on_grid(run.load(step), size) for step in (run.steps[-1], run.steps[0]))
    seen = explain(network, scenes.images)
    logits, maps, bias = seen
    right = bootstrap(100 * right_names(network, scenes), groups=scenes.digits)
    print(f"\n{run.folder.name}: {network.count_params():,} weights, {run.scenes[-1]:,} scenes; named rightly {right} "
          f"%; largest residue {abs(maps.mean(axis=(1, 2)) + bias - logits).max():.1g}")
    for name, own in choices(seen, scenes.labels).items():
        hits = 100.0 * pointing_hits(score_maps(own, (SIDE, SIDE)), scenes.boxes, 1)
        print(f"inside, {name:20} {bootstrap(hits, groups=scenes.digits)} %")
    print(table.as_text(table.localization_table(network, scenes, pairs, ("cam",), untrained)))
    part = type(scenes)(*(whole[:few] for whole in scenes))
    *rows, by_chance = erasing(network, part, maps[:few])
    rank, inside, near = (bootstrap(row, groups=part.digits) for row in rows)
    print(f"{few} scenes: rank correlation with erasing {rank.value:+.2f} ({rank.low:+.2f} to {rank.high:+.2f}); "
          f"erasing inside {inside} %; effects within {NEAR} px {near} %, of all cells {by_chance:.1f} %", flush=True)


def train_into(folder, options, scenes, seed):
    """Train vit_gap with other options, judged on the 10,000 scenes of `camlib ship`."""
    taught, unseen = load_split()
    stage = replace(VIT.stages[0], scenes=scenes)
    recipe = replace(VIT, stages=(stage,), options=VIT.options | options, seed=seed)
    judges = make_scenes(unseen, 10_000, size=SIDE, distractors=stage.distractors)
    run = train(recipe, taught, judges, folder, snapshots=4)
    print(f"{folder}: {run.accuracy[-1]:.2%} of 10,000 scenes after {run.scenes[-1]:,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=list(runs.SHIPPED_RUNS.values()))
    parser.add_argument("--scenes", type=int, default=2_000)
    parser.add_argument("--train", type=json.loads, metavar="OPTIONS", help="of camlib.vit_gap, as JSON; {} for none")
    parser.add_argument("--train-scenes", type=int, default=VIT.stages[0].scenes)
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    options = parser.parse_args()
    for folder in options.folders if options.train is not None else ():
        train_into(folder, options.train, options.train_scenes, options.seed)
    unseen = load_split()[1]
    scenes = make_scenes(unseen, options.scenes, size=SIDE, seed=1)
    pairs = pair_scenes(unseen, options.scenes // 2, size=SIDE, seed=1)
    for folder in options.folders:
        measure(runs.open_run(folder), scenes, pairs, options.scenes // 4)


if __name__ == "__main__":
    main()
