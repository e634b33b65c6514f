"""Figures of the evidence, ready for the page: panels as inline SVG, legends as text.

Legends and titles are HTML and not part of the drawing, so that they wrap on a phone and can be
searched, selected and translated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from icl_repro.report.canvas import NARROW, WIDE, UndrawablePanel, group_of
from icl_repro.report.inline_svg import inline
from icl_repro.report.numbers import axis_numbers, number
from icl_repro.report.palette import css_variable, series_name
from icl_repro.report.panels import draw_panel
from icl_repro.verification.evidence import Figure, Panel, Series


class LegendEntry(msgspec.Struct, frozen=True):
    """One name in a legend with the CSS colour and the kind of its mark.

    `mark` is ``line``, ``dashes``, ``points`` or ``rings`` (published points).
    """

    label: str
    colour: str
    mark: str


class PanelView(msgspec.Struct, frozen=True):
    """One panel: its SVG, or (`problem`) why it could not be drawn."""

    title: str
    svg: str
    legend: tuple[LegendEntry, ...]
    problem: str = ""


class FigureView(msgspec.Struct, frozen=True):
    """A whole figure. `legend` is set when all panels share one; theirs are then empty.

    `overlaid` tells that the figure holds published curves next to measured ones; `columns` is the
    number of panels side by side where there is room.
    """

    name: str
    caption: str
    source: str
    panels: list[PanelView]
    legend: tuple[LegendEntry, ...]
    overlaid: bool
    columns: int


def view_figure(figure: Figure, prefix: str) -> FigureView:
    """Draw `figure`; every id in it starts with `prefix`, which is unique in the page."""
    colours = _colours(figure)
    columns = 3 if len(figure.panels) % 3 == 0 else min(len(figure.panels), 2)
    size = NARROW if columns == 3 else WIDE
    panels = [
        _view_panel(panel, colours, f"{prefix}-{index}", size)
        for index, panel in enumerate(figure.panels)
    ]
    legends = {panel.legend for panel in panels}
    shared: tuple[LegendEntry, ...] = ()
    if len(panels) > 1 and len(legends) == 1:
        shared = legends.pop()
        panels = [msgspec.structs.replace(panel, legend=()) for panel in panels]
    every = [series for panel in figure.panels for series in panel.series]
    return FigureView(
        name=figure.name,
        caption=figure.caption,
        source=figure.source,
        panels=panels,
        legend=shared,
        overlaid={series.origin for series in every} == {"measured", "published"},
        columns=columns,
    )


def _view_panel(
    panel: Panel, colours: dict[str, str], prefix: str, size: tuple[int, int]
) -> PanelView:
    legend = _legend(panel, colours)
    try:
        drawing = draw_panel(panel, colours, size)
    except UndrawablePanel as error:
        return PanelView(panel.title, "", legend, f"This panel could not be drawn: {error}.")
    svg = inline(
        drawing,
        prefix=prefix,
        title=panel.title or f"{panel.y_label} against {panel.x_label}",
        description=_description(panel),
        names={
            **{f"series-{i}": _full_label(series) for i, series in enumerate(panel.series)},
            **{f"reference-{i}": line.label for i, line in enumerate(panel.lines)},
        },
    )
    return PanelView(panel.title, svg, legend)


def _colours(figure: Figure) -> dict[str, str]:
    """A colour for every group of the figure; measured series choose first."""
    every = [series for panel in figure.panels for series in panel.series]
    ordered = sorted(every, key=lambda series: series.origin != "measured")
    groups = dict.fromkeys(group_of(series) for series in ordered)
    return {group: series_name(index) for index, group in enumerate(groups)}


def _legend(panel: Panel, colours: dict[str, str]) -> tuple[LegendEntry, ...]:
    """Measured series, and the published ones that no measured series stands for."""
    measured = {group_of(series) for series in panel.series if series.origin == "measured"}
    entries = [
        LegendEntry(
            label=_full_label(series),
            colour=css_variable(colours[group_of(series)]),
            mark=_mark(series),
        )
        for series in panel.series
        if series.origin == "measured" or group_of(series) not in measured
    ]
    return tuple(dict.fromkeys(entries))


def _mark(series: Series) -> str:
    published = series.origin == "published"
    if series.style == "points":
        return "rings" if published else "points"
    return "dashes" if published else "line"


def _full_label(series: Series) -> str:
    return f"{series.label} (published)" if series.origin == "published" else series.label


def _description(panel: Panel) -> str:
    """The panel in words: the axes, then where each series starts and ends."""
    scales = [
        f"{axis} axis: {label}{', logarithmic' if scale == 'log' else ''}."
        for axis, label, scale in (
            ("Horizontal", panel.x_label, panel.x_scale),
            ("Vertical", panel.y_label, panel.y_scale),
        )
    ]
    series = [f"{_full_label(series)}: {_course(series)}." for series in panel.series]
    lines = [f"Reference line {line.label} at {number(line.value)}." for line in panel.lines]
    return " ".join([*scales, *series, *lines])


def _course(series: Series) -> str:
    points = list(_finite_points(series.x, series.y))
    if not points:
        return "no values"
    (first_x, first_y), (last_x, last_y) = points[0], points[-1]
    start, end = axis_numbers([first_x, last_x])
    lowest, highest = min(y for _, y in points), max(y for _, y in points)
    return (
        f"from {number(first_y, 3)} at {start} to {number(last_y, 3)} at {end}, "
        f"lowest {number(lowest, 3)}, highest {number(highest, 3)}"
    )


def _finite_points(
    x: Sequence[float | None], y: Sequence[float | None]
) -> Iterable[tuple[float, float]]:
    for across, up in zip(x, y, strict=True):
        if across is not None and up is not None and math.isfinite(across) and math.isfinite(up):
            yield across, up
