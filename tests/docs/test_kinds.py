"""The page of other exemplars and streams: from the records that are there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from docs.generate import kinds
from icl_repro.report.side_by_side import render_side_by_side
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.record import read_record, write_record
from tests.docs.blocks import ROOT
from tests.support.report_fixture import rich_record

USUAL = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / kinds.RECORDS).mkdir(parents=True)
    (tmp_path / kinds.ABOUT).write_text("# Title\n\nFiles.\n\n## What they show\n\nMuch.\n")
    return tmp_path


def test_without_records_of_kinds_it_says_which_are_not_there(checkout: Path):
    page = kinds.page(checkout, USUAL, "a record")
    assert "of which there is none yet" in page
    assert f"Not judged yet: {', '.join(f'`{label}`' for label in kinds.KINDS)}." in page
    assert "\n## What they show\n\nMuch.\n" in page
    assert "Files." not in page
    assert "Not known: the record has no figure" in page


def test_each_record_has_a_column_those_that_were_planned_first(checkout: Path):
    made_of = Basis([Ingredient("exemplars", "others", usual=False, title="Others")])
    other = "refuted" if USUAL.claims[0].verdict != "refuted" else "supported"
    claims = [msgspec.structs.replace(USUAL.claims[0], verdict=other), USUAL.claims[1]]
    record = msgspec.structs.replace(USUAL, claims=claims, basis=made_of)
    for label in ("another", kinds.KINDS[1]):
        write_record(record, checkout / kinds.RECORDS / f"{label}.json")
    page = kinds.page(checkout, USUAL, "a record")
    assert list(kinds.records(checkout)) == [kinds.KINDS[1], "another"]
    assert "- **C**, `others`: Others; " in page
    assert f"Not judged yet: `{kinds.KINDS[0]}`, " in page
    differ, _, whole = page.partition("## Claim by claim")
    assert differ.count("| ≠ [") == whole.count("| ≠ [") == 1
    assert whole.count("../catalogue/") == len(claims)


def test_the_committed_table_is_that_of_the_committed_records():
    usual = read_record(ROOT / "reports" / "paper.json.gz")
    table = (ROOT / kinds.RECORDS / "table.md").read_text("utf-8")
    assert table == render_side_by_side([usual, *kinds.records(ROOT).values()])


def test_committed_records_are_named_after_what_their_runs_were_made_from():
    for label, record in kinds.records(ROOT).items():
        assert record.basis.label == label
        assert record.profile.meaningful
