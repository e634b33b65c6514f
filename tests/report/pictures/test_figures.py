"""Figures as inline SVG."""

import math
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from icl_repro.report.pictures.canvas import WIDE, UndrawablePanel
from icl_repro.report.pictures.figures import view_figure
from icl_repro.report.pictures.panels import draw_panel
from icl_repro.verification.pictures import Bars, Figure, Panel, ReferenceLine, Series
from tests.support.report_claims import loss_figure, strength_figure
from tests.support.report_fixture import rich_record
from tests.support.report_pictures import strengths

RISING = Series("rising", [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 4.0, 8.0])


def panel(*series, **more):
    return Panel("Title", "steps", "loss", list(series), **more)


def drawn(one_panel):
    """The parsed SVG of a figure with one panel."""
    view = view_figure(Figure("f", "caption", "Figure 1", [one_panel]), "p")
    assert view.panels[0].problem == ""
    return ET.fromstring(view.panels[0].svg)


def part(svg, gid):
    return next(element for element in svg.iter() if element.get("data-part") == gid)


def pieces(svg, gid):
    """How many separate strokes a line is drawn with."""
    return sum(path.get("d", "").count("M") for path in part(svg, gid).iter("path"))


def marks(svg, gid):
    """Left edge and height of each mark of a series."""
    (path,) = [one for one in part(svg, gid).iter("path") if one.get("class") != "spread"]
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)", path.get("d"))]


def style(svg, gid):
    return " ".join(element.get("style", "") for element in part(svg, gid).iter())


def texts(svg):
    return ["".join(element.itertext()) for element in svg.iter("text")]


def test_text_stays_text_and_the_drawing_scales():
    svg = drawn(panel(RISING, lines=[ReferenceLine("ln 2", math.log(2))]))
    assert {"steps", "loss", "ln 2"} <= set(texts(svg))
    assert svg.get("viewBox") == f"0 0 {WIDE[0]} {WIDE[1]}"
    assert svg.get("width") is None
    assert svg.get("height") is None


def test_it_can_be_read_out():
    svg = drawn(panel(RISING, lines=[ReferenceLine("ln 2", math.log(2))]))
    assert svg.get("role") == "img"
    title, description = svg.find("title"), svg.find("desc")
    assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Title"
    assert "rising: from 1 at 0 to 8 at 3, lowest 1, highest 8." in description.text
    assert "Reference line ln 2 at 0.6931." in description.text


def test_no_fixed_colour_is_left():
    view = view_figure(strength_figure(5), "p")
    for one in view.panels:
        colours = re.findall(r"(?:fill|stroke): ([^;\"]+)", one.svg)
        assert colours
        assert {c for c in colours if not c.startswith("var(--")} <= {"none"}


def test_a_published_curve_is_dashed_in_the_colour_of_the_measured_one():
    measured = Series("train", RISING.x, RISING.y, group="train")
    published = Series("train", RISING.x, RISING.y, origin="published", group="train")
    svg = drawn(panel(published, measured))
    assert "stroke-dasharray" in style(svg, "series-0")
    assert "stroke-dasharray" not in style(svg, "series-1")
    colour = re.search(r"var\(--series-\d", style(svg, "series-1")).group()
    assert colour in style(svg, "series-0")


def test_groups_keep_their_colour_over_the_panels_of_a_figure():
    one, two = Series("a", [0.0, 1], [0.0, 1]), Series("b", [0.0, 1], [0.0, 1])
    view = view_figure(Figure("f", "c", "s", [panel(one, two), panel(two)]), "p")
    by_label = [{entry.label: entry.colour for entry in p.legend} for p in view.panels]
    assert by_label[0]["b"] == by_label[1]["b"] != by_label[0]["a"]


def test_the_legend_names_a_published_curve_only_where_nothing_measured_stands_for_it():
    figure = loss_figure(5)
    (legend,) = [p.legend for p in view_figure(figure, "p").panels]
    assert [entry.label for entry in legend] == ["train", "test (exemplars)", "test (relabel)"]
    lonely = Series("theirs", RISING.x, RISING.y, origin="published")
    view = view_figure(Figure("f", "c", "s", [panel(RISING, lonely)]), "p")
    assert [(entry.label, entry.mark, entry.open) for entry in view.panels[0].legend] == [
        ("rising", "line", False),
        ("theirs (published)", "line", True),
    ]


