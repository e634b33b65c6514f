"""Each check of a claim over its seeds: margins, agreement with the paper, equivalence.

All of it assumes that the values over seeds are roughly normal, except for the permutation test.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

import msgspec

from icl_repro.numbers import apart, count, estimate, number, percent, rounded
from icl_repro.statistics.intervals import (
    Limits,
    clipped,
    cut,
    mean,
    prediction_interval,
    tolerance_factor,
    widened,
)
from icl_repro.statistics.significance import differ, mean_beyond, mean_within
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.controls import fails_check
from icl_repro.verification.evidence import Check, Condition, lies_within
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ConditionOverSeeds,
    ControlRecord,
    Equivalence,
    Margin,
    MeanTest,
    Trial,
)
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import listed, threshold

LEVEL = 0.05
_CLOSE = 0.1
"""A value that lies that many spreads from its threshold, or fewer, is as good as on it."""
_MANY = 10
"""Whole numbers that are so far apart or more are as good as continuous."""


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


def conditions(claim_id: str, trials: Sequence[Trial], ledger: Ledger) -> list[ConditionOverSeeds]:
    """The conditions on which a claim can be judged, in the order in which they are stated.

    Args:
        claim_id: the id of the claim.
        trials: its own trials.
        ledger: where their bounds come from.
    """
    stated: dict[tuple[str, str], list[tuple[str, Condition]]] = {}
    for trial in trials:
        for one in trial.evidence.conditions:
            seed = "" if trial.seed is None else str(trial.seed)
            stated.setdefault((trial.row, one.name), []).append((seed, one))
    return [
        ConditionOverSeeds(
            name=name,
            unit=found[0][1].unit,
            direction=found[0][1].direction,
            low=found[0][1].low,
            high=found[0][1].high,
            row=row,
            values={seed: one.value for seed, one in found},
            met=[seed for seed, one in found if one.met],
            thresholds=list(known.history)
            if (known := ledger.thresholds.get((claim_id, name)))
            else [],
        )
        for (row, name), found in stated.items()
    ]


def margin(
    values: Sequence[float],
    low: float | None,
    high: float | None,
    limits: Limits = (None, None),
    of_mean: MeanTest | None = None,
) -> Margin:
    """How far finite values lie from the nearest threshold.

    A check is on a knife's edge, so that other seeds might well come out on the other side, if

    * the mean lies less than one spread from the threshold, on whichever side, or
    * a value lies on the threshold, or within a tenth of a spread of it, though values differ.

    A check of the mean over all seeds is on one if its t test does not tell on which side of the
    threshold that mean lies. Farther away, a margin is shown only if the tolerance bound holds,
    too: with few seeds and values that are not normal, that asks for more than a knife's edge does.

    Args:
        values: the values over seeds.
        low: the end that they must not fall below.
        high: the end that they must not exceed; at least one of the two is given.
        limits: the least and the greatest value that there can be.
        of_mean: the test of their mean, where that is what is judged.
    """
    if not values:
        return Margin(None, None, None, None, False)
    centre = statistics.fmean(values)
    room, downwards = _room(centre, low, high)
    if len(values) < 2:
        return Margin(centre, None, None, None, False)
    spread = statistics.stdev(values)
    no_bound = _no_bound(values)
    bound = None
    if not no_bound:
        reach = tolerance_factor(len(values)) * spread
        bound = clipped(centre - reach if downwards else centre + reach, limits)
    if of_mean is not None:
        signs = [] if of_mean.shown else ["the t test does not tell on which side the mean lies"]
    else:
        signs = list(_signs_of_an_edge(values, spread, room, low, high))
    return Margin(
        mean=centre,
        spread=spread,
        distance=room / spread if spread else None,
        tolerance_bound=bound,
        knife_edge=bool(signs),
        because=listed(signs),
        no_bound=no_bound,
        shown=None if bound is None or of_mean is not None else lies_within(bound, low, high),
    )


def agreement(
    values: Sequence[float], published: Reported, limits: Limits = (None, None)
) -> Agreement:
    """Whether finite values of ours agree with the published one, and with those of its seeds.

    Args:
        values: ours over seeds.
        published: the published one. It agrees if it may lie in the interval in which one more of
            ours would, with what is not known of its last digits (`Reported.uncertainty`).
        limits: the least and the greatest value that there can be.
    """
    paper = f"the published value, {_about(published)},"
    exact = not published.approximate
    if exact and len(values) == 1 and math.isclose(values[0], published.value):
        return Agreement(None, True, None, f"{paper} is the same as ours, to the last digit")
    if len(values) < 2:
        few = count(len(values), "value")
        return Agreement(
            None, None, None, f"{few} of ours cannot tell whether {paper} agrees: it takes two"
        )
    lowest = published.value - published.uncertainty
    highest = published.value + published.uncertainty
    if min(values) == max(values):
        ours = None
        agrees = lowest <= values[0] <= highest or math.isclose(values[0], published.value)
        same = f"what all {len(values)} networks of ours have"
        sentence = f"{paper} is {same}"
        if not agrees:
            sentence = f"{paper} is not {same}, {apart(values[0], [published.value])}"
    else:
        ours = prediction_interval(values)
        ours = cut(widened(ours) if are_counts(values) else ours, limits)
        assert ours.low is not None
        assert ours.high is not None
        agrees = ours.low <= highest and lowest <= ours.high
        ends = [lowest, highest, ours.low, ours.high]
        low, high = (estimate(end, ends) for end in (ours.low, ours.high))
        sentence = (
            f"{paper} lies {'in' if agrees else 'outside'} the interval in which one more network "
            f"of ours would lie with {percent(ours.level)} probability, {low} to {high} "
            f"({ours.method})"
        )
    if len(published.over_seeds) < 2:
        return Agreement(ours, agrees, None, sentence)
    p = differ(values, published.over_seeds)
    means = (
        f"the means of our {len(values)} values and of the {len(published.over_seeds)} published"
    )
    differs = "differ" if p <= LEVEL else "are not shown to differ"
    tested = f"{means} ones {differs} (permutation test, two-sided, p = {number(p, 2)})"
    return Agreement(ours, agrees, p, f"{sentence}; {tested}")


def are_counts(values: Sequence[float]) -> bool:
    """Whether values are counts of few things: whole numbers, not all the same, less than ten
    apart. No normal distribution is like them.
    """
    apart_by = max(values) - min(values)
    return all(value == round(value) for value in values) and 0 < apart_by < _MANY


def _no_bound(values: Sequence[float]) -> str:
    """Why values have no normal tolerance bound, or an empty text."""
    if min(values) == max(values):
        return "all values are the same: no normal bound"
    return "values are counts: no normal bound" if are_counts(values) else ""


def _signs_of_an_edge(
    values: Sequence[float],
    spread: float,
    room: float,
    low: float | None,
    high: float | None,
) -> Iterator[str]:
    """By what a check is on a knife's edge, in words; nothing if it is not."""
    if not spread:
        return
    if abs(room) < spread:
        yield "the mean lies less than one spread from the threshold"
    ends = [end for end in (low, high) if end is not None]
    near = [min(abs(value - end) for end in ends) for value in values]
    close = sum(distance <= _CLOSE * spread for distance in near)
    if close:
        lies = "lies" if close == 1 else "lie"
        on = "on" if max(sorted(near)[:close]) == 0 else "within a tenth of a spread of"
        yield f"{close} of {len(values)} values {lies} {on} the threshold"


