"""Whether the claims of a session notice a fault: from trials with and without it to a status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from icl_repro.numbers import apart, count
from icl_repro.verification.by_seed import first_line
from icl_repro.verification.evidence import Check
from icl_repro.verification.fault_records import Catch, FaultOnClaim, FaultRecord, FaultStatus
from icl_repro.verification.faults import Fault
from icl_repro.verification.record import ClaimRecord, Trial
from icl_repro.verification.wording import failed_sentence


class Planted(msgspec.Struct, frozen=True):
    """What one test of a claim came to under a fault, beside its trial.

    Attributes:
        nodeid: that of the test.
        affected: whether the fault changed anything that the test reads; where it changed what is
            seen of runs, or measures, that shows in what was measured.
        trained: whether it changed what is trained for it.
        drift: a sentence for each curve that left its snapshot, by its name.
        raised: what it raised; empty where it came to its end.
        stopped: whether that is none of the ways in which a suite says that something is wrong.
    """

    nodeid: str
    affected: bool = True
    trained: bool = True
    drift: dict[str, str] = {}
    raised: str = ""
    stopped: bool = False


class UnderFault(msgspec.Struct, frozen=True):
    """A trial of a claim under a fault; without `planted` where it did not come to its end."""

    trial: Trial
    planted: Planted | None


def fault_record(
    fault: Fault,
    claims: Iterable[ClaimRecord],
    under: Mapping[str, Sequence[UnderFault]],
    without_runs: Collection[str] = (),
    *,
    partial: str = "",
) -> FaultRecord:
    """What the claims of a session make of a fault.

    Args:
        fault: the fault.
        claims: the claims as they are without it.
        under: by the id of a claim its trials under the fault, one for each row; none of a claim
            that the session leaves out.
        without_runs: the ids of the claims that read no runs.
        partial: why the session may have left out who would notice; empty for one of all claims.
    """
    found = [
        on_claim(fault, claim, under.get(claim.id, ()), reads_runs=claim.id not in without_runs)
        for claim in claims
    ]
    statuses = {one.status for one in found}
    record = FaultRecord(
        id=fault.id,
        statement=fault.statement,
        stands_for=fault.stands_for,
        planted=bool(statuses.intersection(_JUDGED)),
        caught="caught" in statuses,
        claims=found,
    )
    if record.caught:
        return record
    return msgspec.structs.replace(
        record, unnoticed=_unnoticed(record, partial), red=record.planted or not partial
    )


_JUDGED: tuple[FaultStatus, ...] = ("caught", "not caught", "stops with an error")
"""What a claim comes to that was judged under a fault."""


def on_claim(
    fault: Fault, claim: ClaimRecord, under: Sequence[UnderFault], *, reads_runs: bool = True
) -> FaultOnClaim:
    """What one claim makes of a fault."""

    def came_to(status: FaultStatus, why: str, catches: Sequence[Catch] = ()) -> FaultOnClaim:
        faulty = {key for one in under for key in one.trial.runs}
        own = {key for trial in claim.trials for key in trial.runs}
        runs = sorted(faulty - own) if status in _JUDGED else []
        return FaultOnClaim(claim.id, status, why, list(catches), runs)

    if not under and not reads_runs:
        return came_to("not affected", "it reads no runs")
    if not under:
        return came_to("not run", "this session leaves it out under this fault")
    own = {trial.row: trial for trial in claim.trials}
    affected = [one for one in under if _is_affected(one, own.get(one.trial.row))]
    if not affected:
        return came_to("not affected", fault.unaffected)
    bad = [trial for trial in claim.trials if trial.outcome != "passed"]
    if not claim.trials or any(trial.outcome == "not run" for trial in bad):
        return came_to("not run", _without_it(bad))
    if bad:
        return came_to("not comparable", _without_it(bad))
    catches = [catch for one in affected for catch in _catches(one, own.get(one.trial.row))]
    if catches:
        return came_to("caught", catches[0].sentence, catches)
    stopped = [one.planted.raised for one in affected if one.planted and one.planted.stopped]
    if stopped:
        return came_to("stops with an error", stopped[0])
    left = [one.trial for one in affected if one.trial.outcome in ("not run", "error")]
    if left:
        return came_to("not run", first_line(left[0]))
    open_ = [one.trial for one in affected if one.trial.outcome == "inconclusive"]
    if open_:
        return came_to("not caught", f"it can tell neither way any more: {first_line(open_[0])}")
    return came_to("not caught", "every check holds as before")


def unnoticed(faults: Iterable[FaultRecord], *, red: bool = True) -> list[str]:
    """A sentence for each fault that no claim caught: of those that are red, or of the others."""
    return [fault.unnoticed for fault in faults if fault.unnoticed and fault.red == red]


def _unnoticed(fault: FaultRecord, partial: str) -> str:
    statuses = [one.status for one in fault.claims]
    judged = sum(status in _JUDGED for status in statuses)
    left, stopped = statuses.count("not run"), statuses.count("stops with an error")
    of = f"; of {count(judged + left, 'claim')} {left} not run under it" if left else ""
    of += f"; {count(stopped, 'claim')} only stopped with an error" if stopped else ""
    if fault.planted:
        return f"nobody catches the fault {fault.id}: {fault.statement}{of}"
    why = "it changes nothing that they could be judged on"
    in_part = f", in a session that is not of the whole suite: {partial}" if partial else ""
    return f"no claim could show whether it notices the fault {fault.id}: {why}{in_part}"


def _is_affected(one: UnderFault, own: Trial | None) -> bool:
    """Whether a fault has a part in a trial, or may have."""
    trial, planted = one.trial, one.planted
    if planted is None or own is None or planted.raised or planted.drift or planted.trained:
        return planted is None or planted.affected
    same = _measured(trial) == _measured(own) and trial.outcome == own.outcome
    return planted.affected and not same


def _measured(trial: Trial) -> list[tuple[str, float | None]]:
    stated = [*trial.evidence.checks, *trial.evidence.quantities, *trial.evidence.conditions]
    return [(one.name, one.value) for one in stated]


def _catches(one: UnderFault, own: Trial | None) -> list[Catch]:
    trial, planted = one.trial, one.planted
    if planted is None:
        return []
    row = trial.row
    held = {c.name: c for c in own.evidence.checks if c.holds and not c.undecided} if own else {}
    failed = [check for check in trial.evidence.failed() if check.name in held]
    catches = [
        Catch("check", _told(c, held[c.name]), c.name, row, c.value, held[c.name].value)
        for c in failed
    ]
    catches += [Catch("curve", said, name, row) for name, said in planted.drift.items()]
    if planted.raised and not planted.stopped:
        catches.append(Catch("error", f"its test fails: {planted.raised}", "", row))
    return catches


def _told(check: Check, own: Check) -> str:
    without = apart(own.value, [own.low, own.high])
    return f"{failed_sentence(check)}; without the fault it is {without}"


def _without_it(bad: Sequence[Trial]) -> str:
    if not bad:
        return "the claim was not judged without the fault in this session"
    said = f": {first_line(bad[0])}" if first_line(bad[0]) else ""
    if bad[0].outcome == "not run":
        return f"it was not run without the fault either{said}"
    return f"it does not pass without the fault either{said}"
