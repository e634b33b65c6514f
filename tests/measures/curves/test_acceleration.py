"""Measures of curve shape on curves whose shape is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_repro.measures.curves.acceleration import (
    crossing,
    descent_speed,
    exponential_fit,
    fastest_over_first,
    greatest_speedup,
    plateau_ratio,
)
from tests.support.shapes_checked import unchecked

STEPS = np.arange(400)


def exponential(rate):
    return np.exp(-rate * STEPS)


def logistic(middle, width):
    return 1 / (1 + np.exp((STEPS - middle) / width))


rates = st.floats(0.01, 0.5)


@given(rate=rates)
def test_an_exponential_never_speeds_up(rate):
    curve = exponential(rate)
    assert greatest_speedup(curve) < 1e-12
    assert fastest_over_first(curve) == pytest.approx(1)


@given(rate=rates)
def test_an_exponential_is_a_straight_line_in_its_logarithm(rate):
    fit = exponential_fit(exponential(rate))
    assert fit.rate == pytest.approx(rate)
    assert fit.r_squared == pytest.approx(1)


@given(rate=st.floats(0.02, 0.2))
def test_an_exponential_has_the_same_small_plateau_whatever_its_rate(rate):
    # The straight line between two steps bends the crossing a little at high rates.
    expected = np.log(10 / 9) / np.log(9)
    assert plateau_ratio(exponential(rate)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("middle", [100, 200])
@pytest.mark.parametrize("width", [5, 10])
def test_a_drop_after_a_plateau_speeds_up_and_is_no_exponential(middle, width):
    curve = logistic(middle, width)
    assert greatest_speedup(curve) > 0.99
    assert fastest_over_first(curve) > 100
    assert plateau_ratio(curve) > 1
    assert exponential_fit(curve).r_squared < 0.99


def test_two_drops_speed_up_although_the_first_step_is_the_fastest():
    curve = exponential(0.5) + 0.5 * logistic(200, 5)
    assert fastest_over_first(curve) == 1
    assert greatest_speedup(curve) > 0.05


def test_a_rise_before_the_fall_counts_as_speeding_up():
    curve = 1 + 0.1 * np.sin(STEPS / 50) - 0.002 * np.maximum(STEPS - 200, 0)
    assert greatest_speedup(curve) > 1
    assert fastest_over_first(curve) == float("inf")


@pytest.mark.parametrize("curve", [np.ones(10), np.linspace(0, 1, 10)])
def test_a_curve_that_never_falls_has_no_speed_to_gain(curve):
    assert greatest_speedup(curve) == 0
    assert np.isnan(fastest_over_first(curve))


def test_a_window_tells_the_shapes_apart_under_noise():
    noise = np.random.default_rng(0).normal(scale=0.002, size=len(STEPS))
    smooth, sudden = exponential(0.02) + noise, logistic(200, 10) + noise
    assert greatest_speedup(smooth, window=40) < 0.2
    assert greatest_speedup(sudden, window=40) > 0.9
    assert fastest_over_first(smooth, window=40) == pytest.approx(1, abs=0.05)
    assert fastest_over_first(sudden, window=40) > 10


def test_noise_without_a_window_looks_like_speeding_up():
    noise = np.random.default_rng(0).normal(scale=0.002, size=len(STEPS))
    assert greatest_speedup(exponential(0.02) + noise) > 0.2


def test_descent_speed_is_the_fall_a_step():
    curve = np.array([4.0, 3.0, 1.0, 2.0])
    assert descent_speed(curve).tolist() == [1, 2, -1]
    assert descent_speed(curve, window=2).tolist() == [1.5, 0.5]


def test_crossing_lies_on_the_line_between_two_steps():
    curve = np.array([4.0, 3.0, 1.0, 2.0])
    assert crossing(curve, 2.5) == pytest.approx(1.25)
    assert crossing(curve, 4.0) == 0
    assert crossing(curve, 0.5) == float("inf")


def test_a_straight_line_has_a_plateau_ratio_of_one_eighth():
    assert plateau_ratio(np.linspace(1, 0, 101)) == pytest.approx(1 / 8)


def test_an_unfinished_fall_has_no_plateau_ratio():
    assert np.isnan(plateau_ratio(np.linspace(1, 0.5, 101)))


def test_the_fit_stops_where_the_curve_has_all_but_ended():
    rounding = 1e-16
    fit = exponential_fit(exponential(0.5) + rounding, down_to=1e-6)
    assert fit.points == 28  # exp(-0.5 * 28) is the first below 1e-6
    assert fit.r_squared == pytest.approx(1)


def test_a_constant_curve_fits_no_exponential():
    assert np.isnan(exponential_fit(np.ones(10)).r_squared)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: descent_speed(np.ones((2, 3))), r"one axis.*\(2, 3\)"),
        (lambda: descent_speed(np.array([1, np.nan, 0])), "not finite at step 1"),
        (lambda: descent_speed(np.ones(5), window=5), "between 1 and 4.*not 5"),
        (lambda: descent_speed(np.ones(5), window=0), "between 1 and 4.*not 0"),
        (lambda: plateau_ratio(np.zeros(5)), "not above the floor"),
        (lambda: exponential_fit(np.array([1.0, 1e-9, 0.0])), "only 1 values"),
        (lambda: exponential_fit(np.zeros(5)), "starts above zero"),
    ],
)
def test_what_cannot_be_measured_is_an_error(call, message):
    with unchecked(), pytest.raises(ValueError, match=message):
        call()
