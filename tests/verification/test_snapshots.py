"""Curves compared in a tube: what agrees, what drifts, and what a reader learns of it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.verification.snapshots import (
    Tolerance,
    UnusableCurve,
    compare,
    curve,
    decode,
    drift_sentence,
    encode,
)

TIMES = np.linspace(0, 1_000_000, 101)


def loss(fall: float, bottom: float = 0.02):
    """A loss curve that falls from 0.7 at `fall`."""
    return curve(TIMES, bottom + 0.68 / (1 + np.exp((TIMES - fall) / 10_000)))


def points(count: int):
    """Curves of `count` points, with x one apart."""
    return st.lists(st.floats(-5, 5), min_size=count, max_size=count).map(
        lambda values: curve(range(count), values)
    )


def test_a_phase_change_a_little_later_agrees():
    assert compare(loss(330_000), loss(300_000), Tolerance()) is None


def test_a_phase_change_much_later_drifts_and_says_where():
    drift = compare(loss(450_000), loss(300_000), Tolerance())
    assert drift is not None
    assert 300_000 < drift.at < 450_000
    sentence = drift_sentence("train loss", drift)
    assert sentence.startswith("curve 'train loss' drifted from its snapshot: ")
    assert f"{drift.outside} of 202 points" in sentence
    assert f"x = {drift.at:,.7g}" in sentence


def test_a_value_that_differs_everywhere_drifts_by_the_difference():
    drift = compare(loss(300_000, bottom=0.22), loss(300_000), Tolerance())
    assert drift is not None
    allowed = 0.05 * 0.68 + 0.001 * 0.7
    assert drift.allowed == pytest.approx(allowed, rel=1e-3)
    assert drift.excess == pytest.approx(0.2 - allowed, rel=1e-2)


def test_a_dip_that_the_stored_curve_has_not_drifts_and_the_other_way_round():
    flat = curve([0, 1, 2, 3, 4, 5], [1, 1, 1, 1, 1, 2])
    dip = curve([0, 1, 2, 3, 4, 5], [1, 1, 0, 1, 1, 2])
    tight = Tolerance(time_of_x=0, time_of_span=0)
    there, back = compare(dip, flat, tight), compare(flat, dip, tight)
    assert (there.at, there.value, there.side) == (2, 0, "new")
    assert back.at == 2


def test_a_curve_that_ends_early_drifts():
    short = curve(TIMES[:60], np.asarray(loss(300_000).y)[:60])
    drift = compare(short, loss(300_000), Tolerance())
    assert (drift.side, drift.excess) == ("stored", None)
    assert "the new curve has no point" in drift_sentence("train loss", drift)


def test_constant_curves_agree_within_a_share_of_their_size():
    assert compare(curve([0, 1], [2, 2]), curve([0, 1], [2.001, 2.001]), Tolerance()) is None
    assert compare(curve([0, 1], [2, 2]), curve([0, 1], [2.1, 2.1]), Tolerance()) is not None


@given(points(6))
@settings(max_examples=50, deadline=None)
def test_a_curve_agrees_with_itself_even_without_tolerance(one):
    assert compare(one, one, Tolerance(0, 0, 0, 0)) is None


@given(points(6), points(6), st.floats(0, 0.2), st.floats(0, 0.2))
@settings(max_examples=100, deadline=None)
def test_more_tolerance_never_finds_more_points_outside(new, stored, time, value):
    small = compare(new, stored, Tolerance(time, time, value, 0.0))
    large = compare(new, stored, Tolerance(time + 0.1, time + 0.1, value + 0.1, 0.0))
    assert (large.outside if large else 0) <= (small.outside if small else 0)


@given(points(6), st.floats(-0.04, 0.04))
@settings(max_examples=50, deadline=None)
def test_a_shift_within_the_tolerance_in_value_agrees(one, share):
    moved = curve(one.x, np.asarray(one.y) + share * np.ptp(one.y))
    assert compare(moved, one, Tolerance(value_of_size=1e-4)) is None


@given(points(4), points(5))
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_again(first, second):
    curves = {"test[seed5][b]": first, "test[seed5][a]": second}
    tolerance = Tolerance(value_of_range=0.2)
    assert decode(encode(curves, tolerance)) == (curves, tolerance)


def test_a_file_has_a_point_a_line_and_says_what_its_tolerance_means():
    text = encode({"loss": curve([0, 1000, 123456], [0.693147, 0.5, 1e-7])}, Tolerance())
    assert "   [0, 0.69315],\n   [1000, 0.5],\n   [123456, 1e-07]\n" in text
    stored = json.loads(text)
    assert "time_of_x * |x|" in " ".join(stored["about"])
    assert stored["tolerance"]["time_of_x"] == 0.1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0], [1], "two points or more"),
        ([0, 1], [1, 2, 3], "as many x as y"),
        ([0, 1], [1, math.nan], "point 1 of the curve is not finite"),
        ([0, 0], [1, 1], "must increase"),
        ([1, 0], [1, 1], "must increase"),
    ],
)
def test_points_that_make_no_curve_are_refused(x, y, message: str):
    with pytest.raises(UnusableCurve, match=message):
        curve(x, y)


def test_other_files_and_other_formats_are_refused():
    with pytest.raises(UnusableCurve, match="does not hold curves"):
        decode("{}")
    with pytest.raises(UnusableCurve, match="has format 2; this release reads 1"):
        decode(encode({}, Tolerance()).replace('"format": 1', '"format": 2'), "loss.json")
