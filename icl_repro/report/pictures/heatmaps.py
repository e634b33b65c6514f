"""Draws a heat map: cells coloured by their value, with the numbers in them where they fit.

The colours run along a straight line of the perceptually uniform space OKLab, from the background
to one strong colour (two, on either side of zero, where there are negative values). So equal steps
look equal, more ink is more on a light page and on paper, and more light is more on a dark page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar
from xml.etree import ElementTree as ET

import msgspec

from icl_repro.numbers import decimal, number
from icl_repro.report.pictures.canvas import CHARACTER, TEXT, WIDE, UndrawablePanel, one_line
from icl_repro.report.pictures.palette import css_mix, css_variable
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.verification.pictures import Heatmap

_SMALL = TEXT - 1
_GAP = 1.5
TURN_OF_TEXT = 0.62
"""How strong a colour is from which the other text stands out better, by day and by night."""

_SCALE_STEPS = 8
"""How many pieces of a scale are drawn as straight in the colours of a screen."""


class _Scale(msgspec.Struct, frozen=True):
    """Ends of the colour scale; `neutral` is the value that has the colour of the background."""

    low: float
    high: float
    neutral: float

    def strength(self, value: float) -> float:
        """How far a value is from neutral, from 0 to 1."""
        reach = max(self.high - self.neutral, self.neutral - self.low)
        inside = min(max(value, self.low), self.high)
        return abs(inside - self.neutral) / reach if reach else 0.0

    def colour(self, value: float) -> str:
        """The CSS colour of a value, one of a hundred steps, which the eye does not tell apart."""
        strong = "heat-less" if value < self.neutral else "heat-more"
        return css_mix("heat-none", strong, round(self.strength(value), 2))

    def text(self, value: float) -> str:
        """The CSS colour of text on that colour."""
        weak = self.strength(value) < TURN_OF_TEXT
        return css_variable("heat-none-text" if weak else "heat-full-text")


class _Layout(msgspec.Struct, frozen=True):
    left: float
    top: float
    cell: tuple[float, float]
    below: float
    """Height of the labels below the cells."""
    turned: bool


def draw_heatmap(heatmap: Heatmap, size: tuple[int, int] = WIDE) -> ET.Element:
    """The heat map as an SVG element.

    Args:
        heatmap: what to draw; missing values leave an outlined empty cell.
        size: width in SVG units; the height follows from the number of rows.

    Raises:
        UndrawablePanel: there is no value at all to draw.
    """
    scale = _scale(heatmap)
    layout = _layout(heatmap, size)
    bottom = layout.top + len(heatmap.rows) * layout.cell[1]
    shapes = Shapes(size[0], bottom + layout.below + 44)
    shapes.text(2, 10, one_line(heatmap.y_label, 50), anchor="start", part="y-label")
    _draw_cells(shapes, heatmap, scale, layout)
    _draw_labels(shapes, heatmap, layout)
    middle = layout.left + len(heatmap.columns) * layout.cell[0] / 2
    x_label = one_line(heatmap.x_label, round(size[0] / CHARACTER) - 8)
    shapes.text(middle, bottom + layout.below + 7, x_label, part="x-label")
    _draw_scale(shapes, heatmap, scale, (size[0], bottom + layout.below + 30))
    return shapes.element()


_Panel = TypeVar("_Panel")


def with_shared_limits(panels: Sequence[_Panel]) -> list[_Panel]:
    """`panels` with one scale for all heat maps of one unit, so that one colour means one value.

    Those without limits of their own take the limits that others of their unit have, or else the
    range of all their values together.
    """
    maps = [panel for panel in panels if isinstance(panel, Heatmap)]
    shared: dict[str, tuple[float, float]] = {}
    for unit in {one.unit for one in maps}:
        alike = [one for one in maps if one.unit == unit]
        ends = [end for one in alike for end in one.limits or ()]
        ends = ends or [value for one in alike for value in _values(one)]
        if ends and min(ends) < max(ends):
            shared[unit] = (min(ends), max(ends))
    return [
        msgspec.structs.replace(panel, limits=panel.limits or shared.get(panel.unit))
        if isinstance(panel, Heatmap)
        else panel
        for panel in panels
    ]


def describe_heatmap(heatmap: Heatmap) -> str:
    """The heat map in words: axes, marked cells, and every row of numbers."""
    parts = [f"Heat map. Columns: {heatmap.x_label}. Rows: {heatmap.y_label}."]
    if heatmap.unit:
        parts.append(f"Colour: {heatmap.unit}.")
    parts += [
        f"Row {row}: {', '.join(_words(value) for value in values)}."
        for row, values in zip(heatmap.rows, heatmap.values, strict=True)
    ]
    if heatmap.marked:
        cells = ", ".join(
            f"row {heatmap.rows[row]} column {heatmap.columns[column]}"
            for row, column in heatmap.marked
        )
        parts.append(f"Outlined: {cells}.")
    return " ".join(parts)


def _values(heatmap: Heatmap) -> Iterator[float]:
    for row in heatmap.values:
        yield from (value for value in row if value is not None and math.isfinite(value))


def _scale(heatmap: Heatmap) -> _Scale:
    values = list(_values(heatmap))
    if not values:
        raise UndrawablePanel("it has no value that can be drawn")
    low, high = heatmap.limits or (min(values), max(values))
    if low >= 0:
        return _Scale(low, high, low)
    return _Scale(low, max(high, 0.0), 0.0)


def _layout(heatmap: Heatmap, size: tuple[int, int]) -> _Layout:
    names = max(len(one_line(row, 18)) for row in heatmap.rows)
    left = 8 + names * CHARACTER
    across = (size[0] - left - 2) / len(heatmap.columns)
    longest = max(len(one_line(column, 18)) for column in heatmap.columns)
    turned = longest * CHARACTER > across
    return _Layout(
        left=left,
        top=24,
        cell=(across, min(30.0, max(17.0, 240 / len(heatmap.rows)))),
        below=longest * CHARACTER + 12 if turned else 20,
        turned=turned,
    )


def _draw_cells(shapes: Shapes, heatmap: Heatmap, scale: _Scale, layout: _Layout) -> None:
    across, down = layout.cell
    decimals = _decimals(heatmap, across)
    for row, values in enumerate(heatmap.values):
        for column, value in enumerate(values):
            x, y = layout.left + column * across, layout.top + row * down
            name = f"{heatmap.rows[row]}, {heatmap.columns[column]}: {_words(value)}"
            inside = (x + _GAP / 2, y + _GAP / 2, across - _GAP, down - _GAP)
            if value is None or not math.isfinite(value):
                shapes.box(*inside, stroke=css_variable("grid"), stroke_width=1, name=name)
                continue
            shapes.box(*inside, fill=scale.colour(value), name=name)
            if decimals is not None:
                middle = (x + across / 2, y + down / 2)
                text = decimal(value, decimals)
                shapes.text(*middle, text, fill=scale.text(value), size=_SMALL)
    for row, column in sorted(set(heatmap.marked)):
        x, y = layout.left + column * across, layout.top + row * down
        edge = css_variable("ink")
        shapes.box(
            x + 1, y + 1, across - 2, down - 2, stroke=edge, stroke_width=2.2,
            part=f"marked-{row}-{column}",
        )  # fmt: skip


def _draw_labels(shapes: Shapes, heatmap: Heatmap, layout: _Layout) -> None:
    across, down = layout.cell
    bottom = layout.top + len(heatmap.rows) * down
    for row, name in enumerate(heatmap.rows):
        y = layout.top + (row + 0.5) * down
        shapes.text(
            layout.left - 6, y, one_line(name, 18), anchor="end", colour="muted", size=_SMALL
        )
    for column, name in enumerate(heatmap.columns):
        x = layout.left + (column + 0.5) * across
        text = one_line(name, 18)
        if layout.turned:
            shapes.text(x, bottom + 5, text, anchor="end", colour="muted", size=_SMALL, turned=True)
        else:
            shapes.text(x, bottom + 9, text, colour="muted", size=_SMALL)


def _draw_scale(
    shapes: Shapes, heatmap: Heatmap, scale: _Scale, corner: tuple[float, float]
) -> None:
    """The scale of colours, below on the right, with its ends and what it shows."""
    right, y = corner
    decimals = _decimals(heatmap, math.inf)
    low, high = (_end(end, decimals) for end in (scale.low, scale.high))
    length = 88.0
    start = right - 4 - len(high) * CHARACTER - 4 - length
    reach = scale.high - scale.low
    shares = {index / _SCALE_STEPS for index in range(_SCALE_STEPS + 1)}
    if reach:
        shares.add((scale.neutral - scale.low) / reach)
    stops = [(share, scale.colour(scale.low + share * reach)) for share in sorted(shares)]
    shapes.scale(start, y - 5, length, 10, stops)
    shapes.text(start + length + 5, y, high, anchor="start", colour="muted", size=_SMALL)
    room = round((start - 10) / CHARACTER)
    text = f"{one_line(heatmap.unit, room - len(low) - 2)}  {low}" if heatmap.unit else low
    shapes.text(start - 5, y, text, anchor="end", colour="muted", size=_SMALL, part="scale-label")


def _decimals(heatmap: Heatmap, across: float) -> int | None:
    """How many decimals every cell shows; none at all where the numbers do not fit."""
    values = list(_values(heatmap))
    largest, spread = max(map(abs, values)), max(values) - min(values)
    if largest >= 1e5 or 0 < largest < 0.01:
        return None
    if all(value == round(value) for value in values):
        wanted: Sequence[int] = (0,)
    elif largest >= 10:
        wanted = (1, 0)
    else:
        wanted = (3, 2) if spread < 0.2 else (2, 1)
    for decimals in wanted:
        longest = max(len(decimal(value, decimals)) for value in values)
        if longest * CHARACTER * _SMALL / TEXT + 3 <= across:
            return decimals
    return None


def _end(value: float, decimals: int | None) -> str:
    """An end of the scale, as exact as the cells."""
    return number(round(value, decimals), 3) if decimals is not None else number(value, 2)


def _words(value: float | None) -> str:
    return "nothing" if value is None or not math.isfinite(value) else number(value, 3)
