"""The networks of the claims of Section 4: which head, and clamps that have been checked."""

from types import SimpleNamespace

import numpy as np
import pytest

from claims.networks import clamped as clamped_networks
from icl_repro.optogenetics import AblateHeads, ClampMatch
from tests.optogenetics.test_gradients import FROZEN
from tests.support.golden import CONDITIONS, HEAD


def clamps(condition):
    """Without the heads that are off, which differ with the number of heads."""
    return frozenset(clamp for clamp in condition if not isinstance(clamp, AblateHeads))


GOLDEN = {clamps(condition) for condition in CONDITIONS.values()}
BY_GRADIENT = {clamps(condition) for condition, _ in FROZEN.values()}


@pytest.mark.parametrize("name", ["unclamped", "previous_token", "layer_1", "match"])
def test_clamps_are_those_of_the_golden_data(name):
    spec = getattr(clamped_networks, name)(5, HEAD)
    assert clamps(spec.clamps) in GOLDEN


@pytest.mark.parametrize("name", ["unclamped", "layer_1", "match", "copy", "layer_1_and_copy"])
def test_what_can_learn_under_these_clamps_is_known(name):
    spec = getattr(clamped_networks, name)(5, HEAD)
    assert clamps(spec.clamps) in BY_GRADIENT


def test_what_can_learn_under_wrong_patterns_is_known():
    wrong_label = clamped_networks.match(5, HEAD, strength=0.0)
    assert clamps(wrong_label.clamps) in BY_GRADIENT
    for shift in (1, 2):
        spec = clamped_networks.previous_token(5, HEAD, heads_0=[HEAD], shift=shift)
        assert clamps(spec.clamps) in BY_GRADIENT


def test_the_clamp_without_effect_acts_on_the_heads_that_are_off():
    spec = clamped_networks.no_op(5, HEAD)
    (match,) = [clamp for clamp in spec.clamps if isinstance(clamp, ClampMatch)]
    (off,) = [clamp for clamp in spec.clamps if isinstance(clamp, AblateHeads)]
    assert match.heads == off.heads


def test_all_train_as_long_with_one_head_on():
    names = ("unclamped", "previous_token", "layer_1", "match", "copy", "layer_1_and_copy", "no_op")
    for name in names:
        spec = getattr(clamped_networks, name)(6, 3)
        assert (spec.init_seed, spec.sequences) == (6, 600_000)
        assert AblateHeads((0, 1, 2, 4, 5, 6, 7)) in spec.clamps


def falling(start, end):
    """A run with a loss at its start and after 100 sequences."""
    return SimpleNamespace(
        sequences=np.array([0.0, 100.0]), curves={"train.loss": np.array([start, end])}
    )


def test_the_fastest_head_is_first_at_half_of_ln_2():
    runs = {f"head {head}": falling(2.0, 0.1 + head / 100) for head in range(8)}
    runs["head 5"] = falling(0.5, 0.2)
    assert clamped_networks.fastest_head(runs) == 5


def test_where_none_gets_there_it_is_the_one_with_the_lowest_loss():
    runs = {f"head {head}": falling(2.0, 1.8) for head in range(8)}
    runs["head 2"] = falling(2.0, 1.7)
    assert clamped_networks.fastest_head(runs) == 2
