"""Heat maps as inline SVG."""

import math
import re
from xml.etree import ElementTree as ET

import pytest

from icl_repro.report.pictures.figures import view_figure
from icl_repro.report.pictures.heatmaps import TURN_OF_TEXT, draw_heatmap, with_shared_limits
from icl_repro.verification.pictures import Figure, Heatmap
from tests.report.pictures.test_style import SCHEMES, contrast_of, luminance
from tests.support.report_pictures import published_map, wiring_maps


def heatmap(values, **more):
    columns = [str(column) for column in range(len(values[0]))]
    rows = [f"head {row}" for row in range(len(values))]
    return Heatmap("Title", "sender", "receiver", columns, rows, values, **more)


def drawn(one):
    view = view_figure(Figure("f", "caption", "Figure 11", [one]), "p")
    assert view.panels[0].problem == ""
    return ET.fromstring(view.panels[0].svg)


def cell(svg, row, column):
    cells = [e for e in svg.iter("rect") if e.find("title") is not None]
    columns = len({e.get("x") for e in cells})
    return cells[row * columns + column]


def shade(svg, row, column):
    """The strong end of a cell's colour, and how much of it there is."""
    style = cell(svg, row, column).get("style")
    return re.search(r"var\(--(heat-\w+), #\w+\) ([\d.]+)%", style).groups()


def texts(svg):
    return [element.text for element in svg.iter("text")]


def test_cells_are_coloured_by_value_and_say_it_when_pointed_at():
    svg = drawn(heatmap([[0.1, 0.35], [0.6, 1.1]], unit="accuracy"))
    assert [shade(svg, *at) for at in ((0, 0), (0, 1), (1, 0), (1, 1))] == [
        ("heat-more", "0.0"),
        ("heat-more", "25.0"),
        ("heat-more", "50.0"),
        ("heat-more", "100.0"),
    ]
    assert cell(svg, 1, 0).find("title").text == "head 1, 0: 0.6"
    assert {"0.10", "0.35", "0.60", "1.10", "sender", "receiver"} <= set(texts(svg))


def test_negative_values_go_the_other_way_from_zero():
    svg = drawn(heatmap([[-0.2, 0.0, 0.1]]))
    assert shade(svg, 0, 0) == ("heat-less", "100.0")
    assert shade(svg, 0, 1) == ("heat-more", "0.0")
    assert shade(svg, 0, 2) == ("heat-more", "50.0")
    assert {"−0.20", "0.00", "0.10"} <= set(texts(svg))


def test_values_beyond_the_limits_have_the_colour_of_the_end_and_their_own_number():
    svg = drawn(heatmap([[0.05, 0.1, 0.3]], limits=(0.1, 0.2)))
    assert [shade(svg, 0, column)[1] for column in range(3)] == ["0.0", "0.0", "100.0"]
    assert "0.30" in texts(svg)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_value_leaves_an_empty_cell(missing):
    svg = drawn(heatmap([[0.1, missing]]))
    assert "fill: none" in cell(svg, 0, 1).get("style")
    assert cell(svg, 0, 1).find("title").text == "head 0, 1: nothing"


def test_a_map_without_any_value_says_so():
    view = view_figure(Figure("f", "c", "s", [heatmap([[None, None]])]), "p")
    assert "could not be drawn" in view.panels[0].problem


def test_marked_cells_are_outlined():
    svg = drawn(heatmap([[0.1, 0.9]], marked=[(0, 1), (0, 1)]))
    outlined = [e for e in svg.iter() if "marked-" in e.get("data-part", "")]
    assert [e.get("data-part") for e in outlined] == ["marked-0-1"]
    assert "stroke: var(--ink" in outlined[0].get("style")


def test_numbers_that_do_not_fit_are_left_to_the_pointer():
    many = drawn(heatmap([[column / 30 for column in range(30)]]))
    assert "0.50" not in texts(many)
    assert cell(many, 0, 15).find("title").text == "head 0, 15: 0.5"


def test_it_can_be_read_out():
    svg = drawn(heatmap([[0.1, None], [0.3, 0.4]], unit="accuracy", marked=[(1, 1)]))
    said = svg.find("desc").text
    assert "Row head 0: 0.1, nothing. Row head 1: 0.3, 0.4." in said
    assert "Outlined: row head 1 column 1." in said


def test_maps_of_one_unit_share_their_colours():
    maps = [heatmap([[0.1, 0.2]], unit="a"), heatmap([[0.4, 0.3]], unit="a"), heatmap([[7.0, 8]])]
    assert [one.limits for one in with_shared_limits(maps)] == [(0.1, 0.4), (0.1, 0.4), (7, 8)]
    given = [heatmap([[0.1, 0.2]], unit="a", limits=(0, 1)), maps[1]]
    assert [one.limits for one in with_shared_limits(given)] == [(0, 1), (0, 1)]
    assert with_shared_limits([heatmap([[0.5, 0.5]])])[0].limits is None


def test_a_published_map_says_so_in_its_title():
    view = view_figure(Figure("f", "c", "s", [published_map("Key composition")]), "p")
    assert view.panels[0].title == "Key composition (published)"


def test_all_equal_values_and_long_names_can_be_drawn():
    one = Heatmap("", "x " * 80, "y " * 80, ["a very long name " * 3], ["n" * 60], [[3.0]])
    assert drawn(one).get("viewBox")


def test_drawing_twice_gives_the_same():
    one = wiring_maps()[0].panels[0]
    assert ET.tostring(draw_heatmap(one)) == ET.tostring(draw_heatmap(one))


def test_no_fixed_colour_is_left():
    for figure in wiring_maps():
        for panel in view_figure(figure, "p").panels:
            colours = re.findall(r"(?:fill|stroke): ([^;\"]+)", panel.svg)
            plain = [c for c in colours if not c.startswith(("var(--", "color-mix(in oklab, var("))]
            assert set(plain) <= {"none"}


def oklab(colour):
    """OKLab coordinates of an sRGB colour (Ottosson 2020)."""
    r, g, b = luminance(colour, channels=True)
    cones = [
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    ]
    x, y, z = (cone ** (1 / 3) for cone in cones)
    return (
        0.2104542553 * x + 0.7936177850 * y - 0.0040720468 * z,
        1.9779984951 * x - 2.4285922050 * y + 0.4505937099 * z,
        0.0259040371 * x + 0.7827717662 * y - 0.8086757660 * z,
    )


def luminance_of_oklab(lightness, a, b):
    x = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    y = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    z = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z
    green = -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z
    blue = -0.0041960863 * x - 0.7034186147 * y + 1.7076147010 * z
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("strong", ["heat-more", "heat-less"])
def test_numbers_can_be_read_on_every_shade(scheme, strong):
    colours = SCHEMES[scheme]
    start, end = oklab(colours["heat-none"]), oklab(colours[strong])
    for step in range(101):
        share = step / 100
        ends = zip(start, end, strict=True)
        mixed = luminance_of_oklab(*((1 - share) * one + share * other for one, other in ends))
        text = "heat-none-text" if share < TURN_OF_TEXT else "heat-full-text"
        assert contrast_of(mixed, luminance(colours[text])) >= 4.4
