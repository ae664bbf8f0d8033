import numpy as np
import pytest

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
    rows = np.random.default_rng(7).random(50)
    assert bootstrap(rows, seed=1) == bootstrap(rows, seed=1) != bootstrap(rows, seed=2)


@pytest.mark.parametrize("rows, options, hint", [
    ([], {}, "a row a scene"),
    ([1, np.nan], {}, "hold NaN"),
    ([1, 2], {"groups": [0]}, "one for each of the 2 rows"),
    ([1, 2], {"level": 95}, "such as 0.95"),
])
def test_bad_arguments_are_named(rows, options, hint):
    with pytest.raises(ValueError, match=hint):
        bootstrap(rows, **options)
