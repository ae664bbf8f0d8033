"""The reader's own picture: the network that travels with the page, so that it looks while they draw.

`live.js` runs `lenet_gap` in the page from the run's own half-precision arrays, in the order of `ARRAYS`. A snapshot
is 143 KB of text, so the page has `SNAPSHOTS` of a run.
"""

from pathlib import Path

import numpy as np

from ..training.runs import Run, read_arrays, snapshot_name

SIDE, CELLS, FEATURES = 100, 25, 64  # of the scenes that the page's network looks at, of its maps, and before them
SNAPSHOTS = 2
FAINT = 0.05  # of the largest value that a step's maps of scenes have: less is no evidence; the same in own.js
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
ARRAYS = [name for i in range(1, 5) for name in (f"conv{i}/kernel", *(f"norm{i}/{part}" for part in NORM))]
ARRAYS += ["dense/kernel", "dense/bias"]
LOOPS = Path(__file__).with_name("web") / "conv.wasm"


class OwnPicture:
    """The snapshots of a run that travel with an explorer's content, and what they make of a picture.

    run: a training run of `lenet_gap`. content: the explorer's `Content`, of whose steps the snapshots are.
    steps: int, (snapshots,), indices of the content's steps: the last, and that whose accuracy is halfway there.
    Raises ValueError for another network, and for a content that the page could not go on with.
    """

    def __init__(self, run, content):
        if not isinstance(run, Run):
            raise ValueError(f"network is {type(run).__name__}: expected a training run, as camlib.shipped_run() or "
                             "camlib.open_run(folder) return it")
        if run.recipe.network != "lenet_gap":
            raise ValueError(f"network is a run of {run.recipe.network}: expected one of lenet_gap, the only network "
                             "that a page can run")
        image, maps = content.pictures[0].shape, content.maps.shape[2:]
        if image != (SIDE, SIDE) or maps != (CELLS, CELLS, 10):
            raise ValueError(f"an image is {image} and its maps are {maps}: expected ({SIDE}, {SIDE}) and ({CELLS}, "
                             f"{CELLS}, 10), of which the page's network is")
        steps = content.steps or run.steps[-1:].tolist()
        if missing := sorted(set(steps) - set(run.steps.tolist())):
            raise ValueError(f"step {missing[0]} is no snapshot of network, whose steps are "
                             f"{', '.join(map(str, run.steps))}")
        self.run, self._numbers = run, steps
        self._networks, self._joined, self._example = {}, None, None
        self.steps = _chosen([run.accuracy[run.steps.tolist().index(step)] for step in steps])
        for i in self.steps:
            bias = self._arrays(i)["dense/bias"].astype(np.float64)
            if not np.allclose(content.bias[i], bias - bias.mean(), atol=1e-4):
                raise ValueError(f"bias at step {steps[i]} is not that of network: expected the maps and bias that "
                                 "camlib.explain or camlib.explain_run return for its snapshots")

    def arrays(self):
        """What the page's network is made of, uint8: its loops, compiled from conv.c, and the snapshots' weights.

        Of each snapshot the lower bytes of its numbers come first, then the upper ones, which compresses better.
        """
        snapshots = [self._arrays(i) for i in self.steps]
        halves = [np.concatenate([named[name].ravel() for name in ARRAYS]).astype("<f2") for named in snapshots]
        weights = np.stack([half.view(np.uint8).reshape(-1, 2).T for half in halves])
        return {"weights": weights, "loops": np.frombuffer(LOOPS.read_bytes(), np.uint8)}

    def nearest(self, step):
        """The index of the snapshot, among all steps, that stands for the step of this index."""
        return min(self.steps, key=lambda i: (abs(i - step), i))

    def joined(self, content, picture):
        """The content with one more image, uint8, (100, 100), at each step as the nearest snapshot sees it."""
        from ..maps.cam import explain

        if self._joined is None or self._joined[0] is not picture:
            seen = {i: explain(self._network(i), picture[None]) for i in self.steps}
            along = [seen[self.nearest(step)] for step in range(len(content.maps))]
            parts = (np.stack([getattr(view, name) for view in along]) for name in ("logits", "maps"))
            self._joined = picture, content.joined(picture, *parts)
        return self._joined[1]

    def example(self, content):
        """The content with a drawn digit for one more image, that of the first scene: for where nobody can draw."""
        if self._example is None:
            picture, inside = 255 - content.pictures[0], np.zeros((SIDE, SIDE), bool)
            x0, y0, x1, y1 = content.boxes[0][0][:4] if content.boxes and content.boxes[0] else (0, 0, SIDE, SIDE)
            inside[y0:y1, x0:x1] = True
            before, self._joined = self._joined, None
            self._example, self._joined = self.joined(content, np.where(inside, picture, 0)), before
        return self._example

    def _network(self, i):
        if i not in self._networks:
            self._networks[i] = self.run.load(self._numbers[i])
        return self._networks[i]

    def _arrays(self, i):
        return read_arrays(self.run.folder / snapshot_name(self._numbers[i]))


def _chosen(accuracy):
    """Indices of `SNAPSHOTS` steps, in order: those whose accuracies are spread evenly up to the last one's."""
    accuracy, last = np.asarray(accuracy), len(accuracy) - 1
    wanted = accuracy[0] + (accuracy[-1] - accuracy[0]) * np.arange(1, SNAPSHOTS) / SNAPSHOTS
    return sorted({last, *(int(abs(accuracy - level).argmin()) for level in wanted)})
