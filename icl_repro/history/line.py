"""What a session leaves in the history: one line of JSON."""

from __future__ import annotations

from collections import Counter

import msgspec

from icl_repro.verification.evidence import Direction
from icl_repro.verification.record import CheckOverSeeds, ClaimRecord, VerificationRecord
from icl_repro.verification.spreads import NOT_MEASURED, Spreads

FORMAT = 1
"""Raised whenever the meaning of a field changes."""

UNJUDGED = ("not run", "not meaningful")
"""Verdicts that say nothing."""


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """The value of one check: the mean over seeds, and the values by seed (null if not finite; the
    key is empty without seeds). The mean is null where a value is. `spread` is by how much
    trainings of one seed are known to differ in it; 0 where that was not measured.
    """

    claim: str
    check: str
    mean: float | None
    by_seed: dict[str, float | None]
    direction: Direction
    row: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    spread: float = 0.0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One session.

    `started` is ISO 8601 in UTC, `duration` in seconds; `dirty` is whether files differed from the
    `commit`; both are null outside a checkout. `basis` are the labels of what runs were made from.
    `verdicts` are by claim, without those that were not run. `outcomes` counts the tests of claims,
    without controls. `trained` are the units of work of the runs that the session trained, in
    `seconds` by all `workers` together, and `unit` says what one is.
    """

    format: int = FORMAT
    started: str
    duration: float
    commit: str | None
    dirty: bool | None
    profile: str
    seeds: list[int]
    basis: list[str]
    processor: str
    cores: int
    workers: int
    versions: dict[str, str]
    trained: int
    seconds: float
    unit: str
    outcomes: dict[str, int]
    verdicts: dict[str, str]
    values: list[Measured]

    @property
    def speed(self) -> float | None:
        """Units of work a second and worker; null for a session that trained nothing."""
        if not self.trained or self.seconds <= 0:
            return None
        return self.trained / self.seconds / self.workers

    @property
    def commit_shown(self) -> str | None:
        """The commit as people write it, with a plus sign where files differed from it."""
        return f"{self.commit[:10]}{'+' if self.dirty else ''}" if self.commit else None


def why_left_out(record: VerificationRecord) -> str:
    """Why a session is not for the history; empty if it is.

    What is left out are sessions whose verdicts mean nothing, those that judged neighbours in place
    of the runs, which would look like a change, those that planted faults, which judge no controls,
    and those that judged nothing.
    """
    if not record.profile.meaningful:
        return f"verdicts of the {record.profile.name} profile mean nothing"
    if record.profile.neighbour:
        return "neighbours of the runs were judged in their place"
    if record.faults:
        return "faults were planted"
    if all(claim.verdict in UNJUDGED for claim in record.claims):
        return "no claim was judged"
    return ""


def line_of(record: VerificationRecord, spreads: Spreads = NOT_MEASURED) -> Line:
    """The line of a session; `spreads` tell by how much trainings of one seed differ."""
    environment, training = record.environment, record.training
    judged = [claim for claim in record.claims if claim.verdict not in UNJUDGED]
    return Line(
        started=record.started,
        duration=record.duration,
        commit=environment.commit,
        dirty=environment.uncommitted_changes,
        profile=record.profile.name,
        seeds=record.profile.seeds,
        basis=[one.label for one in record.basis.ingredients],
        processor=environment.processor,
        cores=environment.cores,
        workers=environment.workers,
        versions={"python": environment.python, **environment.packages},
        trained=training.units_trained,
        seconds=training.seconds,
        unit=training.unit,
        outcomes=dict(Counter(trial.outcome for claim in record.claims for trial in claim.trials)),
        verdicts={claim.id: claim.verdict for claim in judged},
        values=[
            _measured(claim, check, spreads)
            for claim in judged
            for check in claim.checks
            if check.values
        ],
    )


def _measured(claim: ClaimRecord, check: CheckOverSeeds, spreads: Spreads) -> Measured:
    values = [value for value in check.values.values() if value is not None]
    known = spreads.of(claim.id, "", check.name)
    return Measured(
        claim=claim.id,
        check=check.name,
        mean=sum(values) / len(values) if len(values) == len(check.values) else None,
        by_seed=check.values,
        direction=check.direction,
        row=check.row,
        low=check.low,
        high=check.high,
        unit=check.unit,
        spread=known.largest if known else 0.0,
    )
