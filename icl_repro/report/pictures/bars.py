"""Draws bars side by side in categories, the published ones beside the measured ones."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from icl_repro.report.pictures.canvas import (
    CHARACTER,
    WIDE,
    UndrawablePanel,
    draw_axes,
    draw_reference,
    group_of,
    place_axes,
    set_ticks,
    style_axes,
)
from icl_repro.report.pictures.palette import placeholder
from icl_repro.report.pictures.panels import PUBLISHED_DASHES, require_equal_lengths
from icl_repro.report.plain_text import printable
from icl_repro.verification.pictures import Bars, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_LINES = 3
_FILLED = 0.82
"""Share of the room of a category that its bars take."""


def draw_bars(bars: Bars, colours: Mapping[str, str], size: tuple[int, int] = WIDE) -> str:
    """The bars as an SVG document in placeholder colours (see :mod:`palette`).

    Args:
        bars: what to draw; missing values leave a gap.
        colours: the colour name of each series, by :func:`group_of`.
        size: width and height in SVG units.

    Raises:
        UndrawablePanel: a series has more x than y values, or there is no value to draw.
    """
    for series in bars.series:
        require_equal_lengths(series)
    if not any(_is_number(y) for series in bars.series for y in series.y):
        raise UndrawablePanel("it has no value that can be drawn on its axes")
    labels = _labels(bars.categories, size[0])

    def draw(axes: Axes) -> None:
        style_axes(axes)
        order = _order(bars.series)
        width = _FILLED / len(order)
        for place, index in enumerate(order):
            aside = (place - (len(order) - 1) / 2) * width
            series = bars.series[index]
            colour = placeholder(colours[group_of(series)])
            _draw_series(axes, series, colour, aside, width, f"series-{index}")
        for index, line in enumerate(bars.lines):
            draw_reference(axes, line, f"reference-{index}")
        axes.set_xticks(range(len(labels)), labels, parse_math=False)
        axes.tick_params(axis="x", length=0)
        set_ticks(axes.yaxis)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        if bars.y_limits is not None and all(map(math.isfinite, bars.y_limits)):
            axes.set_ylim(*bars.y_limits)
        lines = max(label.count("\n") + 1 for label in labels)
        place_axes(axes, size, bars.x_label, bars.y_label, lines)

    return draw_axes(draw, size)


def _draw_series(
    axes: Axes, series: Series, colour: str, aside: float, width: float, gid: str
) -> None:
    published = series.origin == "published"
    points = [
        (x + aside, y, low, high)
        for x, y, low, high in zip(
            series.x, series.y, *(ends or [None] * len(series.x) for ends in _bounds(series)),
            strict=True,
        )
        if x is not None and _is_number(y)
    ]  # fmt: skip
    drawn = axes.bar(
        [x for x, *_ in points],
        [y for _, y, *_ in points],
        width=width * 0.9,
        facecolor=colour,
        edgecolor=colour,
        linewidth=1.1,
        linestyle=PUBLISHED_DASHES if published else "solid",
        zorder=2,
    )
    for number, bar in enumerate(drawn):
        bar.set_gid(gid if number == 0 else f"{gid}-bar-{number}")
        if published:
            bar.set_fill(True)
            bar.set_facecolor(_faint(colour))
    spread = [(x, low, high) for x, _, low, high in points if _is_number(low) and _is_number(high)]
    if spread:
        ends = axes.vlines(
            [x for x, *_ in spread],
            [low for _, low, _ in spread],
            [high for *_, high in spread],
            color=placeholder("ink"),
            linewidth=1.2,
            zorder=3,
        )
        ends.set_gid(f"{gid}-spread")


def _faint(colour: str) -> tuple[str, float]:
    return (colour, 0.22)


def _bounds(series: Series) -> tuple[Sequence[float | None] | None, Sequence[float | None] | None]:
    return series.low, series.high


def _order(series: Sequence[Series]) -> list[int]:
    """Positions of the series as drawn: published ones right after what they are published of."""
    first = {}
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


def _labels(categories: Sequence[str], width: int) -> list[str]:
    """The names below the bars, in as many lines as they need."""
    room = max(3, math.floor((width - 60) / len(categories) / CHARACTER) - 1)
    return [
        "\n".join(textwrap.wrap(printable(name), room, max_lines=_MOST_LINES, placeholder="…"))
        for name in categories
    ]


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
