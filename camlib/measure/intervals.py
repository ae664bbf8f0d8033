"""How far a measured number can be trusted: 95 % intervals by Wilson, by Student, and by the bootstrap.

A figure measured on some scenes would have come out a little different on others. For a mean there is a formula. For
what is read off means in any other way, the bootstrap (Efron, "Bootstrap methods: another look at the jackknife",
Annals of Statistics, 1979) draws as many scenes again from those at hand, with replacement, a thousand times, and
takes the middle 95 % of the figures that come out. Near 100 % those draws are too kind: failures that were not met
cannot be drawn. So shares have Wilson's interval ("Probable inference, the law of succession, and statistical
inference", Journal of the American Statistical Association, 1927), which is never without width.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..blas import one_threaded

special = one_threaded("scipy.special")


class Interval(NamedTuple):
    """A figure and where it would lie on other scenes, mostly: value, low, high.

    A constant, which other scenes would not change, has low = high = value, and is printed alone.

    >>> print(Interval(97.9, 97.1, 98.6), "and", Interval(25.0, 25.0, 25.0))
    97.9 (97.1 to 98.6) and 25.0
    """

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.1f}" + (f" ({self.low:.1f} to {self.high:.1f})" if self.low < self.high else "")


def bootstrap(rows, statistic=None, *, groups=None, level=0.95, draws=1000, seed=0, share=None):
    """A figure that is read off the mean of `rows`, with its interval, as an `Interval`.

    rows: numbers or bools, (n, ...), one row a scene. statistic: from the mean row, (...), to a number; by default the
        rows are numbers, (n,), and the figure is their mean. To compare two methods on the same scenes, give it their
        difference: both then meet the same scenes (a paired interval, which is much narrower).
    groups: int, (n,), such as the digit that each scene shows. Then whole groups are what varies, since scenes that
        share a digit succeed or fail together: without it, the interval forgets that another thousand digits differ.
    level: how often the interval should hold the truth, 0 to 1. draws, seed: of the bootstrap; same seed, same draws.
    share: whether the figure says how many of the scenes succeed. By default, a mean of rows that are all 0 or 1, or
        all 0 or 100, does. True: a statistic in percent does, too. False: a difference does not, even where it never
        happens to be negative; unasked, six groups at least must differ before `low` leaves 0 (the sign test at 5 %).

    Three methods, each where it covers best (of 95 %, simulated as in tests/unit/measure/test_intervals.py):

    - a share: Wilson's interval, with as many scenes as the groups are worth. Covers 94 to 98 %: 100 to 300 scenes at
      98 %, 60 digits in 600 scenes, 1,000 digits in 5,000 at 97.9 and at 99.8 %; 13 scenes at 92 %: 92.
    - another mean: Student's t ("The probable error of a mean", Biometrika, 1908), with the variance that a ratio of
      sums over groups has (Cochran, "Sampling techniques", 1977, section 6). Ten numbers: 95; exponential ones: 90.
      Differences of hits: 93 to 98, but 89 where one method alone wins, in 2 % of 263 scenes.
    - another statistic: the percentiles of the bootstrap. 93 to 94 for ratios and differences on 60 to 300 scenes or
      digits. Near 0 and 100 % too short, on the side of "too good": at 98 %, 60 digits 75; at 99.8 %, 1,000 digits 81.
      Where no scene fails, no draw can, and the interval has no width: that is not certainty. `share` mends both.

    None of them knows that another network, or another training, would differ.
    Raises ValueError for no rows, NaN, groups of another length, and a mean of less than two groups.

    >>> right = np.array([1, 1, 1, 0] * 25)
    >>> print(bootstrap(100 * right))
    75.0 (65.7 to 82.5)
    >>> print(bootstrap(np.full(100, 100)))  # without a failure, and yet not certain
    100.0 (96.3 to 100.0)
    >>> better = np.array([1, 1, 1, 1] * 25)  # right wherever the other is: 25 scenes of 100 decide
    >>> print(bootstrap(100 * (better - right), share=False))
    25.0 (16.4 to 33.6)
    """
    given, rows = np.asarray(rows), np.asarray(rows, np.float32)
    if not rows.size or not np.isfinite(rows).all():
        raise ValueError(f"rows have shape {rows.shape}, or hold NaN: expected finite numbers, a row a scene")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: expected a share of all cases between 0 and 1, such as 0.95")
    sums, counts = _by_group(rows.reshape(len(rows), -1), groups)
    if statistic is None:
        return _of_mean(rows, sums, counts, level, share, _hit(given))
    drawn = _drawn(len(sums), draws, seed)
    means = (drawn @ sums) / (drawn @ counts)[:, None]
    figures = [float(statistic(mean.reshape(rows.shape[1:]))) for mean in means]
    value = float(statistic(rows.mean(axis=0, dtype=np.float64)))
    if share:
        return Interval(value, *_wilson(value, np.var(figures), 100, counts, level))
    return Interval(value, *np.quantile(figures, [(1 - level) / 2, (1 + level) / 2]).tolist())


def mean_of_classes(right, labels, groups=None):
    """How often each class is right, in percent, and of that the mean over classes, as an `Interval`.

    right: bool or 0 and 1, (n,), a row a photograph. labels: int, (n,), its class. groups: as for `bootstrap`, such as
    the photograph, where each is judged by several heads.
    The interval is over photographs of these classes. Over classes, it is that of `bootstrap` of the classes'
    accuracies.

    >>> print(mean_of_classes([1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 1, 1]))  # of 75 and 50
    62.5 (24.8 to 89.4)
    """
    classes = np.eye(np.max(labels) + 1)[np.asarray(labels)]
    hits_and_counts = np.stack([np.asarray(right)[:, None] * classes, classes], axis=1)
    return bootstrap(hits_and_counts, mean_of_shares, groups=groups, share=True)


def mean_of_shares(hits_and_counts):
    """The mean over classes of their shares of hits, in percent: what is read off (2, classes), hits and how many
    there were to make. A class that has none of the latter does not count."""
    hits, counts = hits_and_counts[:, hits_and_counts[1] > 0]
    return 100 * (hits / counts).mean()


def _of_mean(rows, sums, counts, level, share, hit):
    """The interval of a mean: Wilson's where the rows are hits, worth `hit` each, else Student's."""
    if rows.size > len(rows):
        raise ValueError(f"rows have shape {rows.shape}: expected (n,), or a statistic of their mean")
    if share and not hit:
        raise ValueError("the rows are no share: expected 0 and 1, or 0 and 100; leave out share=True")
    value, known = float(rows.mean(dtype=np.float64)), len(counts)
    residuals = sums[:, 0] - value * counts
    variance = float(residuals @ residuals) / len(rows) ** 2
    if hit and share is not False:
        low, high = _wilson(value, variance, hit, counts, level)
        may_be_difference = share is None and 2 * value < hit and np.count_nonzero(sums) < 6
        return Interval(value, 0.0 if may_be_difference else low, high)
    if known < 2:
        raise ValueError("the rows are one group: expected two at least, since one does not tell how groups differ")
    half = float(special.stdtrit(known - 1, (1 + level) / 2) * np.sqrt(variance * known / (known - 1)))
    return Interval(value, value - half, value + half)


def _hit(rows):
    """What a hit counts where all rows are hits or misses: 1 or 100; None where they are other numbers."""
    if rows.dtype == bool or (rows.any() and np.isin(rows, (0, 1)).all()):
        return 1
    return 100 if np.isin(rows, (0, 100)).all() else None


def _wilson(value, variance, hit, counts, level):
    """Wilson's interval, (low, high), of a share of scenes that come in groups.

    value, variance: the share and its variance, where a hit counts `hit`. counts: (groups,), scenes in each.
    The number of scenes in the formula is p (1 − p) / variance: as many independent ones would tell as much (Kish,
    "Survey sampling", 1965; Korn and Graubard, "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology, 1998); at most all. Where few groups fail, they do
    not tell how alike the scenes of a group are. So to those that do, a group of hits and one of misses are added, an
    idea of Agresti and Coull ("Approximate is better than exact", The American Statistician, 1998) for single scenes;
    chosen by simulated coverage. Where no scene fails, the number is then that of the groups.
    """
    p, g = value / hit, len(counts)
    excess = g * (g * variance / hit**2 - p * (1 - p))  # 0 where each group is all right or all wrong
    worth = g / max(1 + excess * (g + 2) / (g * p + 1) / (g * (1 - p) + 1), g / counts.sum())
    z = special.ndtri((1 + level) / 2)
    middle = (p + z**2 / 2 / worth) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * np.sqrt(p * (1 - p) / worth + (z / 2 / worth) ** 2)
    return float(min(max(hit * (middle - half), 0), value)), float(max(hit * (middle + half), value))


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
