"""Pieces of a verification record, made up by hand."""

from __future__ import annotations

from icl_repro.verification.evidence import Check
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.margins import over_seeds
from icl_repro.verification.record import ClaimRecord, ControlRecord, ThresholdEntry, Trial

SEEDS = [5, 6, 7, 8, 9]


def at_least(name, value, low, **more):
    return Check(name, value, "at_least", low, None, value is not None and value >= low, **more)


def at_most(name, value, high, **more):
    return Check(name, value, "at_most", None, high, value is not None and value <= high, **more)


def between(name, value, low, high, **more):
    holds = value is not None and low <= value <= high
    return Check(name, value, "between", low, high, holds, **more)


def equivalent(name, value, low, high, **more):
    return between(name, value, low, high, kind="equivalence", **more)


def trial(claim_id, seed, evidence, outcome=None, message="", duration=1.7, row="", case=""):
    family, _, name = claim_id.partition(".")
    cases = "-".join(filter(None, [case, row, "" if seed is None else f"seed{seed}"]))
    return Trial(
        nodeid=f"claims/test_{family}.py::test_{name}" + (f"[{cases}]" if cases else ""),
        outcome=outcome or ("passed" if evidence.holds else "failed"),
        seed=seed,
        row=row,
        message=message,
        duration=duration + (seed or 0) / 10,
        evidence=evidence,
        runs=[] if seed is None else [f"{seed:02x}9f0c4be1a7d3" + "5c" * 25],
    )


def control(case, statement, verdict, trials, reason="", only=(), undefined=""):
    seeds = {one.seed for one in trials}
    return ControlRecord(
        id=case,
        statement=statement,
        only=list(only),
        undefined=undefined,
        verdict=verdict,
        reason=reason or f"{verdict} on {len(seeds)} of {len(seeds)} seeds",
        trials=trials,
    )


def claim(claim_id, statement, source, verdict, reason, trials, controls=(), ledger=None, **more):
    """A claim with its checks over seeds; `ledger` gives the thresholds that are not just ours."""
    by_seed = {}
    for one in trials:
        by_seed.setdefault(one.seed, []).append(one.outcome)
    stated = {check.name: check for one in trials for check in one.evidence.checks}
    thresholds = {name: ours(check) for name, check in stated.items()} | (ledger or {})
    known = Ledger({(claim_id, name): threshold for name, threshold in thresholds.items()})
    return ClaimRecord(
        id=claim_id,
        family=claim_id.partition(".")[0],
        statement=statement,
        source=source,
        verdict=verdict,
        reason=reason,
        trials=trials,
        controls=list(controls),
        checks=over_seeds(claim_id, trials, controls, known),
        seeds_held=sum(set(outcomes) == {"passed"} for outcomes in by_seed.values()),
        seeds_judged=sum(set(outcomes) <= {"passed", "failed"} for outcomes in by_seed.values()),
        **more,
    )


def ours(check, **more):
    """What a ledger says of a threshold that was set once, before any result was seen."""
    both = check.direction == "between"
    entry = ThresholdEntry(
        "ours",
        "2026-10-02",
        seen=False,
        at_least=None if both else check.low,
        at_most=None if both else check.high,
        between=(check.low, check.high) if both else None,
    )
    return Threshold((entry,), **more)
