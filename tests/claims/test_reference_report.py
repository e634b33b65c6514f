"""The report of the standard profile that is kept with the code is the one of its claims."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_repro.verification.record import VerificationRecord, read_record

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"


def marked(path: Path) -> Iterator[str]:
    """The ids of the claims in a file, as its markers name them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
            (id_,) = (field.value for field in node.keywords if field.arg == "id")
            yield ast.literal_eval(id_)


@pytest.fixture(scope="module")
def record() -> VerificationRecord:
    return read_record(REPORTS / "reference.json")


def test_it_lists_exactly_the_claims_of_the_suite(record):
    suite = {id_ for path in sorted((ROOT / "claims").glob("test_*.py")) for id_ in marked(path)}
    assert {claim.id for claim in record.claims} | set(record.not_selected) == suite


def test_it_is_of_the_standard_profile_and_nothing_was_left_out_or_went_wrong(record):
    assert (record.profile.name, record.profile.meaningful) == ("standard", True)
    assert record.command == "pytest claims/ -n auto"
    verdicts = {claim.verdict for claim in record.claims}
    assert verdicts <= {"supported", "refuted", "inconclusive"}


def test_it_was_made_of_a_commit_from_an_empty_store(record):
    assert record.environment.commit
    assert record.environment.uncommitted_changes is False
    assert record.training.runs_reused == 0
    assert record.training.runs_trained == record.training.runs_planned


def test_what_does_not_hold_in_it_is_a_finding_on_record(record):
    refuted = {claim.id for claim in record.claims if claim.verdict == "refuted"}
    assert refuted == {claim.id for claim in record.claims if claim.id in refuted and claim.finding}


def test_the_page_shows_every_claim(record):
    page = (REPORTS / "reference.html").read_text("utf-8")
    assert all(claim.id in page for claim in record.claims)
