"""Bars as inline SVG."""

import re
from xml.etree import ElementTree as ET

import pytest

from icl_repro.report.pictures.figures import view_figure
from icl_repro.verification.pictures import Bars, Figure, ReferenceLine, Series
from tests.support.report_pictures import learning_times

NAMES = ["one", "two", "three"]


def bars(*series, **more):
    return Bars("Title", "which", "how much", NAMES, list(series), **more)


def drawn(one):
    view = view_figure(Figure("f", "c", "s", [one]), "p")
    assert view.panels[0].problem == ""
    return ET.fromstring(view.panels[0].svg)


def boxes(svg, index):
    """Left, right, bottom and top of each bar of a series."""
    found = []
    for element in svg.iter():
        if re.fullmatch(rf"series-{index}-bar-\d+", element.get("data-part", "")):
            left, bottom, top, right, _ = map(float, re.findall(r"[\d.]+", element.get("d")))
            found.append((left, right, bottom, top))
    return found


def style(svg, gid):
    part = next(element for element in svg.iter() if element.get("data-part") == gid)
    return " ".join(element.get("style", "") for element in part.iter())


def test_a_bar_for_each_value_from_zero():
    svg = drawn(bars(Series("a", [0.0, 1.0, 2.0], [1.0, 2.0, 4.0])))
    heights = [bottom - top for _, _, bottom, top in boxes(svg, 0)]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert heights[2] == pytest.approx(4 * heights[0], rel=0.01)
    texts = ["".join(element.itertext()) for element in svg.iter("text")]
    assert {"one", "two", "three", "which", "how much"} <= set(texts)


def test_published_bars_stand_right_beside_ours_and_are_faint():
    ours = [Series(name, [0.0], [1.0], group=name) for name in "ab"]
    theirs = [Series(name, [0.0], [1.0], group=name, origin="published") for name in "ab"]
    svg = drawn(bars(*ours, *theirs))
    starts = [boxes(svg, index)[0][0] for index in (0, 2, 1, 3)]
    assert starts == sorted(starts)
    assert "stroke-dasharray" in style(svg, "series-2")
    assert "opacity: 0.22" in style(svg, "series-2")
    assert "stroke-dasharray" not in style(svg, "series-0")
    colour = re.search(r"var\(--series-\d", style(svg, "series-0"))[0]
    assert colour in style(svg, "series-2")


def test_a_missing_value_leaves_a_gap_and_error_bars_only_stand_where_given():
    svg = drawn(
        bars(Series("a", [0.0, 1.0, 2.0], [1.0, None, 2.0], low=[0.9, None, None],
                    high=[1.2, None, None]))
    )  # fmt: skip
    assert len(boxes(svg, 0)) == 2
    spread = next(e for e in svg.iter() if e.get("data-part") == "series-0-spread")
    assert spread.get("d").count("M") == 1


def test_no_value_at_all_says_so():
    view = view_figure(Figure("f", "c", "s", [bars(Series("a", [0.0], [None]))]), "p")
    assert "could not be drawn" in view.panels[0].problem


def test_it_can_be_read_out_and_has_its_key():
    figure = learning_times()
    view = view_figure(figure, "p")
    assert view.key == "Full bars: measured; faint bars: as published."
    assert [(entry.label, entry.mark) for entry in view.panels[0].legend] == [("measured", "bars")]
    assert "<title>measured, heads 3 and 0: 241,000</title>" in view.panels[0].svg
    said = ET.fromstring(view.panels[0].svg).find("desc").text
    assert "measured: all heads 258,000, heads 3 and 0 241,000" in said
    assert "Reference line head 3 alone at 291,000." in said


def test_hard_data_is_drawn_as_well_as_it_can_be():
    names = ["$x^2$ " * 20, "", "<b>"]
    odd = Bars("", "", "", names, [Series("s", [0.0, 1.0, 2.0], [-1e300, 0.0, 1e-300])],
               [ReferenceLine("", float("nan"))], y_limits=(-1, 1))  # fmt: skip
    assert drawn(odd).get("viewBox")


def test_drawing_twice_gives_the_same():
    one, two = (view_figure(learning_times(), "p").panels[0].svg for _ in range(2))
    assert one == two
