"""Each check of a claim over its seeds: margins, agreement with the paper, equivalence.

All of it assumes that the values over seeds are roughly normal, except for the permutation test.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from icl_repro.numbers import count, number
from icl_repro.statistics.intervals import prediction_interval, tolerance_factor
from icl_repro.statistics.significance import differ, equivalence
from icl_repro.verification.evidence import Check
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ControlRecord,
    Equivalence,
    Margin,
    Trial,
)
from icl_repro.verification.reported import Reported

LEVEL = 0.05
_JUDGED = ("passed", "failed")


def over_seeds(
    claim_id: str, trials: Sequence[Trial], controls: Sequence[ControlRecord], ledger: Ledger
) -> list[CheckOverSeeds]:
    """Each check of a claim over all its seeds and rows, in the order in which they are stated.

    Args:
        claim_id: the id of the claim.
        trials: its own trials; those that were not judged are left out.
        controls: its controls.
        ledger: where the thresholds come from.
    """
    stated: dict[str, list[tuple[Trial, Check]]] = {}
    for trial in trials:
        for check in trial.evidence.checks if trial.outcome in _JUDGED else ():
            stated.setdefault(check.name, []).append((trial, check))
    return [
        _check_over_seeds(found, controls, ledger.thresholds.get((claim_id, name)))
        for name, found in stated.items()
    ]


def margin(values: Sequence[float], low: float | None, high: float | None) -> Margin:
    """How far finite values lie from the nearest threshold.

    `low` is the end that they must not fall below, `high` the one that they must not exceed; at
    least one of the two is given.
    """
    if not values:
        return Margin(None, None, None, None, False)
    mean = statistics.fmean(values)
    to_low = mean - low if low is not None else None
    to_high = high - mean if high is not None else None
    downwards = to_high is None or (to_low is not None and to_low <= to_high)
    room = to_low if downwards else to_high
    if len(values) < 2 or room is None:
        return Margin(mean, None, None, None, False)
    spread = statistics.stdev(values)
    reach = tolerance_factor(len(values)) * spread
    return Margin(
        mean=mean,
        spread=spread,
        distance=room / spread if spread else None,
        tolerance_bound=mean - reach if downwards else mean + reach,
        knife_edge=abs(room) < spread,
    )


def agreement(values: Sequence[float], published: Reported) -> Agreement:
    """Whether finite values of ours agree with the published one, and with those of its seeds."""
    about = "about " if published.approximate else ""
    paper = f"the published value, {about}{number(published.value)},"
    if len(values) < 2:
        few = count(len(values), "value")
        return Agreement(
            None, None, None, f"{few} of ours cannot tell whether {paper} agrees: it takes two"
        )
    ours = prediction_interval(values)
    assert ours.low is not None
    assert ours.high is not None
    agrees = ours.low <= published.value <= ours.high
    sentence = (
        f"{paper} lies {'in' if agrees else 'outside'} the interval in which one more network of "
        f"ours would lie with 95 % probability, {number(ours.low)} to {number(ours.high)}"
    )
    if len(published.over_seeds) < 2:
        return Agreement(ours, agrees, None, sentence)
    p = differ(values, published.over_seeds)
    sets = f"our {len(values)} values and the {len(published.over_seeds)} published ones"
    differs = "differ" if p <= LEVEL else "are not shown to differ"
    tested = f"{sets} {differs} (permutation test, p = {number(p, 2)})"
    return Agreement(ours, agrees, p, f"{sentence}; {tested}")


def _check_over_seeds(
    found: Sequence[tuple[Trial, Check]],
    controls: Sequence[ControlRecord],
    known: Threshold | None,
) -> CheckOverSeeds:
    trial, check = found[0]
    checks = [each for _, each in found]
    finite = [each.value for each in checks if each.value is not None]
    published = _published([each.published for each in checks if each.published is not None])
    return CheckOverSeeds(
        name=check.name,
        unit=check.unit,
        direction=check.direction,
        low=check.low,
        high=check.high,
        kind=check.kind,
        row=trial.row,
        values={"" if t.seed is None else str(t.seed): each.value for t, each in found},
        held=sum(each.holds for each in checks),
        judged=len(checks),
        published=published,
        margin=margin(finite, check.low, check.high),
        agreement=None if published is None else agreement(finite, published),
        equivalence=_equivalence(check, finite) if check.kind == "equivalence" else None,
        failed_by=[control.id for control in controls if _fails(control, check.name)],
        thresholds=list(known.history) if known else [],
        published_fails=known.published_fails if known else "",
    )


def _published(found: Sequence[Reported]) -> Reported | None:
    """The published value that ours over seeds are held against.

    Where each seed is set beside a published one of its own, that is their mean, and the values.
    """
    if not found:
        return None
    values = [one.value for one in found]
    if len(set(values)) == 1 or found[0].over_seeds:
        return found[0]
    return msgspec.structs.replace(
        found[0],
        value=statistics.fmean(values),
        source="; ".join(dict.fromkeys(one.source for one in found)),
        approximate=any(one.approximate for one in found),
        over_seeds=values,
    )


def _equivalence(check: Check, values: Sequence[float]) -> Equivalence:
    assert check.low is not None
    assert check.high is not None
    if len(values) < 2:
        return Equivalence(check.low, check.high, None, None)
    p = equivalence(values, check.low, check.high)
    return Equivalence(check.low, check.high, p, p <= LEVEL)


def _fails(control: ControlRecord, name: str) -> bool:
    """Whether a check fails in a control, by a finite value, wherever the control states it."""
    found = [
        check
        for trial in control.trials
        if trial.outcome in _JUDGED
        for check in trial.evidence.checks
        if check.name == name
    ]
    return bool(found) and all(check.value is not None and not check.holds for check in found)