def test_a_panel_of_published_curves_alone_does_not_say_so_in_every_name():
    lonely = Series("theirs", RISING.x, RISING.y, origin="published")
    view = view_figure(Figure("f", "c", "s", [panel(lonely)]), "p")
    assert [(entry.label, entry.open) for entry in view.panels[0].legend] == [("theirs", True)]


BEHIND = Series("a, too", [0.0, 1], [1.0, 0], origin="published", group="a", background="others")


def test_the_background_is_thin_and_pale_behind_all_others_in_their_colour():
    ours = Series("a", [0.0, 1.0], [0.0, 1.0], group="a")
    svg = drawn(panel(ours, BEHIND))
    behind, front = style(svg, "series-1"), style(svg, "series-0")
    assert "stroke-dasharray" not in behind
    assert "stroke-opacity: 0.4" in behind
    assert [
        float(re.search(r"stroke-width: ([\d.]+)", one).group(1)) for one in (behind, front)
    ] == [0.8, 2]
    assert re.search(r"var\(--series-\d", front).group() in behind
    order = [one.get("data-part") for one in svg.iter() if one.get("class") == "series"]
    assert order == ["series-1", "series-0"]


def test_the_legend_has_one_entry_for_all_of_a_background():
    ours = Series("a", [0.0, 1.0], [0.0, 1.0], group="a")
    theirs = Series("a", [0.0, 1.0], [0.0, 1.0], group="a", origin="published")
    view = view_figure(Figure("f", "c", "s", [panel(BEHIND, ours, BEHIND)]), "p")
    assert [(one.label, one.thin) for one in view.panels[0].legend] == [
        ("a", False),
        ("others", True),
    ]
    assert view.key == "", "the legend says it"
    svg = drawn(panel(BEHIND, ours, BEHIND, theirs))
    assert "In the background, others: 2." in svg.find("desc").text
    assert "a, too" not in svg.find("desc").text


def test_the_legend_names_what_only_labels_tell_apart_by_its_group():
    x, y = [0.0, 1.0], [0.0, 1.0]
    heads = [Series(f"layer {n // 2} head {n % 2}", x, y, group=f"layer {n // 2}") for n in (0, 1)]
    alone = Series("layer 1 head 0", x, y, group="layer 1")
    marked = Series("layer 1, marked", x, y, style="circles", group="layer 1")
    view = view_figure(Figure("f", "c", "s", [panel(*heads, alone, marked)]), "p")
    assert [entry.label for entry in view.panels[0].legend] == [
        "layer 0",
        "layer 1 head 0",
        "layer 1, marked",
    ]


def test_labels_of_upright_lines_do_not_lie_on_one_another():
    lines = [ReferenceLine("the change begins", 1.0, "x"), ReferenceLine("ends", 1.2, "x")]
    apart = [ReferenceLine("begins", 0.2, "x"), ReferenceLine("ends", 2.0, "x")]
    heights = [
        [
            float(text.get("y"))
            for index in range(2)
            for text in part(drawn(panel(RISING, lines=both)), f"reference-{index}").iter("text")
        ]
        for both in (lines, apart)
    ]
    assert heights[0][1] > heights[0][0] + 10
    assert heights[1][0] == heights[1][1] == heights[0][0]


@pytest.mark.parametrize("reach", [(10.0, 1.0), (1.0, 10.0)])
def test_axes_of_the_same_unit_leave_angles_as_they_are(reach):
    x, y = reach
    right_angle = Series("turn", [0.0, x, x - y / 2], [0.0, y, y + x / 2])
    svg = drawn(panel(right_angle, same_unit=True))
    axes = part(svg, "axes")
    (low, high, start, end), (bottom, top, lower, upper) = (
        map(float, axes.get(f"data-{axis}").split()) for axis in "xy"
    )
    assert (end - start) / (high - low) == pytest.approx((lower - upper) / (top - bottom))
    assert low < 0 or bottom < 0, "room around one of both"


def test_axes_of_the_same_unit_are_linear():
    with pytest.raises(
        ValueError, match=r"panel 'Title': axes with the same unit must both be lin"
    ):
        panel(RISING, same_unit=True, y_scale="log")


def test_bars_have_no_background():
    with pytest.raises(ValueError, match="series 'a, too': bars have no background"):
        Bars("bars", "x", "y", ["one", "two"], [BEHIND])


