"""Phase changes in numbers, on curves of known shape."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from icl_repro.measures.curves.crossings import time_between, time_to
from icl_repro.measures.curves.falling import Fall
from icl_repro.measures.curves.noise import local_noise
from icl_repro.measures.curves.phase_change import (
    CHANGE,
    HALF_LOSS,
    acceleration_ratio,
    phase_change,
    plateau_level,
)
from icl_repro.measures.curves.shapes import SHAPES, preference
from tests.support.shapes_checked import unchecked

EARLY = 320 * 2.0 ** np.arange(5)
EVALUATIONS = np.r_[0, EARLY, np.arange(10_240, 400_000, 1_250)]
"""Where runs are evaluated: more often at first."""
DENSE_IN_CHANGE = np.r_[
    0, EARLY, 10_240:100_000:5_000, 100_000:220_000:1_250, 220_000:400_000:5_000
]


def exponential(x, scale=40_000):
    return 1.7 * np.exp(-x / scale)


def exponentials(x):
    return np.exp(-x / 5_000) + 0.7 * np.exp(-x / 80_000)


def power_law(x):
    return 1.7 / (1 + x / 10_000)


def after_plateau(x, middle=150_000, width=20_000):
    """A first drop to 0.7, a plateau, and a logistic change."""
    return np.exp(-x / 8_000) + 0.7 / (1 + np.exp((x - middle) / width))


def with_noise(y, share, seed=0):
    return y + share * np.ptp(y) * np.random.default_rng(seed).standard_normal(len(y))


def half_time(x, y):
    return time_to(x, y, HALF_LOSS)


def duration(x, y):
    return time_between(x, y, *CHANGE)


SLOWING = {"exponential": exponential, "exponentials": exponentials, "power law": power_law}
spaced = pytest.mark.parametrize(
    "x",
    [EVALUATIONS, DENSE_IN_CHANGE, np.linspace(0, 400_000, 57), np.geomspace(100, 400_000, 80)],
    ids=["early", "dense in change", "even", "geometric"],
)


# --- the acceleration ratio ---


@spaced
@pytest.mark.parametrize("curve", SLOWING.values(), ids=SLOWING)
def test_what_only_slows_down_has_a_ratio_of_exactly_1(curve, x):
    assert acceleration_ratio(x, curve(x)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("curve", SLOWING.values(), ids=SLOWING)
@pytest.mark.parametrize(("share", "median", "largest"), [(0.001, 1.05, 1.15), (0.003, 1.3, 1.6)])
def test_noise_adds_a_little(curve, share, median, largest):
    noisy = [with_noise(curve(EVALUATIONS), share, seed) for seed in range(20)]
    ratios = [acceleration_ratio(EVALUATIONS, y) for y in noisy]
    assert min(ratios) >= 1
    assert np.median(ratios) < median
    assert max(ratios) < largest


@pytest.mark.parametrize("share", [0, 0.001, 0.003])
def test_a_change_after_a_plateau_has_a_large_ratio_wherever_evaluations_are_dense(share):
    ratios = [
        acceleration_ratio(x, with_noise(after_plateau(x), share))
        for x in (EVALUATIONS, DENSE_IN_CHANGE)
    ]
    assert ratios == pytest.approx([7.6, 7.6], rel=0.25)
    sharper = after_plateau(EVALUATIONS, width=5_000)
    assert acceleration_ratio(EVALUATIONS, sharper) > 4 * ratios[0]


def test_a_level_beginning_counts_as_slow():
    x = np.arange(101.0)
    y = np.where(x <= 50, 1.0, 1 - (x - 50) / 50)
    # 5 % of the fall take 2.5; the first 5 %, which begin at 0, take 52.5.
    assert acceleration_ratio(x, y) == pytest.approx(21)


def test_two_slopes_have_the_ratio_of_their_slopes():
    x = np.arange(101.0)
    y = np.interp(x, [0, 50, 100], [1, 0.75, 0])
    assert acceleration_ratio(x, y) == pytest.approx(3)
    assert acceleration_ratio(x, y[0] + y[-1] - y[::-1]) == pytest.approx(1)


def test_what_happens_in_the_last_twentieth_does_not_count():
    x = np.arange(300.0)
    y = np.interp(x, [0, 100, 200, 201], [1, 0.05, 0.04, 0])
    assert acceleration_ratio(x, y) == pytest.approx(1)


def test_steps_smaller_than_the_least_do_not_count():
    x = np.linspace(0, 100, 401)
    late_step = -(0.2 * (1 - np.exp(-x)) + 0.03 * (x > 60))
    assert acceleration_ratio(x, late_step) > 20
    assert acceleration_ratio(x, late_step, least=0.05) == pytest.approx(1, abs=0.01)
    assert acceleration_ratio(x, 10 * late_step, least=0.05) > 20
    slopes = np.interp(x, [0, 50, 100], [2.0, 1.5, 0.0])
    assert acceleration_ratio(x, slopes, least=0.2) == pytest.approx(3)
    assert acceleration_ratio(x, slopes, least=3) == 1


def test_a_curve_that_does_not_fall_has_none():
    x = np.arange(10.0)
    for y in (np.ones(10), x):
        assert math.isnan(acceleration_ratio(x, y))
        assert math.isnan(plateau_level(x, y))


positions = arrays(float, st.integers(3, 40), elements=st.floats(1, 1e4)).map(np.cumsum)


@st.composite
def falling_curves(draw):
    x = draw(positions)
    falls = draw(arrays(float, len(x), elements=st.floats(0.01, 10)))
    return x, -np.cumsum(falls)


@given(curve=falling_curves(), scale=st.floats(1e-3, 1e3))
def test_stretching_the_axis_changes_nothing(curve, scale):
    x, y = curve
    assert acceleration_ratio(scale * x, y) == pytest.approx(acceleration_ratio(x, y), rel=1e-6)


@given(curve=falling_curves(), scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_units_and_floor_of_the_loss_change_nothing(curve, scale, shift):
    x, y = curve
    again = acceleration_ratio(x, shift + scale * y)
    assert again == pytest.approx(acceleration_ratio(x, y), rel=1e-4)


@given(x=positions, data=st.data())
def test_whatever_only_slows_down_has_a_ratio_of_1(x, data):
    slopes = data.draw(arrays(float, len(x) - 1, elements=st.floats(0.01, 10)))
    y = np.r_[0, -np.cumsum(np.sort(slopes)[::-1] * np.diff(x))]
    assert acceleration_ratio(x, y) == pytest.approx(1, abs=1e-4)


@given(curve=falling_curves())
def test_no_ratio_is_below_1(curve):
    assert acceleration_ratio(*curve) >= 1


# --- times and the plateau ---


def test_times_of_an_exponential():
    x = np.arange(0, 400_000, 100.0)
    y = exponential(x)
    assert half_time(x, y) == pytest.approx(40_000 * math.log(1.7 / 0.35), rel=1e-4)
    assert duration(x, y) == pytest.approx(40_000 * math.log(6), rel=1e-4)
    assert math.isnan(plateau_level(x, y))


def test_times_and_plateau_of_a_change():
    y = after_plateau(EVALUATIONS)
    assert half_time(EVALUATIONS, y) == pytest.approx(150_000, rel=0.01)
    assert plateau_level(EVALUATIONS, y) == pytest.approx(0.7, abs=0.03)
    assert 2 * duration(EVALUATIONS, after_plateau(EVALUATIONS, width=10_000)) == pytest.approx(
        duration(EVALUATIONS, y), rel=0.02
    )


def test_times_that_are_never_reached_are_later_than_any():
    x, y = np.arange(100.0), np.linspace(1, 0.5, 100)
    found = phase_change(x, y)
    assert found.half_time.value == found.duration.value == math.inf
    assert found.half_time.interval is found.duration.interval is None


# --- uncertainty ---


@pytest.mark.parametrize("share", [0.001, 0.01])
def test_the_noise_of_a_curve_is_found(share):
    y = after_plateau(EVALUATIONS)
    found = local_noise(EVALUATIONS, with_noise(y, share))
    assert np.median(found) == pytest.approx(share * np.ptp(y), rel=0.3)
    assert (local_noise(EVALUATIONS, EVALUATIONS / 1e5) < 1e-12).all(), "a straight line has none"


def test_noise_of_one_part_is_found_there():
    x = np.arange(200.0)
    noise = np.where(x < 100, 0.01, 0.1)
    found = local_noise(x, noise * np.random.default_rng(0).standard_normal(200))
    assert np.median(found[:90]) == pytest.approx(0.01, rel=0.4)
    assert np.median(found[110:]) == pytest.approx(0.1, rel=0.4)


def test_intervals_are_around_the_values_and_wider_with_more_noise():
    widths = []
    for share in (0.001, 0.005):
        found = phase_change(EVALUATIONS, with_noise(after_plateau(EVALUATIONS), share))
        for value, interval in found[:4]:
            assert interval.low <= value <= interval.high
        widths.append([interval.high - interval.low for _, interval in found[:4]])
    assert (np.array(widths[1]) > 2 * np.array(widths[0])).all()


def test_no_interval_of_a_ratio_goes_below_1():
    found = phase_change(EVALUATIONS, with_noise(exponential(EVALUATIONS), 0.003)).acceleration
    assert 1 <= found.interval.low <= found.value


def test_intervals_are_as_wide_as_curves_differ():
    """Over curves that differ in their noise only."""
    curves = [with_noise(after_plateau(EVALUATIONS), 0.002, seed) for seed in range(60)]
    found = phase_change(EVALUATIONS, curves[0])
    for measure, name in ((half_time, "half_time"), (acceleration_ratio, "acceleration")):
        low, high = np.quantile([measure(EVALUATIONS, y) for y in curves], [0.025, 0.975])
        interval = getattr(found, name).interval
        assert (interval.high - interval.low) / (high - low) == pytest.approx(1, abs=0.5)


# --- the preferred shape ---

KNOWN = {
    "exponential": exponential,
    "two exponentials": exponentials,
    "S-shape": after_plateau,
}


@pytest.mark.parametrize("shape", KNOWN)
@pytest.mark.parametrize("share", [0, 0.002, 0.01])
def test_a_curve_prefers_its_own_shape(shape, share):
    found = preference(EVALUATIONS, with_noise(KNOWN[shape](EVALUATIONS), share), draws=5)
    assert found.shape == shape
    assert found.support == 1
    assert found.criterion[shape] == 0
    assert min(found.criterion.values()) == 0
    assert (found.against_s < 0) == (shape == "S-shape")


@spaced
def test_the_preference_does_not_depend_on_where_a_change_is_evaluated(x):
    assert preference(x, with_noise(after_plateau(x), 0.002), draws=2).shape == "S-shape"


def test_a_power_law_is_no_s_shape():
    assert preference(EVALUATIONS, power_law(EVALUATIONS), draws=2).against_s > 10


@settings(max_examples=3, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-1, 1), height=st.floats(0.1, 10))
def test_the_preference_does_not_depend_on_units(scale, shift, height):
    y = with_noise(after_plateau(EVALUATIONS), 0.002)
    one = preference(EVALUATIONS, y, draws=1)
    other = preference(scale * EVALUATIONS, shift + height * y, draws=1)
    assert one.shape == other.shape
    assert one.against_s == pytest.approx(other.against_s, rel=0.02)


def test_too_few_points_prefer_nothing():
    found = preference(np.arange(3.0), np.array([1.0, 0.5, 0.2]))
    assert found.shape is None
    assert set(found.criterion) == set(SHAPES)


# --- what is no curve ---


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0, 1, 1], [1, 0.5, 0.2], "x must increase, but goes from 1.0 to 1.0 at point 2"),
        ([0, 1, 2], [1, np.nan, 0.2], "not finite at point 1"),
        ([0, 1, 2], [1, 0.5], "not of shapes"),
        ([0], [1], "at least 2 numbers"),
    ],
)
def test_what_is_no_curve_says_why(x, y, message):
    with unchecked(), pytest.raises(ValueError, match=message):
        Fall.of(np.array(x), np.array(y))
