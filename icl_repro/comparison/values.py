"""Measured values that are otherwise: paired by seed, tested, and corrected for their number.

Two things can show that a value changed. Over the seeds that both records have, a t test tells
whether the mean of the differences is other than zero. And where it was measured how far trainings
of one seed differ, the largest difference on any seed is held against that: a change on one of five
seeds, or on the only one, which no t test shows. Nearer to the bad side of its threshold than a
margin allows is the same, with one side.

P values are corrected by Benjamini and Hochberg's method, for all checks of claims and for those of
controls, each at half the level. Where nothing changed, the chance of even one false change in a
comparison is 5 % at most, and so is that of even one false "worse": together at most 7.5 %, as
"worse" has one side, and less the wider the margin. Where something did change, 5 % is the share of
false ones to expect.

What cannot be tested is judged by the margin alone: one value in which nobody
knows how far trainings differ, or of which too few differences are known, or none but zero. Of n
known differences, the next one is the largest by chance with a probability of 1 / (n + 1): of two
or ten of them, nothing more can be said, and no correction for hundreds of values leaves a trace of
it. Such a value is worse if it lost more than the margin, and changed by more than twice any known
difference; where none is known, by a wider margin. What rests on other runs than before is another
value: it is held against no difference of trainings, and is worse only if the seeds show it. What
was only ever measured on one kind of processor, as times are, is not worse on another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from icl_repro.comparison.measured import Measured, Name, measured, room
from icl_repro.comparison.pairs import Gaps, Pair, place
from icl_repro.numbers import number
from icl_repro.statistics.drifts import beyond_largest
from icl_repro.statistics.intervals import mean
from icl_repro.statistics.significance import false_discovery, mean_beyond, mean_within
from icl_repro.verification.compared import ValueChange
from icl_repro.verification.spreads import NOT_MEASURED, REACH, Spread, Spreads
from icl_repro.verification.wording import bounds, on_seeds

LEVEL = 0.05
"""How likely even one false change may be in a comparison of what did not, and even one false
"worse".
"""

MARGIN = 0.1
"""How much of the distance between its old mean and its threshold a value may lose."""

UNTESTED_MARGIN = 0.25
"""How much of it a value may lose where no difference between trainings is known.

In this repository trainings of one seed are known to differ, or not to, in 693 checks: in 14 by
more than this, five of them processor times and nine of language models, and in none of the other
539, so that of these fewer than one of a hundred is beyond it (95 %, Clopper and Pearson). Of 291
values that were judged again on networks one rounding away, on the same machine, none was.
"""

FEWEST_PAIRS = 4
"""From how many known differences on the shape of their distribution is relied upon."""

SAME = 1e-4
"""By what share of it, or of its bound, a value may differ and be the same.

Trainings of one seed on two families of processors differ by 1.1e-5 of a value at most where they
do not drift apart altogether, which is measured as their spread.
"""

OTHER_RUNS = "it rests on other runs than before"
OTHER_MACHINE = "measured on another processor, and how far processors differ in it is not known"
"""Why nothing that is known of how trainings differ says anything of a value."""

_WHOLE = 0.5
"""What a count is known to, where trainings were measured to give the same one."""


class Values(msgspec.Struct, frozen=True):
    """What changed, what may have, and how much was compared."""

    shown: list[ValueChange]
    unclear: list[ValueChange]
    of_claims: int
    of_controls: int
    tested: int
    untested: int
    not_worse: int


class _Paired(msgspec.Struct, frozen=True):
    """A check in both records, and what its tests give before correction."""

    change: ValueChange
    rooms: list[float]
    p_changed: float | None
    p_worse: float | None
    vanished: list[str]
    differs: bool
    beyond_margin: bool
    """Whether it counts as worse by the margin alone, if no test says anything of it."""


def require_margin(margin: float) -> None:
    """Require a share, from 0 on.

    Raises:
        ValueError: it is none.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(
            f"a margin is a share of the distance to the threshold, from 0 on, not {margin}"
        )


class Margins(msgspec.Struct, frozen=True):
    """What a value may lose as a share of the distance to its threshold: where a test tells, and
    where none can; null where nothing counts as worse without a test.
    """

    tested: float
    untested: float | None


