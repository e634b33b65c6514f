"""Spearman's correlation over a few heads, its interval and its exact chance."""

import math

import numpy as np
import pytest
from scipy import stats

from icl_repro.statistics.ranks import derangements, rank_correlation, spearman


def random_pairs(seed: int, n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(n), rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(5))
def test_spearman_is_that_of_scipy(seed):
    first, second = random_pairs(seed)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


def test_ties_share_a_rank_as_in_scipy():
    first, second = np.array([1, 2, 2, 3.0, 5]), np.array([4, 4, 1, 2, 9.0])
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)


def test_spearman_of_many_draws_is_that_of_each():
    first, second = np.random.default_rng(0).standard_normal((2, 3, 4, 6))
    found = spearman(first, second)
    assert found.shape == (3, 4)
    assert found[2, 1] == pytest.approx(spearman(first[2, 1], second[2, 1]))


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_and_the_opposite_order(order):
    values = np.array([0.3, 0.1, 0.9, 0.4, 0.6])
    found = rank_correlation(values, order * np.exp(values))
    assert found.value == pytest.approx(order)
    # Only one of the 120 pairings correlates as much as the same order; all do as the opposite.
    assert found.chance == pytest.approx(1 / 120 if order == 1 else 1)


@pytest.mark.parametrize("seed", range(3))
def test_chance_is_the_share_of_all_pairings(seed):
    first, second = random_pairs(seed, n=5)
    exact = stats.permutation_test(
        (first,),
        lambda shuffled: stats.spearmanr(shuffled, second).statistic,
        permutation_type="pairings",
        alternative="greater",
        n_resamples=math.inf,
    )
    assert rank_correlation(first, second).chance == pytest.approx(exact.pvalue)


def test_the_interval_lies_around_the_value_and_repeats():
    first, second = random_pairs(1)
    found, again = (rank_correlation(first, second) for _ in range(2))
    assert -1 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert found == again


def test_a_lower_level_gives_a_narrower_interval():
    first, second = random_pairs(1)
    wide, narrow = (rank_correlation(first, second, level=level).interval for level in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.level, narrow.level) == (0.95, 0.5)


def test_a_time_that_never_came_is_the_longest():
    strengths = np.array([0.9, 0.5, 0.2, 0.1])
    times = np.array([1.0, 2.0, 3.0, np.inf])
    assert rank_correlation(strengths, -times).value == pytest.approx(1)


def test_without_an_order_there_is_no_correlation():
    found = rank_correlation(np.array([1.0, 2, 3]), np.zeros(3))
    assert math.isnan(found.value)
    assert math.isnan(found.chance)
    assert (found.interval.low, found.interval.high) == (None, None)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1, 2, 3], [1, 2], r"shapes \(3,\) and \(2,\) make no pairs"),
        ([[1, 2, 3]], [[1, 2, 3]], "make no pairs"),
        ([1, 2], [1, 2], "needs 3 to 9 pairs, but got 2"),
        (range(10), range(10), "needs 3 to 9 pairs, but got 10"),
        ([1, np.nan, 3], [1, 2, 3], "a time that never came should be infinite"),
    ],
)
def test_what_cannot_be_paired_is_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        rank_correlation(np.array(first), np.array(second))


def test_derangements_leave_nothing_in_its_place():
    found = derangements(5, draws=300)
    assert found.shape == (300, 5)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.broadcast_to(np.arange(5), (300, 5)))
    assert (found != np.arange(5)).all()
    # All 44 derangements of five are there.
    assert len(np.unique(found, axis=0)) == 44


def test_shuffled_identities_correlate_slightly_the_other_way():
    # In closed form: what is left when one place is taken out, -1 / (n - 1).
    strengths = np.arange(8.0)
    shuffled = strengths[derangements(8, draws=5_000)]
    mean = spearman(shuffled, np.broadcast_to(strengths, shuffled.shape)).mean()
    assert mean == pytest.approx(-1 / 7, abs=0.02)


def test_one_thing_has_no_other_place():
    with pytest.raises(ValueError, match="needs 2 or more, but got 1"):
        derangements(1)
