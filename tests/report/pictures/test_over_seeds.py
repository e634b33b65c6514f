"""Figures of several seeds become one: every seed, their mean, what was published once."""

import msgspec
import pytest

from icl_repro.report.pictures.figures import view_figure
from icl_repro.report.pictures.over_seeds import MOST_POINTS, in_common, mean_of, merge
from icl_repro.verification.pictures import Bars, Figure, Panel, ReferenceLine, Series
from tests.support.report_pictures import published_map

PUBLISHED = Series("theirs", [0.0, 2.0], [5.0, 5.0], origin="published", group="a")


def figure(seed, *panels):
    return Figure("f", f"Networks of seed {seed} alone.", "Figure 1", list(panels))


def curves(x, y, label="a", **more):
    return Panel("", "steps", "size", [Series(label, x, y, group="a"), PUBLISHED], **more)


def merged(*panels):
    return merge([(seed, figure(seed, panel)) for seed, panel in enumerate(panels, 5)])


def test_every_seed_and_the_mean_where_all_have_values_and_the_published_once():
    found = merged(curves([0.0, 2.0], [1.0, 3.0]), curves([0.0, 1.0, 4.0], [3.0, 4.0, 7.0]))
    (panel,) = found.figure.panels
    mean, five, six, theirs = panel.series
    assert (mean.is_mean, mean.x, mean.y) == (True, [0, 1, 2], [2, 3, 4])
    assert [(one.seed, one.y) for one in (five, six)] == [(5, [1, 3]), (6, [3, 4, 7])]
    assert theirs == PUBLISHED
    assert (found.first, found.rest) == (None, [])
    assert found.figure.caption == "Networks of seed … alone."


def test_a_gap_of_one_seed_is_a_gap_of_the_mean():
    x = [0.0, 1.0, 2.0, 3.0]
    _, y = mean_of([Series("a", x, [0.0, 1, 2, 3]), Series("a", x, [0.0, None, 2, 3])])
    assert y == [0, None, 2, 3]


def test_the_mean_has_no_more_points_than_can_be_seen():
    x = [float(i) for i in range(1000)]
    places, values = mean_of([Series("a", x, x), Series("a", [0.0, 999.0], [0.0, 999.0])])
    assert len(places) == MOST_POINTS
    assert values == pytest.approx(places)


def test_curves_without_a_common_place_and_points_in_different_places_have_no_mean():
    assert mean_of([Series("a", [0.0, 1], [0.0, 1]), Series("a", [2.0, 3], [0.0, 1])]) is None
    assert mean_of([Series("a", [0.0], [None]), Series("a", [], [])]) is None
    points = [Series("a", [x], [1.0], style="points") for x in (0.1, 0.2)]
    assert mean_of(points) is None
    assert mean_of([points[0], points[0]]) == ([0.1], [1.0])


def test_what_is_called_otherwise_on_every_seed_is_called_by_its_group():
    panels = [curves([0.0, 1.0], [0.0, 1.0], f"part {n}") for n in (3, 7)]
    (panel,) = merged(*panels).figure.panels
    assert [one.label for one in panel.series] == ["a", "part 3", "part 7", "theirs"]
    (view,) = view_figure(merged(*panels).figure, "p").panels
    assert [entry.label for entry in view.legend] == ["a"]


def test_seeds_without_a_mean_are_named_once():
    def points(x):
        return Panel("", "x", "y", [Series("dots", [x], [1.0], style="points", group="a")])

    view = view_figure(merged(points(1.0), points(2.0)).figure, "p")
    assert [entry.label for entry in view.panels[0].legend] == ["dots"]
    assert view.kinds == ["seed 5", "seed 6"]
    assert view.key == "Marks of all 2 seeds."


def test_lines_that_differ_stand_at_their_mean_and_limits_hold_all():
    one, two = (
        curves([0.0, 1.0], [0.0, 1.0], lines=[ReferenceLine("all", at)], x_limits=(0, at))
        for at in (1.0, 3.0)
    )
    (panel,) = merged(one, two).figure.panels
    assert panel.lines == [ReferenceLine("all", 2)]
    assert panel.x_limits == (0, 3)


def test_maps_stay_of_one_seed_and_what_is_the_same_is_shown_once():
    theirs = published_map("published")
    ours = [
        msgspec.structs.replace(theirs, values=[[v + seed for v in row] for row in theirs.values])
        for seed in (5, 6)
    ]
    line = curves([0.0, 1.0], [0.0, 1.0])
    found = merge([(5, figure(5, line, ours[0], theirs)), (6, figure(6, line, ours[1], theirs))])
    assert found.figure.panels == [line, ours[0], theirs]
    assert found.first == 5
    assert [(seed, one.panels) for seed, one in found.rest] == [(6, [ours[1]])]


@pytest.mark.parametrize(
    "other",
    [
        Panel("", "steps", "another size", [Series("a", [0.0, 1.0], [0.0, 1.0], group="a")]),
        Panel("", "steps", "size", [Series("b", [0.0, 1.0], [0.0, 1.0], group="b")]),
        Bars("", "steps", "size", ["one"], [Series("a", [0.0], [1.0])]),
    ],
)
def test_what_has_other_axes_or_groups_is_not_merged(other):
    first = curves([0.0, 1.0], [0.0, 1.0])
    found = merged(first, other)
    assert found.figure.panels == [first]
    assert [one.panels for _, one in found.rest] == [[other]]


def test_figures_of_different_length_stay_apart():
    line = curves([0.0, 1.0], [0.0, 1.0])
    found = merge([(5, figure(5, line)), (6, figure(6, line, line))])
    assert found.figure == figure(5, line)
    assert found.rest == [(6, figure(6, line, line))]


def test_seeds_are_thin_behind_their_thick_mean():
    found = merged(curves([0.0, 1.0], [0.0, 1.0]), curves([0.0, 1.0], [1.0, 2.0]))
    svg = view_figure(found.figure, "p").panels[0].svg
    order = [svg.index(f'data-part="series-{index}"') for index in (1, 2, 0, 3)]
    assert order == sorted(order), "seeds, mean, published"
    assert svg.count("stroke-width: 0.9; stroke-opacity: 0.6") == 2


def test_what_texts_have_in_common():
    assert in_common(["a b c", "a b c"]) == "a b c"
    assert in_common(["seed 5 of all", "seed 6 of all"]) == "seed … of all"
    assert in_common(["one", "two three"]) == "…"
    assert in_common(["a a", "a a a"]) == "a a …"
