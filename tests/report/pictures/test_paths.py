"""Curves as short paths: what is left out cannot be seen, and nothing drifts."""

import math
import re

import numpy as np
import pytest

from icl_repro.report.pictures.paths import THINNED, band, curve, steps, thinned

NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def drawn(path):
    """The points of a path of relative steps."""
    start, _, rest = path.removeprefix("M").partition("l")
    points = [tuple(map(float, start.split()))]
    numbers = list(map(float, NUMBER.findall(rest)))
    for across, down in zip(numbers[::2], numbers[1::2], strict=True):
        points.append((points[-1][0] + across, points[-1][1] + down))
    return points


def farthest(points, line):
    """How far the point that is farthest from the line lies from it."""
    found = []
    starts, ends = np.array(line[:-1]), np.array(line[1:])
    for point in points:
        along = ends - starts
        whole = np.maximum((along**2).sum(axis=1), 1e-12)
        share = np.clip(((point - starts) * along).sum(axis=1) / whole, 0, 1)
        found.append(np.hypot(*(starts + share[:, None] * along - point).T).min())
    return max(found)


def noisy(count):
    rng = np.random.default_rng(3)
    return list(
        zip(np.linspace(40, 380, count), 100 + rng.normal(0, 5, count).cumsum(), strict=True)
    )


@pytest.mark.parametrize("count", [2, 3, 50, 2000])
def test_no_point_is_farther_from_the_curve_than_can_be_seen(count):
    points = noisy(count)
    line = thinned(points)
    assert (line[0], line[-1]) == (points[0], points[-1])
    assert farthest(points, line) <= THINNED + 1e-9
    # Each point is rounded to a tenth, in both directions.
    assert farthest(points, drawn(curve(points))) <= THINNED + math.hypot(0.05, 0.05) + 1e-9


def test_what_lies_on_a_straight_line_is_left_out():
    assert thinned([(x, 2 * x) for x in range(1000)]) == [(0, 0), (999, 1998)]
    assert len(thinned([(x, x % 2) for x in range(100)])) == 100
    assert thinned([(1.0, 2.0)]) == [(1.0, 2.0)]
    assert thinned([(1.0, 2.0)] * 5) == [(1.0, 2.0)] * 2


def test_a_curve_that_turns_back_keeps_its_turns():
    assert thinned([(0, 0), (5, 0), (10, 0), (5, 0), (0, 0)]) == [(0, 0), (10, 0), (0, 0)]


def test_steps_do_not_add_up_what_they_are_rounded_by():
    points = [(x / 30, x / 70) for x in range(3000)]
    assert np.abs(np.array(drawn(steps(points))) - points).max() <= 0.05 + 1e-9


def test_numbers_are_written_shortly():
    assert steps([(1, 2), (1.5, 1.5), (2, 1.6), (2, 1.2), (12, 3)]) == "M1 2l.5-.5.5.1 0-.4 10 1.8"
    assert drawn("M1 2l.5-.5.5.1 0-.4 10 1.8")[-1] == pytest.approx((12, 3))
    assert steps([(1.04, -0.02)]) == "M1 0"


def test_a_band_goes_there_and_back():
    low, high = [(0, 0), (1, 0), (2, 0)], [(0, 1), (1, 1), (2, 1)]
    assert band(low, high) == "M0 0l2 0 0 1-2 0z"
