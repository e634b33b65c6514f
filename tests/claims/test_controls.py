"""In the records that are kept with the code, every check can fail: some control fails it, by a
finite value, on every seed that was judged, unless the ledger says where it does not; and is the
same measurement there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from icl_repro.verification import spreads
from icl_repro.verification.by_seed import JUDGED, names
from icl_repro.verification.controls import differences, unguarded
from icl_repro.verification.ledger import Ledger, load
from icl_repro.verification.record import (
    ClaimRecord,
    ControlRecord,
    KnownFailure,
    UnreadableRecord,
    VerificationRecord,
    read_record,
)
from tests.support.trials import check, holding, trial

REPORTS = Path(__file__).parents[2] / "reports"
FOLDER = Path(__file__).parents[2] / "claims"

KEPT = sorted(REPORTS.glob("*.json*"))
"""The records that are kept. One that cannot be read, or is of another schema, is an error."""
JUDGED_ONCE = {"lecture_fresh_seeds.json.gz"}
"""Of seeds that were judged once, whatever came out: the ledger knows nothing of them."""
read = cache(read_record)


@cache
def ledger(basis: str = "") -> Ledger:
    """What is known on some kind of exemplars and streams; the usual ones without a name."""
    return load(FOLDER / "ledger", spreads.load(FOLDER / "spread.json"), basis)


def claims(records: Iterable[VerificationRecord]) -> Iterator[ClaimRecord]:
    """Those that were measured by whole runs, with their controls: no session of faults has any."""
    for record in records:
        if record.profile.meaningful and not record.faults:
            yield from (claim for claim in record.claims if claim.trials)


def unfailed(claims: Iterable[ClaimRecord], ledger: Ledger) -> list[str]:
    """Checks that no control fails on some seed of which the ledger does not know it."""
    found = []
    for claim in claims:
        found += [f"{claim.id}: {one.sentence}" for one in unguarded(claim, ledger.excuses(claim))]
    return found


def outdated(claims: Iterable[ClaimRecord], ledger: Ledger) -> list[str]:
    """What the ledger says of controls that no record shows: that one does not fail on a seed."""
    shown = {
        (claim.id, control.id, check.name, key)
        for claim in claims
        for control in claim.controls
        for trial in control.trials
        if trial.outcome in JUDGED
        for check in trial.evidence.checks
        if check.holds or check.value is None
        for key in (
            [str(trial.seed)]
            if trial.seed is not None
            else ["", ",".join(map(str, sorted(trial.seeds)))]
        )
    }
    return [
        f"{known.claim}, control {known.case}: {known.check}, {key or 'any seed'}"
        for known in ledger.findings
        for key in known.values
        if known.case and (known.claim, known.case, known.check, key) not in shown
    ]


def test_records_are_kept():
    assert len(KEPT) >= 2


@pytest.mark.parametrize(
    "path", [path for path in KEPT if path.name not in JUDGED_ONCE], ids=lambda path: path.name
)
def test_every_check_has_a_control_that_fails_it_on_every_seed(path: Path):
    assert unfailed(claims([read(path)]), ledger(read(path).basis.label)) == []


BY_BASIS = sorted([*KEPT, *REPORTS.glob("exemplars/*.json*")])


@pytest.mark.parametrize("basis", sorted({read(path).basis.label for path in BY_BASIS}) or [""])
def test_what_the_ledger_knows_of_controls_is_shown_by_a_record(basis: str):
    records = [record for record in map(read, BY_BASIS) if record.basis.label == basis]
    assert outdated(claims(records), ledger(basis)) == []


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_every_control_states_the_checks_of_its_claim_by_the_same_thresholds(path: Path):
    assert [
        f"{claim.id}, control {control.id} {said}"
        for claim in claims([read(path)])
        for control in claim.controls
        for said in differences(control.only, control.trials, claim.trials)
    ] == []


def test_every_check_of_the_ledger_was_judged_in_a_record_that_is_kept():
    records = [read(path) for path in KEPT if read(path).profile.meaningful]
    # Some claims have records of their own: of language models, and of the matrix of conditions.
    apart = [read(path) for path in KEPT if path.name.startswith(("lecture.", "robustness"))]
    of_today = [record for record in records if knows_every_claim(record, but=apart)]
    assert of_today
    # The matrix is long, and its record may be of some of its conditions.
    missing = not_judged([*of_today, *apart])
    assert [place for place in missing if not place[0].startswith("robustness.")] == []


def knows_every_claim(record: VerificationRecord, but: Iterable[VerificationRecord]) -> bool:
    """Whether it was made when there were the claims of today, but those of others, and of the
    matrix, which no other profile judges.
    """
    known = {claim.id for claim in record.claims} | set(record.not_selected)
    others = {claim.id for other in but for claim in other.claims}
    of_today = {claim for claim, _ in ledger().thresholds if not claim.startswith("robustness.")}
    return known >= of_today - others


def not_judged(records: Iterable[VerificationRecord]) -> list[tuple[str, str]]:
    """Checks of the ledger that no record judges, though one has their claim."""
    found = list(claims(records))
    judged = {(claim.id, name) for claim in found for name in judged_checks(claim)}
    selected = {claim.id for claim in found}
    return [
        (claim, name)
        for (claim, name), threshold in ledger().thresholds.items()
        if claim in selected and (claim, name) not in judged and not threshold.condition
    ]


def judged_checks(claim: ClaimRecord) -> set[str]:
    return {name for trial in claim.trials if trial.outcome in JUDGED for name in names(trial)}


# The rules themselves, on records made up by hand.

KNOWN = KnownFailure("a.one", "length", {"6": 1.0}, 0.1, "2026-11-26", "why", "figures", "short")


def a_claim(*holds: bool, case: str = "short") -> ClaimRecord:
    """A claim that holds on seeds 5, 6, ... with a control whose check holds there or fails."""
    trials = [
        trial("failed" if one else "passed", seed, "", check(one))
        for seed, one in enumerate(holds, start=5)
    ]
    control = ControlRecord(case, "", [], "", "does not fail", "", trials)
    return ClaimRecord("a.one", "a", "", "", "mixed", "", holding(len(holds), 0), [control])


def test_what_is_known_of_one_control_on_one_seed_excuses_nothing_else():
    known = Ledger(findings=(KNOWN,))
    assert unfailed([a_claim(False, False)], Ledger()) == []
    assert unfailed([a_claim(False, True)], Ledger()) != []
    assert unfailed([a_claim(False, True)], known) == []
    assert unfailed([a_claim(True, True)], known) != [], "another seed"
    assert unfailed([a_claim(False, True, case="long")], known) != [], "another control"


def test_what_is_known_of_a_control_but_shown_by_no_record_is_outdated():
    known = Ledger(findings=(KNOWN,))
    assert outdated([a_claim(False, True)], known) == []
    assert outdated([a_claim(False, False)], known) == ["a.one, control short: length, 6"]
    assert outdated([a_claim(False)], known) == ["a.one, control short: length, 6"]


def test_a_record_that_cannot_be_read_is_an_error(tmp_path: Path):
    other = tmp_path / "other.json"
    other.write_text('{"schema_version": 1}')
    with pytest.raises(UnreadableRecord):
        read(other)
