"""The verdicts of several records side by side."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from icl_repro.report.page import render_html
from icl_repro.report.side_by_side import render_side_by_side
from icl_repro.report.text.beside import side_by_side
from icl_repro.report.text.checks import check_views
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
    whole = [line.replace("| |", "|  |") for line in text.splitlines() if line.startswith("| ")]
    lines = [line[2:-2].split(" | ") for line in whole]
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
    assert "1 claim of 3 is judged otherwise in one column than in another (≠), " in text


def test_a_claim_that_was_judged_in_part_is_not_judged_otherwise(records):
    first, second = records
    claim = second.claims[0]
    never = msgspec.structs.replace(claim.trials[0], outcome="not run")
    part = msgspec.structs.replace(claim, trials=[never, *claim.trials[1:]])
    second = msgspec.structs.replace(second, claims=[part, *second.claims[1:]])
    found = side_by_side([first, second])
    assert not any(row.unalike for row in found.rows)
    cell = found.rows[0].cells[1]
    assert cell is not None
    assert cell.seeds.endswith("judged in part")


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
    page = tmp_path / "a.html"
    for more, written in (([], [page]), (["-o", page, "--markdown", table], [page, table])):
        done = run_command(*asked[:-2], *more)
        assert done.stdout == "".join(f"wrote {path}\n" for path in written)
        assert page.read_text("utf-8") == render_html(records[0], records[1:])
        page.unlink()
    done = run_command(*asked[:-1], packed)
    assert done.exit_code == 2
    assert "is the record itself" in done.stderr


def test_a_page_has_the_records_beside_it_in_a_section(records):
    alone, page = render_html(records[0]), render_html(records[0], records[1:])
    assert 'id="beside"' not in alone
    section = page[page.index('<section id="beside"') :]
    section = section[: section.index("</section>")]
    assert section.count("<tr") == 1 + len(records[0].claims)
    assert section.count('class="unalike"') == 1
    assert "Omniglot | real" in section
    for claim in records[0].claims:
        assert f">{claim.id}</a>" in section, "a claim of the page is linked"


def test_where_there_is_little_room_what_says_most_is_told():
    claims = [claim for claim in rich_record().claims if len(claim.checks) > 2]
    record = msgspec.structs.replace(rich_record(), claims=claims)
    for row, views in zip(side_by_side([record]).rows, map(check_views, claims), strict=True):
        assert len(row.checks) == 2 == len(row.paper)
        (cell,) = row.cells
        assert cell is not None
        names = [name for _, _, name, _ in filter(None, cell.values)]
        assert names == [one.name for one in views if one.name in names], "in their order"
        left = [one for one in views if one.name not in names]
        told = [one for one in views if one.name in names]
        if any(one.tone != "good" for one in left):
            assert all(one.tone != "good" for one in told)