def changes(
    pairs: Sequence[Pair],
    spreads: Spreads,
    margins: Margins,
    gaps: Gaps,
    *,
    same_machine: bool = True,
) -> Values:
    """What is measured otherwise in the claims that both records have.

    Args:
        pairs: the claims.
        spreads: how far trainings of one seed differ; none where the runs are not the same ones.
        margins: how much a value may lose.
        gaps: takes what cannot be compared.
        same_machine: false where processors differ: what was measured on one machine alone, as
            times are, is then never worse.
    """
    paired = [
        one for pair in pairs for one in _of_claim(pair, spreads, margins, gaps, same_machine)
    ]
    shown: list[ValueChange] = []
    unclear: list[ValueChange] = []
    families = [
        [one for one in paired if bool(one.change.case) == of_control]
        for of_control in (False, True)
    ]
    times = max(1, sum(any(one.p_worse is not None for one in family) for family in families))
    for family in families:
        for change in _corrected(family, times):
            if change.shown:
                shown.append(change)
            elif change.moved:
                unclear.append(change)
    tested = sum(one.p_changed is not None for one in paired)
    not_worse = sum(one.change.not_worse is True and not one.vanished for one in paired)
    untested = sum(one.p_changed is None and one.differs for one in paired)
    of_claims, of_controls = map(len, families)
    return Values(shown, unclear, of_claims, of_controls, tested, untested, not_worse)


def _corrected(family: Sequence[_Paired], times: int) -> Iterator[ValueChange]:
    """The changes of one of so many families, judged by p values corrected for all of them."""
    tested = [one for one in family if one.p_changed is not None and one.p_worse is not None]
    changed, worse = (
        [min(1.0, times * one) for one in false_discovery(p_values)]
        for p_values in (
            [one.p_changed or 0.0 for one in tested],
            [one.p_worse or 0.0 for one in tested],
        )
    )
    p_values = {id(one): both for one, *both in zip(tested, changed, worse, strict=True)}
    for one in family:
        p_changed, p_worse = p_values.get(id(one), (None, None))
        change = msgspec.structs.replace(one.change, p_changed=p_changed, p_worse=p_worse)
        if one.vanished:
            told = f"no finite value any more{_on(one.vanished)}"
            effect = "otherwise" if change.case else "worse"
            yield msgspec.structs.replace(change, effect=effect, shown=True, why=told)
        elif p_worse is not None and p_worse <= LEVEL:
            yield msgspec.structs.replace(change, effect="worse", shown=True)
        elif one.beyond_margin:
            yield msgspec.structs.replace(change, effect="worse", shown=True, by_margin=True)
        elif p_changed is not None and p_changed <= LEVEL:
            effect = "better" if math.fsum(one.rooms) > 0 else "otherwise"
            within = "nearer to its threshold, but not shown to be so by more than the margin"
            fell = effect == "otherwise" and math.fsum(one.rooms) < 0
            why = change.why or (within if fell else "")
            yield msgspec.structs.replace(change, effect=effect, shown=True, why=why)
        else:
            yield change


def _of_claim(
    pair: Pair, spreads: Spreads, margins: Margins, gaps: Gaps, same_machine: bool
) -> Iterator[_Paired]:
    before = measured(pair.old, pair.old_runs)
    now = measured(pair.new, pair.new_runs)
    for (case, row, name), new in now.items():
        where = place(pair.new.id, case, row, name)
        old = before.get((case, row, name))
        if old is None:
            continue  # told as a threshold, or as a claim or control that was not judged
        shared = [seed for seed in new.values if seed in old.values]
        for which, own, other in (("old", old, new), ("new", new, old)):
            if alone := sorted({*own.values} - {*other.values}):
                seeds = _on(alone).removeprefix(" on ") or "a value of no seed is"
                gaps.add("values", f"{seeds} only in the {which} record", where)
        if not shared:
            continue
        finite = [s for s in shared if _both_finite(old, new, s)]
        undefined = [s for s in shared if old.values[s] is None and new.values[s] is None]
        if undefined and not finite:
            gaps.add("values", "not finite in both records", where)
        if not finite and len(undefined) == len(shared):
            continue
        unlike = ""
        if pair.same_start and any(old.runs.get(s) != new.runs.get(s) for s in finite):
            unlike = OTHER_RUNS
        elif not same_machine and len(spreads.machines_of(pair.new.id, case, name)) == 1:
            unlike = OTHER_MACHINE
        # How far trainings differ was then measured of something else.
        known = NOT_MEASURED if unlike else spreads
        yield _pair(pair.new.id, (case, row, name), old, new, shared, known, margins, unlike)


