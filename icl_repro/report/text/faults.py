"""Planted faults in words: who caught which, by what, and what nobody noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from icl_repro.numbers import count, number
from icl_repro.report.text import words
from icl_repro.verification.fault_records import FaultOnClaim, FaultRecord, FaultStatus
from icl_repro.verification.record import VerificationRecord
from icl_repro.verification.wording import listed


class FaultWords(msgspec.Struct, frozen=True):
    """How one status is told: a symbol, its word, its colour class."""

    symbol: str
    word: str
    tone: str


STATUS: dict[FaultStatus, FaultWords] = {
    "caught": FaultWords("✓", "caught", "good"),
    "not caught": FaultWords("✗", "not caught", "unsure"),
    "stops with an error": FaultWords("!", "stops with an error", "bad"),
    "not affected": FaultWords("·", "not affected", "none"),
    "not comparable": FaultWords("≠", "not comparable", "none"),
    "not run": FaultWords("–", "not run", "none"),
}
"""What a claim can make of a fault."""
MEANINGS: dict[FaultStatus, str] = {
    "caught": "a check that holds without the fault fails under it, a curve drifts from its "
    "snapshot, or the test of the claim fails in another way that the suite states, as where a run "
    "diverges",
    "not caught": "all holds as before, or the claim can tell neither way any more",
    "stops with an error": "the test breaks off, which may be the fault's own mistake, so that "
    "nothing is caught",
    "not affected": "the fault changes nothing that the claim reads",
    "not comparable": "the claim does not hold without the fault either",
    "not run": "it was not judged",
}
_BY_NOBODY = FaultWords("✗", "caught by nobody", "bad")
_NOWHERE = FaultWords("–", "planted nowhere", "unsure")


class CatchView(msgspec.Struct, frozen=True):
    """What a claim that caught a fault noticed, a sentence each."""

    claim: str
    said: list[str]


class FaultView(msgspec.Struct, frozen=True):
    """One fault as text, with a number for the columns of the matrix."""

    number: int
    anchor: str
    id: str
    statement: str
    stands_for: str
    words: FaultWords
    tally: str
    catches: list[CatchView]
    others: list[CatchView]


class CellView(msgspec.Struct, frozen=True):
    """What one claim makes of one fault; `why` says so in a sentence."""

    fault: str
    words: FaultWords
    why: str


class RowView(msgspec.Struct, frozen=True):
    """What one claim makes of every fault."""

    claim: str
    cells: list[CellView]


def fault_views(record: VerificationRecord) -> list[FaultView]:
    """The faults of a session, numbered."""
    return [_view(at, fault) for at, fault in enumerate(record.faults, start=1)]


def matrix(record: VerificationRecord) -> list[RowView]:
    """Claims by faults, without the claims that no fault of the session affects."""
    rows = [
        RowView(
            claim.id,
            [
                CellView(fault.id, STATUS[one.status], words.as_sentence(one.why))
                for fault in record.faults
                for one in fault.claims
                if one.claim == claim.id
            ],
        )
        for claim in record.claims
    ]
    return [row for row in rows if any(_has_a_part(cell) for cell in row.cells)]


def faults_note(record: VerificationRecord) -> str:
    """How the faults came out, and what that makes of the verdicts; empty where none is planted."""
    if not record.faults:
        return ""
    planted = [fault for fault in record.faults if fault.planted or fault.red]
    missed = [fault.id for fault in planted if not fault.caught]
    caught_ = len(planted) - len(missed)
    told = f"Of {count(len(record.faults), 'planted fault')}, {number(caught_)} "
    told += f"{'was' if caught_ == 1 else 'were'} caught"
    if missed:
        told += f" and {number(len(missed))} by nobody: {listed(missed)}"
    if nowhere := [fault.id for fault in record.faults if fault not in planted]:
        told += f"; {listed(nowhere)} could be judged on no claim of this session"
    return f"{told}."


def controls_note(record: VerificationRecord) -> str:
    """That verdicts of such a session are without controls; empty where no fault is planted."""
    if not record.faults:
        return ""
    return (
        "A session with planted faults leaves controls out, so that its verdicts on claims are "
        "inconclusive; it tells how each claim came out without a fault and with it."
    )


def unaffected_note(record: VerificationRecord) -> str:
    """Which claims no fault affects, in a sentence; empty if there are none."""
    shown = {row.claim for row in matrix(record)}
    left = [claim.id for claim in record.claims if claim.id not in shown]
    if not record.faults or not left:
        return ""
    return f"No fault changes what {count(len(left), 'claim')} read: {listed(left)}."


def _view(at: int, fault: FaultRecord) -> FaultView:
    caught_ = _BY_NOBODY if fault.planted or fault.red else _NOWHERE
    return FaultView(
        number=at,
        anchor=f"fault-{at}",
        id=fault.id,
        statement=words.as_full_sentence(words.as_sentence(fault.statement)),
        stands_for=words.as_full_sentence(words.as_sentence(fault.stands_for)),
        words=STATUS["caught"] if fault.caught else caught_,
        tally="; ".join(
            filter(None, [_tally(fault.claims), "" if fault.planted else fault.unnoticed])
        ),
        catches=[
            CatchView(one.claim, [_sentence(said.sentence) for said in one.caught_by])
            for one in fault.claims
            if one.status == "caught"
        ],
        others=[
            CatchView(one.claim, [_sentence(f"{one.status}: {one.why}")])
            for one in fault.claims
            if one.status in ("not caught", "stops with an error", "not comparable")
        ],
    )


def _sentence(text: str) -> str:
    return words.as_full_sentence(words.as_sentence(text))


def _tally(claims: Sequence[FaultOnClaim]) -> str:
    """How many claims make what of a fault, and how many runs it takes."""
    counts = Counter(one.status for one in claims)
    runs = {key for one in claims for key in one.runs}
    told = [f"{number(counts[status])} {status}" for status in STATUS if counts[status]]
    took = f"; {count(len(runs), 'faulty run')}" if runs else ""
    return f"{listed(told)} of {count(len(claims), 'claim')}{took}"


def _has_a_part(cell: CellView) -> bool:
    return cell.words.word != STATUS["not affected"].word
