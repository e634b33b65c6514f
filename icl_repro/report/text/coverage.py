"""What the paper states, row by row, with the claims that test it and what they came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import msgspec

from icl_repro.numbers import count, number
from icl_repro.report.text import words
from icl_repro.report.text.verdicts import VERDICTS, VerdictWords
from icl_repro.verification.coverage import NOT_COVERED, CoverageRow, How
from icl_repro.verification.record import VerificationRecord
from icl_repro.verification.wording import listed

_LEFT_OUT = VerdictWords("–", "none", "", "")


class CoveringClaim(msgspec.Struct, frozen=True):
    """A claim that tests a statement, with its verdict, or that it has none in this session."""

    id: str
    words: VerdictWords
    verdict: str


class StatementView(msgspec.Struct, frozen=True):
    """One row as text. `number` counts all rows."""

    number: int
    anchor: str
    where: str
    statement: str
    how: How
    because: str
    claims: list[CoveringClaim]

    @property
    def is_covered(self) -> bool:
        """Whether any claim tests it."""
        return self.how != NOT_COVERED


class PartView(msgspec.Struct, frozen=True):
    """The rows of one part of the paper. `tally` says how many of them are tested."""

    title: str
    tally: str
    statements: list[StatementView]


def parts(record: VerificationRecord) -> list[PartView]:
    """The coverage table of the record, part by part, in its order."""
    verdicts = {claim.id: claim.verdict for claim in record.claims}
    left_out = dict.fromkeys(record.not_selected, "not selected")
    grouped: dict[str, list[StatementView]] = {}
    for at, row in enumerate(record.coverage, start=1):
        claims = [
            CoveringClaim(id_, VERDICTS[verdicts[id_]], verdicts[id_])
            if id_ in verdicts
            else CoveringClaim(id_, _LEFT_OUT, left_out.get(id_, "not in this session"))
            for id_ in row.claims
        ]
        grouped.setdefault(row.part, []).append(_view(at, row, claims))
    return [PartView(title, _tally(views), views) for title, views in grouped.items()]


def by_claim(table: Sequence[PartView]) -> dict[str, list[StatementView]]:
    """The statements that each claim tests, by its id."""
    found: dict[str, list[StatementView]] = {}
    for part in table:
        for statement in part.statements:
            for claim in statement.claims:
                found.setdefault(claim.id, []).append(statement)
    return found


def coverage_note(record: VerificationRecord) -> str:
    """How many statements are tested, and how faithfully; empty without a table. What other works
    than the paper state is counted apart.
    """
    works: dict[str, list[CoverageRow]] = {}
    for row in record.coverage:
        works.setdefault(row.work, []).append(row)
    return " ".join(_note(rows, work or "the paper") for work, rows in works.items())


def _note(rows: Sequence[CoverageRow], work: str) -> str:
    counts = Counter(row.how for row in rows)
    covered = len(rows) - counts[NOT_COVERED]
    ways = [
        f"{number(counts[how])} {how}"
        for how in get_args(How)
        if how != NOT_COVERED and counts[how]
    ]
    tested = f"{number(covered)} {'is' if covered == 1 else 'are'} tested by claims"
    rest = f"; {number(counts[NOT_COVERED])} not, and each says why" if counts[NOT_COVERED] else ""
    stated = count(len(rows), "statement, figure or table", "statements, figures and tables")
    return f"Of {stated} of {work}, {tested}{f' ({listed(ways)})' if ways else ''}{rest}."


def unnamed(record: VerificationRecord) -> list[CoveringClaim]:
    """The claims of the session that stand for no row; none without a table."""
    named = {id_ for row in record.coverage for id_ in row.claims}
    return [
        CoveringClaim(claim.id, VERDICTS[claim.verdict], claim.verdict)
        for claim in record.claims
        if record.coverage and claim.id not in named
    ]


def _view(at: int, row: CoverageRow, claims: list[CoveringClaim]) -> StatementView:
    return StatementView(
        number=at,
        anchor=f"statement-{at}",
        where=row.where,
        statement=words.as_full_sentence(words.as_sentence(row.statement)),
        how=row.how,
        because=words.as_full_sentence(words.as_sentence(row.because)),
        claims=claims,
    )


def _tally(statements: Sequence[StatementView]) -> str:
    tested = sum(one.is_covered for one in statements)
    return f"{number(tested)} of {number(len(statements))} tested"
