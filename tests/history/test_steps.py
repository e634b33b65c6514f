"""Steps in a series: planted ones at their place, next to none in noise."""

import numpy as np
import pytest

from icl_repro.history.steps import steps

FLOOR = 1e-6


@pytest.mark.parametrize("at", [3, 10, 17, 19])
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
    assert steps([0.9] * 5 + [0.91], 1e-3) == [5]
    assert steps([0.9, 0.9, 0.91], 1e-3) == [2]
    assert steps([0.9] * 5 + [0.91], 0.1) == []
    assert steps([0.9] * 5 + [0.905], 2e-3) == [], "within what it is known to differ by"


def test_a_slow_drift_below_the_floor_from_one_to_the_next_is_no_noise():
    assert steps([0.0, 0.0, *[0.8e-6 * n for n in range(1, 40)]], FLOOR)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_or_the_same_values_have_none(values):
    assert steps(values, FLOOR) == []
