"""Axes: where values lie on them, and their ticks."""

import math

import pytest

from icl_repro.report.pictures.scales import Scale, limits_around


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.1, 1.04, [0, 0.25, 0.5, 0.75, 1]),
        (0, 612_000, [0, 200_000, 400_000, 600_000]),
        (1e-9, 3e-9, [1e-9, 1.5e-9, 2e-9, 2.5e-9, 3e-9]),
    ],
)
def test_ticks_are_round_and_few(low, high, ticks):
    assert Scale(low, high, 0, 100).ticks() == pytest.approx(ticks)


def test_what_counts_has_whole_ticks():
    assert Scale(0.8, 4.2, 0, 100).ticks(whole=True) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.5, 2000, [1, 10, 100, 1000]),
        (1e-12, 1.5, [1e-12, 1e-9, 1e-6, 1e-3, 1]),
        (15, 300, [20, 50, 100, 200]),
    ],
)
def test_far_apart_values_have_powers_or_their_parts(low, high, ticks):
    assert Scale(low, high, 0, 100, log=True).ticks() == pytest.approx(ticks)


def test_places_run_from_start_to_end():
    assert [Scale(0, 4, 10, 50).place(value) for value in (0, 1, 4)] == [10, 20, 50]
    down = Scale(1, 100, 200, 0, log=True)
    assert [down.place(value) for value in (1, 10, 100)] == pytest.approx([200, 100, 0])


def test_an_axis_holds_what_it_is_around_and_a_lone_value_in_the_middle():
    assert limits_around([0.0, None, 10.0, math.nan], 0.1) == (-1, 11)
    low, high = limits_around([3.0], 0.1)
    assert low < 3 < high
    assert (low + high) / 2 == pytest.approx(3)
    assert limits_around([1.0, 100.0, -5.0], 0.5, log=True) == pytest.approx((0.1, 1000))
    assert limits_around([], 0.1) == (0, 1)
