"""How far a measured number can be trusted: bootstrap intervals.

A figure measured on some scenes would have come out a little different on others. The bootstrap (Efron, "Bootstrap
methods: another look at the jackknife", Annals of Statistics, 1979) draws as many scenes again from those at hand,
with replacement, a thousand times, and takes the middle 95 % of the figures that come out.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A figure, and where 95 % of its bootstrap draws lie: value, low, high."""

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"


def bootstrap(rows, statistic=np.asarray, *, groups=None, level=0.95, draws=1000, seed=0):
    """A figure that is read off the mean of `rows`, with its percentile bootstrap interval, as an `Interval`.

    rows: numbers or bools, (n, ...), one row a scene. statistic: from the mean row, (...), to a number; by default the
        rows are numbers and the figure is their mean. To compare two methods on the same scenes, give it their
        difference: both then meet in every draw (a paired interval, which is much narrower).
    groups: int, (n,), such as the digit that each scene shows. Then whole groups are drawn, since scenes that share a
        digit succeed or fail together: without it, the interval forgets that another thousand digits would differ.
    level: how much of the draws the interval holds, 0 to 1. Same seed, same interval.
    Raises ValueError for no rows, NaN, or groups of another length.

    >>> right = np.array([1, 1, 1, 0] * 25)
    >>> print(bootstrap(100 * right))
    75.0 (67.0 to 83.0)
    >>> better = np.array([1, 1, 1, 1] * 25)  # right wherever the other is: 25 scenes of 100 decide
    >>> print(bootstrap(100 * (better - right)))
    25.0 (17.0 to 33.0)
    """
    rows = np.asarray(rows, np.float32)
    if not rows.size or not np.isfinite(rows).all():
        raise ValueError(f"rows have shape {rows.shape}, or hold NaN: expected finite numbers, a row a scene")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: expected a share of the draws between 0 and 1, such as 0.95")
    sums, counts = _by_group(rows.reshape(len(rows), -1), groups)
    drawn = _drawn(len(sums), draws, seed)
    means = (drawn @ sums) / (drawn @ counts)[:, None]
    figures = [float(statistic(mean.reshape(rows.shape[1:]))) for mean in means]
    value = float(statistic(rows.mean(axis=0, dtype=np.float64)))
    return Interval(value, *np.quantile(figures, [(1 - level) / 2, (1 + level) / 2]).tolist())


@lru_cache(maxsize=1)
def _drawn(groups, draws, seed):
    """How often each draw takes each group: float32, (draws, groups). Many figures are measured on the same scenes."""
    return np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), draws).astype(np.float32)


def _by_group(rows, groups):
    """Sums of the rows of each group, (groups, ...), and how many there are: (groups,)."""
    if groups is None:
        return rows, np.ones(len(rows), np.float32)
    groups = np.asarray(groups)
    if groups.shape != (len(rows),):
        raise ValueError(f"groups have shape {groups.shape}: expected one for each of the {len(rows)} rows")
    _, place = np.unique(groups, return_inverse=True)
    counts = np.bincount(place).astype(np.float32)
    sums = np.zeros((len(counts), rows.shape[1]), np.float32)
    np.add.at(sums, place, rows)
    return sums, counts
