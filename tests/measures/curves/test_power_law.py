"""Power laws: the exponent of exact laws, of noisy ones, and what the interval covers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from icl_repro.measures.curves.power_law import power_law
from tests.support.shapes_checked import unchecked

CLASSES = np.array([25, 50, 100, 200, 400], float)


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.3, 1.0, 2.0])
def test_an_exact_law_is_found(exponent: float):
    law = power_law(CLASSES, 7.0 * CLASSES**exponent)
    assert law.exponent == pytest.approx(exponent, abs=1e-12)
    assert law.factor == pytest.approx(7.0)
    assert law.interval.low == pytest.approx(exponent, abs=1e-6)
    assert law.interval.high == pytest.approx(exponent, abs=1e-6)
    assert law.at(np.array([800.0])) == pytest.approx(7.0 * 800.0**exponent)


def test_times_that_are_all_the_same_have_exponent_zero_without_error():
    law = power_law(CLASSES, np.full(5, math.exp(2)))
    assert (law.exponent, law.interval.low, law.interval.high) == (0, 0, 0)


def test_units_change_the_factor_alone():
    times = np.array([3.0, 5.0, 6.0, 11.0, 15.0])
    law, in_thousands = power_law(CLASSES, times), power_law(CLASSES, times / 1000)
    assert in_thousands.exponent == pytest.approx(law.exponent)
    assert in_thousands.factor == pytest.approx(law.factor / 1000)


def test_it_agrees_with_a_line_through_the_logarithms():
    times = np.array([3.0, 5.0, 6.0, 11.0, 15.0])
    slope, offset = np.polyfit(np.log(CLASSES), np.log(times), 1)
    law = power_law(CLASSES, times)
    assert (law.exponent, math.log(law.factor)) == pytest.approx((slope, offset))


def test_the_interval_covers_the_exponent_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = 1_000
    held = 0
    for _ in range(draws):
        law = power_law(CLASSES, 5.0 * CLASSES**0.4 * np.exp(rng.normal(0, 0.1, CLASSES.size)))
        held += law.interval.low <= 0.4 <= law.interval.high
    # Three standard deviations of a share of 0.95 in 1,000 draws.
    assert held / draws == pytest.approx(0.95, abs=0.021)


def test_a_time_that_never_came_leaves_no_law():
    law = power_law(CLASSES, np.array([1.0, 2.0, 3.0, 4.0, math.inf]))
    assert math.isnan(law.exponent)
    assert law.interval.low is law.interval.high is None
    assert np.isnan(law.at(CLASSES)).all()


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2], "needs 3 points or more, but got 2"),
        ([1, 2, 3], [1, 2], "make no points"),
        ([0, 1, 2], [1, 2, 3], "x must be finite and above 0"),
        ([1, 2, 3], [0, 2, 3], "y must be above 0"),
        ([1, 2, 3], [1, 2, math.nan], "y must be above 0"),
        ([2, 2, 2], [1, 2, 3], "x is 2.0 at every point"),
    ],
)
def test_what_has_no_law_is_refused(x: list, y: list, message: str):
    with unchecked(), pytest.raises(ValueError, match=message):
        power_law(np.array(x, float), np.array(y, float))
