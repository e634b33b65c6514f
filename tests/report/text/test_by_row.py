"""Claims of a family on the same rows: a verdict for each in each row."""

import msgspec

from icl_repro.report.page import render_html
from icl_repro.report.summary import render_markdown
from icl_repro.report.text.by_row import NO_MEANING, by_row
from icl_repro.verification.evidence import EvidenceRecord
from tests.support.report_builders import at_least, claim, control, trial
from tests.support.report_fixture import rich_record

SEEDS = (5, 6, 7)
ROWS = ("wet", "very_dry")


def measured(value, row):
    return EvidenceRecord([at_least(f"length, {row.replace('_', ' ')}", value, 8)])


def judged(name, values, fails=None, **more):
    """A claim with a value for each seed of each row, and a control that fails but in some row."""
    trials = [
        trial(f"growth.{name}", seed, measured(value, row), row=row)
        for row, of_row in values.items()
        for seed, value in zip(SEEDS, of_row, strict=True)
    ]
    of_control = [
        trial(f"growth.{name}", seed, measured(9 if row == fails else 1, row), "passed", row=row)
        for row in values
        for seed in SEEDS
    ]
    only = [f"length, {row.replace('_', ' ')}" for row in values]
    case = control("dark", "In the dark", "fails as it should", of_control, only=only)
    return claim(f"growth.{name}", "S.", "ours", "mixed", "", trials, [case], **more)


def record_of(*claims):
    return msgspec.structs.replace(rich_record(), claims=list(claims), findings=[], coverage=[])


LONG = judged("long", {"wet": (9, 10, 11), "very_dry": (1, 2, None)})
WIDE = judged("wide", {"wet": (9, 1, 9)}, not_for={"very_dry": "nothing grows there"})


def test_each_cell_is_judged_as_a_claim_and_says_how_much():
    (table,) = by_row(record_of(LONG, WIDE))
    assert (table.title, table.claims) == ("Growth", ["growth.long", "growth.wide"])
    assert table.names == ["long", "wide"]
    (first, wet), (second, dry) = table.rows
    assert (first, second) == ("wet", "very dry")
    assert [cell.verdict for cell in wet] == ["consistent", "mixed"]
    assert [cell.verdict for cell in dry] == ["contradicted", NO_MEANING]
    (effect,) = wet[0].effects
    assert (effect.name, effect.measured) == ("length", "10 (9 to 11)")
    assert (effect.threshold, effect.on, effect.holds) == ("at least 8", "3 of 3", True)
    (effect,) = dry[0].effects
    assert (effect.measured, effect.on) == ("1.5 (1 to 2); not finite on 1", "0 of 3")
    assert dry[1].why == "nothing grows there"
    assert dry[1].effects == []


def test_a_control_that_does_not_fail_in_a_row_leaves_that_row_open_and_no_other():
    undue = judged("long", {"wet": (9, 10, 11), "very_dry": (9, 9, 9)}, fails="wet")
    (table,) = by_row(record_of(undue, WIDE))
    assert [cells[0].verdict for _, cells in table.rows] == ["inconclusive", "consistent"]
    assert "dark" in table.rows[0][1][0].why


def test_claims_that_do_not_share_their_rows_have_no_table():
    other = judged("wide", {"wet": (9, 9, 9)})
    assert by_row(record_of(LONG, other)) == []
    assert by_row(record_of(LONG)) == []
    assert by_row(rich_record()) == []
    one_row = judged("long", {"wet": (9, 9, 9)})
    assert by_row(record_of(one_row, WIDE)) == []
    assert len(by_row(record_of(one_row, WIDE), fewest_rows=1)) == 1


def test_page_and_summary_have_the_table():
    record = record_of(LONG, WIDE)
    page, summary = render_html(record), render_markdown(record)
    assert 'id="by-row-growth"' in page
    assert "nothing grows there" in page
    assert "10 (9 to 11)" in page
    assert "| very dry | (✗) contradicted<br>length 1.5" in summary
    assert "no meaning<br>nothing grows there" in summary
    assert "by-row-" not in render_html(rich_record())