def _pair(
    claim: str,
    name: Name,
    old: Measured,
    new: Measured,
    shared: Sequence[str],
    spreads: Spreads,
    margins: Margins,
    unlike: str,
) -> _Paired:
    case, row, check = name
    seeds = [seed for seed in shared if _both_finite(old, new, seed)]
    before = [old.values[seed] or 0.0 for seed in seeds]
    now = [new.values[seed] or 0.0 for seed in seeds]
    known = spreads.of(claim, case, check)
    differences = [after - value for value, after in zip(before, now, strict=True)]
    size = max((abs(v) for v in (*before, *now, new.low, new.high) if v is not None), default=0.0)
    same = SAME * size
    resolution = _resolution([*before, *now], same)
    spread = None if known is None or not _has_shape(known) else max(known.largest, resolution)
    allowed = max(same, 0.0 if known is None else REACH * known.largest)
    moved = [s for s, d in zip(seeds, differences, strict=True) if abs(d) > allowed]
    sign = -1 if case else 1
    old_rooms = [sign * room(new, value) for value in before]
    rooms = [sign * room(new, value) - was for value, was in zip(now, old_rooms, strict=True)]
    distance = abs(_mean(old_rooms)) if seeds else 0.0
    give = margins.tested * distance
    by_margin = spread is None and margins.untested is not None and not unlike
    alone = (margins.untested or 0.0) * distance if known is None else give
    limit = max(alone, allowed)
    # Against known differences of single trainings by the worst seed; else all have to have fallen.
    all_fell = bool(rooms) and max(rooms) < 0
    fallen = -min(rooms, default=0.0) if known else -_mean(rooms) if all_fell else 0.0
    beyond_margin = by_margin and fallen > limit
    vanished = [s for s in shared if old.values[s] is not None and new.values[s] is None]
    p_changed, p_worse, not_worse = _tests(
        differences, rooms, same, give, spread, 0 if known is None else known.pairs
    )
    if unlike == OTHER_MACHINE and p_worse is not None:
        p_worse = 1.0
    largest = max(map(abs, differences), default=0.0)
    change = ValueChange(
        claim=claim,
        case=case,
        row=row,
        check=check,
        unit=new.unit,
        threshold=bounds(new.direction, new.low, new.high, new.kind),
        seeds=seeds,
        before=_mean(before) if seeds else None,
        now=_mean(now) if seeds else None,
        difference=_mean(differences) if seeds else None,
        interval=mean(differences).interval if len(seeds) > 1 else None,
        moved=moved,
        margin=alone if beyond_margin else give,
        effect="otherwise",
        shown=False,
        not_worse=not_worse,
        spread=None if known is None else known.largest,
        pairs=0 if known is None else known.pairs,
        why=unlike or _untested(seeds, known, spread, largest),
        lost=-_mean(rooms) / distance if distance else None,
    )
    return _Paired(change, rooms, p_changed, p_worse, vanished, largest > same, beyond_margin)


def _tests(
    differences: Sequence[float],
    rooms: Sequence[float],
    same: float,
    margin: float,
    spread: float | None,
    pairs: int,
) -> tuple[float | None, float | None, bool | None]:
    """P values of a change and of one for the worse, and whether it is shown not to be worse.

    Of two tests, each counts twice: by the mean over seeds, and by the worst seed against what is
    known of trainings of one seed.
    """
    changed: list[float] = []
    worse: list[float] = []
    not_worse = None
    amount = len(differences)
    if amount > 1:
        changed.append(mean_beyond(differences, -same, same))
        worse.append(mean_beyond(rooms, -margin, None))
        # Without any spread the t test is none, and what is the same is not worse.
        alike = all(abs(one) <= same for one in rooms)
        not_worse = alike or mean_within(rooms, -margin, None) <= LEVEL
    if amount and spread:
        largest = max(map(abs, differences))
        fallen = max(-room for room in rooms) - margin
        changed.append(beyond_largest(largest, spread, pairs, amount) if largest > same else 1.0)
        worse.append(
            beyond_largest(fallen, spread, pairs, amount, two_sided=False) if fallen > 0 else 1.0
        )
        if amount == 1:
            spare = margin + rooms[0]
            not_worse = abs(rooms[0]) <= same or (
                spare > 0 and beyond_largest(spare, spread, pairs, two_sided=False) <= LEVEL
            )
    if not changed:
        return None, None, None
    times = len(changed)
    return min(1.0, times * min(changed)), min(1.0, times * min(worse)), not_worse


def _has_shape(known: Spread) -> bool:
    """Whether known differences tell more than that they are so many."""
    return known.pairs >= FEWEST_PAIRS and known.largest > 0


def _untested(
    seeds: Sequence[str], known: Spread | None, spread: float | None, largest: float
) -> str:
    """Why no test against trainings of one seed says anything; empty where one does."""
    if spread is not None:
        return ""
    if known is None:
        if len(seeds) > 1:
            return ""
        return "one value, and how far trainings differ in it is not known"
    if not seeds or largest <= known.largest:
        return ""
    if known.pairs == 1:
        return "larger than the one known difference, as every second one is by chance"
    chance = number((known.pairs + len(seeds)) / len(seeds), 3)
    return (
        f"larger than any of {number(known.pairs)} known differences, as 1 of {chance} is by chance"
    )


def _resolution(values: Sequence[float], same: float) -> float:
    """What a difference is at least measured to, so that none can be beyond a spread of zero."""
    whole = all(value == round(value) for value in values)
    return max(same, _WHOLE if whole else 0.0, 1e-300)


def _both_finite(old: Measured, new: Measured, seed: str) -> bool:
    return old.values[seed] is not None and new.values[seed] is not None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _on(seeds: Sequence[str]) -> str:
    return on_seeds([int(seed) for seed in seeds if seed])
