"""In the records that are kept with the code, every check can fail: some control fails it, by a
finite value, on every seed that was judged, and is the same measurement there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_repro.verification.controls import differences
from icl_repro.verification.record import (
    ClaimRecord,
    ControlRecord,
    Trial,
    UnreadableRecord,
    VerificationRecord,
    read_record,
)

REPORTS = Path(__file__).parents[2] / "reports"
JUDGED = ("passed", "failed")


def readable() -> Iterator[tuple[str, VerificationRecord]]:
    """The records that are kept, by the name of their file; not those of an earlier schema."""
    for path in sorted(REPORTS.glob("*.json")):
        try:
            yield path.name, read_record(path)
        except UnreadableRecord:
            continue


CLAIMS = [
    pytest.param(claim, id=f"{name}-{claim.id}")
    for name, record in readable()
    if record.profile.meaningful
    for claim in record.claims
    if claim.trials
]
if not CLAIMS:
    CLAIMS = [pytest.param(None, marks=pytest.mark.skip(reason="no record of this schema is kept"))]


def fails(trial: Trial, check: str) -> bool:
    """Whether a trial fails a check, by a finite value."""
    return any(
        found.name == check and found.value is not None and not found.holds
        for found in trial.evidence.checks
    )


def same_place(trial: Trial) -> tuple[str, int | None, tuple[int, ...]]:
    """What a trial of a control must have in common with the trial of the claim."""
    return trial.row, trial.seed, tuple(trial.seeds)


def can_fail(control: ControlRecord, check: str, judged: list[Trial]) -> bool:
    """Whether a control fails a check wherever the claim was judged by it."""
    if control.only and check not in control.only:
        return False
    trials = {same_place(trial): trial for trial in control.trials}
    return all(
        (place := same_place(trial)) in trials and fails(trials[place], check) for trial in judged
    )


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_check_has_a_control_that_fails_it_on_every_seed(claim: ClaimRecord):
    judged: dict[str, list[Trial]] = {}
    for trial in claim.trials:
        if trial.outcome in JUDGED:
            for check in trial.evidence.checks:
                judged.setdefault(check.name, []).append(trial)
    without = [
        check
        for check, trials in judged.items()
        if not any(can_fail(control, check, trials) for control in claim.controls)
    ]
    assert without == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_control_states_the_checks_of_its_claim_by_the_same_thresholds(claim: ClaimRecord):
    for control in claim.controls:
        assert differences(control.only, control.trials, claim.trials) == [], control.id
