"""Tables like those of the paper."""

from icl_repro.report.text.paper_tables import view_table
from icl_repro.verification.pictures import Cell, Table
from icl_repro.verification.reported import Reported
from tests.support.report_pictures import paper_tables


def table(*columns, **more):
    rows = [(f"row {i}", list(cells)) for i, cells in enumerate(zip(*columns, strict=True))]
    names = [f"column {i}" for i in range(len(columns))]
    return view_table(Table("name", "Caption", "Table 1", names, rows, **more))


def cells(view, column=0):
    return [(row[column].value, row[column].paper) for _, row in view.rows]


def test_our_number_stands_before_the_paper_s():
    view = table([Cell(0.9981, Reported(0.9985, "Table 1")), Cell(0.7, Reported(0.699, "Table 1"))])
    assert cells(view) == [("0.9981", "0.9985"), ("0.7000", "0.6990")]
    assert view.compares
    assert view.caption == "Caption."
    assert [cell.source for _, (cell,) in view.rows] == ["", ""]


def test_a_cell_may_lack_either():
    view = table([Cell(None, Reported(0.5, "Table 1")), Cell(0.25), Cell(None)])
    assert cells(view) == [("—", "0.5"), ("0.25", ""), ("—", "")]
    assert not table([Cell(1.0)]).compares


def test_a_rounded_value_and_one_from_elsewhere_say_so():
    view = table([Cell(0.5, Reported(0.55, "Appendix E", approximate=True))])
    assert cells(view) == [("0.5", "≈ 0.55")]
    assert view.rows[0][1][0].source == "Appendix E"


def test_the_range_over_the_paper_s_seeds_stands_below_its_number():
    several = Reported(290_600.0, "Table 1", True, [290_890.0, 794_000.0, 412_740.0])
    view = table([Cell(280_000.0, several), Cell(1.0, Reported(2.0, "Table 1"))])
    assert [row[0].range for _, row in view.rows] == ["290,900 to 794,000", ""]
    assert view.seeds == 3
    assert table([Cell(1.0, Reported(2.0, "Table 1"))]).seeds == 0


def test_tiny_and_large_numbers_keep_their_own_form():
    view = table([Cell(1.3e-7), Cell(0.5)], [Cell(253_833.0), Cell(0.25)])
    assert cells(view) == [("1.3 × 10⁻⁷", ""), ("0.5", "")]
    assert cells(view, 1) == [("253,833", ""), ("0.25", "")]


def test_the_tables_of_section_3():
    first, second = map(view_table, paper_tables())
    assert first.rows[0][1][0].paper == "0.9985"
    assert len(second.rows) == 8
    assert [cell.paper for cell in second.rows[3][1]] == ["", ""]
