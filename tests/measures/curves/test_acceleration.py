"""Measures of curve shape on curves whose shape is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_repro.measures.curves.acceleration import (
    crossing,
    descent_speed,
    exponential_fit,
    greatest_speedup,
    plateau_and_drop,
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


@given(rate=rates)
def test_an_exponential_is_a_straight_line_in_its_logarithm(rate):
    fit = exponential_fit(exponential(rate))
    assert fit.rate == pytest.approx(rate)
    assert fit.r_squared == pytest.approx(1)


@given(rate=rates)
def test_an_exponential_has_no_plateau(rate):
    found = plateau_and_drop(exponential(rate))
    assert found.speedup == found.plateau == found.ratio == 0


@pytest.mark.parametrize("first_fall", [0.0, 1.0, 10.0])
def test_a_plateau_is_found_whatever_falls_before_it(first_fall):
    curve = logistic(200, 5) + first_fall * np.exp(-STEPS / 4)
    found = plateau_and_drop(curve)
    # A logistic of width w takes 2 ln 9 w from nine tenths to one.
    assert found.level == pytest.approx(1, abs=1e-3)
    assert found.drop == pytest.approx(2 * np.log(9) * 5, rel=0.02)
    waits_from = 4 * np.log(10 * first_fall) if first_fall else 0
    assert found.plateau == pytest.approx(200 - np.log(9) * 5 - waits_from, abs=1)
    assert found.speedup > 0.99


def test_a_curve_that_rises_first_waits_where_it_turns_round():
    curve = np.where(STEPS < 100, 1 + STEPS / 1000, 1.1 * logistic(200, 5))
    assert plateau_and_drop(curve).level == pytest.approx(1.1, rel=0.01)


@pytest.mark.parametrize("middle", [100, 200])
@pytest.mark.parametrize("width", [5, 10])
def test_a_drop_after_a_plateau_speeds_up_and_is_no_exponential(middle, width):
    curve = logistic(middle, width)
    assert greatest_speedup(curve) > 0.99
    assert plateau_and_drop(curve).ratio > 1
    assert exponential_fit(curve).r_squared < 0.99


def test_two_drops_speed_up_although_the_first_step_is_the_fastest():
    curve = exponential(0.5) + 0.5 * logistic(200, 5)
    assert np.argmax(descent_speed(curve)) == 0
    assert greatest_speedup(curve) > 0.05


def test_a_rise_before_the_fall_counts_as_speeding_up():
    curve = 1 + 0.1 * np.sin(STEPS / 50) - 0.002 * np.maximum(STEPS - 200, 0)
    assert greatest_speedup(curve) > 1


@pytest.mark.parametrize("curve", [np.ones(10), np.linspace(0, 1, 10)])
def test_a_curve_that_never_falls_has_no_speed_to_gain(curve):
    assert greatest_speedup(curve) == 0


def test_a_window_tells_the_shapes_apart_under_noise():
    noise = np.random.default_rng(0).normal(scale=0.002, size=len(STEPS))
    smooth, sudden = exponential(0.02) + noise, logistic(200, 10) + noise
    assert greatest_speedup(smooth, window=40) < 0.2
    assert greatest_speedup(sudden, window=40) > 0.9


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


def test_an_unfinished_drop_has_no_length():
    found = plateau_and_drop(logistic(200, 5)[:205])
    assert found.speedup > 0.99
    assert np.isnan(found.drop)
    assert np.isnan(found.ratio)


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
        (lambda: exponential_fit(np.array([1.0, 1e-9, 0.0])), "only 1 value before"),
        (lambda: exponential_fit(np.zeros(5)), "starts above zero"),
    ],
)
def test_what_cannot_be_measured_is_an_error(call, message):
    with unchecked(), pytest.raises(ValueError, match=message):
        call()
