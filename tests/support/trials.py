"""Trials made up by hand, of claims and of controls, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from icl_repro.verification.declare import Claim
from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.margins import over_seeds
from icl_repro.verification.record import (
    CheckOverSeeds,
    ControlRecord,
    ControlVerdict,
    Equivalence,
    Outcome,
    Trial,
)
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.verdict import Judgement, judge_claim

CLAIM = Claim("family.claim", "S.", "Section 1")
SPREAD = (0.24, 0.71, 0.62, 0.81, 0.74)
"""Values over seeds. Their mean is 0.624; against 0.3, t is 3.22 with four degrees: p = 0.016."""


def check(holds: bool = True, name: str = "length", **fields: Any) -> Check:
    """A check of at least 0.5, which 1 holds and 0 does not."""
    stated = {
        "value": 1.0 if holds else 0.0,
        "direction": "at_least",
        "low": 0.5,
        "high": None,
        **fields,
    }
    return Check(name, holds=holds, **stated)


def trial(
    outcome: Outcome, seed: int | None = None, message: str = "", *checks: Check, **fields: Any
) -> Trial:
    """A trial of a claim, whose check holds if it passes, or of a control, whose check does not."""
    stated = EvidenceRecord(list(checks) or [check(outcome == "passed")])
    return Trial(f"test[{seed}]", outcome, seed, message=message, evidence=stated, **fields)


def seeds_with(*outcomes: Outcome) -> list[Trial]:
    """A trial of a claim on seed 5, 6, ..., with these outcomes."""
    return [trial(outcome, seed, f"{outcome}!") for seed, outcome in enumerate(outcomes, start=5)]


def holding(held: int, failed: int, undecided: int = 0) -> list[Trial]:
    """A claim that holds on so many seeds, fails on so many and cannot be told on the others."""
    return seeds_with(*["passed"] * held, *["failed"] * failed, *["inconclusive"] * undecided)


def control(verdict: ControlVerdict, reason: str = "because") -> ControlRecord:
    """A control that came to that verdict."""
    return ControlRecord("other", "", [], "", verdict, reason, [])


GOOD = [control("fails as it should")]


def judged(
    trials: Sequence[Trial],
    controls: Sequence[ControlRecord] = GOOD,
    checks: Sequence[CheckOverSeeds] = (),
    claim: Claim = CLAIM,
) -> Judgement:
    """The verdict on a claim."""
    return judge_claim(claim, trials, controls, checks, meaningful=True)


def at_once(*stated: dict[int, float] | float, n_seeds: int = 5, **bounds) -> Judgement:
    """A claim that is judged once over so many seeds from 5 on, by those checks."""
    evidence = Evidence()
    for number, values in enumerate(stated, start=1):
        evidence.check(f"check {number}", values, **(bounds or {"at_least": 0.3}))
    record = evidence.evidence
    seeds = list(range(5, 5 + n_seeds))
    trials = [trial("passed" if record.holds else "failed", None, "", *record.checks, seeds=seeds)]
    return judged(trials, checks=over_seeds("family.claim", trials, [], Ledger()))


def by_seed(*values: float) -> dict[int, float]:
    """Values of seed 5, 6, ..."""
    return dict(enumerate(values, start=5))


def equivalence_check(
    p_value: float | None, shown: bool | None = None, **values: float | None
) -> CheckOverSeeds:
    """A check of no difference with that p value, or without one shown or not."""
    shown = shown if p_value is None else p_value <= 0.05
    return CheckOverSeeds(
        name="ratio",
        unit="",
        direction="between",
        low=0.9,
        high=1.1,
        kind="equivalence",
        row="",
        values=values,
        held=5,
        judged=5,
        published=None,
        margin=None,
        agreement=None,
        equivalence=Equivalence(0.9, 1.1, p_value, shown),
        failed_by=[],
    )
