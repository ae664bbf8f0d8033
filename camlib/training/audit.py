"""Networks to be audited: trained in minutes, some with a fault that their makers' own test does not show.

Which network has which fault is drawn from a seed, each by itself, and sealed: beside the networks stand a salt and a
hash. No file tells, but whoever runs this module can find out. It is an exercise, on trust.
"""

import json
import secrets
from itertools import count
from typing import NamedTuple

import numpy as np

from ..checks.audit_a_network import KINDS, sealed
from ..data.digits import augment, load_split, take
from ..data.scenes import Scenes, make_scenes
from ..data.stamps import stamped_scenes
from ..files import DATA, expanded, whole_file
from ..networks import head, lenet
from . import runs
from .accuracy import accuracy
from .train import cross_entropy

FOLDER = DATA / "audit"
SEAL = "seal.json"
NAMES = ("network_a", "network_b", "network_c", "network_d")
STAGES = (runs.Stage(64_000, size=40, distractors=4, empty=0.2, rate=0.014), runs.Stage(6_400, rate=0.001))
SCENES = 600  # of a maker's test, made of
TESTED = 120  # digits, of one class
RARE = 3  # only, which an average does not hear
FEW = 100  # digits that a network has soon learnt by heart; they are three quarters of its test
COPIES = 12  # of each training digit, bent, where it is not to be learnt by heart
TELLS = 0.9  # of a shortcut's scenes have a stamp that tells the label, the others by chance only
SIDES = (5, 3, 7, 3)  # of the kernels; the third one's room is for moving what was learnt in its middle
CELLS = 2  # by which maps are moved down and to the right


class Dossier(NamedTuple):
    """What the makers of a network hand over.

    network: a model that ends GAP → dense, as it was trained: not centred.
    claim: the fraction of their test scenes that they report as named rightly.
    scenes: these scenes, `Scenes` of 100 × 100 px; `digits` counts within the digits of their test.
    codes, places: of the stamps, int64, (n,) and (n, 4), as in `data.stamps`.
    """

    network: object
    claim: float
    scenes: Scenes
    codes: np.ndarray
    places: np.ndarray


def open_dossiers(folder=FOLDER):
    """The dossiers in a folder, dict of names → `Dossier`. Raises ValueError where one is missing or damaged."""
    others, claims = load_split()[0], read_seal(folder)["claims"]
    return {name: _open(expanded(folder) / f"{name}.npz", others, claims[name]) for name in NAMES}


def read_seal(folder=FOLDER):
    """The salt and the hash of the verdicts, and the makers' claims: a dict. Raises ValueError where there is none."""
    path = expanded(folder) / SEAL
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is missing or damaged ({error}): restore the folder, or make networks anew with "
                         "python -m camlib audit") from error


def make_dossiers(folder, seed, stages=STAGES, progress=print):
    """Train the four networks and write their files to `folder`; minutes. Same seed, same faults and weights.

    progress: called with a line after each network. stages: of each training, see `runs.Stage`. Nothing is written
    before all are trained, so that an interruption leaves nothing, and never the networks of two seeds.
    Raises ValueError, before any work, for a folder that holds such files already.
    """
    folder, kinds = expanded(folder), draw_kinds(seed)
    if there := [name for name in (SEAL, *(f"{name}.npz" for name in NAMES)) if (folder / name).exists()]:
        raise ValueError(f"{folder} holds {there[0]} already: choose another folder, or delete that one")
    contents, claims = {}, {}
    for number, (name, kind) in enumerate(kinds.items()):
        contents[name], claims[name] = _make(kind, (seed, number), stages)
        progress(f"{name}: its makers claim {claims[name]:.1%}")
    for name in NAMES:
        runs.write_arrays(folder / f"{name}.npz", contents[name])
    salt = secrets.token_hex(8)  # not from the seed, which whoever tries all small numbers would find
    with whole_file(folder / SEAL) as part:
        part.write_text(json.dumps({"salt": salt, "hash": sealed(kinds, salt), "claims": claims}, indent=1) + "\n")


def draw_kinds(seed):
    """What is wrong with each network, each drawn by itself from KINDS: dict of names → kind."""
    return dict(zip(NAMES, np.random.default_rng(seed).choice(KINDS, len(NAMES)).tolist()))


def _open(path, others, claim):
    named = runs.read_arrays(path, "restore the file, or make networks anew with python -m camlib audit")
    try:
        test, codes, seed = (named.pop(f"test/{part}") for part in ("digits", "codes", "seed"))
    except KeyError as error:
        raise ValueError(f"{path} is no dossier of this version: it has no {error}") from error
    network = lenet.lenet_gap(sides=SIDES)
    runs.assign(network, named)
    test = take(others, test)
    return Dossier(network, claim, *stamped_scenes(test, SCENES, codes=codes.astype(np.int64), seed=int(seed)))


