"""Draws a panel with axes: curves, points and reference lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.canvas import WIDE, UndrawablePanel, group_of
from icl_repro.report.pictures.frame import (
    Frame,
    Kind,
    draw_frame,
    draw_references,
    frame_around,
    with_same_unit,
)
from icl_repro.report.pictures.over_seeds import OverSeeds
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.pictures.paths import band, curve
from icl_repro.report.pictures.scales import is_on_axis, limits_around
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.verification.pictures import Panel, Series

PUBLISHED_DASHES = "6 3.5"
"""How a published line is drawn, and the outline of a published bar."""

BACKGROUND_WIDTH, BACKGROUND_ALPHA = 0.8, {True: 0.65, False: 0.4}
"""How thin the lines and marks of the background are, and how pale: marks (True) and lines."""

_SEED_WIDTH, _SEED_ALPHA = 0.9, 0.6
"""How thin and pale one seed among several is drawn, whose mean is drawn thick."""

_ASIDE = 8.0
"""How far apart rival points stand side by side, in SVG units."""

_Place = tuple[float, float]
_Item = TypeVar("_Item")


def draw_panel(
    panel: Panel, colours: Mapping[str, str], size: tuple[int, int] = WIDE
) -> ET.Element:
    """The panel as an SVG element.

    Args:
        panel: what to draw. Missing values (``None``, NaN, infinities) are gaps; so is everything
            that is not positive on a logarithmic axis.
        colours: the colour name of each series, by :func:`group_of`.
        size: width and height in SVG units.

    Raises:
        UndrawablePanel: a series has more x than y values (or a band of another length), or
            there is no value at all to draw.
    """
    for series in panel.series:
        require_equal_lengths(series)
    if not any(_has_points(series, panel) for series in panel.series):
        raise UndrawablePanel("it has no value that can be drawn on its axes")
    marks = any(series.style != "line" for series in panel.series)
    frame = frame_around(
        Kind(
            panel.x_label,
            _limits(panel, "x", 0.04 if marks else 0.01),
            panel.x_scale == "log",
            _whole_numbers(panel),
        ),
        Kind(panel.y_label, _limits(panel, "y", 0.06), panel.y_scale == "log"),
        size,
    )
    if panel.same_unit:
        frame = with_same_unit(frame)
    shapes = Shapes(*size)
    draw_frame(shapes, frame)
    means = {group_of(one) for one in panel.series if isinstance(one, OverSeeds) and one.is_mean}
    # Marks at an edge are seen whole.
    spare = 5.0 if marks else 1.0
    x, y = frame.x, frame.y
    with shapes.window(
        x.start - spare, y.end - spare, x.end - x.start + 2 * spare, y.start - y.end + 2 * spare
    ):
        for index in sorted(range(len(panel.series)), key=lambda i: _height(panel.series[i])):
            series = panel.series[index]
            with shapes.group(part=f"series-{index}", css="series"):
                colour = css_variable(colours[group_of(series)])
                aside = sidestep(panel, index)
                has_mean = group_of(series) in means
                _draw_series(shapes, frame, series, colour, aside, has_mean=has_mean)
    draw_references(shapes, frame, panel.lines)
    return shapes.element()


def sidestep(panel: Panel, index: int) -> float:
    """How far to move a series of points aside, in units of the drawing.

    Points over the same few places (counts, say) would otherwise hide one another. Circles and
    triangles can be told apart where they meet, and keep their places; seeds and their mean stay
    together.
    """
    here = panel.series[index]
    if here.style != "points" or len(here.x) > 12:
        return 0.0
    rivals = dict.fromkeys(
        _rival(series, number)
        for number, series in enumerate(panel.series)
        if series.style == "points" and series.x == here.x
    )
    return _ASIDE * (list(rivals).index(_rival(here, index)) - (len(rivals) - 1) / 2)


def require_equal_lengths(series: Series) -> None:
    """Raise :class:`UndrawablePanel` unless a series has as many of x, y and its band."""
    lengths = {"x": len(series.x), "y": len(series.y)}
    if series.low is not None and series.high is not None:
        lengths |= {"low": len(series.low), "high": len(series.high)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{amount} {name}" for name, amount in lengths.items())
        raise UndrawablePanel(
            f"the series {series.label!r} has {found} values; it needs as many of each"
        )


def _rival(series: Series, index: int) -> tuple[str, str] | int:
    return (group_of(series), series.origin) if isinstance(series, OverSeeds) else index


def _height(series: Series) -> float:
    """What lies on top: published curves, as dashes over a solid line show both; the other way
    round hides. Only those of the background stay behind.
    """
    if series.background:
        return 0
    if series.origin == "published":
        return 3
    return 1 if isinstance(series, OverSeeds) and not series.is_mean else 2


def _draw_series(
    shapes: Shapes, frame: Frame, series: Series, colour: str, aside: float, *, has_mean: bool
) -> None:
    published = series.origin == "published"
    behind = bool(series.background)
    thin = isinstance(series, OverSeeds) and not series.is_mean and has_mean
    places = _places(frame, series.x, series.y, aside)
    if series.low is not None and series.high is not None:
        low = _places(frame, series.x, series.low, aside)
        high = _places(frame, series.x, series.high, aside)
        _draw_spread(shapes, low, high, colour, lines=series.style != "line")
    opacity = ""
    if behind:
        opacity = f"; stroke-opacity: {BACKGROUND_ALPHA[series.style != 'line']}"
    elif published:
        opacity = "; stroke-opacity: 0.8"
    elif thin:
        opacity = f"; stroke-opacity: {_SEED_ALPHA}"
    if series.style != "line":
        width = BACKGROUND_WIDTH if behind else 1 if thin else 1.4
        inside = f"fill: {colour}"
        if published or thin:
            inside += f"; fill-opacity: {0 if published else 0.4}"
        size = (3.25 if series.style == "triangles" else 3.0) * (0.7 if behind or thin else 1)
        marks = "".join(mark(series.style, place, size) for place in places if place)
        shapes.path(marks, f"{inside}; stroke: {colour}; stroke-width: {width:g}{opacity}")
        return
    width = BACKGROUND_WIDTH if behind else _SEED_WIDTH if thin else 1.5 if published else 2
    style = f"fill: none; stroke: {colour}; stroke-width: {width:g}{opacity}"
    if published and not behind:
        style += f"; stroke-dasharray: {PUBLISHED_DASHES}"
    shapes.path(_line(places), style)
    if lone := _lone(places):
        # Between two gaps a line alone would show nothing.
        shapes.path("".join(mark("points", place, 1.5) for place in lone), f"fill: {colour}")


def _draw_spread(
    shapes: Shapes, low: list[_Place | None], high: list[_Place | None], colour: str, *, lines: bool
) -> None:
    ends = [(a, b) if a and b else None for a, b in zip(low, high, strict=True)]
    if lines:
        path = "".join(f"M{a[0]:.1f} {a[1]:.1f}V{b[1]:.1f}" for a, b in filter(None, ends))
        shapes.path(path, f"stroke: {colour}; stroke-width: 1.4", part="", css="spread")
        return
    path = "".join(band([a for a, _ in run], [b for _, b in run]) for run in _runs(ends))
    shapes.path(path, f"fill: {colour}; fill-opacity: 0.16", css="spread")


def mark(style: str, place: _Place, size: float) -> str:
    """The path of a circle or a triangle around a place."""
    x, y = place
    if style == "triangles":
        return f"M{x:.1f} {y - size:.1f}l{size:.1f} {2 * size:.1f}h-{2 * size:.1f}z"
    half = f"a{size:g} {size:g} 0 1 0"
    return f"M{x - size:.1f} {y:.1f}{half} {2 * size:g} 0{half} -{2 * size:g} 0"


def _places(
    frame: Frame, x: Sequence[float | None], y: Sequence[float | None], aside: float
) -> list[_Place | None]:
    """Where the points lie; ``None`` for those that are missing."""
    return [
        (frame.x.place(a) + aside, frame.y.place(b))
        if a is not None
        and b is not None
        and is_on_axis(a, log=frame.x.log)
        and is_on_axis(b, log=frame.y.log)
        else None
        for a, b in zip(x, y, strict=True)
    ]


def _line(places: Sequence[_Place | None]) -> str:
    return "".join(map(curve, _runs(places)))


def _lone(places: Sequence[_Place | None]) -> list[_Place]:
    return [run[0] for run in _runs(places) if len(run) == 1]


def _runs(items: Sequence[_Item | None]) -> Iterator[list[_Item]]:
    """What stands between gaps, together."""
    run: list[_Item] = []
    for item in (*items, None):
        if item is not None:
            run.append(item)
        elif run:
            yield run
            run = []


def _limits(panel: Panel, axis: str, margin: float) -> tuple[float, float]:
    """The ends of an axis: as given, if they make sense, or around all data and lines."""
    log = (panel.x_scale if axis == "x" else panel.y_scale) == "log"
    given = panel.x_limits if axis == "x" else panel.y_limits
    if given and given[0] < given[1] and all(is_on_axis(end, log=log) for end in given):
        return given
    values: list[float | None] = [line.value for line in panel.lines if line.axis == axis]
    for series in panel.series:
        values += series.x if axis == "x" else series.y
        if axis == "y" and series.low is not None and series.high is not None:
            values += [*series.low, *series.high]
    return limits_around(values, margin, log=log)


def _has_points(series: Series, panel: Panel) -> bool:
    return any(
        is_on_axis(x, log=panel.x_scale == "log") and is_on_axis(y, log=panel.y_scale == "log")
        for x, y in zip(series.x, series.y, strict=True)
    )


def _whole_numbers(panel: Panel) -> bool:
    """Whether the horizontal axis counts something: between 2 and 3 there is then no tick."""
    return all(
        x is None or not math.isfinite(x) or x == round(x)
        for series in panel.series
        for x in series.x
    )
