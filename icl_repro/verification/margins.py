"""Each check of a claim over its seeds: margins, agreement with the paper, equivalence.

All of it assumes that the values over seeds are roughly normal, except for the permutation test.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from icl_repro.numbers import apart, count, number
from icl_repro.statistics.intervals import mean, prediction_interval, tolerance_factor
from icl_repro.statistics.significance import differ, mean_beyond, mean_within
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.controls import fails_check
from icl_repro.verification.evidence import Check
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ControlRecord,
    Equivalence,
    Margin,
    MeanTest,
    Trial,
)
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import threshold

LEVEL = 0.05


def over_seeds(
    claim_id: str, trials: Sequence[Trial], controls: Sequence[ControlRecord], ledger: Ledger
) -> list[CheckOverSeeds]:
    """Each check of a claim over all its seeds and rows, in the order in which they are stated.

    Args:
        claim_id: the id of the claim.
        trials: its own trials; those that were not judged are left out, and so are checks of
            which a trial said that they tell neither way.
        controls: its controls.
        ledger: where the thresholds come from.
    """
    stated: dict[str, list[tuple[Trial, Check]]] = {}
    for trial in trials:
        for check in trial.evidence.checks if trial.outcome in JUDGED else ():
            if check.undecided:
                continue
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
    centre = statistics.fmean(values)
    room, downwards = _room(centre, low, high)
    if len(values) < 2:
        return Margin(centre, None, None, None, False)
    spread = statistics.stdev(values)
    reach = tolerance_factor(len(values)) * spread
    return Margin(
        mean=centre,
        spread=spread,
        distance=room / spread if spread else None,
        tolerance_bound=centre - reach if downwards else centre + reach,
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
    values = check.over_seeds or {
        "" if t.seed is None else str(t.seed): each.value for t, each in found
    }
    finite = [value for value in values.values() if value is not None]
    published = _published([each.published for each in checks if each.published is not None])
    return CheckOverSeeds(
        name=check.name,
        unit=check.unit,
        direction=check.direction,
        low=check.low,
        high=check.high,
        kind=check.kind,
        row=trial.row,
        values=values,
        held=sum(each.holds for each in checks),
        judged=len(checks),
        published=published,
        margin=margin(finite, check.low, check.high),
        agreement=None if published is None else agreement(finite, published),
        equivalence=_equivalence(check, list(values.values())),
        failed_by=[
            control.id
            for control in controls
            if fails_check(control, check.name, [trial for trial, _ in found])
        ],
        thresholds=list(known.history) if known else [],
        published_fails=known.published_fails if known else "",
        mean=_mean_test(check),
    )


def _room(centre: float, low: float | None, high: float | None) -> tuple[float, bool]:
    """How far a mean lies within the nearest threshold, and whether that is the lower one."""
    to_low = math.inf if low is None else centre - low
    to_high = math.inf if high is None else high - centre
    return min(to_low, to_high), to_low <= to_high


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


def _equivalence(check: Check, values: Sequence[float | None]) -> Equivalence | None:
    """Whether single values over seeds show no difference; of a mean over seeds its own test is."""
    if check.kind != "equivalence" or check.over_seeds:
        return None
    assert check.low is not None
    assert check.high is not None
    finite = [value for value in values if value is not None]
    if len(finite) < len(values):
        return Equivalence(check.low, check.high, None, False)
    if len(values) < 2:
        return Equivalence(check.low, check.high, None, None)
    p = mean_within(finite, check.low, check.high)
    return Equivalence(check.low, check.high, p, p <= LEVEL)


def _mean_test(check: Check) -> MeanTest | None:
    """What values by seed tell of the mean; nothing of one value, or of one that is not finite."""
    values = [value for value in check.over_seeds.values() if value is not None]
    if len(values) < max(2, len(check.over_seeds)):
        return None
    p = (mean_within if check.holds else mean_beyond)(values, check.low, check.high)
    # Each end of an interval of 90 % is a one-sided bound of 95 %.
    found = mean(values, 1 - 2 * LEVEL)
    room, downwards = _room(found.value, check.low, check.high)
    bound = found.interval.low if downwards is (room >= 0) else found.interval.high
    assert bound is not None
    about, side = f"the mean over {count(len(values), 'seed')}", _side(check)
    told = f"{about} is {side} with 95 % confidence (p = {number(p, 2)})"
    if p > LEVEL:
        ours = apart(found.value, [check.low, check.high])
        told = (
            f"{about} is {ours}, which does not tell whether that of all such networks is "
            f"{threshold(check)} (p = {number(p, 2)})"
        )
    return MeanTest(bound, p, p <= LEVEL, told)


def _side(check: Check) -> str:
    """On which side of its threshold the mean lies, in words."""
    if check.holds:
        return threshold(check)
    if check.direction == "between":
        return f"not {threshold(check)}"
    return f"below {number(check.low)}" if check.high is None else f"above {number(check.high)}"