@pytest.mark.parametrize(
    ("style", "key"),
    [
        ("line", "Solid lines: measured; dashed lines: as published."),
        ("triangles", "Filled marks: measured; open marks: as published."),
    ],
)
def test_the_caption_tells_measured_from_published(style, key):
    ours = Series("a", [0.0, 1.0], [0.0, 1.0], style=style, group="a")
    theirs = Series("b", [0.0, 1.0], [0.0, 1.0], style=style, group="a", origin="published")
    assert view_figure(Figure("f", "c", "s", [panel(ours, theirs)]), "p").key == key
    assert view_figure(Figure("f", "c", "s", [panel(ours), panel(theirs)]), "p").key == ""


def test_circles_and_triangles_stay_where_they_are_and_published_ones_are_open():
    x, y = [0.1, 0.5], [0.3, 0.9]
    series = [
        Series("circles", x, y, style="circles", group="a"),
        Series("triangles", x, y, style="triangles", group="b"),
        Series("their circles", x, y, style="circles", group="a", origin="published"),
    ]
    svg = drawn(panel(*series))
    circles, triangles, theirs = (marks(svg, f"series-{index}") for index in range(3))
    assert circles == theirs
    assert [x + 3 for x, _ in circles] == pytest.approx([x for x, _ in triangles], abs=0.11)
    assert ["fill-opacity: 0;" in style(svg, f"series-{i}") for i in range(3)] == [0, 0, 1]
    shapes = [part(svg, f"series-{index}").find("path").get("d") for index in range(2)]
    assert ("a" in shapes[0], "a" in shapes[1]) == (True, False), "a circle and a triangle"


def test_panels_that_share_a_legend_show_it_once():
    view = view_figure(Figure("f", "c", "s", [panel(RISING), panel(RISING, y_scale="log")]), "p")
    assert [entry.label for entry in view.legend] == ["rising"]
    assert [p.legend for p in view.panels] == [(), ()]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_missing_values_are_gaps(missing):
    x = [float(i) for i in range(7)]
    whole = Series("s", x, [1.0, 2, 3, 2, 1, 2, 3])
    gap = Series("s", x, [1.0, 2, 3, missing, 1, 2, 3])
    assert pieces(drawn(panel(whole)), "series-0") == 1
    assert pieces(drawn(panel(gap)), "series-0") == 2


def test_a_point_between_two_gaps_can_be_seen():
    lone = Series("s", [0.0, 1, 2, 3, 4], [1.0, None, 2.0, None, 3.0])
    _, points = part(drawn(panel(lone)), "series-0").iter("path")
    assert points.get("d").count("M") == 3, "drawn with marks"


def test_what_is_not_positive_is_a_gap_on_a_logarithmic_axis():
    series = Series("s", [1.0, 2, 3, 4, 5], [1.0, 0.1, 0.0, 0.1, 1.0])
    assert pieces(drawn(panel(series, y_scale="log")), "series-0") == 2


def test_bands_points_and_error_bars():
    x, y = RISING.x, RISING.y
    low, high = [0.5, 1, 2, 4], [2.0, 4, 8, 16]
    band = drawn(panel(Series("s", x, y, low, high)))
    assert "fill-opacity: 0.16" in style(band, "series-0")
    bars = drawn(panel(Series("s", x, y, low, high, style="points")))
    assert len(marks(bars, "series-0")) == 4
    spread = next(one for one in bars.iter() if one.get("class") == "spread")
    assert spread.get("d").count("M") == 4


def test_limits_are_kept():
    labels = texts(drawn(panel(RISING, x_limits=(0, 1e6), y_limits=(0, 20))))
    assert {"0", "200k", "1M", "20"} <= set(labels)


@pytest.mark.parametrize("limits", [(math.nan, 1.0), (0.0, math.inf), (1.0, 1.0), (2.0, 1.0)])
def test_limits_that_make_no_sense_do_no_harm(limits):
    drawn(panel(RISING, x_limits=limits, y_limits=limits))
    drawn(panel(RISING, y_scale="log", y_limits=(-1.0, 5.0)))


def test_counts_have_no_ticks_between_them():
    labels = texts(drawn(panel(Series("s", [2.0, 3.0, 4.0, 5.0], RISING.y, style="points"))))
    assert {"2", "3", "4", "5"} <= set(labels)
    assert "2.5" not in labels


def test_two_figures_of_one_page_share_no_id():
    ids = [
        element.get("id")
        for prefix in ("one", "two")
        for one in view_figure(strength_figure(5), prefix).panels
        for element in ET.fromstring(one.svg).iter()
        if element.get("id")
    ]
    assert len(ids) > 10
    assert len(set(ids)) == len(ids)


