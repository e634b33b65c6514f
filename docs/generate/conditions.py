"""The claims of the matrix under every condition, from all records of it: one row for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from icl_repro.report.text.by_row import NO_MEANING, RowCell, by_row, in_words, judged_in
from icl_repro.verification.by_seed import judged_seeds
from icl_repro.verification.record import ClaimRecord, Trial, VerificationRecord

FAMILY = "robustness"
STOPS = ("refuted", "contradicted")
AS_IN_THE_PAPER = "as in the paper"

Places = dict[str, dict[str, list[str]]]
"""What is the matter, then the conditions, then the seeds, each in words."""


class Row(NamedTuple):
    """A condition: its name, and by the id of each claim the cell, and how it was judged there;
    a claim that means nothing there was not.
    """

    name: str
    cells: Mapping[str, RowCell]
    judged: Mapping[str, ClaimRecord]


class Matrix(NamedTuple):
    """The ids of claims, and the conditions in their order."""

    claims: list[str]
    rows: list[Row]

    def where(self, claim: str, verdicts: Iterable[str]) -> list[str]:
        """The conditions under which a claim came to one of some verdicts."""
        wanted = {*verdicts}
        return [row.name for row in self.rows if self.verdict(row, claim) in wanted]

    def verdict(self, row: Row, claim: str) -> str:
        """The verdict on a claim under a condition."""
        cell = row.cells.get(claim)
        return "not in its record" if cell is None else cell.verdict

    def failing(self, claim: str) -> Places:
        """The checks of a claim that fail."""
        found: Places = {}
        for row, trial in self._trials(claim):
            for check in trial.evidence.checks:
                if not (check.holds or check.undecided):
                    seed = f"{trial.seed}{'' if check.value is not None else ' (no number)'}"
                    _note(found, _without(check.name, trial.row), row.name, seed)
        return found

    def undecided(self, claim: str) -> Places:
        """What keeps a claim from being judged."""
        found: Places = {}
        for row, trial in self._trials(claim):
            if trial.outcome == "inconclusive":
                why = (trial.evidence.undecided or trial.message).partition(":")[0]
                _note(found, why, row.name, str(trial.seed))
        return found

    def controls(self, claim: str) -> Places:
        """The controls of a claim, by their ids, that do not fail where it is judged."""
        found: Places = {}
        for row in self.rows:
            if (judged := row.judged.get(claim)) is None:
                continue
            seeds = judged_seeds(judged.trials)
            for control in judged.controls:
                for trial in control.trials:
                    undue = trial.evidence.not_failed(control.only, control.undefined)
                    if undue and trial.seed in seeds and trial.outcome in ("passed", "failed"):
                        _note(found, control.id, row.name, str(trial.seed))
        return found

    def _trials(self, claim: str) -> Iterator[tuple[Row, Trial]]:
        for row in self.rows:
            if (judged := row.judged.get(claim)) is not None:
                yield from ((row, trial) for trial in judged.trials)


def _note(found: Places, what: str, where: str, seed: str) -> None:
    found.setdefault(what, {}).setdefault(where, []).append(seed)


def _without(check: str, row: str) -> str:
    return check.removesuffix(f", {in_words(row)}")


def exemplars_of(record: VerificationRecord) -> str:
    """What a record's runs were made from, short; empty for the usual."""
    titles = [one.title.partition(",")[0] for one in record.basis.ingredients if not one.usual]
    return " and ".join(re.sub(r" \([0-9a-f]+\)$", "", title) for title in titles)


def matrix(records: Sequence[VerificationRecord]) -> Matrix:
    """All conditions of some records, those on the usual exemplars first. On others the condition
    is named after them.
    """
    claims: dict[str, None] = {}
    rows: list[Row] = []
    for record in sorted(records, key=lambda one: bool(exemplars_of(one))):
        for family in by_row(record, fewest_rows=1):
            if family.family == FAMILY:
                claims |= dict.fromkeys(family.claims)
                rows += _rows(record, family.claims, family.rows)
    return Matrix([*claims], rows)


def _rows(
    record: VerificationRecord, claims: Sequence[str], rows: Sequence[tuple[str, list[RowCell]]]
) -> Iterator[Row]:
    by_id = {claim.id: claim for claim in record.claims}
    ids = {in_words(t.row): t.row for claim in claims for t in by_id[claim].trials}
    exemplars = exemplars_of(record)
    for name, cells in rows:
        of_claims = dict(zip(claims, cells, strict=True))
        judged = {
            claim: judged_in(by_id[claim], ids[name], meaningful=record.profile.meaningful)
            for claim, cell in of_claims.items()
            if cell.verdict != NO_MEANING
        }
        if exemplars:
            name = f"on {exemplars}" + ("" if name == AS_IN_THE_PAPER else f", {name}")
        yield Row(name, of_claims, judged)
