"""Claims of a family that are judged on the same rows: a verdict for each claim in each row.

A row is whatever the claims' tables list, such as conditions. Each cell is judged by the rule that
a whole claim is (:mod:`icl_repro.verification.judging`), on the tests of that row and of its
controls.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import msgspec

from icl_repro.numbers import estimate
from icl_repro.report.text import verdicts, words
from icl_repro.verification import judging
from icl_repro.verification.declared import Claim
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    ControlRecord,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.selection import SelectedClaim, SelectedControl
from icl_repro.verification.wording import bounds

NO_MEANING = "no meaning"
"""The verdict of a claim in a row for which it has none."""


class Effect(msgspec.Struct, frozen=True):
    """A check in a cell: its name without the row's, the mean over seeds with their range, what is
    asked for, and on how many seeds it holds.
    """

    name: str
    measured: str
    threshold: str
    holds: bool
    on: str


class RowCell(msgspec.Struct, frozen=True):
    """A claim in a row: its verdict with symbol and colour class, why, and what was measured."""

    verdict: str
    symbol: str
    tone: str
    why: str
    effects: list[Effect] = []
    tentative: bool = False


class ByRow(msgspec.Struct, frozen=True):
    """A family: its claims as ids and names, and for each row, in words, their cells in order."""

    family: str
    claims: list[str]
    names: list[str]
    rows: list[tuple[str, list[RowCell]]]

    @property
    def title(self) -> str:
        """The family as a heading."""
        return words.family_title(self.family)


def by_row(record: VerificationRecord, fewest_rows: int = 2) -> list[ByRow]:
    """The families whose claims, two or more, are judged on the same rows, so many at least, or say
    why not.
    """
    found: list[ByRow] = []
    families: dict[str, list[ClaimRecord]] = {}
    for claim in record.claims:
        families.setdefault(claim.family, []).append(claim)
    for family, claims in families.items():
        rows = _rows(claims)
        if len(claims) < 2 or len(rows) < fewest_rows or not rows:
            continue
        if not all(_has_all(claim, rows) for claim in claims):
            continue
        meaningful = record.profile.meaningful
        found.append(
            ByRow(
                family=family,
                claims=[claim.id for claim in claims],
                names=[claim.id.partition(".")[2].replace("_", " ") for claim in claims],
                rows=[
                    (in_words(row), [_cell(claim, row, meaningful) for claim in claims])
                    for row in rows
                ],
            )
        )
    return found


def in_words(row: str) -> str:
    """What a row is called: its id in words."""
    return row.replace("_", " ")


def _rows(claims: Sequence[ClaimRecord]) -> list[str]:
    """The rows that the claims have together, in the order of the claim that has the most."""
    longest = max(claims, key=lambda claim: len({*_own(claim)}))
    every = [*_own(longest), *(row for claim in claims for row in _own(claim))]
    return list(dict.fromkeys(every))


def _own(claim: ClaimRecord) -> Iterator[str]:
    return (trial.row for trial in claim.trials if trial.row)


def _has_all(claim: ClaimRecord, rows: Sequence[str]) -> bool:
    return {*_own(claim), *claim.not_for} >= {*rows}


def _cell(claim: ClaimRecord, row: str, meaningful: bool) -> RowCell:
    if row in claim.not_for:
        told = verdicts.VERDICTS["not meaningful"]
        return RowCell(NO_MEANING, told.symbol, told.tone, claim.not_for[row])
    judged = judged_in(claim, row, meaningful=meaningful)
    told = verdicts.VERDICTS[judged.verdict]
    return RowCell(
        verdict=judged.verdict,
        symbol=told.symbol,
        tone=told.tone,
        why=verdicts.reason(judged),
        effects=[_effect(check, row) for check in judged.checks],
        tentative=told.tentative,
    )


def judged_in(claim: ClaimRecord, row: str, *, meaningful: bool) -> ClaimRecord:
    """A claim judged on the tests of one row, as if its table had no other."""
    own = _of_row(claim.trials, row)
    stated = {check.name for trial in own for check in trial.evidence.checks}
    controls = [
        SelectedControl(control.id, control.statement, only, control.undefined)
        for control in claim.controls
        if (only := [name for name in control.only if name in stated]) or not control.only
    ]
    trials = {(claim.id, ""): own}
    trials |= {(claim.id, one.id): _of_row(_control(claim, one.id).trials, row) for one in controls}
    declared = Claim(claim.id, claim.statement, claim.source, claim.rests_on, claim.about)
    (found,), _ = judging.judged(
        [SelectedClaim(declared, controls)], trials, Ledger(), meaningful=meaningful
    )
    return found


def _control(claim: ClaimRecord, case: str) -> ControlRecord:
    return next(control for control in claim.controls if control.id == case)


def _of_row(trials: Sequence[Trial], row: str) -> list[Trial]:
    return [trial for trial in trials if trial.row == row]


def _effect(check: CheckOverSeeds, row: str) -> Effect:
    values = [value for value in check.values.values() if value is not None]
    ends = [check.low, check.high]
    measured = words.NOTHING
    if values:
        measured = estimate(statistics.fmean(values), ends)
        if min(values) < max(values):
            measured += f" ({estimate(min(values), ends)} to {estimate(max(values), ends)})"
    if len(values) < len(check.values):
        measured += f"; not finite on {len(check.values) - len(values)}"
    return Effect(
        name=check.name.removesuffix(f", {in_words(row)}"),
        measured=measured,
        threshold=bounds(check.direction, check.low, check.high),
        holds=check.held == check.judged,
        on=f"{check.held} of {check.judged}",
    )
