"""Evidence arranged as tables."""

import msgspec
import pytest

from icl_repro.report.text import tables
from icl_repro.verification.evidence import EvidenceRecord, Quantity
from icl_repro.verification.record import CheckOverSeeds, Margin
from icl_repro.verification.reported import Reported
from tests.support.report_builders import at_least, at_most, between, control, trial


def trials(*evidence, outcome=None, **more):
    return [
        trial("family.claim", seed, one, outcome=outcome, **more)
        for seed, one in enumerate(evidence, 5)
    ]


def claim_table(all_trials):
    return tables.claim_table(all_trials, [])


def rows(groups):
    return [row for group in groups for row in group.rows]


def test_a_row_a_check_and_a_column_a_seed():
    first = EvidenceRecord(
        [at_least("length", 90_000, 80_000, unit="sequences"), at_most("loss", 0.1, 1)]
    )
    second = EvidenceRecord([at_most("loss", 2.0, 1), at_least("length", 79_999.6, 80_000)])
    table = claim_table(trials(first, second))
    assert [(column.name, column.outcome) for column in table.columns] == [
        ("Seed 5", "holds"),
        ("Seed 6", "does not hold"),
    ]
    length, loss = rows(table.checks)
    assert (length.name, length.unit, length.threshold) == ("length", "sequences", "≥ 80,000")
    assert [cell.value for cell in length.cells] == ["90,000", "79,999.6"]
    assert [cell.mark for cell in length.cells] == ["holds", "does not hold"]
    assert [cell.symbol for cell in loss.cells] == ["✓", "✗"]


def test_the_rows_of_a_claim_s_table_stand_in_groups_over_the_same_seeds():
    def of_row(row, *values):
        checks = [EvidenceRecord([at_least(f"a of {row[0]}", v, 1)], [Quantity("b", v)])
                  for v in values]  # fmt: skip
        return trials(*checks, row=row)

    table = claim_table(of_row("first", 2, 0) + of_row("second", 3, 4))
    assert [(column.name, column.outcome) for column in table.columns] == [
        ("Seed 5", "holds"),
        ("Seed 6", "does not hold"),
    ]
    assert [group.title for group in table.checks] == ["first", "second"]
    assert [[cell.value for cell in row.cells] for row in rows(table.checks)] == [
        ["2", "0"],
        ["3", "4"],
    ]
    assert [group.title for group in table.quantities] == ["first", "second"]


def test_a_test_over_several_seeds_at_once_is_headed_by_all_of_them():
    evidence = EvidenceRecord([at_least("a", 2, 1)])
    over_all = msgspec.structs.replace(trial("f.c", None, evidence), seeds=[5, 6, 7])
    assert [column.name for column in claim_table([over_all]).columns] == ["Seeds 5, 6 and 7"]
    alone = trial("f.c", None, evidence)
    assert [column.name for column in claim_table([alone]).columns] == ["Measured"]


def test_a_group_is_not_headed_where_its_names_say_it():
    evidence = EvidenceRecord([at_least("accuracy, first", 2, 1)])
    (group,) = claim_table(trials(evidence, row="First")).checks
    assert group.title == ""


def test_a_seed_that_measured_nothing_leaves_a_gap():
    table = claim_table(
        [
            *trials(EvidenceRecord([at_least("a", 1, 0)])),
            trial("f.c", 6, EvidenceRecord(), "not run", "missing"),
        ]
    )
    assert [cell.value for cell in rows(table.checks)[0].cells] == ["1", "—"]
    assert table.columns[1].outcome == "not run"


def test_a_value_that_is_not_finite_is_named():
    table = claim_table(trials(EvidenceRecord([at_least("a", None, 0.5)])))
    (cell,) = rows(table.checks)[0].cells
    assert (cell.value, cell.mark) == ("not finite", "does not hold")


def test_thresholds_that_differ_between_seeds_stand_with_each_value():
    table = claim_table(
        trials(EvidenceRecord([at_least("a", 3, 1)]), EvidenceRecord([at_least("a", 3, 2)]))
    )
    (row,) = rows(table.checks)
    assert row.threshold == "differs by seed"
    assert [cell.detail for cell in row.cells] == ["≥ 1", "≥ 2"]


