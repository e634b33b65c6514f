"""Records in which one thing was changed, and what a comparison says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.compared import Comparison
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord, VerificationRecord
from icl_repro.verification.spreads import Source, Spread, Spreads

replace = msgspec.structs.replace

PLATEAU = "emergence.plateau"
LENGTH = "plateau length"


def measured(
    claim: str, check: str, largest: float, pairs: int, case: str = "", machines: Sequence[str] = ()
) -> Spreads:
    """That trainings of one seed differ in one check by so much, on these machines."""
    sources = tuple(Source(name, 0, "2026-01-01", None, [5]) for name in machines)
    used = [*range(len(machines))] or [0]
    known = Spread(claim, case, check, largest, pairs, used)
    return Spreads({(claim, case, check): known}, sources)


def with_claim(record: VerificationRecord, id_: str, **changes: Any) -> VerificationRecord:
    """The record with some fields of a claim changed."""
    claims = [replace(one, **changes) if one.id == id_ else one for one in record.claims]
    return replace(record, claims=claims)


def claim_of(record: VerificationRecord, id_: str) -> ClaimRecord:
    return next(one for one in record.claims if one.id == id_)


def with_check(
    record: VerificationRecord, id_: str, check: str, **changes: Any
) -> VerificationRecord:
    """The record with some fields of a check over seeds changed."""
    checks = [
        replace(one, **changes) if one.name == check else one
        for one in claim_of(record, id_).checks
    ]
    return with_claim(record, id_, checks=checks)


def check_of(record: VerificationRecord, id_: str, check: str) -> CheckOverSeeds:
    return next(one for one in claim_of(record, id_).checks if one.name == check)


def with_values(
    record: VerificationRecord, values: dict[str, float | None], id_: str = PLATEAU,
    check: str = LENGTH,
) -> VerificationRecord:  # fmt: skip
    """The record with other values of a check on some seeds."""
    known = check_of(record, id_, check).values
    return with_check(record, id_, check, values={**known, **values})


def with_curve(record: VerificationRecord, id_: str, seed: int, later: float) -> VerificationRecord:
    """The record with the first curve of a claim on a seed a factor later in time."""
    trials = []
    for trial in claim_of(record, id_).trials:
        if trial.seed == seed:
            figure = trial.evidence.figures[0]
            panel = figure.panels[0]
            first = panel.series[0]
            moved = replace(first, x=[x if x is None else x * later for x in first.x])
            panels = [replace(panel, series=[moved, *panel.series[1:]]), *figure.panels[1:]]
            figures = [replace(figure, panels=panels), *trial.evidence.figures[1:]]
            trial = replace(trial, evidence=replace(trial.evidence, figures=figures))
        trials.append(trial)
    return with_claim(record, id_, trials=trials)


def on_another_basis(record: VerificationRecord) -> VerificationRecord:
    """The record of runs that are made from something else."""
    other = Ingredient("exemplars", "others", usual=False, title="other drawings")
    return replace(record, basis=Basis([other]))


def usual(record: VerificationRecord) -> VerificationRecord:
    """The record with what its runs are made from told."""
    same = Ingredient("exemplars", "glyphs", usual=True, title="drawn characters")
    return replace(record, basis=Basis([same]))


def named(comparison: Comparison) -> dict[str, list[str]]:
    """What a comparison names, by kind; nothing where there is nothing of that kind."""
    found = {
        "verdicts": [
            f"{one.claim} {one.case} {one.before}>{one.now} {one.effect}"
            for one in comparison.verdicts
        ],
        "values": [f"{one.claim}: {one.check} {one.effect}" for one in comparison.values],
        "unclear": [f"{one.claim}: {one.check}" for one in comparison.unclear],
        "curves": [f"{one.claim} {one.seed} {one.series}" for one in comparison.curves],
        "thresholds": [f"{o.claim}: {o.check} {o.change}" for o in comparison.thresholds],
        "facts": [f"{one.what} {one.before}>{one.now}" for one in comparison.facts],
        "warnings": comparison.warnings,
        "speed": [
            f"{one.effect} {one.ratio:g}"
            for one in [comparison.speed]
            if one is not None and one.effect != "otherwise"
        ],
    }
    return {kind: names for kind, names in found.items() if names}