def test_references_inside_a_figure_lead_somewhere():
    for one in view_figure(strength_figure(5), "p").panels:
        svg = ET.fromstring(one.svg)
        ids = {element.get("id") for element in svg.iter()}
        wanted = re.findall(r"(?:url\(|href=\")#([^)\"]+)", one.svg)
        assert wanted
        assert set(wanted) <= ids


def test_drawing_twice_gives_the_same():
    assert view_figure(strength_figure(5), "p") == view_figure(strength_figure(5), "p")


HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    r"$\frac{broken$ and $x^2$",
    "漢字 🙂 \u202e",
    "line\nbreak",
    "\x00\x1b[31mred\x1b[0m\ud800",
    "long " * 100,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.filterwarnings("error")
def test_any_text_can_stand_in_a_figure(text):
    series = Series(text, RISING.x, RISING.y, group=text)
    hostile = Panel(
        text, text, text, [series], [ReferenceLine(text, 2), ReferenceLine(text, 1, "x")]
    )
    svg = drawn(hostile)
    assert not list(svg.iter("script"))
    if text.startswith(("<", '"', "$")):
        assert text in texts(svg), "as it stands: not markup, not a formula"


def test_extreme_values_are_drawn_without_complaint():
    drawn(panel(Series("s", [0.0, 1e300], [-1e300, 1e300])))
    drawn(panel(Series("s", [1.0, 1.0], [2.0, 2.0])))
    drawn(panel(Series("s", [1e-300, 1.0], [1e-300, 1.0]), x_scale="log", y_scale="log"))
    drawn(panel(RISING, lines=[ReferenceLine("never", math.nan)]))


@pytest.mark.parametrize(
    ("series", "problem"),
    [
        (Series("s", [1.0, 2.0], [1.0]), "'s' has 2 x, 1 y values"),
        (Series("s", [1.0], [1.0], low=[1.0], high=[]), "1 x, 1 y, 1 low, 0 high values"),
        (Series("s", [], []), "no value that can be drawn"),
        (Series("s", [1.0], [None]), "no value that can be drawn"),
    ],
)
def test_what_cannot_be_drawn_says_why(series, problem):
    with pytest.raises(UndrawablePanel, match=re.escape(problem)):
        draw_panel(panel(series), {"s": "series-0"})
    view = view_figure(Figure("f", "c", "s", [panel(series), panel(RISING)]), "p")
    assert problem in view.panels[0].problem
    assert view.panels[1].svg, "the other panel is drawn all the same"


def test_nothing_heavy_is_imported_before_something_is_drawn():
    script = (
        "import sys, icl_repro.report\n"
        "heavy = {'jinja2', 'jax', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_figure_of_the_example_can_be_drawn():
    figures = [f for c in rich_record().claims for t in c.trials for f in t.evidence.figures]
    assert len(figures) > 10
    for figure in figures:
        assert all(one.svg for one in view_figure(figure, "p").panels)


def test_points_over_the_same_places_stand_side_by_side():
    def places(count):
        series = [Series(str(i), [2.0, 3.0], [1.0, 2.0], style="points") for i in range(count)]
        svg = drawn(panel(*series))
        return [[x for x, _ in marks(svg, f"series-{i}")] for i in range(count)]

    ((alone, _),) = places(1)
    (left, _), (right, _) = places(2)
    assert right - left == pytest.approx(8, abs=0.1)
    assert (left + right) / 2 == pytest.approx(alone, abs=0.1)


def test_steps_of_one_quantity_get_the_colours_of_a_scale_in_their_order():
    view = view_figure(strengths(), "p")
    colours = [entry.colour for entry in view.legend]
    shares = [float(re.search(r"([\d.]+)%", colour)[1]) for colour in colours]
    assert shares == sorted(set(shares))
    assert (shares[0], shares[-1]) == (0, 100)
    for panel in view.panels:
        assert "color-mix" in panel.svg


def test_a_legend_serves_panels_that_show_a_part_of_the_same():
    view = view_figure(strengths(), "p")
    assert [entry.label for entry in view.legend] == [
        f"strength {step}" for step in ("1", "0.9", "0.8", "0.7", "0.6", "0.5")
    ]
    assert not any(entry.open for entry in view.legend)
    assert [panel.legend for panel in view.panels] == [(), ()]
