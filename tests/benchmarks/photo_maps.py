"""Which map boxes objects in photographs best, alone and in mosaics of four? The figures of docs/boxes.md.

    python tests/benchmarks/photo_maps.py --network vgg16 --seeds 3             on test photographs
    python tests/benchmarks/photo_maps.py --network vgg16 --seeds 3 --choose    on training photographs, to choose
    python tests/benchmarks/photo_maps.py --network alexnet --pool 1            a head without `winners`, fitted anew

MaxBoxAcc in percent, and how much more that is than the blob's, mean over splits of the shipped sample and Student's
95 % interval; one threshold for all photographs, or for all mosaics, of a split. To choose, each training photograph
has the maps of a head that was fitted to four fifths of them, without it: a head is too sure of what it was fitted to.
Heads: penalty 0.03, none mirrored.
"""

import argparse

import numpy as np

from camlib.backend import keras
from camlib.data import photos as photographs
from camlib.maps.refine import propagate
from camlib.measure.grid import compose, mosaics, quarter_boxes
from camlib.measure.intervals import bootstrap
from camlib.measure.localize import box_ious
from camlib.measure.photo_boxes import quarter_blobs
from camlib.measure.scores import centre_maps, score_maps
from camlib.training.features import SIDE, batch_size
from camlib.training.fit import fit_head
from camlib.training.transfer import NETWORKS

PER_CLASS, PENALTY, FOLDS = 11, 0.03, 5
RIVAL = "blob in CAM's quarter"  # to be beaten in mosaics; in photographs of one object, it is the blob in the middle


def root(maps):
    return np.sqrt(maps.clip(0))


def energy(cells):
    return (cells**2).sum(axis=-1)


def blob(size):
    return centre_maps(1, (size, size))


KINDS = {  # from cells as the last convolutions leave them, those that enter GAP, weights of all classes, class, px
    "blob in the middle": lambda cells, before, kernel, label, size: blob(size),
    RIVAL: lambda cells, before, kernel, label, size: blob(size) if size == SIDE else quarter_blobs(
        score_maps(before @ kernel[:, label], (size, size))),
    "energy": lambda cells, before, kernel, label, size: energy(cells),
    "energy, propagated": lambda cells, before, kernel, label, size: propagate(energy(cells), cells),
    "class-blind": lambda cells, before, kernel, label, size: (before @ kernel).std(axis=-1),
    "class-blind, propagated": lambda cells, before, kernel, label, size: propagate(
        (before @ kernel).std(axis=-1), cells),
    "CAM": lambda cells, before, kernel, label, size: before @ kernel[:, label],
    "CAM, ReLU": lambda cells, before, kernel, label, size: (before @ kernel[:, label]).clip(0),
    "CAM, root": lambda cells, before, kernel, label, size: root(before @ kernel[:, label]),
    "CAM, weights ≥ 0": lambda cells, before, kernel, label, size: before @ kernel[:, label].clip(0),
    "CAM, propagated": lambda cells, before, kernel, label, size: propagate(before @ kernel[:, label], cells),
}


class Looker:
    """A network in two pieces: photographs → cells of the last convolutions → what enters GAP, if other.

    pool: of `winners`, 1 for none; by default the network's own."""

    def __init__(self, network, classes, pool):
        self.model = NETWORKS[network](classes, **{"pool": pool} if pool else {})
        middle = next(layer.input for layer in self.model.layers if layer.name in ("winners", "unit", "gap"))
        self.below = keras.Model(self.model.inputs, middle)
        last = self.model.get_layer("gap").input
        self.above = keras.Model(middle, last) if last is not middle else None

    def cells(self, pictures):
        size = batch_size(self.model, pictures[0].shape[0])
        return np.concatenate([self.below.predict_on_batch(np.stack(pictures[i:i + size])).astype(np.float16)
                               for i in range(0, len(pictures), size)])

    def before_gap(self, cells):
        if self.above is None:
            return cells.astype(np.float32)
        return np.concatenate([self.above.predict_on_batch(cells[i:i + 8].astype(np.float32))
                               for i in range(0, len(cells), 8)])


