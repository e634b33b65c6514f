"""Which episodes heads get wrong, and whether mistakes concentrate on labels."""

import numpy as np
import pytest

from icl_repro.measures.heads import mistakes
from icl_repro.measures.heads.ablation import HeadsOff
from icl_repro.measures.heads.mistakes import (
    concentration,
    concentration_by_chance,
    correct_episodes,
    counts_on,
    losses_of_head_alone,
    mistakes_by_label,
    single_head_answers,
)
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import ClampMatch, Intervention, intervention, only_heads
from icl_repro.training.evaluation import correct, losses
from tests.support.random_networks import random_episodes, random_network

MODEL = ModelSettings(layers=2, width=16, heads=4)
EPISODES = np.array([300, 400, 300, 300, 300])


def answers(model, episodes, clamps):
    logits = intervention(clamps, MODEL).predict(model, episodes).logits
    return np.asarray(correct(logits, episodes))


def test_each_head_alone_answers_as_under_the_clamps_of_the_paper(monkeypatch):
    monkeypatch.setattr(mistakes, "LARGEST_CHUNK", 25)  # more than one chunk
    model, episodes = random_network(11), random_episodes(11, n_episodes=60)
    found = single_head_answers(model, episodes)
    for head in range(4):
        alone = only_heads([head], 1, 4)
        np.testing.assert_array_equal(found.alone[head], answers(model, episodes, [alone]))
        perfected = [alone, ClampMatch(tuple(range(4)))]
        np.testing.assert_array_equal(found.perfected[head], answers(model, episodes, perfected))
    assert (found.alone != found.perfected).any()


def test_losses_of_a_head_alone_are_those_under_the_ablation_of_the_others(monkeypatch):
    monkeypatch.setattr(mistakes, "LARGEST_CHUNK", 25)  # more than one chunk
    model, episodes = random_network(11), random_episodes(11, n_episodes=60)
    logits = intervention([only_heads([2], 1, 4)], MODEL).predict(model, episodes).logits
    found = losses_of_head_alone(model, episodes, 2)
    np.testing.assert_allclose(found, losses(logits, episodes), atol=1e-5)


def test_a_head_that_there_is_not_cannot_be_alone():
    model, episodes = random_network(11), random_episodes(11)
    with pytest.raises(ValueError, match=r"head 4 is out of range, .* 0 to 3 \(nearest: 3\)"):
        losses_of_head_alone(model, episodes, 4)


def test_answers_keep_the_order_of_choices_and_of_episodes():
    model, episodes = random_network(12), random_episodes(12, n_episodes=30)
    masks = np.eye(4, dtype=bool)
    found = np.asarray(correct_episodes(model, episodes, HeadsOff(1), masks))
    assert found.shape == (4, 30)
    for mask, row in zip(masks, found, strict=True):
        logits = HeadsOff(1)(mask).predict(model, episodes).logits
        np.testing.assert_array_equal(row, np.asarray(correct(logits, episodes)))
    intact = np.asarray(correct(Intervention().predict(model, episodes).logits, episodes))
    nothing = np.asarray(correct_episodes(model, episodes, lambda: Intervention()))
    np.testing.assert_array_equal(nothing, intact)


def test_mistakes_are_counted_by_label():
    targets = np.array([0, 1, 1, 2, 4, 4])
    mistaken = np.array([[True, True, False, False, True, True], [False] * 6])
    np.testing.assert_array_equal(
        mistakes_by_label(mistaken, targets, 5), [[1, 1, 0, 0, 2], [0, 0, 0, 0, 0]]
    )


def test_mistakes_in_proportion_are_no_concentration():
    assert concentration(EPISODES // 100, EPISODES) == pytest.approx(0)
    assert concentration_by_chance(EPISODES // 100, EPISODES, draws=999) == 1
    # As many for each label, where one is asked for more often, is a concentration of its own.
    assert concentration(np.full(5, 16), EPISODES) > 0


def test_mistakes_on_one_label_are_not_chance():
    assert concentration_by_chance(np.array([0, 0, 0, 20, 0]), EPISODES) == 1e-5
    # Two mistakes cannot tell much.
    assert concentration_by_chance(np.array([0, 0, 0, 2, 0]), EPISODES) > 0.05


def test_p_values_by_chance_are_uniform():
    rng = np.random.default_rng(5)
    targets = np.repeat(np.arange(5), EPISODES)
    low = 0
    for seed in range(100):
        wrong = rng.permutation(np.arange(targets.size) < 160)
        found = mistakes_by_label(wrong, targets, 5)
        low += concentration_by_chance(found, EPISODES, draws=199, seed=seed) <= 0.1
    assert 2 <= low <= 20


def test_without_mistakes_there_is_nothing_to_test():
    assert np.isnan(concentration_by_chance(np.zeros(5, int), EPISODES))


def test_more_mistakes_than_episodes_are_refused():
    with pytest.raises(ValueError, match=r"label 0 has 301 mistakes, but only \d+ episodes"):
        concentration_by_chance(np.array([301, 0, 0, 0, 0]), EPISODES)


# Whether heads are worse on some episodes than on others.


def test_counts_on_a_subset_and_their_ratio():
    held = np.array([[1, 1, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0]], bool)
    found = counts_on(held, np.array([1, 0, 0, 1, 0, 0], bool))
    assert (found.size, found.total) == (2, 6)
    assert found.within.tolist() == [1, 0, 1]
    assert found.held.tolist() == [4, 0, 3]
    np.testing.assert_allclose(found.ratio, [0.75, np.nan, 1.0])
    assert np.isnan(counts_on(held, np.zeros(6, bool)).ratio).all()


def test_heads_that_are_worse_on_a_subset_stand_out_and_the_others_do_not():
    rng = np.random.default_rng(6)
    chosen = np.arange(2_000) < 400
    held = rng.random((3, 2_000)) < np.where(chosen, [[0.5], [0.7], [0.9]], 0.7)
    counts = counts_on(held, chosen)
    assert (np.array(counts.rarer()) < 0.05).tolist() == [True, False, False]
    assert (np.array(counts.more_frequent()) < 0.05).tolist() == [False, False, True]


def test_p_values_of_heads_are_corrected_for_their_number():
    held = np.tile(np.arange(1_000) % 2 == 0, (5, 1))
    chosen = np.arange(1_000) < 100
    held[0, :100] = np.arange(100) < 38
    alone, among = counts_on(held[:1], chosen).rarer()[0], counts_on(held, chosen).rarer()[0]
    assert among == pytest.approx(5 * alone)
