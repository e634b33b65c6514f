"""Graphs of who sends to whom, as inline SVG."""

import re
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.figures import view_figure
from icl_repro.verification.pictures import Figure, Wiring

HEADS = [f"layer 0 head {head}" for head in range(3)], [f"layer 1 head {head}" for head in range(4)]
EDGES = [(0, 1, 0.4), (2, 1, 0.8), (2, 3, 0.001)]


def drawn(wiring):
    view = view_figure(Figure("f", "c", "Figure 11", [wiring]), "p")
    assert view.panels[0].problem == ""
    return ET.fromstring(view.panels[0].svg)


def part(svg, gid):
    return next(element for element in svg.iter() if element.get("data-part") == gid)


def width(svg, gid):
    return float(re.search(r"stroke-width: ([\d.]+)", part(svg, gid).get("style"))[1])


def test_a_line_is_as_wide_as_its_weight():
    svg = drawn(Wiring("Wiring", *HEADS, EDGES))
    assert width(svg, "edge-2-1") == 2 * width(svg, "edge-0-1")
    assert width(svg, "edge-2-3") >= 0.6, "even the weakest can be seen"
    assert part(svg, "edge-2-1").find("title").text == "layer 0 head 2 to layer 1 head 1: 0.8"


def test_strong_lines_lie_on_top_and_each_sender_has_its_colour():
    svg = drawn(Wiring("Wiring", *HEADS, EDGES))
    order = [e.get("data-part") for e in svg.iter("path") if "edge-" in e.get("data-part", "")]
    assert order == ["edge-2-3", "edge-0-1", "edge-2-1"]
    assert "--series-2" in part(svg, "edge-2-1").get("style")
    assert "--series-0" in part(svg, "edge-0-1").get("style")


def test_what_all_names_share_stands_once():
    svg = drawn(Wiring("Wiring", *HEADS, EDGES))
    texts = [element.text for element in svg.iter("text")]
    assert texts[:2] == ["layer 0 head", "layer 1 head"]
    assert {"0", "1", "2", "3"} <= set(texts)
    single = drawn(Wiring("", ["the only sender"], ["a", "b"], [(0, 0, 1.0)]))
    assert "the only sender" in [element.text for element in single.iter("text")]


def test_nodes_without_a_line_are_empty():
    svg = drawn(Wiring("Wiring", *HEADS, EDGES))
    assert "fill: var(--ink" in part(svg, "sender-2").get("style")
    assert "fill: var(--surface" in part(svg, "sender-1").get("style")
    assert "fill: var(--surface" in part(svg, "receiver-0").get("style")


def test_it_can_be_read_out():
    said = drawn(Wiring("Wiring", *HEADS, EDGES)).find("desc").text
    assert "layer 0 head 1 sends to nobody." in said
    assert "layer 0 head 2 sends to layer 1 head 1 (0.8), layer 1 head 3 (0.001)." in said


def test_a_published_graph_is_paler_and_says_so():
    view = view_figure(Figure("f", "c", "s", [Wiring("", *HEADS, EDGES, origin="published")]), "p")
    assert view.panels[0].title == "As published"
    assert "stroke-opacity: 0.5" in view.panels[0].svg


def test_a_graph_without_edges_and_with_long_names_can_be_drawn():
    assert drawn(Wiring("", ["s " * 60, ""], ["r" * 90], [])).get("viewBox")
