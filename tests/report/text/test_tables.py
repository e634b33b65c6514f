"""Evidence arranged as tables."""

from icl_repro.report.text import tables
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import EvidenceRecord, Quantity
from icl_repro.verification.record import ControlRecord
from icl_repro.verification.reported import Reported
from tests.support.report_fixture import at_least, at_most, trial


def trials(*evidence, outcome=None):
    return [
        trial("family.claim", seed, one, outcome=outcome) for seed, one in enumerate(evidence, 5)
    ]


def test_a_row_a_check_and_a_column_a_seed():
    first = EvidenceRecord(
        [at_least("length", 90_000, 80_000, unit="sequences"), at_most("loss", 0.1, 1)]
    )
    second = EvidenceRecord([at_most("loss", 2.0, 1), at_least("length", 79_999.6, 80_000)])
    table = tables.claim_table(trials(first, second))
    assert [(column.name, column.outcome) for column in table.columns] == [
        ("Seed 5", "holds"),
        ("Seed 6", "does not hold"),
    ]
    length, loss = table.checks
    assert (length.name, length.unit, length.threshold) == ("length", "sequences", "≥ 80,000")
    assert [cell.value for cell in length.cells] == ["90,000", "79,999.6"]
    assert [cell.mark for cell in length.cells] == ["holds", "does not hold"]
    assert [cell.symbol for cell in loss.cells] == ["✓", "✗"]


def test_a_seed_that_measured_nothing_leaves_a_gap():
    table = tables.claim_table(
        [
            *trials(EvidenceRecord([at_least("a", 1, 0)])),
            trial("f.c", 6, EvidenceRecord(), "not run", "missing"),
        ]
    )
    assert [cell.value for cell in table.checks[0].cells] == ["1", "—"]
    assert table.columns[1].outcome == "not run"


def test_a_value_that_is_not_finite_is_named():
    table = tables.claim_table(trials(EvidenceRecord([at_least("a", None, 0.5)])))
    assert (table.checks[0].cells[0].value, table.checks[0].cells[0].mark) == (
        "not finite",
        "does not hold",
    )


def test_thresholds_that_differ_between_seeds_stand_with_each_value():
    table = tables.claim_table(
        trials(EvidenceRecord([at_least("a", 3, 1)]), EvidenceRecord([at_least("a", 3, 2)]))
    )
    assert table.checks[0].threshold == "differs by seed"
    assert [cell.detail for cell in table.checks[0].cells] == ["≥ 1", "≥ 2"]


def test_quantities_stand_apart_and_have_no_mark():
    quantity = Quantity("rise", 278_922, published=Reported(1.0, "Figure 1"))
    table = tables.claim_table(trials(EvidenceRecord(quantities=[quantity])))
    assert not table.checks
    (row,) = table.quantities
    assert (row.threshold, row.paper, row.paper_source) == ("—", "1", "Figure 1")
    assert row.cells[0].mark == ""
    assert table.has_paper_values


def test_a_table_without_measurements_is_empty():
    assert not tables.claim_table(trials(EvidenceRecord(), outcome="not run"))


def test_a_control_is_marked_by_whether_what_must_fail_fails():
    control = ControlRecord(
        id="family.control",
        statement="",
        must_fail=["must", "also must", "never stated"],
        verdict="does not fail",
        trials=trials(
            EvidenceRecord(
                [at_least("other", 1, 0), at_least("must", 0, 1), at_least("also must", 2, 1)]
            ),
            outcome="failed",
        ),
    )
    table = tables.control_table(control)
    assert [row.name for row in table.checks] == ["must", "also must", "other", "never stated"]
    cells = [row.cells[0] for row in table.checks]
    assert [cell.mark for cell in cells[:3]] == [
        "✓ fails",
        "✗ holds, but must fail",
        "holds",
    ]
    assert [cell.tone for cell in cells[:3]] == ["good", "bad", "none"]
    assert table.checks[3].threshold == "not stated"


def test_the_summary_of_several_seeds_is_the_median_with_range_and_mean():
    evidence = [EvidenceRecord([at_most("distance", value, 0.2)]) for value in (0.1, 0.20004, 0.15)]
    (summary,) = tables.summaries(trials(*evidence))
    assert summary.measured == "0.15"
    # Student's t with 2 degrees of freedom: 4.303 standard errors of 0.02888 around 0.15001.
    assert summary.mean == "mean 0.15, 0.0258 to 0.274 (95\N{NO-BREAK SPACE}%)"
    assert summary.spread == "0.1 to 0.20004"
    assert (summary.symbol, summary.mark) == ("~", "holds on 2 of 3")


def test_the_summary_of_one_test_shows_its_own_interval():
    check = at_least("share", 1.0, 0.9, interval=Interval(0.832, 1.0))
    (summary,) = tables.summaries([trial("f.c", None, EvidenceRecord([check]))])
    assert (summary.measured, summary.spread) == ("1", "0.832 to 1 (95\N{NO-BREAK SPACE}%)")
    assert (summary.symbol, summary.mark) == ("✓", "holds")


def test_the_summary_of_values_that_are_never_finite():
    (summary,) = tables.summaries(trials(EvidenceRecord([at_least("a", None, 0)])))
    assert (summary.measured, summary.mark) == ("not finite", "does not hold")


def test_a_control_that_did_not_run_has_no_table():
    control = ControlRecord(
        "f.c", "", ["must"], "not run", trials(EvidenceRecord(), outcome="not run")
    )
    assert not tables.control_table(control)
