"""Spearman's correlation over a few things, its interval, and what chance gives of it."""

import math

import numpy as np
import pytest
from scipy import stats

from icl_repro.statistics.ranks import (
    permutation_quantile,
    pooled_rank_correlation,
    rank_correlation,
    spearman,
)
from tests.support.shapes_checked import unchecked


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
    with unchecked(), pytest.raises(ValueError, match=message):
        rank_correlation(np.array(first), np.array(second))


@pytest.mark.parametrize(
    ("n", "bound"),
    [
        # The largest that is not significant at 0.05, one-sided, in tables of Spearman's test
        # (Zar 1972): the critical values are 0.900, 0.829, 0.714 and 0.643.
        (5, 0.8),
        (6, 0.771),
        (7, 0.679),
        (8, 0.619),
    ],
)
def test_chance_is_bounded_as_in_the_tables(n: int, bound: float):
    things = np.arange(float(n))
    assert permutation_quantile([(things, things)]) == pytest.approx(bound, abs=1e-3)
    assert rank_correlation(things, things).by_chance == pytest.approx(bound, abs=1e-3)


def test_what_chance_gives_does_not_depend_on_what_was_measured():
    found = [rank_correlation(*random_pairs(seed)) for seed in range(3)]
    assert len({round(each.by_chance, 9) for each in found}) == 1
    assert all((each.chance <= 0.05) == (each.value > each.by_chance + 1e-9) for each in found)


def test_one_set_is_pooled_exactly():
    first, second = random_pairs(2, n=6)
    single, pooled = rank_correlation(first, second), pooled_rank_correlation([(first, second)])
    assert pooled.value == single.value
    assert (pooled.chance, pooled.by_chance) == (single.chance, single.by_chance)


def test_the_mean_over_sets_is_held_against_all_their_pairings():
    # Three things have correlations 1, 0.5, 0.5, -0.5, -0.5 and -1: 36 pairings of two sets.
    things = np.arange(3.0)
    same = pooled_rank_correlation([(things, things), (things, things)])
    assert same.value == pytest.approx(1)
    assert same.chance == pytest.approx(1 / 36, rel=0.1)
    nearly = pooled_rank_correlation([(things, things), (things, things[[0, 2, 1]])])
    assert nearly.value == pytest.approx(0.75)
    assert nearly.chance == pytest.approx(5 / 36, rel=0.05)
    assert nearly.by_chance == pytest.approx(0.75), "31 + 4 of 36 are 95 % or more"


def test_more_sets_leave_less_to_chance():
    things = np.arange(8.0)
    bounds = [permutation_quantile([(things, things)] * sets) for sets in (1, 2, 5)]
    assert bounds == sorted(bounds, reverse=True)
    # Spearman's correlation of n has the variance 1 / (n - 1).
    assert bounds[-1] == pytest.approx(1.645 / math.sqrt(7 * 5), abs=0.01)


def test_a_set_without_an_order_leaves_none_to_the_mean():
    found = pooled_rank_correlation([random_pairs(0), (np.arange(4.0), np.zeros(4))])
    assert math.isnan(found.value)
    assert math.isnan(found.chance)


def test_a_mean_needs_a_set():
    with pytest.raises(ValueError, match="one set of measurements or more"):
        pooled_rank_correlation([])
