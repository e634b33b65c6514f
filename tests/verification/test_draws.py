"""Evidence over random draws."""

import numpy as np
import pytest

from icl_repro.verification.draws import band, check_share, median, points, state_median
from icl_repro.verification.recorder import Evidence


def test_the_interval_of_a_median_covers_the_true_one_as_often_as_it_says():
    samples = np.random.default_rng(0).exponential(size=(400, 40))
    found = [median(sample) for sample in samples]
    covered = np.mean([each.low <= np.log(2) <= each.high for each in found])
    assert covered >= 0.93


def test_draws_that_never_got_there_count_as_late():
    values = [*range(70), *[np.inf] * 30]
    found = median(values)
    assert found.value == 49.5
    assert found.low < found.value < found.high < np.inf


def test_a_median_of_draws_that_mostly_never_got_there_is_infinite():
    found = median([1.0, *[np.inf] * 40])
    assert found.value == found.high == np.inf
    assert found.interval.high is None


def test_too_few_draws_bound_no_median():
    found = median([1.0, 2.0, 3.0])
    assert (found.value, found.low, found.high) == (2, -np.inf, np.inf)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_a_median_needs_numbers(values):
    with pytest.raises(ValueError, match="one or more numbers"):
        median(values)


def test_a_share_is_checked_with_its_exact_interval():
    evidence = Evidence()
    assert check_share(evidence, "holds", [True] * 19 + [False], at_least=0.9)
    assert not check_share(evidence, "fails", [True] * 17 + [False] * 3, at_least=0.9)
    check = evidence.evidence.checks[0]
    assert check.value == 0.95
    assert check.note == "19 of 20 draws"
    assert (check.interval.low, check.interval.high) == pytest.approx((0.7513, 0.9987), abs=1e-4)


def test_a_median_is_stated_with_its_interval():
    evidence = Evidence()
    state_median(evidence, "time", list(range(101)), unit="steps")
    (quantity,) = evidence.evidence.quantities
    assert (quantity.value, quantity.unit) == (50, "steps")
    assert quantity.interval.low < 50 < quantity.interval.high


def test_a_band_is_the_median_between_the_quartiles():
    curves = np.arange(5.0)[:, None] * np.array([1.0, 10.0, 100.0])
    series = band("loss", curves, np.array([0, 2]))
    assert (series.x, series.y) == ([0, 2], [2, 200])
    assert (series.low, series.high) == ([1, 100], [3, 300])
    assert series.group == "loss"


def test_points_leave_out_what_is_infinite():
    series = points("time", [2, 3], [median(range(9)), median([np.inf] * 9)])
    assert series.style == "points"
    assert series.y == [4, None]
