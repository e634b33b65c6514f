"""The distance of two profiles against closed forms."""

import math

import numpy as np
import pytest

from icl_repro.measures.curves.profile import Curve, profile_distance

X = np.linspace(0, 2, 20_001)


def test_a_curve_that_is_only_stretched_has_the_same_profile():
    falling = np.exp(-X)
    assert profile_distance(Curve(X, falling), Curve(7 * X, falling), 0.3) < 1e-6


@pytest.mark.parametrize("stretched", [1, 10])
def test_the_distance_is_the_mean_over_the_shares_of_the_time(stretched):
    # 1 - s and 1 - s**2 are both at 0.25 of their range when s is 1 of their own time:
    # 1 - 0.75 s against 1 - 0.75 s**2, whose difference is 0.75 (s - s**2).
    straight, bent = Curve(X, 1 - 0.75 * X), Curve(stretched * X, 1 - 0.75 * X**2)
    assert profile_distance(straight, bent, 0.25) == pytest.approx(0.75 / 6, abs=1e-4)
    assert profile_distance(bent, straight, 0.25) == pytest.approx(0.75 / 6, abs=1e-4)


def test_what_comes_after_the_level_does_not_count():
    one = Curve(X, 1 - 0.5 * X)
    other = Curve(X, np.where(X <= 1.2, 1 - 0.5 * X, 0.4))
    assert profile_distance(one, other, 0.5) < 1e-12


def test_a_curve_that_never_falls_so_far_has_no_distance():
    assert math.isnan(profile_distance(Curve(X, 1 - X / 4), Curve(X, 1 - X / 2), 0.4))
