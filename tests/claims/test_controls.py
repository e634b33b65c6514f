"""In the records that are kept with the code, every check can fail: some control fails it, by a
finite value, on every seed that was judged, unless the ledger says where it does not; and is the
same measurement there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_repro.verification import spreads
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.controls import differences, fails_check
from icl_repro.verification.ledger import load
from icl_repro.verification.record import (
    ClaimRecord,
    UnreadableRecord,
    VerificationRecord,
    read_record,
)

REPORTS = Path(__file__).parents[2] / "reports"
FOLDER = Path(__file__).parents[2] / "claims"
LEDGER = load(FOLDER / "ledger", spreads.load(FOLDER / "spread.json"))

KNOWN_NOT_TO_FAIL = {(known.claim, known.check) for known in LEDGER.findings if known.case}
"""Checks of which the ledger says that a control does not fail them on some seed."""
ON_SEVERAL_SEEDS_ONLY = {
    "race.order_alone",
    "race.order_of_pairs",
    "race.speed_is_weaker",
    "race.strength_and_speed",
    "timing.more_labels",
}
"""Claims that say themselves that the one seed of the standard profile cannot tell."""


def readable() -> Iterator[tuple[str, VerificationRecord]]:
    """The records that are kept, by the name of their file; not those of an earlier schema."""
    for path in sorted(REPORTS.glob("*.json*")):
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


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_check_has_a_control_that_fails_it_on_every_seed(claim: ClaimRecord):
    judged = {
        check.name
        for trial in claim.trials
        if trial.outcome in JUDGED
        for check in trial.evidence.checks
    }
    without = [
        check
        for check in judged
        if not any(fails_check(control, check, claim.trials) for control in claim.controls)
        and (claim.id, check) not in KNOWN_NOT_TO_FAIL
    ]
    assert without == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_control_states_the_checks_of_its_claim_by_the_same_thresholds(claim: ClaimRecord):
    for control in claim.controls:
        assert differences(control.only, control.trials, claim.trials) == [], control.id


def test_every_check_of_the_ledger_was_judged_in_a_record_that_is_kept():
    records = [record for _, record in readable() if record.profile.meaningful]
    if not records:
        pytest.skip("no record of this schema is kept")
    judged = {
        (claim.id, check.name)
        for record in records
        for claim in record.claims
        for trial in claim.trials
        if trial.outcome in JUDGED
        for check in trial.evidence.checks
    }
    selected = {claim.id for record in records for claim in record.claims}
    claims = {claim for claim, _ in LEDGER.thresholds}
    of_today = [
        record
        for record in records
        if claims <= {claim.id for claim in record.claims} | set(record.not_selected)
    ]
    several = any(len(record.profile.seeds) > 1 for record in of_today)
    excused = set() if several else ON_SEVERAL_SEEDS_ONLY
    missing = [
        (claim, check)
        for claim, check in LEDGER.thresholds
        if claim in selected - excused and (claim, check) not in judged
    ]
    assert missing == []
