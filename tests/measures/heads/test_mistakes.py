"""Which episodes heads get wrong, and whether mistakes concentrate on labels."""

import numpy as np
import pytest

from icl_repro.measures.heads import mistakes
from icl_repro.measures.heads.ablation import HeadsOff
from icl_repro.measures.heads.mistakes import (
    concentration,
    concentration_by_chance,
    correct_episodes,
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
    with pytest.raises(ValueError, match="but only"):
        concentration_by_chance(np.array([301, 0, 0, 0, 0]), EPISODES)
