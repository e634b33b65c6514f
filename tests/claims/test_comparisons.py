"""How curves, heads and times are compared."""

import math

import numpy as np
import pytest

from claims.comparisons import (
    all_but_the_first,
    emergence_times,
    loss_of_a_choice,
    place_in_time,
    place_of,
    place_of_second,
    plateau_length,
    share_closed,
    spread_ratio,
    strength_and_earliness,
)

SEQUENCES = np.arange(0.0, 60.0, 10.0)
LOSS = np.array([1.6, 0.8, 0.7, 0.7, 0.65, 0.1])


def test_a_plateau_is_the_longest_stretch_near_ln_2():
    assert plateau_length(SEQUENCES, LOSS) == 30
    assert plateau_length(SEQUENCES, np.zeros(6)) == 0


@pytest.mark.parametrize(
    ("accuracy", "probability"), [(0.5, 0.5), (0.2, 0.95), (0.99, 0.95)], ids=str
)
def test_a_plateau_is_an_even_guess_between_the_labels_in_context(accuracy, probability):
    guess = np.full(6, 0.5), np.full(6, 0.95)
    assert plateau_length(SEQUENCES, LOSS, *guess) == 30
    assert plateau_length(SEQUENCES, LOSS, np.full(6, accuracy), np.full(6, probability)) == 0


def test_the_strongest_head_has_the_first_place():
    strengths = np.array([0.1, 0.9, 0.5, 0.9])
    assert [place_of(head, strengths) for head in range(4)] == [4, 1, 3, 1]


def test_the_first_head_has_the_first_place_in_time_and_what_never_happens_the_last():
    times = np.array([30.0, 10.0, math.inf, 20.0])
    assert [place_in_time(head, times) for head in range(4)] == [3, 1, 4, 2]


def test_the_order_is_that_of_induction_heads():
    strengths, times = np.array([0.3, 0.8, 0.2, 0.5]), np.array([300.0, 100.0, np.nan, 200.0])
    found, early = strength_and_earliness(strengths, times)
    assert found.tolist() == [0.8, 0.5, 0.3]
    assert early.tolist() == [-100, -200, -300]


def test_an_even_choice_between_two_labels_costs_least():
    assert loss_of_a_choice(0.5) == pytest.approx(math.log(2))
    for weight in (0.9, 0.1):
        assert loss_of_a_choice(weight) == pytest.approx(-math.log(0.09) / 2)


def test_a_head_emerges_when_its_strength_first_rises_to_a_tenth():
    strengths = np.array([[0.0, 0.0, 0.2], [0.2, 0.05, 0.2], [0.05, 0.09, 0.2]])
    emerged = emergence_times(np.array([0.0, 10.0, 20.0]), strengths)
    assert emerged.tolist() == [5.0, math.inf, 0.0]
    assert all_but_the_first(emerged) == [0, 1]


def test_the_second_to_emerge_has_a_place_by_its_speed_alone():
    emerged = np.array([30.0, 10.0, 20.0, math.inf])
    assert place_of_second(emerged, np.array([1.0, 2.0, 3.0, 4.0])) == 3
    assert place_of_second(emerged, np.array([math.inf, 2.0, 1.0, 4.0])) == 1


def test_heads_that_are_all_the_same_alone_have_no_spread_to_compare_with():
    assert spread_ratio(np.array([0.98, 0.99]), np.array([0.2, 0.7])) == pytest.approx(0.02)
    assert math.isnan(spread_ratio(np.array([0.9, 0.99]), np.array([0.5, 0.5])))


def test_the_share_of_the_delay_is_the_median_over_pairs():
    pairs = np.array([250.0, 300.0, 200.0])
    assert share_closed(pairs, one=300.0, all_heads=200.0) == 0.5


def test_a_pair_that_never_learns_closes_less_than_nothing():
    assert share_closed(np.array([math.inf] * 2 + [210.0]), 300.0, 200.0) == -math.inf


@pytest.mark.parametrize(("one", "all_heads"), [(200, 200), (190, 200), (math.inf, 200)])
def test_without_a_delay_no_share_of_it_is_closed(one, all_heads):
    assert math.isnan(share_closed(np.array([100.0]), one, all_heads))