def _about(published: Reported) -> str:
    """A published value, with how far it may be from the one that the authors had."""
    about = "about " if published.approximate else ""
    given = (rounded if published.approximate else number)(published.value)
    within = f" ± {number(published.uncertainty, 2)}" if published.uncertainty else ""
    return about + given + within


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
    of_mean = _mean_test(check)
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
        margin=margin(finite, check.low, check.high, check.limits, of_mean),
        agreement=None if published is None else agreement(finite, published, check.limits),
        equivalence=_equivalence(check, list(values.values())),
        failed_by=[
            control.id
            for control in controls
            if fails_check(control, check.name, [trial for trial, _ in found])
        ],
        thresholds=list(known.history) if known else [],
        published_fails=known.published_fails if known else "",
        mean=of_mean,
        no_control=dict(known.no_control) if known else {},
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
        uncertainty=max(one.uncertainty for one in found),
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
    end = found.interval.low if downwards is (room >= 0) else found.interval.high
    bound = clipped(end, check.limits)
    assert bound is not None
    ours = estimate(found.value, [check.low, check.high])
    about = f"the mean over {count(len(values), 'seed')} is {ours}"
    told = f"{about}, so that that of all such networks is {_side(check)} with 95 % confidence"
    if p > LEVEL:
        told = f"{about}, which does not tell whether that of all such networks is "
        told += threshold(check)
    told += f" (t test, one-sided, p = {number(p, 2)})"
    return MeanTest(bound, p, p <= LEVEL, told)


def _side(check: Check) -> str:
    """On which side of its threshold the mean lies, in words."""
    if check.holds:
        return threshold(check)
    if check.direction == "between":
        return f"not {threshold(check)}"
    return f"below {number(check.low)}" if check.high is None else f"above {number(check.high)}"
