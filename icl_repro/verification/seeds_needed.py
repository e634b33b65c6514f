"""How many seeds it would take for a verdict to stand in spite of how many claims are judged.

Of a claim that is judged seed by seed, that is certain if all further seeds come out alike. Of a
test of means it is an extrapolation: mean and spread are taken to stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from icl_repro.numbers import apart, count
from icl_repro.statistics.significance import size_beyond, size_of_sign_test, size_within
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord, ControlVerdict
from icl_repro.verification.verdict import FEWEST_SEEDS, LEVEL
from icl_repro.verification.wording import bounds

_CONTROL: dict[ControlVerdict, str] = {
    "does not fail": "does not fail where it must",
    "undecided": "is undecided",
    "not run": "is not run",
    "error": "stops with an error",
}


class Needed(NamedTuple):
    """So many seeds in all, or None, and a sentence: on what condition, or why there is no number.

    It has no end, so that more can be said.
    """

    seeds: int | None
    sentence: str


class _Unreachable(Exception):
    """No number of seeds would do; says why."""


def seeds_needed(claim: ClaimRecord, comparisons: int) -> Needed:
    """How many seeds it takes for a claim to be decided whatever the other claims give.

    Towards ``refuted`` where it fails more often than it holds, else towards ``supported``.

    Args:
        claim: a claim that was judged over seeds.
        comparisons: how many were, it among them.
    """
    level = LEVEL / comparisons
    try:
        if any(trial.seeds for trial in claim.trials):
            return _of_means(claim, level)
        return _of_seeds(claim, level)
    except _Unreachable as why:
        return Needed(None, f"no number of seeds would do, as {why}")


def _of_seeds(claim: ClaimRecord, level: float) -> Needed:
    """Of a claim that is judged seed by seed."""
    _require_decidable(claim)
    judged, held = claim.seeds_judged, claim.seeds_held
    failed = judged - held - claim.seeds_undecided
    holds = held >= failed
    seeds = size_of_sign_test(judged - (held if holds else failed), level)
    tested = [check for check in claim.checks if check.equivalence is not None] if holds else []
    # A claim has to pass all of its tests, so that the largest number counts.
    seeds = max([seeds, judged, FEWEST_SEEDS, *(_to_lie_within(check, level) for check in tested)])
    further = f"it {'holds' if holds else 'fails'} on each further one"
    if seeds == judged and not tested:
        return Needed(seeds, f"the {count(seeds, 'seed')} judged are enough")
    if not tested:
        return Needed(seeds, f"{count(seeds, 'seed')} in all would do, if {further}")
    return Needed(seeds, f"about {_extrapolated(seeds, [further], tested)}")


def _of_means(claim: ClaimRecord, level: float) -> Needed:
    """Of a claim that is judged over all seeds at once, by t tests of the mean of each check."""
    _require_decidable(claim)
    if not claim.checks:
        raise _Unreachable("it states no check")
    for check in claim.checks:
        _require_values(check)
    failing = [check for check in claim.checks if not check.held]
    if failing:
        # One check that fails is enough, but the chance of that adds up over all of them.
        share = level / len(claim.checks)
        found = [size_beyond(_finite(check), check.low, check.high, share) for check in failing]
        possible = [size for size in found if size is not None]
        if not possible:
            raise _Unreachable(_too_near(failing[0]))
        seeds = min(possible)
    else:
        seeds = max(_to_lie_within(check, level) for check in claim.checks)
    seeds = max(seeds, FEWEST_SEEDS)
    return Needed(seeds, f"about {_extrapolated(seeds, [], claim.checks)}")


def _require_decidable(claim: ClaimRecord) -> None:
    for control in claim.controls:
        if control.verdict in _CONTROL:
            raise _Unreachable(f"long as its control {control.id} {_CONTROL[control.verdict]}")
    if claim.seeds_judged <= claim.seeds_undecided:
        raise _Unreachable("its checks can tell neither way on any seed")


def _require_values(check: CheckOverSeeds) -> None:
    if len(check.values) != len(_finite(check)):
        raise _Unreachable(f"long as {check.name} is not a finite number on every seed")
    if len(check.values) < 2:
        raise _Unreachable(f"one value of {check.name} does not tell how far others would differ")


def _to_lie_within(check: CheckOverSeeds, level: float) -> int:
    """How many seeds it takes to show that the mean lies within its bounds."""
    _require_values(check)
    found = size_within(_finite(check), check.low, check.high, level)
    if found is None:
        raise _Unreachable(_too_near(check))
    return found


def _too_near(check: CheckOverSeeds) -> str:
    values = _finite(check)
    mean = apart(sum(values) / len(values), [check.low, check.high])
    asked = bounds(check.direction, check.low, check.high, check.kind)
    return f"long as the mean of {check.name} is {mean}, too near or beyond what is asked: {asked}"


def _extrapolated(seeds: int, conditions: Sequence[str], tested: Sequence[CheckOverSeeds]) -> str:
    alike = (
        "mean and spread stay as they are" if len(tested) == 1 else "means and spreads stay alike"
    )
    given = " and ".join([*conditions, alike])
    return f"{count(seeds, 'seed')} in all would do, if {given} (extrapolated from t tests)"


def _finite(check: CheckOverSeeds) -> list[float]:
    return [value for value in check.values.values() if value is not None]
