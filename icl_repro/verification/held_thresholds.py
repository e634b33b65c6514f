"""Whether the thresholds of a record are those of its own history, and those of a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from icl_repro.verification.evidence import same_bound
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import CheckOverSeeds, VerificationRecord
from icl_repro.verification.wording import bounds


def moved(record: VerificationRecord) -> Iterator[str]:
    """Thresholds that are not the newest of the history that the record gives for them."""
    for claim in record.claims:
        for stated in (*claim.checks, *claim.conditions):
            if not stated.thresholds:
                continue
            kind = stated.kind if isinstance(stated, CheckOverSeeds) else "threshold"
            newest = stated.thresholds[-1]
            direction, low, high = newest.bounds
            same = (direction, newest.kind) == (stated.direction, kind)
            if not (same and same_bound(low, stated.low) and same_bound(high, stated.high)):
                yield (
                    f"{claim.id}: {stated.name!r} is held to "
                    f"{bounds(stated.direction, stated.low, stated.high, kind)}, but the newest of "
                    f"its history says {bounds(direction, low, high, newest.kind)}"
                )


def against_ledger(record: VerificationRecord, ledger: Ledger) -> Iterator[str]:
    """Where the thresholds of a record are not those of a ledger, a sentence each."""
    for claim in record.claims:
        at_once = any(trial.seeds for trial in claim.trials)
        seeds = [seed for trial in claim.trials for seed in trial.seeds] if at_once else []
        for check in _unlike(check for t in claim.trials for check in t.evidence.checks):
            if said := ledger.moved(check, claim.id, seeds):
                yield f"{claim.id}: {said}"
        for condition in _unlike(one for t in claim.trials for one in t.evidence.conditions):
            if said := ledger.moved_condition(condition, claim.id):
                yield f"{claim.id}: {said}"
        for stated in (*claim.checks, *claim.conditions):
            known = ledger.thresholds.get((claim.id, stated.name))
            if known is not None and list(known.history) != stated.thresholds:
                yield (
                    f"{claim.id}: the history of the threshold of {stated.name!r} is not that of "
                    "the ledger"
                )


def thresholds_stated(record: VerificationRecord) -> int:
    """How many checks and conditions of claims a record holds against thresholds."""
    return sum(len(claim.checks) + len(claim.conditions) for claim in record.claims)


def files_differing(recorded: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Which files are not those that a record was judged by, a sentence each."""
    found = [
        f"{name} is not there, by which it was judged"
        if name not in here
        else f"{name} is not as it was when it was judged"
        for name, checksum in recorded.items()
        if here.get(name) != checksum
    ]
    return found + [f"{name} was not there when it was judged" for name in here.keys() - recorded]


def _unlike(stated: Iterable[Any]) -> list[Any]:
    """Of checks or conditions, those that differ in name, bounds or the published value."""
    found = {
        (one.name, one.direction, one.low, one.high, getattr(one, "published", None) is None): one
        for one in stated
    }
    return list(found.values())
