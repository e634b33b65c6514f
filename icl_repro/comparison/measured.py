"""The values of checks by seed, of a claim and of its controls, with what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from icl_repro.verification.evidence import Direction, Kind
from icl_repro.verification.record import ClaimRecord, ControlRecord, Trial

Name = tuple[str, str, str]
"""Case, row and name of a check."""


class Measured(msgspec.Struct, frozen=True):
    """A check with its values by seed. In a control, it is well if it fails."""

    direction: Direction
    low: float | None
    high: float | None
    kind: Kind
    unit: str
    values: Mapping[str, float | None]
    runs: Mapping[str, frozenset[str]]
    """What runs it rests on, in words, by seed."""


def measured(claim: ClaimRecord, runs: Mapping[str, str]) -> dict[Name, Measured]:
    """The checks of a claim, and of its controls those that must fail there."""
    found: dict[Name, Measured] = {}
    for check in claim.checks:
        found["", check.row, check.name] = Measured(
            check.direction,
            check.low,
            check.high,
            check.kind,
            check.unit,
            check.values,
            _runs([one for one in claim.trials if one.row == check.row], check.values, runs),
        )
    for control in claim.controls:
        found |= _of_control(control, runs)
    return found


def _runs(
    trials: Sequence[Trial], seeds: Iterable[str], runs: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """The runs behind a value on each seed, in words; those of all seeds for one over all."""
    return {
        seed: frozenset(
            runs.get(key, key)
            for one in trials
            if one.seed is None or not seed or str(one.seed) == seed
            for key in one.runs
        )
        for seed in seeds
    }


def _of_control(control: ControlRecord, runs: Mapping[str, str]) -> dict[Name, Measured]:
    found: dict[Name, Measured] = {}
    for trial in control.trials:
        for check in trial.evidence.checks:
            if control.only and check.name not in control.only:
                continue
            seed = "" if trial.seed is None else str(trial.seed)
            values = check.over_seeds or {seed: check.value}
            name = control.id, trial.row, check.name
            earlier: Mapping[str, float | None] = found[name].values if name in found else {}
            rests_on: Mapping[str, frozenset[str]] = found[name].runs if name in found else {}
            found[name] = Measured(
                check.direction,
                check.low,
                check.high,
                check.kind,
                check.unit,
                {**earlier, **values},
                {**rests_on, **_runs([trial], values, runs)},
            )
    return found


def room(check: Measured, value: float) -> float:
    """How far a value lies within its bounds, negative beyond them."""
    ends = [] if check.low is None else [value - check.low]
    ends += [] if check.high is None else [check.high - value]
    return min(ends, default=0.0)
