"""Draws bars side by side in categories, the published ones beside the measured ones."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from icl_repro.report.pictures.canvas import CHARACTER, WIDE, UndrawablePanel, group_of
from icl_repro.report.pictures.frame import Frame, Kind, draw_frame, draw_references, frame_around
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.pictures.panels import PUBLISHED_DASHES, require_equal_lengths
from icl_repro.report.pictures.scales import is_on_axis, limits_around
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.report.plain_text import printable
from icl_repro.verification.pictures import Bars, Series

_MOST_LINES = 3
_FILLED = 0.82
"""Share of the room of a category that its bars take."""


def draw_bars(bars: Bars, colours: Mapping[str, str], size: tuple[int, int] = WIDE) -> ET.Element:
    """The bars as an SVG element.

    Args:
        bars: what to draw; missing values leave a gap.
        colours: the colour name of each series, by :func:`group_of`.
        size: width and height in SVG units.

    Raises:
        UndrawablePanel: a series has more x than y values, or there is no value to draw.
    """
    for series in bars.series:
        require_equal_lengths(series)
    if not any(is_on_axis(y) for series in bars.series for y in series.y):
        raise UndrawablePanel("it has no value that can be drawn on its axes")
    x = Kind(bars.x_label, (-0.5, len(bars.categories) - 0.5))
    labels = _labels(bars.categories, size[0])
    frame = frame_around(x, Kind(bars.y_label, _limits(bars)), size, labels)
    shapes = Shapes(*size)
    draw_frame(shapes, frame)
    across, up = frame.x, frame.y
    with shapes.window(across.start, up.end - 1, across.end - across.start, up.start - up.end + 1):
        for index, series in enumerate(bars.series):
            with shapes.group(part=f"series-{index}", css="series"):
                _draw_series(shapes, frame, bars, index, css_variable(colours[group_of(series)]))
    draw_references(shapes, frame, bars.lines)
    return shapes.element()


def values_of(series: Series) -> Iterator[tuple[int, float, float | None, float | None]]:
    """The bars of a series that can be drawn: category, height, and the ends of the error bar."""
    missing: list[float | None] = [None] * len(series.x)
    for x, y, low, high in zip(
        series.x, series.y, series.low or missing, series.high or missing, strict=True
    ):
        if x is not None and y is not None and math.isfinite(y):
            yield int(x), y, low, high


def _draw_series(shapes: Shapes, frame: Frame, bars: Bars, index: int, colour: str) -> None:
    series = bars.series[index]
    published = series.origin == "published"
    style = f"fill: {colour}; stroke: {colour}; stroke-width: 1.1"
    if published:
        style += f"; fill-opacity: 0.22; stroke-dasharray: {PUBLISHED_DASHES}"
    aside, width = _room(bars, index)
    base = frame.y.place(min(max(0.0, frame.y.low), frame.y.high))
    left, right = frame.x.place(aside - width / 2), frame.x.place(aside + width / 2)
    step = frame.x.place(1) - frame.x.place(0)
    spread = ""
    for number, (category, height, low, high) in enumerate(values_of(series)):
        start, end = left + category * step, right + category * step
        path = f"M{start:.1f} {base:.1f}V{frame.y.place(height):.1f}H{end:.1f}V{base:.1f}Z"
        shapes.path(path, style, part=f"series-{index}-bar-{number}", css="bar")
        if low is not None and high is not None and is_on_axis(low) and is_on_axis(high):
            middle = (start + end) / 2
            spread += f"M{middle:.1f} {frame.y.place(low):.1f}V{frame.y.place(high):.1f}"
    if spread:
        ink = css_variable("ink")
        part = f"series-{index}-spread"
        shapes.path(spread, f"stroke: {ink}; stroke-width: 1.2", part=part, css="spread")


def _room(bars: Bars, index: int) -> tuple[float, float]:
    """How far from the middle of the category the bars of a series stand, and how wide they are."""
    order = _order(bars.series)
    width = _FILLED / len(order)
    return (order.index(index) - (len(order) - 1) / 2) * width, 0.9 * width


def _limits(bars: Bars) -> tuple[float, float]:
    given = bars.y_limits
    if given and given[0] < given[1] and all(map(math.isfinite, given)):
        return given
    values: list[float | None] = [0.0, *(line.value for line in bars.lines if line.axis == "y")]
    for series in bars.series:
        values += [*series.y, *(series.low or []), *(series.high or [])]
    low, high = limits_around(values, 0.05)
    known = [value for value in values if value is not None and math.isfinite(value)]
    # Bars stand on the axis, unless some hang from it.
    return (low if min(known) < 0 else 0.0), (high if max(known) > 0 else 0.0)


def _order(series: Sequence[Series]) -> list[int]:
    """Positions of the series as drawn: published ones right after what they are published of."""
    first: dict[str, int] = {}
    for index, one in enumerate(series):
        first.setdefault(group_of(one), index)
    return sorted(
        range(len(series)),
        key=lambda index: (
            first[group_of(series[index])],
            series[index].origin == "published",
            index,
        ),
    )


def _labels(categories: Sequence[str], width: int) -> list[list[str]]:
    """The names below the bars, in as many lines as they need."""
    room = max(3, math.floor((width - 60) / len(categories) / CHARACTER) - 1)
    return [
        textwrap.wrap(printable(name), room, max_lines=_MOST_LINES, placeholder="…")
        for name in categories
    ]
