"""Steps in a series: planted ones at their place, next to none in noise."""

import numpy as np
import pytest

from icl_repro.history.steps import newest, on_few_levels, shown, steps

FLOOR = 1e-6


@pytest.mark.parametrize("at", [3, 10, 17])
def test_a_planted_step_is_found_at_its_place(at):
    noise = np.random.default_rng(5).normal(size=20)
    assert steps([*(noise[:at]), *(noise[at:] + 15)], FLOOR) == [at]


def test_two_planted_steps_are_found_in_noise_of_any_size_and_place():
    noise = np.random.default_rng(3).normal(size=40)
    level = np.repeat([0.0, 8.0, 2.0], [12, 10, 18])
    for scale, shift in ((1.0, 0.0), (1e-3, 5.0), (1e6, -1e9)):
        assert steps(list(shift + scale * (noise + level)), FLOOR * scale) == [12, 22]


def test_in_pure_noise_hardly_ever_a_step_is_found():
    random = np.random.default_rng(0)
    lengths = random.integers(3, 60, size=200)
    false = sum(bool(steps(list(random.normal(size=n)), FLOOR)) for n in lengths)
    assert false <= 2


def test_what_is_measured_again_to_the_bit_shows_any_step_above_the_floor():
    assert steps([0.9] * 5 + [0.91] * 2, 1e-3) == [5]
    assert steps([0.9] * 5 + [0.91], 1e-3) == [], "of the newest value the other test tells"
    assert newest([0.9, 0.9, 0.91], 1e-3) < 1e-9
    assert newest([0.9] * 5 + [0.91], 0.1) == 1
    assert newest([0.9] * 5 + [0.905], 2e-3) > 0.01, "within what it is known to differ by"


def test_the_newest_value_is_held_against_the_prediction_interval():
    """Mean 2 and standard deviation 1 of three: t = 6 / sqrt(4 / 3) with two degrees of freedom."""
    t = 6 / np.sqrt(4 / 3)
    assert newest([1.0, 2.0, 3.0, 8.0], FLOOR) == pytest.approx(1 - t / np.sqrt(2 + t**2))
    assert newest([1.0, 8.0], FLOOR) == 1, "of one earlier value nothing is known"


def test_quantities_of_a_run_are_corrected_together():
    assert shown([0.02]) == [True]
    assert shown([0.02, *[0.9] * 9]) == [False] * 10
    assert shown([0.001, 0.004, *[0.9] * 8]) == [True, True, *[False] * 8]
    random = np.random.default_rng(0)
    runs = [[newest(list(one), FLOOR) for one in random.normal(size=(40, 8))] for _ in range(60)]
    assert sum(any(shown(run)) for run in runs) <= 0.05 * 60 + 3


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_counts_hardly_ever_have_a_false_step_and_a_step_has_to_persist(rate):
    random = np.random.default_rng(1)
    series = [list(random.binomial(1, rate, size=12).astype(float)) for _ in range(100)]
    assert sum(bool(steps(one, FLOOR, counts=True)) for one in series) <= 4
    assert steps([3.0] * 10 + [4.0] * 3, FLOOR, counts=True) == [10]
    assert steps([3.0] * 10 + [4.0] * 2, FLOOR, counts=True) == []


def test_what_leaves_a_level_and_comes_back_is_on_few_levels():
    assert on_few_levels([1.0, 1.0, 2.0, 1.0])
    assert not on_few_levels([1.0, 1.0, 2.0, 2.0, 3.0])


def test_a_slow_drift_below_the_floor_from_one_to_the_next_is_no_noise():
    assert steps([0.0, 0.0, *[0.8e-6 * n for n in range(1, 40)]], FLOOR)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_or_the_same_values_have_none(values):
    assert steps(values, FLOOR) == []
