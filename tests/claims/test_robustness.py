"""The matrix of conditions: every condition is a run that can be had, and changes one thing."""

from __future__ import annotations

import dataclasses
import importlib

import msgspec
import numpy as np
import pytest

from claims.networks.clamped import BOTH, COPY, LAYER_1, MATCH, NONE, PREVIOUS_TOKEN
from claims.robustness.conditions import CONDITIONS, DEEPER, but_for
from claims.robustness.measured import (
    acceleration_ratio,
    as_of_two,
    before_the_change,
    over,
    plateau_share,
)
from claims.robustness.networks import FULL, full, with_one_head
from icl_repro.episodes import EpisodeSettings
from icl_repro.training import RunSpec
from icl_repro.verification.declare import declaration_of
from tests.support.tiny import made_up_run

FAMILY = ("plateau", "additivity", "many_to_many", "subcircuits", "timing")
DECLARED = {
    name: declaration_of(
        getattr(importlib.import_module(f"claims.robustness.test_{name}"), f"test_{name}")
    )
    for name in FAMILY
}
CLAMPED = (NONE, PREVIOUS_TOKEN, LAYER_1, MATCH, COPY, BOTH)


@pytest.mark.parametrize("name", FAMILY)
def test_each_claim_has_networks_in_each_row_or_says_why_not(name):
    declaration = DECLARED[name]
    assert declaration.profiles == ("matrix",)
    assert declaration.claim.source.startswith("ours, ")
    rows = {one.id for one in CONDITIONS}
    assert {*declaration.on.by_row, *declaration.not_for} == rows
    assert not declaration.on.by_row.keys() & declaration.not_for.keys()
    for row, of_row in declaration.on.by_row.items():
        assert of_row.specs(5), row


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.id)
def test_a_condition_changes_one_thing_and_the_length(condition):
    usual, changed = full(CONDITIONS[0], 5), full(condition, 5)
    parts = [
        part
        for part in ("model", "optimiser", "episodes")
        if getattr(changed, part) != getattr(usual, part)
    ]
    assert len(parts) == (condition is not CONDITIONS[0])
    back = changed.with_(
        sequences=usual.sequences, **{part: getattr(usual, part) for part in parts}
    )
    assert back == usual
    assert changed.sequences >= 0.99 * usual.sequences


def test_all_runs_of_all_conditions_are_different():
    runs = [full(one, 5) for one in CONDITIONS]
    runs += [with_one_head(name, one, 5) for one in but_for(DEEPER) for name in CLAMPED]
    assert len({spec.key for spec in runs}) == len(runs)
    assert all(
        msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec) == spec for spec in runs
    )


@pytest.mark.parametrize("name", FAMILY)
def test_every_check_of_a_claim_has_a_control(name):
    named = {check for control in DECLARED[name].controls for check in control.only}
    every = all(not control.only for control in DECLARED[name].controls)
    assert every or len(named) % len(DECLARED[name].on.by_row) == 0


def a_run(pairs=2, learns=True):
    """A plateau from 20,000 to 80,000 sequences, then the change; or the plateau alone."""
    sequences = np.arange(0, 200_001, 2_500)
    guess = np.log(pairs)
    loss = np.interp(sequences, [0, 20_000, 80_000, 120_000], [1.6, 1.05 * guess, guess, 0.01])
    loss = loss if learns else np.maximum(loss, guess)
    accuracy = np.where(sequences < 90_000, 1 / pairs, 1.0)
    run = made_up_run(RunSpec(episodes=EpisodeSettings(pairs=pairs)))
    curves = {
        "sequences": sequences,
        "train.loss": loss,
        "train.accuracy": accuracy,
        "context_label_probability": np.where(sequences < 10_000, 0.5, 1.0),
    }
    return dataclasses.replace(run, curves=curves)


@pytest.mark.parametrize("pairs", [2, 3])
def test_a_plateau_is_as_long_whatever_a_guess_costs(pairs):
    run = a_run(pairs)
    assert 0.5 < plateau_share(run) < 0.8
    assert acceleration_ratio(run) > 2
    assert plateau_share(a_run(pairs, learns=False)) == 0
    seen = as_of_two(run)
    assert seen.curves["train.loss"][30] == pytest.approx(np.log(2), rel=0.05)
    assert seen.curves["train.accuracy"][10] == pytest.approx(0.5)


def test_half_times_over_one_another():
    assert over(a_run(2), a_run(3)) == pytest.approx(1, abs=0.05)
    assert over(a_run(learns=False), a_run()) == np.inf
    assert np.isnan(over(a_run(), a_run(learns=False)))


def test_a_run_cut_short_has_not_left_the_plateau():
    cut = before_the_change(a_run())
    assert cut.curves["train.loss"][-1] > 0.6
    assert len(before_the_change(a_run(learns=False)).sequences) == 81
    assert {len(curve) for curve in cut.curves.values()} == {len(cut.sequences)}
    assert FULL == "full"
