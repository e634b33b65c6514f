"""Which heads the networks of the race keep, what they are compared with, and how claims about them
judge orders that are known.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claims import test_race, test_race_pairs
from claims.learning import distances, learning_times
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
    monkeypatch.setattr(test_race_pairs, "final_strengths", lambda run: strengths)
    monkeypatch.setattr(test_race, "induction_strengths", lambda run: run.strengths)
    monkeypatch.setattr(test_race_pairs, "induction_strengths", lambda run: run.strengths)


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
    times = learning_times([learning_at(100.0), learning_at(np.inf)])
    assert times[1] > times[0]
    assert times[1] == np.inf


@pytest.mark.parametrize(("head", "place"), [(6, 1), (1, 2), (4, 8)])
def test_the_place_is_that_of_the_head_that_is_fastest(head, place):
    runs = {f"head {other}": learning_at(np.inf) for other in range(8)}
    runs |= {"full": FULL, f"head {head}": learning_at(100.0)}
    evidence = Evidence(look_up=reported)
    test_race.test_fastest(runs, evidence)
    assert evidence.evidence.checks[0].value == place


def test_runs_that_learn_later_are_further_away():
    runs = [learning_at(100.0), learning_at(200.0), learning_at(400.0)]
    same, later, latest = distances(runs, runs[0])
    assert same == 0
    assert 0 < later < latest


@pytest.mark.parametrize("n_seeds", [1, 4, 5])
def test_strength_and_speed_are_told_by_five_seeds(monkeypatch, n_seeds):
    strengths = np.linspace(1, 0, 8)
    found = SimpleNamespace(
        intact=SimpleNamespace(induction_strength=strengths),
        alone=SimpleNamespace(accuracy=strengths, loss=-strengths),
    )
    ablations = dict.fromkeys(range(5, 5 + n_seeds), found)
    monkeypatch.setattr(
        test_race,
        "alone_in_both_ways",
        lambda runs, seeds: (ablations, {s: learning_times(race.alone(runs[s])) for s in seeds}),
    )
    monkeypatch.setattr(test_race, "strength_figure", lambda *shown: None)
    monkeypatch.setattr(Evidence, "figure", lambda evidence, figure: None)
    # Two neighbours are exchanged: speed follows strength, but not as much as accuracy does.
    speeds = [1, 0, 2, 3, 4, 5, 6, 7]
    of_seed = {f"head {head}": learning_at(100.0 + speeds[head]) for head in range(8)}
    seeds = tuple(range(5, 5 + n_seeds))
    runs = dict.fromkeys(seeds, of_seed)

    def held(function: Any, moved: int) -> list[bool]:
        evidence = Evidence(look_up=reported)
        function(runs, seeds, evidence, moved=moved)
        assert bool(evidence.evidence.undecided) == (n_seeds < 5)
        assert all(len(check.over_seeds) == n_seeds for check in evidence.evidence.checks)
        return [check.holds for check in evidence.evidence.checks]

    assert held(test_race.test_strength_and_speed, 0) == [True] * 6
    assert held(test_race.test_strength_and_speed, 4) == [False] * 6
    assert held(test_race.test_speed_is_weaker, 0) == [True]
    assert held(test_race.test_speed_is_weaker, 4) == [False]


def emerging(order: list[int]) -> Any:
    """A full network whose heads emerge one after the other."""
    strengths = np.zeros((9, 8))
    for place, head in enumerate(order):
        strengths[place + 1 :, head] = 0.9 - place / 10
    return SimpleNamespace(sequences=np.arange(9.0), strengths=strengths)


SEEDS = tuple(range(5, 10))


def values_of_order_alone(alone: list[int], **altered: bool) -> float | None:
    """The check of a network whose heads emerge by strength and learn in some order alone."""
    of_seed = {f"head {head}": learning_at(100.0 + alone.index(head)) for head in range(8)}
    runs = dict.fromkeys(SEEDS, of_seed | {"full": emerging(ORDER)})
    evidence = Evidence(look_up=reported)
    test_race.test_order_alone(runs, SEEDS, evidence, **altered)
    assert not evidence.evidence.undecided
    return evidence.evidence.checks[0].value


def test_the_order_alone_is_that_of_all_but_the_first_to_emerge():
    first, *rest = ORDER
    assert values_of_order_alone(ORDER) == pytest.approx(1)
    assert values_of_order_alone([*rest, first]) == pytest.approx(1)
    assert values_of_order_alone([first, *rest[::-1]]) == pytest.approx(-1)
    assert values_of_order_alone([first, *rest[::-1]], again=True) == pytest.approx(1)


def test_the_order_of_pairs_is_that_of_all_but_the_strongest():
    times = {pair: learning_at(200.0 - place) for place, pair in enumerate(race.PAIRS)}
    runs = dict.fromkeys(SEEDS, times | {"all heads": emerging(ORDER)})
    for again, value in ((False, -1), (True, 1)):
        evidence = Evidence(look_up=reported)
        test_race_pairs.test_order_of_pairs(runs, SEEDS, evidence, again=again)
        values = [check.value for check in evidence.evidence.checks]
        assert values == [pytest.approx(value)] * 2


@pytest.mark.parametrize(
    ("one", "decided", "failed"),
    [
        (300.0, True, []),
        (205.0, False, [test_race_pairs.FASTER, test_race_pairs.CLOSER]),
        (100.0, False, [test_race_pairs.FASTER]),
    ],
)
def test_without_a_delay_only_the_share_that_is_closed_of_it_is_left_open(one, decided, failed):
    runs = {pair: learning_at(250.0) for pair in race.PAIRS}
    runs |= {"all heads": learning_at(200.0), "strongest": learning_at(one)}
    evidence = Evidence(look_up=reported)
    test_race_pairs.test_pairs(runs, evidence)
    stated = evidence.evidence
    assert bool(stated.undecided) != decided
    left_open = [check.name for check in stated.checks if check.undecided]
    assert left_open == ([] if decided else [test_race_pairs.CLOSED])
    assert [check.name for check in stated.failed()] == failed
