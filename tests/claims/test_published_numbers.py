"""How the paper's own numbers are held against each other, on numbers that are known."""

import numpy as np
import pytest

from claims import test_published as tables
from claims import test_published_figures as figures
from claims.published import reported


def test_a_percentage_that_was_rounded_is_as_shown_and_another_digit_is_not() -> None:
    shown = np.array([0.403188, 0.751684, 0.764298])
    assert not tables.not_as(np.round(shown, 4), shown).any()
    assert tables.not_as(np.array([0.4032, 0.7512, 0.6542]), shown).tolist() == [False, True, True]


def test_shares_of_a_number_of_sequences_are_told_from_others() -> None:
    shares = np.round(np.arange(0, 1553, 97) / 1553, 4)
    assert tables.from_a_share(shares, 1553) <= 5e-5
    assert tables.from_a_share(np.array([0.5 / 1553]), 1553) == pytest.approx(0.5 / 1553)
    assert tables.from_a_share(shares, 1500) > 1e-4


def test_the_largest_ratio_is_that_of_the_two_farthest_in_either_order() -> None:
    times = [np.array([100.0, 50.0]), np.array([101.0, 50.0]), np.array([100.0, 48.0])]
    assert figures.largest_ratio(times) == pytest.approx(50 / 48)


def test_formula_and_mistakes_give_the_numbers_of_the_text() -> None:
    # Pairs of 50 classes in order, 8 of 10 pairs of labels in either order, and either class asked.
    assert reported("paper.dataset_size").value == 50 * 49 * 8 * 2 * 2
    alone = tables.in_the_text()["Head 3 alone, by its mistakes"]
    assert alone.exact == pytest.approx(reported("nb.seed5.only_head_accuracy.h3").value, abs=1e-5)


def test_every_network_is_drawn_in_several_figures_and_each_curve_once() -> None:
    curves = [curve for group in figures.same_networks().values() for curve in group]
    assert len(curves) == len(set(curves)) == 22
    assert all(len(group) > 1 for group in figures.same_networks().values())


def test_the_two_numbers_of_appendix_e_agree_with_the_rest_once_exchanged() -> None:
    found = tables.appendix_e()
    patterns, values = found.all_heads
    least = np.min(figures.published_data().heatmaps["fig11b.pv"].values)
    assert patterns > found.rest.patterns > values
    assert values < least < patterns
