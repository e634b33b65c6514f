"""The rules for heads and paths, on the published heat maps: they give what Appendix E says."""

import numpy as np
import pytest

from claims.test_wiring import lost_in_the_paper
from claims.wired_paths import (
    PAPER_HEADS,
    STRONG_EFFECT,
    paths,
    place_by_ablation,
    published_accuracies,
    published_paths,
    strongest,
    with_strong_effect,
)
from icl_repro.statistics.breaks import natural_break


def test_the_published_paths_are_the_six_of_the_list():
    listed = {1: [3], 2: [1, 2, 3], 5: [1, 3]}
    found = published_paths()
    assert {head: np.flatnonzero(found[:, head]).tolist() for head in listed} == listed
    assert found.sum() == 6


@pytest.mark.parametrize("of_receivers", [np.max, np.mean, lambda table, axis: table[3]])
def test_by_the_natural_break_the_published_paths_single_out_the_papers_heads(of_receivers):
    of_senders = of_receivers(published_accuracies("b.pv"), axis=0)
    found = np.flatnonzero(of_senders >= natural_break(of_senders))
    assert tuple(found) == PAPER_HEADS


def test_only_head_2_has_a_strong_effect_where_values_are_preserved():
    change = published_accuracies("a.pv")
    assert with_strong_effect(change) == (2,)
    first, second = np.sort(-change.min(axis=0))[::-1][:2]
    assert pytest.approx((first + second) / 2, abs=0.001) == STRONG_EFFECT


def test_paths_are_active_pairs_between_the_heads_that_are_asked_for():
    accuracies = np.full((4, 4), 0.9)
    accuracies[2, 1] = 0.5
    found = paths(accuracies, senders=(1, 3), receivers=(0, 2), n_episodes=1_000)
    assert np.argwhere(found).tolist() == [[0, 1], [0, 3], [2, 3]]
    assert not paths(accuracies, (), (0, 2), 1_000).any()


def test_the_strongest_are_in_the_order_of_their_number():
    assert strongest(np.array([0.1, 0.9, 0.2, 0.95, 0.5])) == (1, 3, 4)


def test_the_place_is_that_of_the_head_with_the_highest_score():
    scores, accuracies = np.zeros((3, 3)), np.array([[0.2, 0.4, 0.3], [0.9, 0.5, 0.1], [0, 0, 0]])
    scores[0, 1] = 1
    assert place_by_ablation(scores, accuracies) == 2
    assert place_by_ablation(scores, accuracies, np.argmin) == 1


def test_the_printed_accuracies_lose_more_than_there_is_unless_they_are_exchanged():
    as_printed = [one.value for one in lost_in_the_paper("paper.pp_all", "paper.vp_all")]
    exchanged = [one.value for one in lost_in_the_paper("paper.vp_all", "paper.pp_all")]
    assert as_printed == pytest.approx([0.562, 1.780, 1.218], abs=0.001)
    assert exchanged == pytest.approx([1.113, 0.900, -0.213], abs=0.001)
