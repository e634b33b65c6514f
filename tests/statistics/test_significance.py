"""Tests of shares, samples and means, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from icl_repro.statistics.significance import (
    differ,
    holm,
    mean_beyond,
    mean_within,
    sign_test,
    size_beyond,
    size_of_sign_test,
    size_within,
)


@pytest.mark.parametrize("judged", [1, 5, 8])
def test_all_or_none_is_as_likely_as_so_many_heads_of_a_coin(judged: int):
    assert sign_test(judged, judged) == sign_test(0, judged) == pytest.approx(0.5**judged)


@pytest.mark.parametrize(("held", "judged"), [(7, 8), (6, 8), (9, 10), (3, 4)])
def test_the_sign_test_adds_up_the_binomial(held: int, judged: int):
    tail = sum(math.comb(judged, k) for k in range(held, judged + 1)) / 2**judged
    assert sign_test(held, judged) == pytest.approx(tail)
    assert sign_test(judged - held, judged) == pytest.approx(tail), "the mirror image"


@pytest.mark.parametrize(("held", "judged"), [(1, 0), (-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(held: int, judged: int):
    with pytest.raises(ValueError, match="is not a share"):
        sign_test(held, judged)


def test_holms_correction_is_the_textbooks():
    # Holm (1979): the smallest times n, the next times n - 1, ..., and never less than before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_holm_lies_between_no_correction_and_bonferronis(p_values: list[float]):
    for before, after in zip(p_values, holm(p_values), strict=True):
        assert before <= after <= min(1, len(p_values) * before) + 1e-12


def test_two_sets_of_five_apart_differ_as_much_as_any_two_can():
    # Of all 252 ways to split ten values, only this one and its mirror image are as far apart.
    ours, theirs = [1.0, 2, 3, 4, 5], [11.0, 12, 13, 14, 15]
    assert differ(ours, theirs) == differ(theirs, ours) == pytest.approx(2 / 252)


def test_the_same_values_do_not_differ():
    assert differ([1.0, 2, 3], [1.0, 2, 3]) == 1
    assert differ([2.0, 2], [2.0, 2]) == 1


@pytest.mark.parametrize("sample", [[], [1.0], [1.0, math.nan]])
def test_samples_need_two_finite_values(sample: list[float]):
    with pytest.raises(ValueError, match="two finite values or more"):
        differ([1.0, 2.0], sample)


@pytest.mark.parametrize(("held", "failed", "undecided"), [(5, 0, 4), (7, 1, 1), (3, 2, 4)])
def test_what_is_undecided_counts_for_the_other_side(held: int, failed: int, undecided: int):
    judged = held + failed + undecided
    against = stats.binomtest(held, judged, alternative="greater").pvalue
    assert sign_test(held, judged, undecided) == pytest.approx(against)
    assert sign_test(failed, judged, undecided) == pytest.approx(against), "the mirror image"
    assert sign_test(0, judged, judged) == 1
    with pytest.raises(ValueError, match="is not a share"):
        sign_test(held, judged, judged - held + 1)


def test_a_mean_is_tested_against_both_bounds_and_the_larger_p_value_counts():
    # Of 0 and 2 the mean is 1 and its error 1; t with one degree has the tail of Cauchy.
    assert mean_within([0.0, 2.0], -2, 9) == pytest.approx(0.5 - math.atan(3) / math.pi)
    assert mean_within([0.0, 2.0], -9, 2) == pytest.approx(0.5 - math.atan(1) / math.pi)
    assert mean_within([0.0, 2.0], -2, None) == mean_within([0.0, 2.0], -2, 9)
    assert mean_within([0.0, 2.0], None, 2) == mean_within([0.0, 2.0], -9, 2)


def test_a_mean_beyond_one_of_two_bounds_has_two_chances():
    assert mean_beyond([0.0, 2.0], 3, None) == pytest.approx(0.5 - math.atan(2) / math.pi)
    assert mean_beyond([0.0, 2.0], None, -1) == pytest.approx(0.5 - math.atan(2) / math.pi)
    assert mean_beyond([0.0, 2.0], 3, 9) == 2 * mean_beyond([0.0, 2.0], 3, None)
    assert mean_beyond([0.0, 2.0], 0, 2) == 1


def test_a_mean_beyond_its_bounds_is_not_within_them():
    assert mean_within([2.0, 2.1, 1.9], -1, 1) > 0.9
    assert mean_beyond([2.0, 2.1, 1.9], -1, 1) < 0.01


def test_a_wider_margin_is_shown_more_easily():
    values = np.random.default_rng(0).normal(size=5).tolist()
    shown = [mean_within(values, -margin, margin) for margin in (1.0, 2.0, 4.0, 8.0)]
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize(("value", "p"), [(1.0, 1 / 32), (2.0, 1.0), (3.0, 1.0)])
def test_values_without_spread_are_as_good_as_their_number(value: float, p: float):
    assert mean_within([value] * 5, 0, 2) == p
    assert mean_beyond([value] * 5, None, 2) == (1 / 32 if value > 2 else 1)


@pytest.mark.parametrize("values", [[1.0], [1.0, math.inf]])
def test_a_mean_needs_two_finite_values(values: list[float]):
    for test in (mean_within, mean_beyond):
        with pytest.raises(ValueError, match="needs two finite values or more"):
            test(values, 0, 2)


def test_two_one_sided_tests_are_scipys():
    values = [0.1, -0.2, 0.05, 0.3, 0.0]
    above = stats.ttest_1samp(values, -0.5, alternative="greater").pvalue
    below = stats.ttest_1samp(values, 0.5, alternative="less").pvalue
    assert mean_within(values, -0.5, 0.5) == pytest.approx(max(above, below))


@pytest.mark.parametrize("test", [mean_within, mean_beyond])
def test_a_mean_on_its_bound_is_shown_to_lie_on_a_side_as_seldom_as_promised(test):
    draws = np.random.default_rng(0).standard_normal((2_000, 5))
    shown = np.mean([test(sample, 0.0, None) <= 0.05 for sample in draws.tolist()])
    assert shown == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("against", [0, 1, 3])
def test_so_many_values_are_needed_for_a_sign_test(against: int):
    size = size_of_sign_test(against, 0.001)
    # The binomial tail, summed by hand: the first size whose p value is small enough.
    tails = [sum(math.comb(n, k) for k in range(against + 1)) / 2**n for n in (size, size - 1)]
    assert tails[0] <= 0.001 < tails[1]
    assert sign_test(size - against, size) == pytest.approx(tails[0])


def alike(size: int) -> list[float]:
    """So many values of mean 1 and standard deviation 0.5."""
    values = np.linspace(-1, 1, size)
    return list(1 + 0.5 * values / values.std(ddof=1))


@pytest.mark.parametrize(("low", "high"), [(0.6, None), (None, 1.3), (0.5, 1.4)])
def test_so_many_values_like_these_reach_a_level(low: float | None, high: float | None):
    size = size_within(alike(5), low, high, 0.001)
    assert size is not None
    assert mean_within(alike(size), low, high) <= 0.001 < mean_within(alike(size - 1), low, high)


@pytest.mark.parametrize(("low", "high"), [(1.4, None), (None, 0.6), (1.3, 2.0)])
def test_so_many_values_like_these_are_shown_to_lie_beyond(low: float | None, high: float | None):
    size = size_beyond(alike(5), low, high, 0.001)
    assert size is not None
    assert mean_beyond(alike(size), low, high) <= 0.001 < mean_beyond(alike(size - 1), low, high)


def test_no_number_of_values_moves_a_mean_that_lies_on_or_beyond_its_bound():
    assert size_within(alike(5), 1.0, None, 0.05) is None
    assert size_within(alike(5), 1.2, None, 0.05) is None
    assert size_within([1.0, 1.0], 1.0, None, 0.05) is None
    assert size_within([1.0, 1.0], 0.5, None, 0.05) == 5, "without spread, the sign test is left"
    with pytest.raises(ValueError, match="two finite values"):
        size_within([1.0], 0.5, None, 0.05)
