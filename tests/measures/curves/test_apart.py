"""How far two curves lie apart, against closed forms."""

import numpy as np
import pytest

from icl_repro.measures.curves.apart import Curve, area_between


def curve(*points: tuple[float, float]) -> Curve:
    x, y = np.array(points).T
    return x, y


FLAT = curve((0, 0), (10, 0))
DROP = curve((0, 1), (100, 1), (101, 0), (400, 0))
LATER = curve((0, 1), (130, 1), (131, 0), (300, 0))


def test_a_curve_is_not_apart_from_itself():
    assert area_between(DROP, DROP) == 0


def test_a_drop_that_comes_later_is_its_size_times_the_delay_apart():
    assert area_between(DROP, LATER) == pytest.approx(30)
    assert area_between(LATER, DROP) == pytest.approx(30)


def test_curves_that_cross_between_points_are_apart_on_either_side():
    assert area_between(FLAT, curve((0, -1), (10, 3))) == pytest.approx(2.5 / 2 + 3 * 7.5 / 2)


def test_a_curve_that_ends_first_stays_as_it_ended():
    assert area_between(FLAT, curve((0, 1), (30, 1))) == pytest.approx(30)


def test_nothing_is_counted_before_both_have_started():
    assert area_between(FLAT, curve((4, 1), (10, 1))) == pytest.approx(6)


def test_points_in_between_that_lie_on_the_line_change_nothing():
    x, y = LATER
    denser = np.union1d(x, np.linspace(0, 300, 61))
    fine = denser, np.interp(denser, x, y)
    assert area_between(DROP, fine) == pytest.approx(area_between(DROP, LATER))
