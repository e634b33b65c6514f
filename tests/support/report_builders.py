"""Pieces of a verification record, with what the suite computes of them in its simplest form."""

from __future__ import annotations

import math
import statistics

from scipy import stats

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ClaimRecord,
    ControlRecord,
    Equivalence,
    Margin,
    ThresholdEntry,
    Trial,
)

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
    """A claim with its checks over seeds; `ledger` gives what is told of them by name."""
    by_seed = {}
    for one in trials:
        by_seed.setdefault(one.seed, []).append(one.outcome)
    return ClaimRecord(
        id=claim_id,
        family=claim_id.partition(".")[0],
        statement=statement,
        source=source,
        verdict=verdict,
        reason=reason,
        trials=trials,
        controls=list(controls),
        checks=over_seeds(trials, controls, ledger or {}),
        seeds_held=sum(set(outcomes) == {"passed"} for outcomes in by_seed.values()),
        seeds_judged=sum(set(outcomes) <= {"passed", "failed"} for outcomes in by_seed.values()),
        **more,
    )


def over_seeds(trials, controls, ledger):
    """Each check of a claim over its seeds: as the suite computes it, in the simplest form."""
    found = {}
    for one in trials:
        for check in one.evidence.checks:
            found.setdefault((one.row, check.name), {})[one.seed] = check
    return [
        _over_seeds(row, by_seed, controls, ledger.get(name, {}))
        for (row, name), by_seed in found.items()
    ]


def _over_seeds(row, by_seed, controls, told):
    checks = list(by_seed.values())
    first = checks[0]
    values = [check.value for check in checks if check.value is not None]
    several = len(values) > 1
    return CheckOverSeeds(
        name=first.name,
        unit=first.unit,
        direction=first.direction,
        low=first.low,
        high=first.high,
        kind=first.kind,
        row=row,
        values={"" if seed is None else str(seed): c.value for seed, c in by_seed.items()},
        held=sum(check.holds for check in checks),
        judged=len(checks),
        published=first.published,
        margin=_margin(first, values) if several else None,
        agreement=_agreement(first, values) if first.published and len(checks) > 1 else None,
        equivalence=_equivalence(first, values) if first.kind == "equivalence" else None,
        failed_by=[one.id for one in controls if _fails(one, first.name)],
        **{"thresholds": [ThresholdEntry("ours", "2026-10-02", seen=False, at_least=first.low,
                                         at_most=first.high)], **told},
    )  # fmt: skip


def _margin(check, values):
    mean, spread = statistics.mean(values), statistics.stdev(values)
    if spread == 0:
        return Margin(mean, spread, None, None, knife_edge=False)
    count = len(values)
    below = math.inf if check.low is None else mean - check.low
    above = math.inf if check.high is None else check.high - mean
    distance = min(below, above) / spread
    factor = stats.nct.ppf(0.95, count - 1, stats.norm.ppf(0.9) * math.sqrt(count))
    reach = float(factor) / math.sqrt(count) * spread
    bound = mean - reach if below <= above else mean + reach
    return Margin(mean, spread, distance, bound, knife_edge=abs(distance) < 1)


def _agreement(check, values):
    mean, spread, count = statistics.mean(values), statistics.stdev(values), len(values)
    half = float(stats.t.ppf(0.975, count - 1)) * spread * math.sqrt(1 + 1 / count)
    theirs, within = check.published.value, Interval(mean - half, mean + half)
    agrees = within.low <= theirs <= within.high
    lies = "lies" if agrees else "does not lie"
    return Agreement(
        prediction=within,
        agrees=agrees,
        p_value=None,
        sentence=f"the published value {theirs:g} {lies} between {within.low:.4g} and "
        f"{within.high:.4g}, where one more network of ours would lie (95 %)",
    )


def _equivalence(check, values):
    if len(values) < 2:
        return Equivalence(check.low, check.high, None, None)
    above = stats.ttest_1samp(values, check.low, alternative="greater").pvalue
    below = stats.ttest_1samp(values, check.high, alternative="less").pvalue
    p_value = float(max(above, below))
    return Equivalence(check.low, check.high, p_value, p_value <= 0.05)


def _fails(control, name):
    checks = [c for t in control.trials for c in t.evidence.checks if c.name == name]
    return bool(checks) and all(not c.holds and c.value is not None for c in checks)
