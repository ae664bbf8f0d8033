"""The tour: sentences beside an explorer, each with a button that sets its controls: text drives the picture."""

import re

import numpy as np

ARRAYS = tuple, list, np.ndarray, np.generic
_MARKED = re.compile(r"([^\[\]]*)\[([^\[\]]+)\]([^\[\]]*)")


def stops(tour, steps, controls):
    """The sentences as a page has them: [before, words on the button, after, {control: value}] each.

    tour: (sentence, {control: value}) each, one part of the sentence in [square brackets], which becomes the button.
    steps: the training steps, or None: {"step": 300} stands for the `step_index` of step 300.
    controls: the names that there are.
    Raises ValueError for what is no such list, and for a step that there is not.

    >>> stops([("Is it a 5? [Look at the 5].", {"class_index": 5})], None, ["class_index"])
    [['Is it a 5? ', 'Look at the 5', '.', {'class_index': 5}]]
    """
    return [_stop(number, stop, steps, controls) for number, stop in enumerate(tour or (), start=1)]


def kept_stops(stops, kept, own):
    """The stops of a page that has the images of the indices `kept` alone, and after them the own one, index `own`."""
    places = {image: place for place, image in enumerate(kept)} | ({own: len(kept)} if own else {})
    moved = [[*words, changes | {"image_index": places.get(changes["image_index"])} if "image_index" in changes
              else changes] for *words, changes in stops]
    return [stop for stop in moved if stop[3].get("image_index", 0) is not None]


def _stop(number, stop, steps, controls):
    form = "expected (sentence, {control: value}), with one part of the sentence in [square brackets]"
    sentence, changes = stop if isinstance(stop, (tuple, list)) and len(stop) == 2 else (None, None)
    marked = isinstance(sentence, str) and _MARKED.fullmatch(sentence)
    if not marked or not isinstance(changes, dict) or not changes:
        raise ValueError(f"sentence {number} of the tour is {stop!r}: {form}")
    changes = {name: np.asarray(value).tolist() if isinstance(value, ARRAYS) else value
               for name, value in changes.items()}
    if {"step", "step_index"} <= set(changes):
        raise ValueError(f"sentence {number} of the tour sets step and step_index: expected one of them")
    if "step" in changes:
        step = changes.pop("step")
        if step not in (steps or ()):
            raise ValueError(f"sentence {number} of the tour wants step {step}: the steps are "
                             f"{', '.join(map(str, steps or ())) or 'none'}")
        changes["step_index"] = steps.index(step)
    if unknown := sorted(set(changes) - set(controls)):
        raise ValueError(f"sentence {number} of the tour sets {unknown[0]!r}: expected step or one of "
                         f"{', '.join(controls)}")
    return [*marked.groups(), changes]
