"""The verdicts of several records side by side."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from icl_repro.report.side_by_side import render_side_by_side
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.record import VerificationRecord, write_record
from tests.support.command import run_command
from tests.support.report_fixture import rich_record


@pytest.fixture
def records() -> list[VerificationRecord]:
    """A record, and one on other exemplars whose first claim came out otherwise."""
    first = rich_record()
    first = msgspec.structs.replace(first, claims=first.claims[:3])
    other = "refuted" if first.claims[0].verdict != "refuted" else "supported"
    claims = [msgspec.structs.replace(first.claims[0], verdict=other), first.claims[1]]
    claims.append(msgspec.structs.replace(first.claims[2], verdict="not run", checks=[], trials=[]))
    exemplars = Ingredient("exemplars", "omniglot", usual=False, title="Omniglot | real")
    return [first, msgspec.structs.replace(first, claims=claims, basis=Basis([exemplars]))]


def rows(text: str) -> dict[str, list[str]]:
    lines = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {cells[0].split("<br>")[0].removeprefix("≠ "): cells for cells in lines[1:]}


def test_every_claim_is_there_once_with_a_column_for_each_record(records):
    text = render_side_by_side(records)
    found = rows(text)
    names = [claim.id.replace("_", "\\_") for claim in records[0].claims]
    assert [name for name in found if name[0] != "-"] == names
    assert {len(cells) for cells in found.values()} == {4}
    assert "- **A**: what is usual; " in text
    assert "- **B**: Omniglot \\| real; " in text


def test_claims_that_are_judged_otherwise_are_marked_and_counted(records):
    text = render_side_by_side(records)
    first = records[0].claims[0]
    marked = [line for line in text.splitlines() if line.startswith("| ≠ ")]
    assert len(marked) == 1
    assert f"**{first.verdict}**" in marked[0]
    assert f"**{records[1].claims[0].verdict}**" in marked[0]
    # A claim that did not run is not judged otherwise.
    assert "1 claim of 3 is judged otherwise in one column than in another (≠)." in text


def test_the_same_checks_stand_in_every_column(records):
    measured = [
        [cell.split("<br>")[1:] for cell in cells[1:3]]
        for cells in rows(render_side_by_side(records)).values()
    ]
    assert [ours for ours, other in measured if ours == other != []]


def test_a_claim_that_only_one_record_has_stands_last(records):
    first, second = records
    first = msgspec.structs.replace(first, claims=first.claims[1:])
    found = rows(render_side_by_side([first, second]))
    last = list(found.values())[-1]
    assert last[0].startswith(second.claims[0].id.replace("_", "\\_"))
    assert (last[1], last[2] != "") == ("", True)


def test_the_command_writes_the_table(records, tmp_path):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for record, path in zip(records, paths, strict=True):
        write_record(record, path)
    packed = tmp_path / "b.json.gz"
    packed.write_bytes(gzip.compress(paths[1].read_bytes()))
    table = tmp_path / "table.md"
    asked = ["report", paths[0], "--beside", packed, "--markdown", table]
    done = run_command(*asked)
    assert (done.exit_code, done.stdout) == (0, f"wrote {table}\n")
    assert table.read_text("utf-8") == render_side_by_side(records)
    for mistake, complaint in (
        (asked[:-2], "name a file for it with --markdown MD"),
        ([*asked, "-o", "page.html"], "--beside makes no page"),
        ([*asked[:-1], packed], "is the record itself"),
    ):
        done = run_command(*mistake)
        assert done.exit_code == 2
        assert complaint in done.stderr
