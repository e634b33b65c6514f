"""Which heads the networks of the race keep, and what they are compared with."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claims import test_race
from claims.networks import race
from claims.networks.clamped import layer_1
from claims.networks.plain import full, only
from claims.published import reported
from icl_repro import Evidence

ORDER = [6, 1, 0, 7, 2, 5, 3, 4]
"""Heads from the strongest to the weakest."""
FULL: Any = None
"""The full network, of which nothing is read here but its strengths."""


def learning_at(sequences: float) -> Any:
    """A run whose loss falls at a time, or never."""
    loss = np.array([0.7, 0.7 if np.isinf(sequences) else 0.0])
    return SimpleNamespace(
        sequences=np.array([0.0, 2 * min(sequences, 1e6)]), curves={"train.loss": loss}
    )


@pytest.fixture(autouse=True)
def known_strengths(monkeypatch: pytest.MonkeyPatch):
    strengths = np.empty(8)
    strengths[ORDER] = np.linspace(1, 0, 8)
    monkeypatch.setattr(race, "final_strengths", lambda run: strengths)
    monkeypatch.setattr(test_race, "final_strengths", lambda run: strengths)


def test_pairs_are_of_the_strongest_head_and_each_other_in_order():
    chosen = race.with_pairs(5, {"full": FULL})
    assert chosen.pop("all heads") == full(5)
    assert chosen.pop("strongest") == only(5, [6])
    assert list(chosen) == list(race.PAIRS)
    assert list(chosen.values()) == [only(5, [6, other]) for other in ORDER[1:]]


def test_in_place_of_pairs_there_may_be_the_other_heads_alone():
    chosen = race.with_others_alone(5, {"full": FULL})
    assert chosen["strongest"] == only(5, [6])
    assert [chosen[pair] for pair in race.PAIRS] == [only(5, [other]) for other in ORDER[1:]]


def test_in_place_of_the_full_network_there_may_be_one_with_its_layer_0_clamped():
    runs = {f"head {head}": learning_at(300.0) for head in range(8)}
    runs["head 2"] = learning_at(100.0)
    chosen = race.with_layer_1_clamped(5, {"full": FULL, **runs})
    assert chosen["all heads"] == layer_1(5, 2)
    assert chosen["strongest"] == only(5, [6])


def test_a_network_that_never_learns_is_later_than_any():
    times = test_race.learning_times([learning_at(100.0), learning_at(np.inf)])
    assert times[1] > times[0]
    assert times[1] == np.inf


@pytest.mark.parametrize(("head", "place"), [(6, 1), (1, 2), (4, 8)])
def test_the_place_is_that_of_the_head_that_is_fastest(head, place):
    runs = {f"head {other}": learning_at(np.inf) for other in range(8)}
    runs |= {"full": FULL, f"head {head}": learning_at(100.0)}
    evidence = Evidence(look_up=reported)
    test_race.test_fastest(runs, evidence)
    assert evidence.evidence.checks[0].value == place


@pytest.mark.parametrize("n_seeds", [1, 4, 5])
def test_strength_and_speed_are_told_by_five_seeds(monkeypatch, n_seeds):
    strengths = np.linspace(1, 0, 8)
    found = SimpleNamespace(intact=SimpleNamespace(induction_strength=strengths))
    whole: Any = SimpleNamespace(
        model=lambda: None, samplers=lambda: {"train": SimpleNamespace(enumerate=lambda: None)}
    )
    monkeypatch.setattr(test_race, "head_ablations", lambda model, episodes: found)
    monkeypatch.setattr(test_race, "strength_figure", lambda *shown: None)
    monkeypatch.setattr(Evidence, "figure", lambda evidence, figure: None)
    of_seed = {f"head {head}": learning_at(100.0 + head) for head in range(8)} | {"full": whole}
    seeds = tuple(range(5, 5 + n_seeds))
    runs = dict.fromkeys(seeds, of_seed)

    held = {}
    for moved in (0, 4):
        evidence = Evidence(look_up=reported)
        test_race.test_strength_and_speed(runs, seeds, evidence, moved=moved)
        assert bool(evidence.evidence.undecided) == (n_seeds < 5)
        (check, *_) = evidence.evidence.checks
        held[moved] = check.holds
        assert len(check.over_seeds) == n_seeds
    assert held == {0: True, 4: False}
