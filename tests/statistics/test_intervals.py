"""Intervals against closed forms, and what must hold for any values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from icl_repro.statistics.intervals import (
    Interval,
    cut,
    mean,
    prediction_interval,
    share_bound,
    share_interval,
    tolerance_factor,
    widened,
)
from tests.support.shapes_checked import unchecked

values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)


@pytest.mark.parametrize("judged", [1, 5, 20])
def test_all_or_none_has_the_closed_form_of_clopper_and_pearson(judged: int):
    # With k = n the lower end solves p^n = alpha / 2; with k = 0 the upper end mirrors it.
    everything, nothing = share_interval(judged, judged), share_interval(0, judged)
    assert everything.low == pytest.approx(0.025 ** (1 / judged))
    assert everything.high == 1
    assert nothing.low == 0
    assert nothing.high == pytest.approx(1 - 0.025 ** (1 / judged))
    assert everything.method == "Clopper-Pearson"


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=50, deadline=None)
def test_the_ends_of_a_share_interval_have_the_tails_they_should(pair: tuple[int, int]):
    held, judged = pair
    interval = share_interval(held, judged)

    def tail(p: float, counts: range) -> float:
        return sum(math.comb(judged, k) * p**k * (1 - p) ** (judged - k) for k in counts)

    assert interval.low <= held / judged <= interval.high
    if held:
        assert tail(interval.low, range(held, judged + 1)) == pytest.approx(0.025, abs=1e-6)
    if held < judged:
        assert tail(interval.high, range(held + 1)) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize(("held", "judged"), [(0, 3), (4, 5), (9, 10), (17, 40)])
def test_a_share_interval_is_scipys(held: int, judged: int):
    exact = stats.binomtest(held, judged).proportion_ci(0.9, method="exact")
    interval = share_interval(held, judged, 0.9)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("held", "judged"), [(1, 0), (-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(held: int, judged: int):
    with pytest.raises(ValueError, match="is not a share"):
        share_interval(held, judged)


def test_the_mean_of_two_values_has_the_interval_of_students_t_with_one_degree():
    estimate = mean([1.0, 3.0])
    assert estimate.value == 2
    # t(0.975; 1) = tan(0.475 pi), and the standard error is 1.
    assert estimate.interval.high - 2 == pytest.approx(math.tan(0.475 * math.pi))
    assert 2 - estimate.interval.low == pytest.approx(math.tan(0.475 * math.pi))


@given(values, st.floats(-100, 100))
@settings(max_examples=50, deadline=None)
def test_a_shift_of_the_values_shifts_the_interval(sample: list[float], shift: float):
    before, after = mean(sample), mean([value + shift for value in sample])
    assert after.value == pytest.approx(before.value + shift, abs=1e-6)
    assert after.interval.low == pytest.approx(before.interval.low + shift, abs=1e-5)


@pytest.mark.parametrize("sample", [[1.0], [], [1.0, math.nan], [[1.0, 2.0], [3.0, 4.0]]])
def test_too_few_or_not_finite_values_are_refused(sample: list):
    with unchecked(), pytest.raises(ValueError, match="an interval needs"):
        mean(sample)


@pytest.mark.parametrize("judged", [1, 5, 20])
def test_the_one_sided_bound_of_all_or_none_has_a_closed_form(judged: int):
    # With k = n the bound solves p^n = alpha; the whole error is on one side.
    everything, nothing = share_bound(judged, judged), share_bound(0, judged)
    assert (everything.low, everything.high) == (pytest.approx(0.05 ** (1 / judged)), 1)
    assert (nothing.low, nothing.high) == (0, pytest.approx(1 - 0.05 ** (1 / judged)))


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=50, deadline=None)
def test_a_one_sided_bound_is_scipys(pair: tuple[int, int]):
    held, judged = pair
    side = "greater" if 2 * held > judged else "less"
    exact = stats.binomtest(held, judged, alternative=side).proportion_ci(0.95, method="exact")
    bound = share_bound(held, judged)
    assert (bound.low, bound.high) == pytest.approx((exact.low, exact.high))


def test_what_is_undecided_widens_the_bound_of_a_share():
    above, below = share_bound(7, 9, undecided=1), share_bound(1, 9, undecided=1)
    assert (above.low, above.high) == (share_bound(7, 9).low, 1)
    assert (below.low, below.high) == (0, share_bound(2, 9).high)
    # More hold than fail, although fewer than half: a bound from below, which says less.
    assert share_bound(4, 9, undecided=4).low == pytest.approx(
        stats.binomtest(4, 9, alternative="greater").proportion_ci(0.95).low
    )
    nothing = share_bound(0, 9, undecided=9)
    assert (nothing.low, nothing.high) == (0, 1)
    with pytest.raises(ValueError, match="is not a share"):
        share_bound(4, 9, undecided=6)


@pytest.mark.parametrize(
    ("n", "share", "confidence", "factor"),
    [
        # Hahn and Meeker (1991), Table A.12; Natrella (1963), Table A-7.
        (5, 0.90, 0.95, 3.407),
        (5, 0.95, 0.95, 4.203),
        (10, 0.90, 0.95, 2.355),
        (10, 0.99, 0.95, 3.981),
        (20, 0.90, 0.95, 1.926),
        (5, 0.90, 0.90, 2.742),
    ],
)
def test_tolerance_factors_are_those_of_the_tables(
    n: int, share: float, confidence: float, factor: float
):
    assert tolerance_factor(n, share, confidence) == pytest.approx(factor, abs=6e-4)


def test_a_tolerance_bound_covers_as_often_as_it_says():
    sample = np.random.default_rng(0).standard_normal((20_000, 5))
    bounds = sample.mean(axis=1) - tolerance_factor(5) * sample.std(axis=1, ddof=1)
    covered = stats.norm.sf(bounds) >= 0.9
    assert covered.mean() == pytest.approx(0.95, abs=0.006)


def test_the_next_of_two_values_lies_in_the_interval_of_students_t_with_one_degree():
    interval = prediction_interval([1.0, 3.0])
    # t(0.975; 1) = tan(0.475 pi), the spread is sqrt 2, and the next value adds its own.
    half = math.tan(0.475 * math.pi) * math.sqrt(2) * math.sqrt(1.5)
    assert (interval.low, interval.high) == pytest.approx((2 - half, 2 + half))


def test_one_value_has_no_spread():
    with pytest.raises(ValueError, match="needs two values or more, but got 1"):
        tolerance_factor(1)
    with pytest.raises(ValueError, match="needs two values or more"):
        prediction_interval([1.0])


def test_an_interval_is_cut_where_the_quantity_ends_and_says_where():
    free = Interval(-0.2, 1.3, 0.9, "Student's t")
    assert cut(free, (0, 1)) == Interval(0, 1, 0.9, "Student's t, cut at 0 and 1")
    assert cut(free, (None, 1)) == Interval(-0.2, 1, 0.9, "Student's t, cut at 1")
    assert cut(free, (-1, None)) == free
    assert cut(Interval(None, 2.0), (0, 1)) == Interval(None, 1, method="cut at 1")


def test_counts_have_whole_ends():
    assert widened(Interval(4.9, 8.0, method="m")) == Interval(
        4, 8, method="m, widened to whole numbers"
    )
