"""The section "planted faults" at the end of pytest's output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from icl_repro.numbers import count
from icl_repro.verification.fault_records import FaultRecord, FaultStatus
from icl_repro.verification.record import ClaimRecord, VerificationRecord
from icl_repro.verification.wording import listed

_INDENT = 15
_SHOWN = 3
_ORDER: tuple[FaultStatus, ...] = (
    "caught",
    "not caught",
    "stops with an error",
    "not affected",
    "not comparable",
    "not run",
)


def write(reporter: Any, record: VerificationRecord) -> None:
    """Write what became of each fault, and which claims do not hold without any."""
    reporter.write_sep("=", "planted faults")
    for fault in record.faults:
        colour = "green" if fault.caught else "red" if fault.red else "yellow"
        word = "caught" if fault.caught else "NOT CAUGHT" if fault.red else "not planted"
        reporter.write(f"{word:<{_INDENT}}", **{colour: True})
        reporter.write(f"{fault.id}\n")
        for line in details(fault):
            reporter.write_line(f"{'':{_INDENT}}{line}")
    bad = [one for one in record.claims if not _passes(one)]
    left = len(record.claims) - len(bad)
    were = "holds" if left == 1 else "hold"
    reporter.write_line(f"{count(left, 'claim')} {were} without a fault; controls are left out")
    for claim in bad:
        reporter.write_line(f"does not pass without a fault: {claim.id}: {claim.reason}")


def details(fault: FaultRecord) -> Iterator[str]:
    """What goes wrong, how many claims make what of it, and what the first of them noticed."""
    yield fault.statement
    counts = Counter(one.status for one in fault.claims)
    told = [f"{counts[status]} {status}" for status in _ORDER if counts[status]]
    yield f"of {count(len(fault.claims), 'claim')} {listed(told)}"
    caught = [one for one in fault.claims if one.status == "caught"]
    for one in caught[:_SHOWN]:
        yield f"{one.claim}: {one.why}"
    if len(caught) > _SHOWN:
        yield f"and {count(len(caught) - _SHOWN, 'further claim')}, as the record tells"
    missed = [one.claim for one in fault.claims if one.status == "not caught"]
    stopped = [one for one in fault.claims if one.status == "stops with an error"]
    for one in stopped[:_SHOWN]:
        yield f"{one.claim} stops with an error, by which nothing is caught: {one.why}"
    if missed:
        yield f"not caught by {listed(missed)}"


def _passes(claim: ClaimRecord) -> bool:
    return bool(claim.trials) and all(trial.outcome == "passed" for trial in claim.trials)
