"""Ablations as they are made for the claims, against the same ablations made in the weights."""

import pytest

from claims.ablations_in_weights import difference_in_weights, effects
from icl_repro.network.transformer import ModelSettings
from tests.support.random_networks import random_episodes, random_network

MODEL = ModelSettings(layers=2, width=16, heads=4)


@pytest.fixture(scope="module")
def network():
    return random_network(3, MODEL), random_episodes(3, n_episodes=50)


@pytest.mark.parametrize(("kept", "other"), [("pattern", "value"), ("value", "pattern")])
def test_an_ablation_changes_what_it_says_and_nothing_else(network, kept, other):
    found = effects(*network, kept, kept)
    assert found.off == 0
    assert found.on == pytest.approx(0, abs=1e-5)
    assert found.kept == pytest.approx(0, abs=1e-5)
    assert effects(*network, kept, other).kept > 0.01
    beside = effects(*network, kept, kept, shift=1)
    assert beside.off > 0.01
    assert beside.on > 0.01


@pytest.mark.parametrize("kept", ["pattern", "value"])
def test_accuracies_are_those_of_weights_without_the_heads(network, kept):
    assert difference_in_weights(*network, kept) == pytest.approx(0, abs=1e-6)
    assert difference_in_weights(*network, kept, shift=1) > 0.05
