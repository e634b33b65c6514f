"""How much of a suite a session judged: what it selected and came to the end of, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from icl_repro.numbers import count, number
from icl_repro.verification.record import (
    NOT_REACHED,
    ClaimRecord,
    ControlRecord,
    Trial,
    VerificationRecord,
)

_SAYS_NOTHING = ("not run", "error")
_ENDED = ("passed", "failed", "inconclusive")
_FEW = 0.5
"""If less than this share of the claims was judged, that is said first."""


def judged_claims(record: VerificationRecord) -> list[ClaimRecord]:
    """The claims whose verdict says something."""
    return [claim for claim in record.claims if claim.verdict not in _SAYS_NOTHING]


def judged_controls(record: VerificationRecord) -> list[ControlRecord]:
    """The controls of which a test came to its end."""
    controls = (one for claim in record.claims for one in claim.controls)
    return [one for one in controls if any(_ended(one.trials))]


def runs_read(record: VerificationRecord) -> set[str]:
    """The keys of the runs that tests read which came to their end."""
    return {
        key
        for claim in record.claims
        for one in (claim, *claim.controls)
        for trial in _ended(one.trials)
        for key in trial.runs
    }


def opening(record: VerificationRecord) -> str:
    """What comes first where most readers would otherwise take a part for the whole: that the
    session was interrupted, had selected only some claims or judged less than half; else empty.
    """
    selected, judged = len(record.claims), len(judged_claims(record))
    if not selected or record.faults:
        return ""
    told: list[str] = []
    if was_interrupted(record):
        told.append(f"interrupted after {number(judged)} of {count(selected, 'claim')}")
    elif judged and judged < _FEW * selected:
        were = "was" if judged == 1 else "were"
        told.append(f"only {number(judged)} of {count(selected, 'claim')} {were} judged")
    if others := _left_out(record):
        least = "at least " if others != set(record.not_selected) else ""
        whole = f"{least}{count(selected + len(others), 'claim')}"
        were = "was" if selected == 1 else "were"
        only = "only " if selected <= len(others) else ""
        told.append(f"{only}{number(selected)} of {whole} {were} selected")
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def was_interrupted(record: VerificationRecord) -> bool:
    """Whether the session ended before tests that it had selected."""
    return any(
        trial.message == NOT_REACHED
        for claim in record.claims
        for one in (claim, *claim.controls)
        for trial in one.trials
    )


def _left_out(record: VerificationRecord) -> set[str]:
    """Claims of the suite that the session did not select; those of files that it did not collect
    are known where they test a statement of the paper.
    """
    named = {claim for row in record.coverage for claim in row.claims}
    return named.union(record.not_selected) - {claim.id for claim in record.claims}


def _ended(trials: Iterable[Trial]) -> Iterator[Trial]:
    return (trial for trial in trials if trial.outcome in _ENDED)
