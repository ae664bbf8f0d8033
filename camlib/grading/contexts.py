"""What those checkers need beside an answer that a notebook hands over, in small: made anew at every call.

A checker that asks for nothing beside the answer needs nothing here.
"""

import numpy as np


def context(checker):
    """The arguments, a tuple, that the checker of that name takes after the answer."""
    return CONTEXTS[checker](np.random.default_rng(0)) if checker in CONTEXTS else ()


def _features(random):
    return random.uniform(size=(5, 6, 8))


def _kernel(random):
    return random.normal(size=(8, 3))


def _few_digits(random):
    from ..data.digits import Digits

    return Digits(random.integers(0, 256, (200, 4, 4), np.uint8), np.arange(200) % 10)


def _seal():
    from ..training.audit import read_seal

    return read_seal()


def _goldfish():
    from ..data import photos

    found = photos.open_folder(photos.SAMPLE)
    return [str(file) for file, label in zip(found.files, found.labels) if found.names[label] == "goldfish"]


CONTEXTS = {
    "erased_patch": lambda random: (64.0,),
    "fold": lambda random: (_kernel(random), random.normal(size=3), random.uniform(1, 2, 8),
                            random.uniform(0.5, 3, 8)),
    "hottest_cell": lambda random: (random.normal(size=(6, 7, 3)), np.array([0.1, 2.0, -1.0])),
    "iou_by_hand": lambda random: ((0, 0, 4, 4), (2, 1, 6, 4)),
    "map_side": lambda random: (448,),
    "maps_by_hand": lambda random: (_features(random), _kernel(random)),
    "max_pool": lambda random: (random.normal(size=(26, 26)),),
    "paste_clips": lambda random: (np.zeros((60, 60), np.uint8), random.integers(0, 256, (12, 9), np.uint8), 40, 20),
    "predict_tag": lambda random: (100.0, 40.0),
    "repaired_read": lambda random: (_goldfish(),),
    "reported_error": lambda random: (0.06, 0.5),
    "side_by_side": lambda random: (8.0, -2.0),
    "split_is_honest": lambda random: (_few_digits(random),),
    "spread_head": lambda random: (_kernel(random), random.normal(size=3), random.normal(size=8), 4),
    "touched_with": lambda random: (32, 0.24),
    "verdict": lambda random: (_seal(),),
    "weights_at": lambda random: (100,),
}
