"""Heat maps, graphs, bars and tables as evidence: what they refuse, and that they survive JSON."""

import math

import msgspec
import numpy as np
import pytest

from icl_repro.verification.diagram import Arrow, Diagram, Node
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Heatmap,
    Panel,
    Series,
    Table,
    Wiring,
)
from icl_repro.verification.recorder import Evidence, MisusedEvidence
from tests.support.report_pictures import all_figures, paper_tables


def heatmap(values, **more):
    return Heatmap("map", "x", "y", ["a", "b"], ["r"], values, **more)


def diagram(*arrows, nodes=(("a", 0, 0), ("b", 1, 0)), groups=()):
    return Diagram("boxes", [Node(*node) for node in nodes], list(arrows), list(groups))


def wiring(edges):
    return Wiring("graph", ["s", "t"], ["r"], edges)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: heatmap([[1.0]]), "row 'r' has 1 value, but there are 2 columns"),
        (lambda: heatmap([[1.0, 2], [3, 4]]), "names 1 rows, but has 2"),
        (lambda: heatmap([[1.0, 2]], limits=(1, 1)), "limits must be two finite numbers"),
        (lambda: heatmap([[1.0, 2]], limits=(0, math.inf)), "limits must be two finite numbers"),
        (lambda: heatmap([[1.0, 2]], marked=[(1, 0)]), r"the marked cell \(row 1, column 0\)"),
        (lambda: Heatmap("map", "", "", [], [], []), "at least one row and one column"),
        (lambda: wiring([(0, 1, 0.5)]), "leads outside its 2 senders and 1 receivers"),
        (lambda: wiring([(-1, 0, 0.5)]), "leads outside"),
        (lambda: wiring([(0, 0, 1.2)]), "a weight outside 0 to 1"),
        (lambda: wiring([(0, 0, math.nan)]), "a weight outside 0 to 1"),
        (lambda: wiring([(0, 0, 0.1), (0, 0, 0.2)]), "from 0 to 0 is given twice"),
        (lambda: Wiring("graph", [], ["r"], []), "at least one sender and one receiver"),
        (lambda: diagram(nodes=[]), "at least one node"),
        (lambda: diagram(nodes=[("a", 0, math.inf)]), "the place of node 'a' is not finite"),
        (lambda: diagram(nodes=[("a", 0, 1), ("b", 0, 1)]), "'a' and 'b' have the same place"),
        (lambda: diagram(Arrow(0, 2)), "from 0 to 2 leads outside its 2 nodes"),
        (lambda: diagram(Arrow(1, 1)), "from 1 to 1 must lead to another node"),
        (lambda: diagram(Arrow(0, 1, bend=math.nan)), "bend must be finite"),
        (lambda: diagram(Arrow(0, 1, label_at=2)), "label_at must be 0 to 1, but is 2"),
        (lambda: diagram(Arrow(0, 1, group="g")), "'g' is not listed"),
        (lambda: diagram(Arrow(0, 1), groups=["g"]), "'g' is that of no arrow"),
        (lambda: Bars("bars", "", "", [], []), "at least one category"),
        (
            lambda: Bars("bars", "", "", ["a"], [Series("s", [1.0], [1.0])]),
            "a whole number from 0 to 0, but is 1.0",
        ),
        (
            lambda: Bars("bars", "", "", ["a", "b"], [Series("s", [0.5], [1.0])]),
            "series 's': x must be the position of a category",
        ),
        (
            lambda: Table("t", "", "", ["a", "b"], [("r", [Cell(1.0)])]),
            "table 't': row 'r' has 1 value, but",
        ),
        (lambda: Table("t", "", "", ["a"], []), "at least one row"),
    ],
)
def test_what_does_not_fit_together_is_refused_when_it_is_made(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


def test_all_of_it_survives_json():
    evidence = EvidenceRecord(figures=all_figures(), tables=paper_tables())
    again = msgspec.json.decode(msgspec.json.encode(evidence), type=EvidenceRecord)
    assert again == evidence
    kinds = {type(panel) for figure in again.figures for panel in figure.panels}
    assert kinds == {Panel, Heatmap, Wiring, Bars, Diagram}


def test_a_broken_picture_in_a_record_is_refused():
    content = msgspec.json.encode(wiring([(0, 0, 1.0)])).replace(b"1.0", b"7.0")
    with pytest.raises(msgspec.ValidationError, match="weight outside"):
        msgspec.json.decode(content, type=Wiring)


def test_the_recorder_keeps_tables_and_takes_a_name_once():
    recorder = Evidence()
    for table in paper_tables():
        recorder.table(table)
    assert recorder.evidence.tables == paper_tables()
    with pytest.raises(MisusedEvidence, match="already a table named 'ablations'"):
        recorder.table(paper_tables()[0])


def test_numbers_and_arrays_of_numpy_become_plain_ones():
    recorder = Evidence()
    recorder.figure(
        "f",
        caption="",
        source="",
        panels=[
            heatmap(np.array([[0.5, np.nan]], dtype=np.float32)),
            wiring([(np.int64(1), 0, np.float32(0.5))]),
            Panel("", "", "", [Series("s", np.arange(2), [np.float64(1), None])]),
        ],
    )
    recorder.table(Table("t", "", "", ["a"], [("r", [Cell(np.float64(0.25))])]))
    recorder.quantity("q", np.float32(2))
    encoded = msgspec.json.encode(recorder.evidence)
    assert b'"values":[[0.5,null]]' in encoded
    assert b'"edges":[[1,0,0.5]]' in encoded
    assert b'"x":[0.0,1.0],"y":[1.0,null]' in encoded
    assert b'{"value":0.25' in encoded


@pytest.mark.parametrize("wrong", ["much", object()])
def test_what_is_no_number_is_refused_where_it_is_recorded(wrong):
    figure = Figure("f", "", "", [Panel("", "", "", [Series("s", [0.0], [wrong])])])
    with pytest.raises(MisusedEvidence, match="figure 'f' cannot be recorded"):
        Evidence().figure(figure)
