"""Trends over the sessions of a history that can be compared with one another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from icl_repro.history.line import Line, Measured
from icl_repro.history.steps import PERSISTS, on_few_levels, shown, steps
from icl_repro.history.steps import newest as newest_of
from icl_repro.numbers import count
from icl_repro.verification.past import Past, PastSession, Step, Trend
from icl_repro.verification.wording import listed

ROUNDING = 1e-5
"""By what share of itself a value differs between processors without a reason.

Trainings of one seed on two families of processors differ by as much, see
:data:`icl_repro.verification.spreads.SLACK`; on one machine they are the same to the bit.
"""

PAIR = 1.128
"""How far two normal values differ on average, in standard deviations."""

SHOWN = 50
"""How many of the newest sessions a record remembers."""

_FOR = {"supported": 2, "consistent": 2, "refuted": 0, "contradicted": 0, "error": 0}
_MOST_THINGS = 100
"""Whole numbers up to it are counts, in which one more or less may be noise."""
_ENOUGH_WORK = 0.1
"""Sessions that trained a smaller share of what the largest did say little about speed."""


@dataclass(frozen=True)
class _Levels:
    """A trend whose steps are not known yet: its noise is at least `least`."""

    trend: Trend
    least: float
    worse: Callable[[float, float], bool | None]

    def finite(self) -> list[float]:
        return [value for value in self.trend.values if value is not None]

    def cuts(self) -> list[int]:
        """Where the level of the finite values changes, but for the newest."""
        return steps(self.finite(), self.least, counts=self.trend.counts)

    def of_newest(self, cuts: Sequence[int]) -> float:
        """The p value of the newest; 1 where it is not finite."""
        if not self.trend.values or self.trend.values[-1] is None:
            return 1.0
        return newest_of(self.finite()[cuts[-1] if cuts else 0 :], self.least)

    def stepped(self, lines: Sequence[Line], cuts: Sequence[int]) -> Trend:
        """The trend with a step at each place, and those that it has already."""
        trend, finite = self.trend, self.finite()
        places = [place for place, value in enumerate(trend.values) if value is not None]
        ends = [0, *cuts, len(finite)]
        means = [sum(finite[a:b]) / (b - a) for a, b in pairwise(ends) if b > a]
        of_levels = [
            _step(lines, trend.sessions, places[at], levels, self.worse(*levels))
            for at, levels in zip(cuts, pairwise(means), strict=True)
        ]
        found = sorted([*trend.steps, *of_levels], key=lambda step: step.at)
        return msgspec.structs.replace(trend, steps=found)


@dataclass(frozen=True)
class Compared:
    """The sessions that can be compared with the newest, itself included, first to last; and how
    many others there are, by what they differ in.
    """

    lines: list[Line]
    left_out: dict[str, int]

    @property
    def sentence(self) -> str:
        """Which were left out; empty if none was."""
        if not self.left_out:
            return ""
        if len(self.left_out) == 1:
            ((how, number),) = self.left_out.items()
            return f"{count(number, 'session')} of {how} left out"
        parts = [f"{number} of {how}" for how, number in self.left_out.items()]
        return f"{count(sum(self.left_out.values()), 'session')} left out: {listed(parts)}"


def conditions(line: Line) -> str:
    """What has to be the same for two sessions to be compared, in words."""
    seeds = ", ".join(map(str, line.seeds))
    named = f"seed{'s' if len(line.seeds) > 1 else ''} {seeds}" if line.seeds else "no seeds"
    return f"the {line.profile} profile, {named}, on {' and '.join(line.basis) or 'no runs'}"


def compared(lines: Sequence[Line]) -> Compared:
    """The sessions with the basis, profile and seeds of the newest.

    What a session without runs measured depends on no basis, so that it goes with any.
    """
    if not lines:
        return Compared([], {})
    newest = lines[-1]
    alike = [line for line in lines if _drawn(line) == _drawn(newest)]
    basis = next((line.basis for line in reversed(alike) if line.basis), list[str]())

    def fits(line: Line) -> bool:
        return _drawn(line) == _drawn(newest) and line.basis in (basis, [])

    others = Counter(conditions(line) for line in lines if not fits(line))
    return Compared([line for line in lines if fits(line)], dict(others))


def trends(lines: Sequence[Line]) -> list[Trend]:
    """The trends of all quantities, of each claim those of the newest session that judged it:
    verdicts and checks, then the speed of training.

    Args:
        lines: sessions that can be compared, first to last.
    """
    if not lines:
        return []
    found: list[Trend | _Levels] = []
    of_claim: dict[str, list[Measured]] = {}
    for line in lines:
        of_claim |= {claim: [] for claim in line.verdicts}
        for value in line.values:
            of_claim[value.claim].append(value)
    by_place = [{(one.claim, one.check, one.row): one for one in line.values} for line in lines]
    # In the order of the session that judged most, which is that of all claims.
    most = max(reversed(lines), key=lambda line: len(line.verdicts))
    for claim in dict.fromkeys([*most.verdicts, *of_claim]):
        found.append(_of_verdict(lines, claim))
        found += [_of_check(lines, by_place, value) for value in of_claim[claim]]
    return _with_steps(lines, [*found, *_of_speed(lines)])


def past(lines: Sequence[Line]) -> Past:
    """What the record of the newest session tells of those before it."""
    chosen = compared(lines)
    newest = chosen.lines[-SHOWN:]
    # Of claims that it judged itself, and its own speed.
    last = len(newest) - 1
    found = [
        one
        for one in trends(newest)
        if one.claim in newest[-1].verdicts or (not one.claim and one.sessions[-1] == last)
    ]
    return Past(
        sessions=[
            PastSession(line.started, line.commit_shown, dict(Counter(line.verdicts.values())))
            for line in newest
        ],
        looked_at=len(found),
        trends=[trend for trend in found if trend.steps],
        left_out=chosen.sentence,
    )


def newly_worse(found: Sequence[Trend], sessions: int, newest: int) -> Iterator[tuple[Trend, Step]]:
    """The steps to worse in the newest sessions.

    Args:
        found: trends over so many sessions.
        sessions: how many there are.
        newest: how many of them count as new.
    """
    for trend in found:
        for step in trend.steps:
            late = PERSISTS - 1 if trend.counts and not step.how else 0
            known = trend.sessions[min(step.at + late, len(trend.sessions) - 1)]
            if step.worse and known >= sessions - newest:
                yield trend, step


def _of_verdict(lines: Sequence[Line], claim: str) -> Trend:
    places = [place for place, line in enumerate(lines) if claim in line.verdicts]
    words = [lines[place].verdicts[claim] for place in places]
    ranks = [float(_FOR.get(word, 1)) for word in words]
    changes = [at for at in range(1, len(words)) if words[at] != words[at - 1]]
    found = [
        _step(
            lines,
            places,
            at,
            (ranks[at - 1], ranks[at]),
            None if ranks[at] == ranks[at - 1] else ranks[at] < ranks[at - 1],
        )
        for at in changes
    ]
    return Trend(claim, "", "", "", list(ranks), places, found, words)


def _of_check(
    lines: Sequence[Line],
    by_place: Sequence[dict[tuple[str, str, str], Measured]],
    newest: Measured,
) -> _Levels:
    """Over the sessions that measured it on the same seeds: others have another mean."""
    key = (newest.claim, newest.check, newest.row)
    places = [
        place
        for place, values in enumerate(by_place)
        if key in values and values[key].by_seed.keys() == newest.by_seed.keys()
    ]
    by_seed = [by_place[place][key].by_seed for place in places]
    seeds = _finite_somewhere(by_seed)
    values = [_mean([of[seed] for seed in seeds]) for of in by_seed]
    counts = _is_counted([value for of in by_seed for value in of.values()], values)

    def worse(before: float, after: float) -> bool | None:
        change = _room(newest, after) - _room(newest, before)
        return None if change == 0 else change < 0

    undefined = [
        _step(lines, places, at, (values[at - 1], values[at]), of_seeds, how)
        for at, of_seeds, how in _undefined(by_seed)
    ]
    trend = Trend(
        newest.claim,
        newest.check,
        newest.row,
        newest.unit,
        values,
        places,
        undefined,
        seeds=seeds if len(seeds) < len(newest.by_seed) else [],
        counts=counts,
    )
    return _Levels(trend, _least(values, newest.spread / PAIR), worse)


def _of_speed(lines: Sequence[Line]) -> Iterator[_Levels]:
    """On the machine of the newest session that trained, with as many workers."""
    trained = [place for place, line in enumerate(lines) if line.speed is not None]
    if not trained:
        return
    machine = _machine(lines[trained[-1]])
    places = [place for place in trained if _machine(lines[place]) == machine]
    most = max(lines[place].trained for place in places)
    places = [place for place in places if lines[place].trained >= _ENOUGH_WORK * most]
    values = [lines[place].speed for place in places]
    unit = f"{lines[trained[-1]].unit or 'units of work'} a second and worker"
    trend = Trend("", "", "", unit, values, places)
    yield _Levels(trend, _least(values, 0.0), lambda before, after: after < before)


def _finite_somewhere(by_seed: Sequence[Mapping[str, float | None]]) -> list[str]:
    """The seeds with a finite value in each session that has any; all if there are none."""
    told = [of for of in by_seed if any(value is not None for value in of.values())]
    every = list(by_seed[-1])
    return [seed for seed in every if all(of[seed] is not None for of in told)] or every


def _mean(values: Sequence[float | None]) -> float | None:
    finite = [value for value in values if value is not None]
    return sum(finite) / len(finite) if finite and len(finite) == len(values) else None


def _is_counted(by_seed: Sequence[float | None], means: Sequence[float | None]) -> bool:
    finite = [value for value in by_seed if value is not None]
    whole = all(value == int(value) and abs(value) <= _MOST_THINGS for value in finite)
    return whole or on_few_levels([value for value in means if value is not None])


def _undefined(
    by_seed: Sequence[Mapping[str, float | None]],
) -> Iterator[tuple[int, bool, str]]:
    """Where the seeds without a finite value become others: the place, whether that is worse, and
    it in words.
    """
    sets = [[seed for seed, value in of.items() if value is None] for of in by_seed]
    for at, (before, after) in enumerate(pairwise(sets), start=1):
        if before == after:
            continue
        gone = [seed for seed in after if seed not in before]
        back = [seed for seed in before if seed not in after]
        told = [f"not finite any more{_on(gone)}"] if gone else []
        told += [f"finite again{_on(back)}"] if back else []
        yield at, bool(gone), listed(told)


def _on(seeds: Sequence[str]) -> str:
    named = [seed for seed in seeds if seed]
    return f" on seed{'s' if len(named) > 1 else ''} {listed(named)}" if named else ""


def _drawn(line: Line) -> tuple[str, list[int]]:
    return line.profile, line.seeds


def _machine(line: Line) -> tuple[str, int, int]:
    return line.processor, line.cores, line.workers


def _room(check: Measured, value: float) -> float:
    """How far a value lies within the threshold; negative beyond it."""
    return min(
        math.inf if check.low is None else value - check.low,
        math.inf if check.high is None else check.high - value,
    )


def _least(values: Sequence[float | None], spread: float) -> float:
    """By what standard deviation values differ at least without a reason."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return max(spread, ROUNDING * largest, math.ulp(0.0))


