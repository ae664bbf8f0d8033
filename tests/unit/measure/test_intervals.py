import numpy as np
import pytest
from scipy import stats

from camlib.measure.intervals import bootstrap


def test_of_a_mean_it_is_what_the_normal_law_says():
    """The mean of n coin flips scatters by √(p (1 − p) / n); 1.96 of that on either side holds 95 %."""
    right = np.random.default_rng(1).random(4000) < 0.8
    found = bootstrap(right, draws=4000)
    half = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / 4000)
    assert found.value == pytest.approx(right.mean())
    assert found.low == pytest.approx(right.mean() - half, abs=0.002)
    assert found.high == pytest.approx(right.mean() + half, abs=0.002)


def test_it_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(2)
    found = [bootstrap(random.random(300) < 0.6, draws=300, seed=i) for i in range(400)]
    assert 0.91 < np.mean([some.low <= 0.6 <= some.high for some in found]) < 0.98


def test_groups_count_as_what_they_are():
    """Twenty scenes of each digit, all alike: as uncertain as one scene of each."""
    digits = np.random.default_rng(3).random(200) < 0.7
    scenes, which = np.repeat(digits, 20), np.repeat(np.arange(200), 20)
    once, grouped, naive = bootstrap(digits), bootstrap(scenes, groups=which), bootstrap(scenes)
    assert grouped.value == pytest.approx(once.value)
    assert grouped.low == pytest.approx(once.low, abs=1e-6) and grouped.high == pytest.approx(once.high, abs=1e-6)
    assert naive.high - naive.low < (grouped.high - grouped.low) / 3


def test_groups_of_unequal_size_against_a_loop():
    random = np.random.default_rng(4)
    rows, groups = random.random((30, 2)), random.integers(0, 7, 30) * 10
    found = bootstrap(rows, lambda mean: mean[0] / mean[1], groups=groups, draws=50, seed=5)
    names, figures = np.unique(groups), []
    for counts in np.random.default_rng(5).multinomial(7, np.full(7, 1 / 7), 50):
        drawn = [row for name, count in zip(names, counts) for row in list(rows[groups == name]) * count]
        mean = np.mean(drawn, axis=0)
        figures.append(mean[0] / mean[1])
    assert found.low == pytest.approx(np.quantile(figures, 0.025), rel=1e-4)
    assert found.high == pytest.approx(np.quantile(figures, 0.975), rel=1e-4)


def test_a_paired_difference_is_narrower_than_two_intervals():
    random = np.random.default_rng(6)
    hard = random.random(1000)
    one, other = hard < 0.7, hard < 0.72
    paired = bootstrap(np.stack([one, other], axis=1), lambda mean: mean[1] - mean[0])
    assert paired.value == pytest.approx((other * 1.0 - one).mean(), abs=1e-6)
    assert 0 < paired.low < paired.high < 0.04
    alone = bootstrap(one)
    assert alone.high - alone.low > 2 * (paired.high - paired.low)