def test_quantities_stand_apart_and_have_no_mark():
    quantity = Quantity("rise", 278_922, published=Reported(1.0, "Figure 1"))
    table = claim_table(trials(EvidenceRecord(quantities=[quantity])))
    assert not table.checks
    (row,) = rows(table.quantities)
    assert (row.threshold, row.paper, row.paper_source) == ("—", "1", "Figure 1")
    assert row.cells[0].mark == ""
    assert table.has_paper_values


def test_a_table_without_measurements_is_empty():
    assert not claim_table(trials(EvidenceRecord(), outcome="not run"))


def control_of(*evidence, **more):
    return control("case", "", "does not fail", trials(*evidence, outcome="failed"), **more)


def test_a_control_is_marked_by_whether_what_must_fail_fails():
    one = control_of(
        EvidenceRecord(
            [at_least("other", 1, 0), at_least("must", 0, 1), at_least("also must", 2, 1)]
        ),
        only=["must", "also must", "never stated"],
    )
    checks = rows(tables.control_table(one).checks)
    assert [row.name for row in checks] == ["must", "also must", "other", "never stated"]
    cells = [row.cells[0] for row in checks]
    assert [cell.mark for cell in cells[:3]] == ["✓ fails", "✗ holds, but must fail", "holds"]
    assert [cell.tone for cell in cells[:3]] == ["good", "bad", "none"]
    assert checks[3].threshold == "not stated"


def test_all_checks_of_a_control_must_fail_unless_it_names_some():
    one = control_of(EvidenceRecord([at_least("a", 0, 1), at_least("b", 2, 1)]))
    marks = [row.cells[0].mark for row in rows(tables.control_table(one).checks)]
    assert marks == ["✓ fails", "✗ holds, but must fail"]


def test_a_control_that_is_not_finite_fails_only_with_a_reason():
    evidence = EvidenceRecord([at_least("a", None, 1)])
    (row,) = rows(tables.control_table(control_of(evidence)).checks)
    assert (row.cells[0].mark, row.cells[0].tone) == ("✗ fails, but by no finite value", "bad")
    (row,) = rows(tables.control_table(control_of(evidence, undefined="never learns")).checks)
    assert (row.cells[0].mark, row.cells[0].tone) == ("✓ fails: never learns", "good")


def test_a_control_that_did_not_run_has_no_table():
    missing = trials(EvidenceRecord(), outcome="not run")
    assert not tables.control_table(control("c", "", "not run", missing, only=["must"]))


def notes_of(one, *own):
    return [row.note for row in rows(tables.control_table(one, own).checks)]


def over_seeds(name, spread):
    margin = None if spread is None else Margin(9.0, spread, 1.0, None, False)
    return CheckOverSeeds(
        name, "", "at_least", 8, None, "threshold", "", {}, 5, 5, None, margin, None, None, []
    )


def test_a_control_tells_how_far_it_misses_where_it_is_nearest():
    one = control_of(
        *(EvidenceRecord([at_least("length", value, 8), at_least("free", value, 8)])
          for value in (2, 5)),
        only=["length"],
    )  # fmt: skip
    spread = "misses by at least 6 spreads of the claim’s own values"
    assert notes_of(one, over_seeds("length", 0.5)) == [spread, ""]
    relative = "misses by at least 3, 38 % of the threshold"
    assert notes_of(one, over_seeds("length", None)) == [relative, ""]
    assert notes_of(one) == [relative, ""]


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (at_least("a", -1.0, 0), "misses by 1"),
        (between("a", 9.0, 0, 8), "misses by 1, 12 % of the threshold"),
        (between("a", -2.0, 0, 8), "misses by 2"),
        (at_least("a", None, 0), ""),
        (at_least("a", 1.0, 0), ""),
    ],
)
def test_what_a_control_misses_is_counted_from_the_end_that_it_lies_beyond(check, told):
    assert notes_of(control_of(EvidenceRecord([check]))) == [told]
