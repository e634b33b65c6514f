"""Reading times off curves, against closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_repro.measures.curves.crossings import (
    first_fall,
    first_rise,
    longest_stay,
    time_between,
    time_to,
)
from tests.support.shapes_checked import unchecked

VALUES = st.floats(-100, 100).map(lambda value: round(value, 3))


@st.composite
def curves(draw, values=VALUES) -> tuple[np.ndarray, np.ndarray]:
    """Points with growing x."""
    gaps = draw(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
    y = draw(st.lists(values, min_size=len(gaps), max_size=len(gaps)))
    return np.cumsum(gaps) - gaps[0], np.array(y)


@pytest.mark.parametrize(
    ("y", "level", "expected"),
    [
        ([1.0, 0.0], 0.5, 5.0),
        ([1.0, 0.0], 0.25, 7.5),
        ([1.0, 0.0], 0.0, 10.0),
        ([1.0, 0.0], 1.0, 0.0),
        ([0.2, 0.0], 0.5, 0.0),
        ([1.0, 0.8], 0.5, math.nan),
        ([1.0, 0.0, 1.0, 0.0], 0.5, 5.0),
        ([0.0, 1.0, 0.0], -0.5, math.nan),
        ([1.0, 1.0, 0.5, 0.5], 0.5, 20.0),
        ([1.0, math.nan, 0.5, 0.5], 2.0, 0.0),
        ([], 0.5, math.nan),
    ],
)
def test_first_fall(y, level, expected):
    x = 10 * np.arange(len(y))
    assert first_fall(x, np.array(y), level) == pytest.approx(expected, nan_ok=True)
    assert first_rise(x, -np.array(y), -level) == pytest.approx(expected, nan_ok=True)


@given(st.floats(0.1, 100), st.floats(-10, 10), st.floats(0.01, 0.99))
def test_on_a_straight_line_the_level_is_met_where_it_is_meant_to_be(slope, start, share):
    x = np.linspace(0, 7, 50)
    level = start - slope * 7 * share
    assert first_fall(x, start - slope * x, level) == pytest.approx(7 * share, rel=1e-6)


@given(curves(), VALUES)
def test_a_fall_is_found_if_there_is_one_and_not_before_it(curve, level):
    x, y = curve
    found = first_fall(x, y, level)
    if (y > level).all():
        assert math.isnan(found)
    else:
        assert np.interp(found, x, y) == pytest.approx(level, abs=1e-6) or found == x[0]
        assert (y[x < found] > level).all()


@given(curves(), VALUES)
def test_more_points_of_the_same_line_change_nothing(curve, level):
    x, y = curve
    finer = np.union1d(x, np.linspace(x[0], x[-1], 33))
    there = first_fall(finer, np.interp(finer, x, y), level)
    # Interpolation may miss a level that is only touched by rounding.
    assert there == pytest.approx(first_fall(x, y, level), nan_ok=True, abs=1e-3) or (
        np.abs(y - level).min() < 1e-6
    )


@given(curves(), VALUES)
def test_a_time_is_that_of_the_first_fall_and_later_than_any_if_there_is_none(curve, level):
    fall, time = first_fall(*curve, level), time_to(*curve, level)
    assert time == (math.inf if math.isnan(fall) else fall)


def test_a_network_that_never_learns_is_later_than_one_that_does():
    x = np.arange(5.0)
    learns, never = np.linspace(1, 0, 5), np.linspace(1, 0.5, 5)
    assert time_to(x, never, 0.35) > time_to(x, learns, 0.35)
    assert time_between(x, never, 0.6, 0.1) > time_between(x, learns, 0.6, 0.1)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([1, 0.8, 0.6, 0.1, 0], 1),
        ([0.5, 0.4, 0.3, 0.2, 0], 3.5),  # it starts below the upper level
        ([1, 0.7, 0.6, 0.5, 0.2], math.inf),
        ([1, 0.9, 0.8, 0.7, 0.65], math.inf),
    ],
)
def test_how_long_a_fall_takes(y, expected):
    assert time_between(np.arange(5.0), np.array(y), 0.6, 0.1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ([], 0),
        ([0, 0, 0], 0),
        ([0, 1, 0], 0),
        ([1, 1, 0, 0, 0], 1),
        ([1, 1, 0, 1, 1], 6),
        ([1, 1, 1, 1, 1], 10),
        ([1, 0, 1, 0, 1], 0),
    ],
)
def test_longest_stay(inside, expected):
    x = np.array([0, 1, 2, 4, 10])[: len(inside)]
    assert longest_stay(x, np.array(inside, bool)) == expected


@given(curves(st.booleans()))
def test_the_longest_stay_is_the_longest_of_all_stretches_within(curve):
    x, inside = curve
    stretches = [
        x[last] - x[first]
        for first, last in itertools.combinations_with_replacement(range(len(x)), 2)
        if inside[first : last + 1].all()
    ]
    assert longest_stay(x, inside) == max(stretches, default=0)


def test_a_curve_and_a_mask_of_different_lengths_are_an_error():
    with unchecked(), pytest.raises(ValueError, match="shorter"):
        longest_stay(np.arange(3), np.ones(2, bool))
