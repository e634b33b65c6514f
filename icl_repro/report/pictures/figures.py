"""Figures of the evidence, ready for the page: panels as inline SVG, legends as text.

Legends and titles are HTML and not part of the drawing, so that they wrap on a phone and can be
searched, selected and translated.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

import msgspec

from icl_repro.numbers import axis_numbers, number
from icl_repro.report.pictures.bars import draw_bars, values_of
from icl_repro.report.pictures.canvas import NARROW, NARROWEST, WIDE, UndrawablePanel, group_of
from icl_repro.report.pictures.diagrams import describe_diagram, draw_diagram
from icl_repro.report.pictures.figure_data import figure_data
from icl_repro.report.pictures.heatmaps import describe_heatmap, draw_heatmap, with_shared_limits
from icl_repro.report.pictures.inline_svg import inline
from icl_repro.report.pictures.over_seeds import OverSeeds
from icl_repro.report.pictures.palette import css_variable, scale_name, series_name
from icl_repro.report.pictures.panels import draw_panel
from icl_repro.report.pictures.wirings import describe_wiring, draw_wiring
from icl_repro.verification.diagram import Diagram
from icl_repro.verification.pictures import (
    AnyPanel,
    Bars,
    Figure,
    Heatmap,
    Panel,
    ReferenceLine,
    Series,
    Wiring,
)


class LegendEntry(msgspec.Struct, frozen=True):
    """One name in a legend with the CSS colour and the kind of its mark.

    `mark` is ``line``, ``circles``, ``triangles`` or ``bars``; published ones are `open` (dashed,
    empty or faint), those of the background `thin`. It stands for the series of `group` or, if that
    is empty, for all those of the background of this name.
    """

    label: str
    colour: str
    mark: str
    open: bool
    thin: bool = False
    group: str = ""


class PanelView(msgspec.Struct, frozen=True):
    """One panel: its SVG, or (`problem`) why it could not be drawn."""

    title: str
    svg: str
    legend: tuple[LegendEntry, ...]
    problem: str = ""


class FigureView(msgspec.Struct, frozen=True):
    """A whole figure. `legend` is set when all panels share one; theirs are then empty.

    `key` tells how published marks differ from measured ones, where the figure holds both, and a
    seed from the mean; `columns` is the number of panels side by side where there is room. `whose`
    names the seeds, `kinds` what can be shown or not besides groups (the mean, each seed, what was
    published), and `data` are the numbers for the script (see :mod:`figure_data`).
    """

    name: str
    caption: str
    source: str
    panels: list[PanelView]
    legend: tuple[LegendEntry, ...]
    key: str
    columns: int
    whose: str
    kinds: list[str]
    data: str


def view_figure(figure: Figure, prefix: str, whose: str = "") -> FigureView:
    """Draw `figure`, of the seeds `whose`. Every id in it starts with `prefix`, which is unique in
    the page.
    """
    colours = _colours(figure)
    figure = msgspec.structs.replace(figure, panels=with_shared_limits(figure.panels))
    columns = _columns(len(figure.panels))
    size = {3: NARROW, 4: NARROWEST}.get(columns, WIDE)
    panels = [
        _view_panel(panel, colours, f"{prefix}-{index}", size)
        for index, panel in enumerate(figure.panels)
    ]
    shared = _shared_legend(panels, _is_ordered(figure))
    if shared:
        panels = [msgspec.structs.replace(panel, legend=()) for panel in panels]
    return FigureView(
        name=figure.name,
        caption=figure.caption,
        source=figure.source,
        panels=panels,
        legend=shared,
        key=_key(figure),
        columns=columns,
        whose=whose,
        kinds=_kinds(figure),
        data=figure_data(figure),
    )


def _columns(panels: int) -> int:
    """How many panels stand side by side: a grid of two rows or more is four across."""
    if panels % 3 == 0:
        return 3
    return 4 if panels % 4 == 0 and panels > 4 else min(panels, 2)


def _shared_legend(panels: Sequence[PanelView], ordered: bool) -> tuple[LegendEntry, ...]:
    """The legend that serves all panels, if there is one.

    Of steps of one quantity the longest does, also where a panel shows some of them only, or only
    those that were published.
    """
    legends = [panel.legend for panel in panels]
    if len(panels) < 2 or () in legends:
        return ()
    longest = max(legends, key=len)
    if len(set(legends)) == 1:
        return longest
    said = set(map(_filled, longest))
    alike = all(_filled(entry) in said for legend in legends for entry in legend)
    return longest if ordered and alike else ()


def _filled(entry: LegendEntry) -> LegendEntry:
    return msgspec.structs.replace(entry, open=False)


def _view_panel(
    panel: AnyPanel, colours: dict[str, str], prefix: str, size: tuple[int, int]
) -> PanelView:
    legend = _legend(panel, colours)
    try:
        drawing = _draw(panel, colours, size)
    except UndrawablePanel as error:
        problem = f"This panel could not be drawn: {error}."
        return PanelView(_title(panel), "", legend, problem)
    svg = inline(
        drawing,
        prefix=prefix,
        title=panel.title or _fallback_title(panel),
        description=_description(panel),
        names={
            **(
                _names_of_bars(panel)
                if isinstance(panel, Bars)
                else {f"series-{i}": _full_label(one) for i, one in enumerate(_series(panel))}
            ),
            **{f"reference-{i}": line.label for i, line in enumerate(_lines(panel))},
        },
    )
    return PanelView(_title(panel), svg, legend)


def _draw(panel: AnyPanel, colours: dict[str, str], size: tuple[int, int]) -> ET.Element:
    match panel:
        case Heatmap():
            return draw_heatmap(panel, size)
        case Wiring():
            return draw_wiring(panel, size)
        case Bars():
            return draw_bars(panel, colours, size)
        case Diagram():
            return draw_diagram(panel, colours, size)
        case Panel():
            return draw_panel(panel, colours, size)


def _title(panel: AnyPanel) -> str:
    """The title; a published heat map or graph says that it is one, as nothing else does."""
    published = isinstance(panel, Heatmap | Wiring) and panel.origin == "published"
    if not published or "publish" in panel.title.lower():
        return panel.title
    return f"{panel.title} (published)" if panel.title else "As published"


def _fallback_title(panel: AnyPanel) -> str:
    if isinstance(panel, Wiring):
        return "Who sends to whom"
    if isinstance(panel, Diagram):
        return "Boxes and arrows"
    return f"{panel.y_label} against {panel.x_label}"


def _series(panel: AnyPanel) -> list[Series]:
    return panel.series if isinstance(panel, Panel | Bars) else []


def _in_front(panel: AnyPanel) -> list[Series]:
    """What a figure is about: no background, and of several seeds their mean if there is one."""
    every = [series for series in _series(panel) if not series.background]
    with_mean = {group_of(one) for one in every if isinstance(one, OverSeeds) and one.is_mean}
    return [
        one
        for one in every
        if not isinstance(one, OverSeeds) or one.is_mean or group_of(one) not in with_mean
    ]


def _lines(panel: AnyPanel) -> list[ReferenceLine]:
    return panel.lines if isinstance(panel, Panel | Bars) else []


def _key(figure: Figure) -> str:
    """How published marks differ from measured ones; empty where there are not both."""
    both = [
        panel
        for panel in figure.panels
        if {series.origin for series in _in_front(panel)} == {"measured", "published"}
    ]
    marks = {
        "Bars" if isinstance(panel, Bars) else "lines" if series.style == "line" else "marks"
        for panel in both
        for series in _in_front(panel)
        if series.origin == "published"
    }
    sentences = {
        "lines": "Solid lines: measured; dashed lines: as published.",
        "marks": "Filled marks: measured; open marks: as published.",
        "Bars": "Full bars: measured; faint bars: as published.",
    }
    said = [text for kind, text in sentences.items() if kind in marks]
    over = [one for p in figure.panels for one in _series(p) if isinstance(one, OverSeeds)]
    seeds = {one.seed for one in over if one.seed is not None}
    if any(one.is_mean for one in over):
        said.insert(
            0, f"Thin: each of the {len(seeds)} seeds; strong: their mean, as far as all go."
        )
    elif over:
        said.insert(0, f"Marks of all {len(seeds)} seeds.")
    return " ".join(said)


def _kinds(figure: Figure) -> list[str]:
    """Of what kinds the series in front are, as far as they are of several."""
    front = [one for panel in figure.panels for one in _series(panel) if not one.background]
    over = [one for one in front if isinstance(one, OverSeeds)]
    seeds = sorted({one.seed for one in over if one.seed is not None})
    kinds = ["mean"] if any(one.is_mean for one in over) else []
    kinds += [f"seed {seed}" for seed in seeds]
    origins = {one.origin for one in front}
    return [*kinds, "as published"] if origins == {"measured", "published"} else kinds


def _colours(figure: Figure) -> dict[str, str]:
    """A colour for every group of the figure; measured series choose first.

    Steps of one quantity get those of a scale, in their order.
    """
    every = [series for panel in figure.panels for series in _series(panel)]
    ordered = sorted(every, key=lambda series: series.origin != "measured")
    groups = dict.fromkeys(group_of(series) for series in ordered)
    if _is_ordered(figure):
        return {group: scale_name(index, len(groups)) for index, group in enumerate(groups)}
    for panel in figure.panels:
        groups |= dict.fromkeys(panel.groups if isinstance(panel, Diagram) else [])
    return {group: series_name(index) for index, group in enumerate(groups)}


def _is_ordered(figure: Figure) -> bool:
    return any(isinstance(panel, Panel) and panel.ordered for panel in figure.panels)


def _legend(panel: AnyPanel, colours: dict[str, str]) -> tuple[LegendEntry, ...]:
    """Measured series, and the published ones that no measured series stands for, then the kinds of
    background; of a diagram its groups.
    """
    if isinstance(panel, Diagram):
        return tuple(
            LegendEntry(group, css_variable(colours[group]), mark="line", open=False, group=group)
            for group in panel.groups
        )
    every = _in_front(panel)
    measured = {group_of(series) for series in every if series.origin == "measured"}
    entries = [
        LegendEntry(
            # Where all is published, the dashes and the title say so once.
            label=_in_legend(series, every) if measured else series.label,
            colour=css_variable(colours[group_of(series)]),
            mark="bars" if isinstance(panel, Bars) else _mark(series),
            open=series.origin == "published",
            group=group_of(series),
        )
        for series in every
        if series.origin == "measured" or group_of(series) not in measured
    ]
    behind: dict[str, LegendEntry] = {}
    for series in _series(panel):
        if kind := series.background:
            # Of all colours together, so in none of them.
            muted = css_variable("muted")
            entry = LegendEntry(kind, muted, _mark(series), open=False, thin=True)
            behind.setdefault(kind, entry)
    entries += behind.values()
    return tuple(dict.fromkeys(entries))


def _in_legend(series: Series, every: Sequence[Series]) -> str:
    """What a series is called there: those that only their labels tell apart, such as seeds without
    a mean, are called what all of them are.
    """
    if series.origin == "published" or (isinstance(series, OverSeeds) and series.is_mean):
        return _full_label(series)
    labels = {
        one.label
        for one in every
        if (one.origin, one.group, one.style) == (series.origin, series.group, series.style)
        and not (isinstance(one, OverSeeds) and one.is_mean)
    }
    return series.group if series.group and len(labels) > 1 else series.label


def _mark(series: Series) -> str:
    return "circles" if series.style == "points" else series.style


def _full_label(series: Series) -> str:
    if isinstance(series, OverSeeds) and series.seed is not None:
        return f"{series.label}, seed {series.seed}"
    return f"{series.label} (published)" if series.origin == "published" else series.label


def _description(panel: AnyPanel) -> str:
    """The panel in words: its axes, and what is to be seen on them."""
    match panel:
        case Heatmap():
            return describe_heatmap(panel)
        case Wiring():
            return describe_wiring(panel)
        case Diagram():
            return describe_diagram(panel)
        case Bars():
            axes = f"Bars. Horizontal axis: {panel.x_label}. Vertical axis: {panel.y_label}."
            parts = [f"{_full_label(one)}: {_heights(one, panel)}." for one in panel.series]
        case Panel():
            axes = " ".join(
                f"{axis} axis: {label}{', logarithmic' if scale == 'log' else ''}."
                for axis, label, scale in (
                    ("Horizontal", panel.x_label, panel.x_scale),
                    ("Vertical", panel.y_label, panel.y_scale),
                )
            )
            parts = [f"{_full_label(series)}: {_course(series)}." for series in _in_front(panel)]
            behind = Counter(one.background for one in panel.series if one.background)
            parts += [f"In the background, {kind}: {amount}." for kind, amount in behind.items()]
    lines = [f"Reference line {line.label} at {number(line.value)}." for line in _lines(panel)]
    return " ".join([axes, *parts, *lines])


def _heights(series: Series, bars: Bars) -> str:
    heights = [
        f"{bars.categories[int(x)]} {number(y, 3)}" for x, y in _finite_points(series.x, series.y)
    ]
    return ", ".join(heights) or "no values"


def _names_of_bars(bars: Bars) -> dict[str, str]:
    """What each bar is called, by the part of the drawing that it is."""
    names: dict[str, str] = {}
    for index, series in enumerate(bars.series):
        for place, (x, y, *_) in enumerate(values_of(series)):
            part = f"series-{index}-bar-{place}"
            names[part] = f"{_full_label(series)}, {bars.categories[x]}: {number(y, 3)}"
    return names


def _course(series: Series) -> str:
    """Where a series starts and ends, and between which values it stays."""
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
