"""Figures and tables as data: what the report draws, like those of the paper or beside them."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from icl_repro.numbers import count
from icl_repro.verification.diagram import Diagram
from icl_repro.verification.reported import Reported

Origin = Literal["measured", "published"]


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Named points in a figure, in their order.

    `low` and `high` bound a band around `y`, where there is one. `origin` says whose points they
    are: ours, or the published ones that ours are drawn over. `style` tells how to draw them;
    ``circles`` and ``triangles`` are points that can be told apart in print.
    `group` names what shares a colour: a published curve carries the group of the measured one.
    A series with a `background` is drawn thin and pale behind all others: it is one of many that
    are there to compare with, and the legend has one entry for all of the same `background`.
    """

    label: str
    x: list[float | None]
    y: list[float | None]
    low: list[float | None] | None = None
    high: list[float | None] | None = None
    origin: Origin = "measured"
    style: Literal["line", "points", "circles", "triangles"] = "line"
    group: str = ""
    background: str = ""


class ReferenceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled straight line across a panel, such as the value of a mere guess."""

    label: str
    value: float
    axis: Literal["x", "y"] = "y"


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="axes"):
    """One pair of axes.

    `ordered` says that the groups of the series are steps of one quantity, in their order: colours
    then follow a scale instead of being as different as can be. `same_unit` says that both axes
    measure in one unit, so that it is drawn as long on both, and angles are as they are; neither
    may be logarithmic then.

    Raises:
        ValueError: a logarithmic axis where both have the same unit.
    """

    title: str
    x_label: str
    y_label: str
    series: list[Series]
    lines: list[ReferenceLine] = []
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    ordered: bool = False
    same_unit: bool = False

    def __post_init__(self) -> None:
        if self.same_unit and "log" in (self.x_scale, self.y_scale):
            raise ValueError(
                f"panel {self.title!r}: axes with the same unit must both be linear, or angles "
                "mean nothing"
            )


class Heatmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="heatmap"):
    """A grid of numbers shown as colours.

    `values` goes row by row, the first row on top, and ``None`` leaves a cell empty. `columns` and
    `rows` name them. `limits` are the ends of the colour scale (the data's own if not given), and
    `marked` are the (row, column) of cells to outline, counted from 0.

    Raises:
        ValueError: a row of another length than `columns`, not one row for each of `rows`, limits
            that are not two rising finite numbers, or a marked cell outside the grid.
    """

    title: str
    x_label: str
    y_label: str
    columns: list[str]
    rows: list[str]
    values: list[list[float | None]]
    unit: str = ""
    limits: tuple[float, float] | None = None
    marked: list[tuple[int, int]] = []
    origin: Origin = "measured"

    def __post_init__(self) -> None:
        shown = f"heat map {self.title!r}"
        _require_grid(shown, self.rows, self.columns, [len(row) for row in self.values])
        if self.limits is not None:
            low, high = self.limits
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(
                    f"{shown}: limits must be two finite numbers, the lower first, "
                    f"but are {self.limits}"
                )
        for row, column in self.marked:
            if not (0 <= row < len(self.rows) and 0 <= column < len(self.columns)):
                raise ValueError(
                    f"{shown}: the marked cell (row {row}, column {column}) lies outside its "
                    f"{len(self.rows)} rows and {len(self.columns)} columns, counted from 0"
                )


class Wiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="wiring"):
    """Who sends to whom, as a graph of two rows.

    Each of `edges` is (sender, receiver, weight): positions in `senders` and `receivers`, counted
    from 0, and a weight from 0 to 1 that the width of the line shows.

    Raises:
        ValueError: no sender or no receiver, an edge from or to somebody who is not there, an edge
            that is given twice, or a weight outside 0 to 1.
    """

    title: str
    senders: list[str]
    receivers: list[str]
    edges: list[tuple[int, int, float]]
    origin: Origin = "measured"

    def __post_init__(self) -> None:
        shown = f"wiring {self.title!r}"
        if not self.senders or not self.receivers:
            raise ValueError(f"{shown} needs at least one sender and one receiver")
        for sender, receiver, weight in self.edges:
            edge = f"{shown}: the edge ({sender}, {receiver}, {weight})"
            if not (0 <= sender < len(self.senders) and 0 <= receiver < len(self.receivers)):
                raise ValueError(
                    f"{edge} leads outside its {len(self.senders)} senders and "
                    f"{len(self.receivers)} receivers, counted from 0"
                )
            if not 0 <= weight <= 1:
                raise ValueError(f"{edge} has a weight outside 0 to 1")
        ends = [edge[:2] for edge in self.edges]
        if twice := next((pair for pair in ends if ends.count(pair) > 1), None):
            raise ValueError(f"{shown}: the edge from {twice[0]} to {twice[1]} is given twice")


class Bars(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bars"):
    """Bars side by side in `categories`.

    In each of `series`, `x` is the position of the category, counted from 0, and `y` the height;
    `low` and `high` are the ends of an error bar. Published series are drawn hatched beside the
    measured one of the same group.

    Raises:
        ValueError: no category, an `x` that is not the position of one, or a series in the
            background, which bars do not have.
    """

    title: str
    x_label: str
    y_label: str
    categories: list[str]
    series: list[Series]
    lines: list[ReferenceLine] = []
    y_limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        shown = f"bars {self.title!r}"
        if not self.categories:
            raise ValueError(f"{shown} need at least one category")
        for series in self.series:
            if series.background:
                raise ValueError(f"{shown}, series {series.label!r}: bars have no background")
            for x in series.x:
                if x not in range(len(self.categories)):
                    raise ValueError(
                        f"{shown}, series {series.label!r}: x must be the position of a category, "
                        f"a whole number from 0 to {len(self.categories) - 1}, but is {x}"
                    )


AnyPanel = Panel | Heatmap | Wiring | Bars | Diagram


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One or more panels side by side, drawn like the figure of the paper that `source` names."""

    name: str
    caption: str
    source: str
    panels: list[AnyPanel]


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement in a table, with the paper's number for the same cell.

    `value` is ``None`` where nothing was measured or the measurement was not finite.
    """

    value: float | None
    published: Reported | None = None


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table like one of the paper. Each row is its head with a cell for each of `columns`.

    Raises:
        ValueError: no column, no row, or a row with more or fewer cells than there are columns.
    """

    name: str
    caption: str
    source: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    unit: str = ""

    def __post_init__(self) -> None:
        heads, lengths = [head for head, _ in self.rows], [len(cells) for _, cells in self.rows]
        _require_grid(f"table {self.name!r}", heads, self.columns, lengths)


def _require_grid(shown: str, rows: list[str], columns: list[str], lengths: list[int]) -> None:
    if not rows or not columns:
        raise ValueError(f"{shown} needs at least one row and one column")
    if len(lengths) != len(rows):
        raise ValueError(f"{shown} names {len(rows)} rows, but has {len(lengths)}")
    for head, length in zip(rows, lengths, strict=True):
        if length != len(columns):
            raise ValueError(
                f"{shown}: row {head!r} has {count(length, 'value')}, but there "
                f"{'is' if len(columns) == 1 else 'are'} {count(len(columns), 'column')}"
            )