def _with_steps(lines: Sequence[Line], found: Sequence[Trend | _Levels]) -> list[Trend]:
    """The trends with the steps of their levels; the newest values of all are judged together."""
    cuts = {id(one): one.cuts() for one in found if isinstance(one, _Levels)}
    tested = [one for one in found if isinstance(one, _Levels) and not one.trend.counts]
    new = shown([one.of_newest(cuts[id(one)]) for one in tested])
    for one, is_new in zip(tested, new, strict=True):
        if is_new:
            cuts[id(one)].append(len(one.finite()) - 1)
    return [one.stepped(lines, cuts[id(one)]) if isinstance(one, _Levels) else one for one in found]


def _step(
    lines: Sequence[Line],
    places: Sequence[int],
    at: int,
    levels: tuple[float | None, float | None],
    worse: bool | None,
    how: str = "",
) -> Step:
    before, after = lines[places[at - 1]], lines[places[at]]
    return Step(
        at, *levels, worse, after.commit_shown, before.commit_shown, list(_also(before, after)), how
    )


def _also(before: Line, after: Line) -> Iterator[str]:
    """What else changed between two sessions that may be why."""
    if before.processor != after.processor:
        yield f"processor {before.processor} → {after.processor}"
    for name in sorted(before.versions.keys() | after.versions.keys()):
        old, new = before.versions.get(name, "none"), after.versions.get(name, "none")
        if old != new:
            yield f"{name} {old} → {new}"
