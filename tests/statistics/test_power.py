"""Power of the tests that verdicts rest on, against closed forms."""

import math

import pytest
from scipy import special

from icl_repro.statistics.power import (
    held_needed,
    power_of_mean,
    power_of_sign_test,
    power_within,
    share_within,
)


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95, 1.0])
def test_of_five_all_have_to_hold(share):
    assert held_needed(5, 0.05) == 5
    assert power_of_sign_test(5, share, 0.05) == pytest.approx(share**5)


@pytest.mark.parametrize("share", [0.8, 0.95])
def test_of_eight_one_may_fail(share):
    assert held_needed(8, 0.05) == 7
    power = share**8 + 8 * share**7 * (1 - share)
    assert power_of_sign_test(8, share, 0.05) == pytest.approx(power)


def test_a_stricter_level_takes_more():
    assert held_needed(5, 0.05 / 67) is None
    assert power_of_sign_test(5, 1.0, 0.05 / 67) == 0
    assert held_needed(11, 0.05 / 67) == 11
    assert power_of_sign_test(11, 0.9, 0.05 / 67) == pytest.approx(0.9**11)


def test_on_its_bound_a_mean_is_shown_as_often_as_the_level_says():
    assert power_of_mean(5, 0.0, 0.05) == pytest.approx(0.05)


def test_of_two_values_the_power_has_a_closed_form_far_from_the_bound():
    # With one degree of freedom t exceeds its quantile q if |x1 - x2| is below a multiple of the
    # mean; far away the mean is what it is expected to be.
    room, level = 40.0, 0.05
    quantile = math.tan(math.pi * (0.5 - level))
    expected = 2 * special.ndtr(room * math.sqrt(2) / quantile) - 1
    assert power_of_mean(2, room, level) == pytest.approx(expected, rel=1e-3)
    assert power_of_mean(1, room, level) == 0


def test_a_far_bound_asks_for_nothing():
    assert power_within(5, 1.0, 1e3, 0.05) == pytest.approx(power_of_mean(5, 1.0, 0.05))
    assert power_within(5, math.inf, 1.0, 0.05) == power_of_mean(5, 1.0, 0.05)


def test_of_many_values_two_bounds_are_passed_as_often_as_normal_ones_say():
    size, room = 4_000, 0.05
    expected = 2 * special.ndtr(room * math.sqrt(size) - special.ndtri(0.95)) - 1
    assert power_within(size, room, room, 0.05) == pytest.approx(expected, abs=2e-3)


def test_between_bounds_that_leave_no_room_nothing_is_shown():
    assert power_within(5, 0.5, -0.5, 0.05) == 0
    assert power_within(5, 0.05, 0.05, 0.05) < 0.01


def test_the_share_of_normal_values_within_bounds():
    assert share_within(0.0, 1.0, None, 0.0) == pytest.approx(0.5)
    assert share_within(0.0, 1.0, -1.96, 1.96) == pytest.approx(0.95, abs=1e-4)
    assert (share_within(1.0, 0.0, 1.0, None), share_within(0.9, 0.0, 1.0, None)) == (1, 0)