def heads(means, labels, train, test, choose):
    """(kernel, bias) for each photograph to be measured: dict, index → head that has not seen it."""
    if not choose:
        return dict.fromkeys(test, fit_head(means[train], labels[train], PENALTY))
    found, fold = {}, np.arange(len(train)) % FOLDS  # training photographs come by class: folds have all classes
    for held_out in range(FOLDS):
        rest = train[fold != held_out]
        found |= dict.fromkeys(train[fold == held_out], fit_head(means[rest], labels[rest], PENALTY))
    return found


def measured(kinds, asked, side):
    """MaxBoxAcc of each kind. asked: (cells, before GAP, kernel, label, boxes), one a question."""
    def score(kind):
        maps = [score_maps(kind(cells[None].astype(np.float32), before[None], kernel, label, side), (side, side))[0]
                for cells, before, kernel, label, _ in asked]
        right = box_ious(np.stack(maps), [boxes for *_, boxes in asked]).largest >= 0.5
        return 100 * right.mean(axis=0).max()
    return {name: score(kind) for name, kind in kinds.items()}


def main(network, pool, seeds, count, choose, names):
    photos = photographs.open_folder(photographs.SAMPLE)
    boxes, labels = photographs.boxes(photos, SIDE), photos.labels
    pictures = [photographs.read(file, SIDE) for file in photos.files]
    looker, kinds = Looker(network, len(photos.names), pool), {name: KINDS[name] for name in names}
    cells = looker.cells(pictures)
    before = looker.before_gap(cells)
    means, table = before.mean(axis=(1, 2)), {name: ([], []) for name in kinds}
    for seed in range(seeds):
        train, test = photographs.split(photos, PER_CLASS, seed)
        head = heads(means, labels, train, test, choose)
        part = np.array([*head])
        alone = [(cells[i], before[i], head[i][0], labels[i], boxes[i]) for i in part]
        named = np.array([(means[i] @ head[i][0] + head[i][1]).argmax() for i in part])
        drawn = part[mosaics(labels[part], named, count, seed)]
        wide = looker.cells([compose(np.stack([pictures[i] for i in four])[None])[0] for four in drawn])
        wide_before = looker.before_gap(wide)
        shared = [(wide[m], wide_before[m], head[i][0], labels[i], boxes[i] + np.tile(corner, 2))
                  for m, four in enumerate(drawn) for i, corner in zip(four, quarter_boxes(SIDE)[:, :2])]
        for column, scores in enumerate((measured(kinds, alone, SIDE), measured(kinds, shared, 2 * SIDE))):
            for name, score in scores.items():
                table[name][column].append(score)
        print(f"split {seed}", *(f"{name} {one[-1]:.1f} {four[-1]:.1f}" for name, (one, four) in table.items()),
              sep="; ", flush=True)
    titles = "one object", "mosaics", "minus the blob", "in CAM's quarter"
    print(f"{'':28}" + "".join(f"{title:>24}" for title in titles[:4 if RIVAL in table else 2]))
    for name, columns in table.items():
        columns += tuple(np.subtract(*both) for both in zip(columns, table.get(RIVAL, ())))
        print(f"{name:28}" + "".join(f"{bootstrap(scores, share=False)!s:>24}" if seeds > 1 else f"{scores[0]:24.1f}"
                                     for scores in columns))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), default="vgg16")
    parser.add_argument("--pool", type=int, help="of `winners`: 1 for a head without; default: the network's own")
    parser.add_argument("--seeds", type=int, default=10, help="splits of the sample, by the seeds 0, 1, …")
    parser.add_argument("--mosaics", type=int, default=60, help="a split, each asked for its four classes")
    parser.add_argument("--choose", action="store_true", help="on training photographs")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND")
    given = parser.parse_args()
    main(given.network, given.pool, given.seeds, given.mosaics, given.choose, given.kinds)
