"""Heads that are off: a mistake in the clamps of training, or in the masks of measurements, is seen
by the claims of additivity and of the race, whatever a network has learned.
"""

import equinox as eqx
import jax
import numpy as np
import pytest

from claims import heads_off
from claims.heads_off import difference_of_single_heads, difference_without_a_head
from icl_repro.network.transformer import ModelSettings
from icl_repro.optogenetics import AblateHeads, clamps, only_heads
from icl_repro.training import Run, RunSpec
from icl_repro.training.run import weights
from tests.support.random_networks import random_network
from tests.support.tiny import TINY, exemplars

SETTINGS = ModelSettings(width=16, heads=4)
ROUNDING = 1e-6
"""The threshold of the claims, in nats."""


def never_trained(*clamped: AblateHeads) -> Run:
    """A run that ends in a random network."""
    spec = RunSpec(clamps=clamped, episodes=TINY.episodes, model=SETTINGS)
    shape = (spec.exemplars.width, spec.episodes.labels)
    network = random_network(1, SETTINGS)
    wide = jax.random.normal(jax.random.key(2), (SETTINGS.width, shape[0])) / 27
    network = eqx.tree_at(lambda model: model.exemplar_weight, network, wide)
    stored = {name: weight[None] for name, weight in weights(network).items()}
    return Run(spec, {}, np.array([spec.sequences]), stored, 0.0, exemplars())


def single_heads() -> list[Run]:
    return [never_trained(only_heads([head], n_heads=4)) for head in range(4)]


@pytest.fixture
def shifted_clamps(monkeypatch: pytest.MonkeyPatch):
    """A mistake in the clamps: the head after the one that is named is off."""
    mask = clamps._mask
    monkeypatch.setattr(clamps, "_mask", lambda *named: np.roll(mask(*named), 1))


def test_all_ways_to_turn_a_head_off_are_the_same():
    assert difference_without_a_head(never_trained()) <= ROUNDING
    assert difference_of_single_heads(single_heads()) <= ROUNDING


def test_the_controls_of_the_claims_fail():
    assert difference_without_a_head(never_trained(), off_by=1) > 100 * ROUNDING
    assert difference_of_single_heads(single_heads(), off_by=1) > 100 * ROUNDING


def test_an_off_by_one_in_the_clamps_of_training_is_seen(shifted_clamps):
    assert difference_without_a_head(never_trained()) > 100 * ROUNDING
    assert difference_of_single_heads(single_heads()) > 100 * ROUNDING


@pytest.mark.parametrize("masks", ["each_removed", "each_kept"])
def test_an_off_by_one_in_the_masks_of_measurements_is_seen(monkeypatch, masks):
    intended = getattr(heads_off, masks)
    monkeypatch.setattr(heads_off, masks, lambda n_heads: np.roll(intended(n_heads), 1, axis=1))
    if masks == "each_removed":
        assert difference_without_a_head(never_trained()) > 100 * ROUNDING
    else:
        assert difference_of_single_heads(single_heads()) > 100 * ROUNDING
