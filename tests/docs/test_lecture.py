"""The page of the lecture: its verdicts and values are those of the records that are there."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from docs.generate import lecture
from docs.generate.markdown import escaped
from icl_repro.training import LanguageSpec
from icl_repro.verification.coverage import Coverage, load
from icl_repro.verification.record import VerificationRecord, read_record, write_record
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return load(ROOT / "claims" / "coverage.toml")


@pytest.fixture(scope="module")
def usual() -> VerificationRecord:
    return read_record(ROOT / lecture.RECORD)


def write(record: VerificationRecord, path: Path) -> None:
    """Packed, as records are committed."""
    plain = path.with_name("plain.json")
    write_record(record, plain)
    path.write_bytes(gzip.compress(plain.read_bytes()))


@pytest.fixture
def checkout(tmp_path: Path, usual: VerificationRecord) -> Path:
    """With the record of the paper's seeds alone."""
    (tmp_path / "reports").mkdir()
    write(usual, tmp_path / lecture.RECORD)
    return tmp_path


def rows_of(page: str, heading: str) -> list[str]:
    """The rows of the table below a heading, without its head."""
    part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][2:]


def test_every_claim_has_a_row_with_its_verdict_and_values(
    checkout: Path, coverage: Coverage, usual: VerificationRecord
):
    rows = rows_of(lecture.page(checkout, coverage), "Verdicts")
    assert len(rows) == len(usual.claims)
    for claim, row in zip(usual.claims, rows, strict=True):
        assert f"(../catalogue/lecture.md#{claim.id})" in row
        assert escaped(claim.statement) in row
        held = f"holds on {claim.seeds_held} of {claim.seeds_judged} |"
        assert row.endswith(f"| **{claim.verdict}**, {held}")
        assert all(escaped(check.name) in row for check in claim.checks)


def test_fresh_seeds_are_a_column_beside_where_they_were_judged(
    checkout: Path, coverage: Coverage, usual: VerificationRecord
):
    assert "judged once" not in " ".join(lecture.page(checkout, coverage).split())
    claims = [
        msgspec.structs.replace(claim, verdict="mixed", seeds_held=2) for claim in usual.claims[1:]
    ]
    profile = msgspec.structs.replace(usual.profile, seeds=[10, 11])
    fresh = msgspec.structs.replace(usual, claims=claims, profile=profile)
    write(fresh, checkout / lecture.FRESH)
    page = lecture.page(checkout, coverage)
    assert "judged once" in " ".join(page.split())
    assert "| seeds 10 and 11 |" in page
    first, *others = rows_of(page, "Verdicts")
    assert first.endswith("| not judged |")
    assert all(row.endswith("| **mixed**, holds on 2 of 5 |") for row in others)
    told = page.partition("## What did not hold on seeds 10 and 11\n")[2].partition("\n## ")[0]
    assert told.count("\n- [") == len(claims)
    assert "    - " not in told, "the ledger knows nothing of these seeds"


def test_fresh_seeds_were_judged_by_all_claims_and_it_says_what_the_same_time_is(
    coverage: Coverage, usual: VerificationRecord
):
    fresh = {claim.id for claim in read_record(ROOT / lecture.FRESH).claims}
    assert {claim.id for claim in usual.claims} == fresh
    page = " ".join(lecture.page(ROOT, coverage).split())
    assert "is from 0.8 to 1.25, so that both are at most 20% of the later one apart" in page


def test_every_statement_of_the_slides_stands_with_what_tests_it(
    checkout: Path, coverage: Coverage, usual: VerificationRecord
):
    page = lecture.page(checkout, coverage)
    rows = rows_of(page, "Statement by statement")
    stated = [row for row in coverage.rows if row.work]
    assert len(rows) == len(stated) > 10
    for row, of_page in zip(stated, rows, strict=True):
        assert escaped(row.statement) in of_page
        assert all(f"lecture.md#{claim}): " in of_page for claim in row.claims)


def test_what_did_not_hold_is_told_with_what_is_known_of_it(
    checkout: Path, coverage: Coverage, usual: VerificationRecord
):
    page = lecture.page(checkout, coverage)
    told = page.partition("\n## What did not hold ")[2].partition("\n## ")[0]
    amiss = [claim for claim in usual.claims if claim.verdict != "supported"]
    assert amiss
    assert told.count("\n- [") == len(amiss)
    known = [one.known for one in usual.findings if one.known.claim in {c.id for c in amiss}]
    assert known
    assert told.count("\n    - *") == len(known)


def test_numbers_of_models_and_text_are_those_that_are_trained(checkout: Path, coverage: Coverage):
    page = " ".join(lecture.page(checkout, coverage).split())
    spec = LanguageSpec()
    assert f"of width {spec.model.width} with {spec.model.heads} heads" in page
    assert f"Each trains on {spec.sequences:,} sequences of {spec.text.length} tokens" in page
    assert "{" not in page


def test_the_report_is_linked_where_there_is_one(checkout: Path, coverage: Coverage):
    link = f"[Its report](../{Path(lecture.REPORT).name})"
    assert link not in lecture.page(checkout, coverage)
    (checkout / lecture.REPORT).touch()
    assert link in lecture.page(checkout, coverage)


def test_without_a_record_it_says_so(tmp_path: Path, coverage: Coverage):
    page = lecture.page(tmp_path, coverage)
    assert "No record of the lecture is committed" in page
    assert "## What is not comparable" in page