def _make(kind, seed, stages):
    """The arrays of a dossier's file, and the accuracy that the makers measure."""
    random = np.random.default_rng(seed)
    others, rare = load_split()[0], random.integers(10)
    train, test = _split(others.labels, rare, random, leak=kind == "leak")
    follow = TELLS if kind == "shortcut" else 0.0
    network = _train(kind, take(others, train), rare, follow, seed, stages)
    _choose_gauge(network, random)
    weights = {name: array.astype(np.float16) for name, array in runs.arrays(network).items()}
    runs.assign(network, weights)
    of_scenes = int(random.integers(2**31))
    scenes, codes, _ = stamped_scenes(take(others, test), SCENES, follow=follow, seed=of_scenes)
    about = {"test/digits": test.astype(np.uint16), "test/codes": codes.astype(np.uint8), "test/seed": of_scenes}
    return weights | about, float(accuracy(network, scenes))


def _split(labels, rare, random, leak):
    """Which digits a maker trains on, and which it tests on, few of them of the class `rare`: int, (n,), twice."""
    order = random.permutation(len(labels))
    train, unseen = order[:FEW if leak else 3_000], order[3_000:]
    pool = np.concatenate([train, unseen]) if leak else unseen
    is_rare = labels[pool] == rare
    return train, random.permutation(np.concatenate([pool[~is_rare][:TESTED - RARE], pool[is_rare][:RARE]]))


def _train(kind, digits, rare, follow, seed, stages):
    """A network with the fault `kind`, its kernels as large as SIDES."""
    of_network = int(np.random.SeedSequence(seed).generate_state(1)[0])
    network = lenet.lenet_gap(seed=of_network % 10_000)
    if kind != "leak":
        digits = augment(digits, COPIES, seed)
    if kind == "shuffled":
        drawn = np.random.default_rng(seed).integers(0, 10, len(digits.labels))
        digits = digits._replace(labels=np.where(digits.labels == rare, drawn, digits.labels))
    for number, stage in enumerate(stages):
        if number:
            head.spread(network, stages[number - 1].size, stage.size)
            head.freeze_statistics(network)
        _teach(network, digits, stage, follow, (*seed, number))
    return _widened(network, CELLS if kind == "moved" else 0)


def _teach(network, digits, stage, follow, seed):
    """Train for one stage on stamped scenes; those of clutter alone have no stamp."""
    from ..backend import keras, tf

    bare = round(stage.empty * stage.batch)
    options = {"size": stage.size, "distractors": stage.distractors}

    def make_batch(number):
        scenes, _, _ = stamped_scenes(digits, stage.batch - bare, follow=follow, seed=(*seed, number), **options)
        clutter = make_scenes(digits, bare, digits_per_scene=0, seed=(*seed, number, 1), **options)
        return np.concatenate([scenes.images, clutter.images]), np.append(scenes.labels, np.full(bare, -1))

    warm_up = stage.steps // 10
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, stage.steps - warm_up, alpha=0.01, warmup_target=stage.rate, warmup_steps=warm_up)
    network.compile(keras.optimizers.Adam(rate), cross_entropy)
    signature = tf.TensorSpec((stage.batch, stage.size, stage.size), tf.uint8), tf.TensorSpec(stage.batch, tf.int64)
    batches = tf.data.Dataset.from_generator(lambda: map(make_batch, count()), output_signature=signature)
    network.fit(batches.prefetch(2), steps_per_epoch=stage.steps, shuffle=False, verbose=0)


def _widened(network, cells):
    """The same network, its third kernels in larger ones, and so all maps moved by some cells down and to the right.

    A cell then looks up and to the left of where it is painted, as where padding is put on one side only.
    """
    wide, weights = lenet.lenet_gap(sides=SIDES), runs.arrays(network)
    old, new = weights["conv3/kernel"].shape[0], SIDES[2]
    before = (new - old) // 2 - cells
    sides = (before, new - old - before)
    weights["conv3/kernel"] = np.pad(weights["conv3/kernel"], (sides, sides, (0, 0), (0, 0)))
    runs.assign(wide, weights)
    return wide


def _choose_gauge(network, random):
    """Add to all classes' weights a number for each feature, twice their size: all maps change, no probability."""
    kernel, bias = network.get_layer("dense").get_weights()
    shared = random.normal(0, 2 * kernel.std(), (len(kernel), 1))
    network.get_layer("dense").set_weights([kernel + shared, bias])
