"""The plan of a session: what each claim costs, what it can show, and what stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from icl_repro.planning.reach import Obstacle, failing_seeds, obstacles
from icl_repro.planning.suite import Judged, PlannedClaim, Suite
from icl_repro.planning.times import Basis, Estimate, Span, Times, makespan
from icl_repro.statistics.power import power_of_mean, power_of_sign_test, power_within
from icl_repro.statistics.significance import size_of_sign_test
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord
from icl_repro.verification.seeds_needed import seeds_needed
from icl_repro.verification.verdict import FEWEST_SEEDS, LEVEL

SHARES = (0.8, 0.9, 0.95, 1.0)
"""True shares of networks on which a claim holds, of which the power is told."""
EFFECTS = (0.5, 1.0, 2.0, 3.0)
"""How far a true mean lies within its bound, in spreads over seeds, of which the power is told."""

_UNJUDGED = ("error", "not run", "not meaningful")


class Power(msgspec.Struct, frozen=True):
    """The chance of ``supported``, if `truth` is so: `alone`, and in spite of how many claims are
    judged (`corrected`: at the level that suffices whatever the others give).

    `truth` is a true share of networks on which the claim holds, or how far the true mean of its
    check lies within its bound, in spreads over seeds.
    """

    truth: float
    alone: float
    corrected: float


class SeedsNeeded(msgspec.Struct, frozen=True):
    """How many seeds a verdict takes, `alone` and `corrected`; null where that is not known, or
    no number would do: `why` says so, or on what condition. `towards` is the verdict that it takes
    them for: ``refuted`` where a record saw the claim fail more often than hold.
    """

    alone: int | None
    corrected: int | None
    why: str
    towards: Literal["supported", "refuted"] = "supported"


class Cost(msgspec.Struct, frozen=True):
    """What runs take: `stale` ones are there, but made by other code, and are trained anew.

    `in_all` is how long all of them take, `to_train` those that the store lacks; `on` says of how
    many of these each kind of estimate was made. Runs without an estimate are left out of both.
    """

    runs: int
    stored: int
    stale: int
    units: int
    units_to_train: int
    in_all: Span
    to_train: Span
    on: dict[Basis, int]


class ClaimPlan(msgspec.Struct, frozen=True):
    """One claim: `chooses` is whether further runs follow from what is measured on the first ones,
    which are not counted; the cost is that of running it alone, with its controls.
    """

    id: str
    source: str
    place: str
    judged: Judged
    cost: Cost
    chooses: bool
    seeds_needed: SeedsNeeded | None
    power: list[Power]
    measured_power: Power | None
    obstacles: list[Obstacle]
    problem: str


class Plan(msgspec.Struct, frozen=True):
    """The whole: totals are over the union of the runs, since claims share them.

    `comparisons` is for how many claims the correction is made: all that the profile judges over
    seeds, planned or not. `makespan` is how long `workers` take for what is to be trained.
    """

    profile: str
    seeds: list[int]
    store: str
    unit: str
    workers: int
    comparisons: int
    level: float
    fewest_seeds: int
    cost: Cost
    makespan: Span
    claims: list[ClaimPlan]
    record: str = ""


def planned(
    suite: Suite,
    times: Times,
    workers: int,
    records: Mapping[str, ClaimRecord] | None = None,
    record: str = "",
) -> Plan:
    """Plan what was selected of a suite.

    Args:
        suite: what is declared.
        times: how long runs take.
        workers: how many processes train.
        records: claims of an earlier record, by id.
        record: what that record is called.
    """
    known = records or {}
    claims = [one for one in suite.judged if one.id in suite.selected]
    comparisons = sum(one.judged != "without seeds" for one in suite.judged)
    estimates = {key: times.of(run) for key, run in suite.runs.items()}
    union = suite.with_sources(key for one in claims for key in one.runs)
    return Plan(
        profile=suite.profile,
        seeds=list(suite.seeds),
        store=str(suite.store),
        unit=suite.unit,
        workers=workers,
        comparisons=comparisons,
        level=LEVEL,
        fewest_seeds=FEWEST_SEEDS,
        cost=_cost(suite, union, estimates),
        makespan=_makespan(suite, union, estimates, workers),
        claims=[_claim(suite, one, estimates, comparisons, known.get(one.id)) for one in claims],
        record=record,
    )


def power_of_shares(seeds: int, comparisons: int) -> list[Power]:
    """The chance of ``supported`` of a claim that is judged seed by seed."""
    return [
        Power(share, *(_of_share(seeds, share, level) for level in _levels(comparisons)))
        for share in SHARES
    ]


def power_of_effects(seeds: int, comparisons: int) -> list[Power]:
    """The chance of ``supported`` of a claim over all seeds with one check and one bound."""
    enough = seeds if seeds >= FEWEST_SEEDS else 0
    return [
        Power(effect, *(power_of_mean(enough, effect, level) for level in _levels(comparisons)))
        for effect in EFFECTS
    ]


def _of_share(seeds: int, share: float, level: float) -> float:
    return power_of_sign_test(seeds, share, level) if seeds >= FEWEST_SEEDS else 0.0


def _levels(comparisons: int) -> tuple[float, float]:
    return LEVEL, LEVEL / max(comparisons, 1)


def _claim(
    suite: Suite,
    claim: PlannedClaim,
    estimates: Mapping[str, Estimate],
    comparisons: int,
    record: ClaimRecord | None,
) -> ClaimPlan:
    seeds = len(suite.seeds)
    usable = record if record is not None and record.verdict not in _UNJUDGED else None
    power: list[Power] = []
    if claim.judged == "seed by seed":
        power = power_of_shares(seeds, comparisons)
    elif claim.judged == "over all seeds":
        power = power_of_effects(seeds, comparisons)
    return ClaimPlan(
        id=claim.id,
        source=claim.claim.source,
        place=str(claim.place),
        judged=claim.judged,
        cost=_cost(suite, suite.with_sources(claim.runs), estimates),
        chooses=claim.chooses,
        seeds_needed=_seeds_needed(suite, claim, comparisons, usable),
        power=power,
        measured_power=_measured_power(claim, seeds, comparisons, usable),
        obstacles=obstacles(suite, claim, usable),
        problem=claim.problem,
    )


def _seeds_needed(
    suite: Suite, claim: PlannedClaim, comparisons: int, record: ClaimRecord | None
) -> SeedsNeeded | None:
    """How many seeds it takes, by what a record measured or else by what the ledger knows."""
    if claim.judged == "without seeds":
        return None
    if record is not None:
        alone, corrected = (seeds_needed(record, number) for number in (1, comparisons))
        failed = record.seeds_judged - record.seeds_held - record.seeds_undecided
        towards = "supported" if record.seeds_held >= failed else "refuted"
        return SeedsNeeded(alone.seeds, corrected.seeds, corrected.sentence, towards)
    if claim.judged == "over all seeds":
        return SeedsNeeded(
            None, None, "depends on mean and spread over seeds, which an earlier record tells"
        )
    failing = len(failing_seeds(suite, claim))
    fails = 2 * failing > len(suite.seeds)
    against = len(suite.seeds) - failing if fails else failing
    alone, corrected = (
        max(FEWEST_SEEDS, size_of_sign_test(against, level)) for level in _levels(comparisons)
    )
    does, but = ("fails", "may hold") if fails else ("holds", "is known to fail")
    where = f"all but the {against} on which it {but}" if against else "each seed"
    towards = "refuted" if fails else "supported"
    return SeedsNeeded(alone, corrected, f"if it {does} on {where}", towards)


def _measured_power(
    claim: PlannedClaim, seeds: int, comparisons: int, record: ClaimRecord | None
) -> Power | None:
    """The power of a claim over all seeds at the mean and the spread that a record measured.

    All of its checks have to be shown: the chance is at most that of the least likely.
    """
    if record is None or claim.judged != "over all seeds":
        return None
    found = [rooms for check in record.checks if (rooms := _rooms(check)) is not None]
    if not found or len(found) < len(record.checks):
        return None
    enough = seeds if seeds >= FEWEST_SEEDS else 0
    chances = [
        [power_within(enough, low, high, level) for low, high in found]
        for level in _levels(comparisons)
    ]
    return Power(min(min(rooms) for rooms in found), *map(min, chances))


def _rooms(check: CheckOverSeeds) -> tuple[float, float] | None:
    """How far a measured mean lies within both of its bounds, in spreads; none if there is no
    spread.
    """
    margin = check.margin
    if margin is None or margin.mean is None or not margin.spread:
        return None
    to_low = float("inf") if check.low is None else (margin.mean - check.low) / margin.spread
    to_high = float("inf") if check.high is None else (check.high - margin.mean) / margin.spread
    return to_low, to_high


def _cost(suite: Suite, keys: Sequence[str], estimates: Mapping[str, Estimate]) -> Cost:
    runs = [suite.runs[key] for key in keys]
    to_train = [run for run in runs if not run.stored]
    return Cost(
        runs=len(runs),
        stored=len(runs) - len(to_train),
        stale=sum(run.stale for run in to_train),
        units=sum(run.units for run in runs),
        units_to_train=sum(run.units for run in to_train),
        in_all=_sum(estimates[run.key].seconds for run in runs),
        to_train=_sum(estimates[run.key].seconds for run in to_train),
        on=dict(Counter(estimates[run.key].basis for run in to_train)),
    )


def _sum(spans: Iterable[Span]) -> Span:
    return sum(spans, start=Span())


def _makespan(
    suite: Suite, keys: Sequence[str], estimates: Mapping[str, Estimate], workers: int
) -> Span:
    waiting = [key for key in keys if not suite.runs[key].stored]
    after = {key: suite.runs[key].after for key in waiting if suite.runs[key].after}
    return Span(
        *(
            makespan({key: getattr(estimates[key].seconds, end) for key in waiting}, workers, after)
            for end in ("low", "likely", "high")
        )
    )
