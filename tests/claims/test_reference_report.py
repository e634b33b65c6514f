"""The report of the standard profile that is kept with the code is the one of its claims."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_repro.verification import ledger, spreads
from icl_repro.verification.declare import Declaration, declaration_of
from icl_repro.verification.record import VerificationRecord, read_record

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"


def declared(path: Path) -> Iterator[Declaration]:
    """What a file of claims declares."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(parts))
    for value in vars(module).values():
        declaration = declaration_of(value)
        if declaration is not None:
            yield declaration


@pytest.fixture(scope="module")
def record() -> VerificationRecord:
    return read_record(REPORTS / "reference.json")


@pytest.fixture(scope="module")
def suite() -> dict[str, Declaration]:
    paths = sorted((ROOT / "claims").rglob("test_*.py"))
    return {found.claim.id: found for path in paths for found in declared(path)}


def of_other_sessions(suite: dict[str, Declaration]) -> set[str]:
    """The claims of the matrix, which it may know and does not judge."""
    return {id_ for id_, one in suite.items() if one.profiles == ("matrix",)}


def test_it_lists_exactly_the_claims_of_the_suite(record, suite):
    matrix = of_other_sessions(suite)
    listed = {claim.id for claim in record.claims} | set(record.not_selected)
    assert listed - matrix == suite.keys() - matrix


def test_its_claims_have_the_controls_of_the_suite(record, suite):
    for claim in record.claims:
        controls = {one.id: (one.only, one.undefined) for one in claim.controls}
        declared = {one.id: (list(one.only), one.undefined) for one in suite[claim.id].controls}
        assert controls == declared, claim.id


def test_what_it_leaves_out_names_other_profiles(record, suite):
    standard = record.profile.name
    other = {id_ for id_, one in suite.items() if one.profiles and standard not in one.profiles}
    matrix = of_other_sessions(suite)
    assert set(record.not_selected) - matrix == other - matrix


def test_it_is_of_the_standard_profile_and_nothing_went_wrong(record):
    assert (record.profile.name, record.profile.meaningful) == ("standard", True)
    verdicts = {claim.verdict for claim in record.claims}
    # Of one seed no verdict says more, but for claims that need no seed.
    assert verdicts <= {"supported", "refuted", "consistent", "contradicted", "inconclusive"}
    decided = [claim for claim in record.claims if claim.verdict in ("supported", "refuted")]
    assert all(claim.rests_on for claim in decided)


def test_it_was_made_of_a_commit(record):
    assert record.environment.commit
    assert record.environment.uncommitted_changes is False


def test_what_does_not_hold_in_it_is_known(record):
    known = ledger.load(ROOT / "claims" / "ledger", spreads.load(ROOT / "claims" / "spread.json"))
    for claim in record.claims:
        for trial in claim.trials:
            if trial.outcome == "inconclusive":
                continue  # on what the test says can tell neither way, nothing is known
            judged = known.judge(claim.id, "", trial.seed, trial.evidence, seeds=trial.seeds)
            assert not judged.red, claim.id


def test_the_page_shows_every_claim(record):
    page = (REPORTS / "reference.html").read_text("utf-8")
    assert all(claim.id in page for claim in record.claims)