def test_same_seed_same_interval():
    rows = np.random.default_rng(7).random((50, 1))
    one, again, other = (bootstrap(rows, lambda mean: mean[0], seed=seed) for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize("hits, number, low, high", [
    (81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0, 16.11), (1, 29, 0.61, 17.18),
])
def test_wilson_as_published(hits, number, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine, 1998, table I."""
    found = bootstrap(100 * (np.arange(number) < hits), share=True)
    assert found == pytest.approx((100 * hits / number, low, high), abs=0.006)
    same = bootstrap(np.arange(number) < hits, share=True)  # as fractions
    assert np.multiply(100, same) == pytest.approx(found)


def test_a_mean_has_students_interval_over_groups():
    random = np.random.default_rng(8)
    numbers = random.normal(70, 3, 12)
    expected = stats.ttest_1samp(numbers, 0).confidence_interval(0.9)
    assert bootstrap(numbers, level=0.9)[1:] == pytest.approx(expected, rel=1e-5)
    order = random.permutation(36)
    several = (np.repeat(numbers, 3) + np.tile([-5, 1, 4], 12))[order]  # three of each group, of the same mean
    found = bootstrap(several, level=0.9, groups=np.repeat(np.arange(12), 3)[order])
    assert found[1:] == pytest.approx(expected, rel=1e-5)


def test_what_never_varies_is_printed_alone_and_a_share_without_failure_is_not():
    assert str(bootstrap(np.full(40, 25.0))) == "25.0"
    assert str(bootstrap(np.full(100, True)))[:3] == "1.0" and bootstrap(np.full(100, True)).low < 0.97
    assert bootstrap(np.full(300, 100), groups=np.repeat(np.arange(100), 3)) == bootstrap(np.full(100, 100))
    assert str(bootstrap(np.full((100, 2), 1), lambda mean: 100 * mean.max(), share=True)) == "100.0 (96.3 to 100.0)"


@pytest.mark.parametrize("wins, leaves_zero", [(5, False), (6, True)])
def test_a_difference_that_is_never_negative_leaves_zero_as_the_sign_test_does(wins, leaves_zero):
    assert (stats.binomtest(wins, wins).pvalue < 0.05) == leaves_zero
    found = bootstrap(100 * (np.arange(300) < wins))
    assert (found.low > 0) == leaves_zero and found.high > found.value
    assert bootstrap(100 * (np.arange(300) < 2), share=False).low < 0


# How often an interval of the nominal 95 % holds the truth, for each kind that the course prints.

def flips(number, p):
    return lambda random: (100 * (random.random(number) < p), None)


def by_digit(digits, scenes, p, alike=0.67, columns=None):
    """Hits of scenes that share a digit, each digit with its own chance; `alike`: their correlation, as measured."""
    beta = np.array([p, 1 - p]) * (1 - alike) / alike
    def draw(random):
        shown = random.integers(0, digits, scenes)
        hits = random.random(scenes) < random.beta(*beta, digits)[shown]
        return (100 * hits if columns is None else columns(hits, random)), shown
    return draw


def thresholds(hits, random):
    """Hits at three thresholds, the middle one the best."""
    return np.stack([hits & (random.random(len(hits)) < 0.9), hits, hits & (random.random(len(hits)) < 0.8)], axis=1)


def classes(hits, random):
    labels = np.eye(10)[random.integers(0, 10, len(hits))]
    return np.stack([hits[:, None] * labels, labels], axis=1)


def rival(hits, random):
    """Hits, and those of a rival that finds seven in ten of them."""
    return np.stack([hits, hits & (random.random(len(hits)) < 0.7)], axis=1)


def quarters(photographs):
    """How much of a map's positive part is in its own quarter, in percent: four photographs a mosaic, drawn by lot."""
    def draw(random):
        shown = random.integers(0, photographs, 4 * photographs)
        return 100 * random.beta(0.8, 0.9, photographs)[shown] * random.uniform(0.8, 1.2, len(shown)), shown
    return draw


def difference(number, wins, losses, each=1):
    """One method's hits minus another's, on groups of `each` scenes alike."""
    def draw(random):
        kind = random.random(number)
        return 100 * np.repeat((kind < wins) * 1 - (kind > 1 - losses), each), np.repeat(np.arange(number), each)
    return draw


def heat(number):
    """Heat on the digit and everywhere, whose ratio is the figure: 0.9 of the mean heat."""
    def draw(random):
        everywhere = random.gamma(4, size=number)
        return np.stack([everywhere * random.beta(9, 1, number), everywhere], axis=1), None
    return draw


def coverage(draw, truth, times, **options):
    """The share of intervals that hold the truth."""
    random, covered = np.random.default_rng(9), []
    for _ in range(times):
        rows, groups = draw(random)
        found = bootstrap(rows, groups=groups, **options)
        covered.append(found.low <= truth <= found.high)
    return np.mean(covered)


best = {"statistic": lambda mean: 100 * mean.max(), "share": True, "draws": 200}
by_class = {"statistic": lambda mean: 100 * (mean[0] / mean[1]).mean(), "share": True, "draws": 200}
ratio = {"statistic": lambda mean: 100 * mean[0] / mean[1], "draws": 200}
lead = {"statistic": lambda mean: 100 * (mean[0] - mean[1]), "draws": 200}


@pytest.mark.parametrize("draw, truth, least, options", [
    (flips(263, 0.98), 98, 0.94, {}),  # photographs
    (flips(300, 0.983), 98.3, 0.94, {}),
    (flips(100, 0.98), 98, 0.93, {}),
    (flips(13, 0.92), 92, 0.90, {}),
    (flips(263, 0.74), 74, 0.94, {}),
    (flips(300, 0.1), 10, 0.93, {}),
    (by_digit(1000, 5000, 0.979), 97.9, 0.93, {}),
    (by_digit(1000, 5000, 0.998), 99.8, 0.93, {}),
    (by_digit(120, 600, 0.983), 98.3, 0.94, {}),  # an audit's
    (by_digit(60, 600, 0.98), 98, 0.94, {}),
    (by_digit(60, 600, 0.6), 60, 0.93, {}),
    (by_digit(100, 400, 0.98, columns=thresholds), 98, 0.93, best),
    (by_digit(100, 400, 0.98, columns=classes), 98, 0.93, by_class),
    (lambda random: (random.normal(73, 2, 10), None), 73, 0.935, {}),  # ten draws of training photographs
    (lambda random: (random.normal(73, 2, 20), None), 73, 0.935, {}),
    (quarters(100), 100 * 8 / 17, 0.93, {}),
    (difference(300, 0.15, 0.02), 13, 0.935, {}),
    (difference(1000, 0.006, 0.010), -0.4, 0.92, {}),
    (difference(60, 0.02, 0.02, each=10), 0, 0.95, {}),
    (heat(100), 90, 0.90, ratio),
    (by_digit(100, 400, 0.98, columns=rival), 29.4, 0.91, lead),
])
def test_coverage(draw, truth, least, options):
    assert least < coverage(draw, truth, 300 if options else 600, **options) < 0.995


def test_percentiles_near_100_percent_are_too_short_as_the_docstring_says():
    column = by_digit(60, 600, 0.98, columns=lambda hits, random: 100 * hits[:, None])
    assert 0.65 < coverage(column, 98, 300, statistic=lambda mean: mean[0], draws=200) < 0.85


@pytest.mark.parametrize("rows, options, hint", [
    ([], {}, "a row a scene"),
    ([1, np.nan], {}, "hold NaN"),
    ([1, 2], {"groups": [0]}, "one for each of the 2 rows"),
    ([1, 2], {"level": 95}, "such as 0.95"),
    ([1, 2], {"share": True}, "expected 0 and 1, or 0 and 100"),
    ([1, 2], {"groups": [3, 3]}, "expected two at least"),
    ([[1, 2]], {}, "or a statistic"),
])
def test_bad_arguments_are_named(rows, options, hint):
    with pytest.raises(ValueError, match=hint):
        bootstrap(rows, **options)
