"""Draws a panel with axes: curves, points and reference lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from icl_repro.report.pictures.canvas import (
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
from icl_repro.verification.pictures import Panel, Series

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

PUBLISHED_DASHES = (0, (4.5, 2.6))
"""How a published line is drawn, and the outline of a published bar."""

BACKGROUND_WIDTH, BACKGROUND_ALPHA = 0.8, {True: 0.65, False: 0.4}
"""How thin the lines and marks of the background are, and how pale: marks (True) and lines."""

_MARKERS = {"points": "o", "circles": "o", "triangles": "^"}


def draw_panel(panel: Panel, colours: Mapping[str, str], size: tuple[int, int] = WIDE) -> str:
    """The panel as an SVG document in placeholder colours (see :mod:`palette`).

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

    def draw(axes: Axes) -> None:
        _set_up_axes(axes, panel)
        # Published curves go on top: dashes over a solid line show both, the other way round hides.
        # Only those of the background stay behind.
        for index, series in enumerate(panel.series):
            drawn = _draw_series(axes, series, placeholder(colours[group_of(series)]))
            for name, artist in drawn.items():
                artist.set_gid(f"series-{index}{name}")
                _shift(axes, artist, _sidestep(panel, index))
        for index, line in enumerate(panel.lines):
            draw_reference(axes, line, f"reference-{index}")
        _set_limits(axes, panel)
        place_axes(axes, size, panel.x_label, panel.y_label)

    return draw_axes(draw, size)


def _set_up_axes(axes: Axes, panel: Panel) -> None:
    for axis, scale, name in ((axes.xaxis, panel.x_scale, "x"), (axes.yaxis, panel.y_scale, "y")):
        if scale == "log":
            getattr(axes, f"set_{name}scale")("log", nonpositive="mask")
        set_ticks(axis, scale, whole=name == "x" and _whole_numbers(panel))
    style_axes(axes)
    points = any(series.style != "line" for series in panel.series)
    axes.margins(x=0.04 if points else 0.01, y=0.06)


def _draw_series(axes: Axes, series: Series, colour: str) -> dict[str, Artist]:
    """Draw a series; gives its artists by what their name adds to that of the series."""
    artists: dict[str, Artist] = {}
    x, y = _gaps(series.x), _gaps(series.y)
    published = series.origin == "published"
    behind = bool(series.background)
    if series.low is not None and series.high is not None:
        low, high = _gaps(series.low), _gaps(series.high)
        if series.style in _MARKERS:
            spread = axes.vlines(x, low, high, color=colour, linewidth=1.4)
        else:
            spread = axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        artists["-spread"] = spread
    if series.style in _MARKERS:
        (line,) = axes.plot(
            x,
            y,
            linestyle="none",
            marker=_MARKERS[series.style],
            markersize=(6.5 if series.style == "triangles" else 6) * (0.7 if behind else 1),
            markerfacecolor="none" if published else colour,
            markeredgecolor=colour,
            markeredgewidth=BACKGROUND_WIDTH if behind else 1.4,
        )
    else:
        width = BACKGROUND_WIDTH if behind else 1.5 if published else 2.0
        (line,) = axes.plot(x, y, color=colour, linewidth=width)
        if published and not behind:
            line.set_linestyle(PUBLISHED_DASHES)
        elif _has_lone_points(y):
            line.set_marker("o")
            line.set_markersize(3)
    line.set_zorder(1.5 if behind else 3 if published else 2.5)
    if published:
        line.set_alpha(BACKGROUND_ALPHA[series.style in _MARKERS] if behind else 0.8)
    artists[""] = line
    return artists


def _sidestep(panel: Panel, index: int) -> float:
    """How far to move a series of points aside, in units of the drawing.

    Points over the same few places (counts, say) would otherwise hide one another. Circles and
    triangles can be told apart where they meet, and keep their places.
    """
    places = panel.series[index].x
    rivals = [i for i, s in enumerate(panel.series) if s.style == "points" and s.x == places]
    if index not in rivals or len(places) > 12:
        return 0.0
    return 8.0 * (rivals.index(index) - (len(rivals) - 1) / 2)


def _shift(axes: Axes, artist: Artist, distance: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    if distance:
        # Only now, when the limits of the axes know the true places.
        aside = ScaledTranslation(distance / 72, 0, axes.figure.dpi_scale_trans)
        artist.set_transform(axes.transData + aside)


def _set_limits(axes: Axes, panel: Panel) -> None:
    for limits, scale, name in (
        (panel.x_limits, panel.x_scale, "x"),
        (panel.y_limits, panel.y_scale, "y"),
    ):
        if limits is not None and all(_on_axis(end, scale) for end in limits):
            getattr(axes, f"set_{name}lim")(*limits)


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


def _has_points(series: Series, panel: Panel) -> bool:
    return any(
        _on_axis(x, panel.x_scale) and _on_axis(y, panel.y_scale)
        for x, y in zip(series.x, series.y, strict=True)
    )


def _on_axis(value: float | None, scale: str) -> bool:
    return value is not None and math.isfinite(value) and (scale == "linear" or value > 0)


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [value if value is not None and math.isfinite(value) else math.nan for value in values]


def _whole_numbers(panel: Panel) -> bool:
    """Whether the horizontal axis counts something: between 2 and 3 there is then no tick."""
    return all(
        x is None or not math.isfinite(x) or x == round(x)
        for series in panel.series
        for x in series.x
    )


def _has_lone_points(y: Sequence[float]) -> bool:
    """Whether a point stands between two gaps, where a line alone would not show it."""
    present = [False, *(not math.isnan(value) for value in y), False]
    return any(
        here and not before and not after
        for before, here, after in zip(present, present[1:], present[2:], strict=False)
    )
