"""Boxes and arrows, as inline SVG."""

import re
from xml.etree import ElementTree as ET

import pytest

from icl_repro.report.pictures.figures import view_figure
from icl_repro.verification.diagram import Arrow, Diagram, Node
from icl_repro.verification.pictures import Figure
from tests.support.report_pictures import circuit

PAIR = [Node("left", 0, 0), Node("right", 1, 0)]


def view(diagram):
    panel = view_figure(Figure("f", "c", "Figure 5c", [diagram]), "p").panels[0]
    assert panel.problem == ""
    return panel


def drawn(diagram):
    return ET.fromstring(view(diagram).svg)


def part(svg, gid):
    return next(element for element in svg.iter() if element.get("data-part") == gid)


def points(svg, gid):
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", part(svg, gid).get("d"))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def box(svg, gid):
    return {name: float(part(svg, gid).get(name)) for name in ("x", "y", "width", "height")}


def test_an_arrow_runs_from_the_edge_of_one_box_to_that_of_the_other():
    svg = drawn(Diagram("", PAIR, [Arrow(0, 1)]))
    line, left, right = points(svg, "arrow-0"), box(svg, "node-0"), box(svg, "node-1")
    assert left["x"] + left["width"] < line[0][0] < left["x"] + left["width"] + 6
    assert right["x"] - 16 < line[-1][0] < right["x"], "the head comes between"
    assert {y for _, y in line} == {left["y"] + left["height"] / 2}


@pytest.mark.parametrize(("bend", "above"), [(0.3, True), (-0.3, False)])
def test_a_bent_arrow_and_its_label_lie_to_one_side_of_it_and_within_the_drawing(bend, above):
    svg = drawn(Diagram("", PAIR, [Arrow(0, 1, "a label", bend=bend)]))
    line = points(svg, "arrow-0")
    ends, middle = (line[0][1] + line[-1][1]) / 2, line[len(line) // 2][1]
    label = next(text for text in svg.iter("text") if text.text == "a label")
    assert (middle < ends) == above
    assert (float(label.get("y")) - 4 < middle) == above
    _, top, _, height = map(float, svg.get("viewBox").split())
    assert top < min(y for _, y in line) < max(y for _, y in line) < top + height
    assert top + 6 < float(label.get("y")) < top + height


def test_arrows_of_a_group_share_the_colour_that_the_legend_shows():
    diagram = Diagram(
        "", [*PAIR, Node("below", 0, 1)], [Arrow(0, 1, group="g"), Arrow(0, 2), Arrow(1, 2)], ["g"]
    )
    panel = view(diagram)
    (entry,) = panel.legend
    svg = ET.fromstring(panel.svg)
    assert (entry.label, entry.mark) == ("g", "line")
    assert f"stroke: {entry.colour}" in part(svg, "arrow-0").get("style")
    assert "--muted" in part(svg, "arrow-1").get("style")


def test_texts_without_a_frame_have_no_box():
    svg = drawn(Diagram("", [Node("row", 0, 0, framed=False), Node("box", 1, 0)], []))
    assert len(list(svg.iter("rect"))) == 1
    assert [text.text for text in svg.iter("text")] == ["row", "box"]


def test_it_can_be_read_out_and_pointed_at():
    svg = drawn(circuit().panels[0])
    said = svg.find("desc").text
    assert "match, 1 attend, The query attends to the item." in said
    assert "copy, 2 copy, from A to 0." in said
    assert part(svg, "arrow-0").find("title").text == "The query attends to the item"


def test_one_node_and_boxes_that_overlap_can_be_drawn():
    assert drawn(Diagram("", [Node("alone", 3, 3)], [])).get("viewBox")
    near = [Node("a", 0, 0), Node("b", 0.001, 0), Node("c", 5, 0)]
    assert drawn(Diagram("", near, [Arrow(0, 1, "x")])).get("viewBox")
