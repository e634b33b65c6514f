"""The frame of a panel with axes: scales, ticks with their labels, and lines across."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from functools import partial

import msgspec

from icl_repro.numbers import axis_numbers
from icl_repro.report.pictures.canvas import CHARACTER, TEXT, one_line
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.pictures.scales import Scale
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.report.plain_text import printable
from icl_repro.verification.pictures import ReferenceLine

_SMALL = TEXT - 0.5
_LINE = 15.0
"""Height of a line of text."""
_REFERENCE = "stroke-width: 1.2; stroke-dasharray: 1.4 2.9"


class Kind(msgspec.Struct, frozen=True):
    """What an axis shows: its name, its ends, whether they are far apart, whether it counts."""

    label: str
    limits: tuple[float, float]
    log: bool = False
    whole: bool = False


class Frame(msgspec.Struct, frozen=True):
    """Both scales of a panel, with its size and the labels above (of y) and below (of x).

    `names` are what stands below instead of numbers: for each place from 0 on, its lines.
    """

    size: tuple[int, int]
    x: Scale
    y: Scale
    above: list[str]
    below: list[str]
    whole: bool
    names: list[list[str]] | None = None


def frame_around(
    x: Kind, y: Kind, size: tuple[int, int], names: list[list[str]] | None = None
) -> Frame:
    """The frame that leaves as much room to the data as the text around it allows.

    Panels of one size with as many lines of text line up.
    """
    width, height = size
    characters = round(width / CHARACTER) - 8
    above = textwrap.wrap(printable(y.label), characters, max_lines=2, placeholder=" …")
    below = textwrap.wrap(printable(x.label), characters, max_lines=2, placeholder=" …")
    ticks = axis_numbers(Scale(*y.limits, 0, 1, y.log).ticks())
    left = 12 + max(map(len, ticks), default=1) * CHARACTER
    lines = max(map(len, names)) if names else 1
    bottom = height - (11 + _LINE * lines + 16 * len(below))
    return Frame(
        size=size,
        x=Scale(*x.limits, left, width - 16, x.log),
        y=Scale(*y.limits, bottom, 8 + _LINE * len(above), y.log),
        above=above,
        below=below,
        whole=x.whole,
        names=names,
    )


def with_same_unit(frame: Frame) -> Frame:
    """The frame with one of its axes made to show more, so that a unit is as long on both."""
    x, y = frame.x, frame.y
    unit = min(abs(scale.end - scale.start) / (scale.high - scale.low) for scale in (x, y))
    return msgspec.structs.replace(frame, x=_widened(x, unit), y=_widened(y, unit))


def _widened(scale: Scale, unit: float) -> Scale:
    """A scale around the same middle on which a unit is so long."""
    middle, half = (scale.low + scale.high) / 2, abs(scale.end - scale.start) / unit / 2
    return msgspec.structs.replace(scale, low=middle - half, high=middle + half)


def draw_frame(shapes: Shapes, frame: Frame) -> None:
    """The axes with their labels, which stay behind the data.

    The group of what changes with the scales carries them as ``data-`` attributes, for the script.
    """
    x, y = frame.x, frame.y
    scales = {
        "data-x": _numbers(x.low, x.high, x.start, x.end),
        "data-y": _numbers(y.low, y.high, y.start, y.end),
        "data-log": f"{'x' if x.log else ''}{'y' if y.log else ''}",
        "data-kind": "names" if frame.names is not None else "whole" if frame.whole else "numbers",
    }
    with shapes.group(part="axes", css="axes", more=scales):
        _draw_ticks(shapes, frame)
    for number, line in enumerate(frame.above):
        shapes.text(2, 10 + number * _LINE, line, anchor="start", part="y-label" * (number == 0))
    middle, top = (x.start + x.end) / 2, frame.size[1] - 10 - _LINE * (len(frame.below) - 1)
    for number, line in enumerate(frame.below):
        shapes.text(middle, top + number * _LINE, line, part="x-label" * (number == 0))


def _draw_ticks(shapes: Shapes, frame: Frame) -> None:
    x, y = frame.x, frame.y
    across = y.ticks()
    grid = "".join(f"M{x.start:.1f} {y.place(tick):.1f}H{x.end:.1f}" for tick in across)
    shapes.line(grid, stroke=css_variable("grid"), width=0.9)
    small = partial(shapes.text, colour="muted", size=_SMALL)
    for tick, text in zip(across, axis_numbers(across), strict=True):
        small(x.start - 4, y.place(tick), text, anchor="end")
    base = f"M{x.start:.1f} {y.start:.1f}H{x.end:.1f}"
    if frame.names is None:
        along = x.ticks(whole=frame.whole)
        base += "".join(f"M{x.place(tick):.1f} {y.start:.1f}v4" for tick in along)
        for tick, text in zip(along, axis_numbers(along), strict=True):
            small(x.place(tick), y.start + 13, text)
    for place, lines in enumerate(frame.names or []):
        for number, line in enumerate(lines):
            small(x.place(place), y.start + 11 + number * _LINE, line)
    shapes.line(base, stroke=css_variable("muted"), width=0.9)


def draw_references(shapes: Shapes, frame: Frame, lines: Sequence[ReferenceLine]) -> None:
    """Dotted lines across the axes, each with its label at its end.

    Labels of upright lines that would lie on one another stand in rows, one below the other.
    """
    x, y = frame.x, frame.y
    taken: list[float] = []
    for index, line in enumerate(lines):
        scale = y if line.axis == "y" else x
        if not math.isfinite(line.value) or (scale.log and line.value <= 0):
            continue
        at = scale.place(line.value)
        across = line.axis == "y"
        path = f"M{x.start:.1f} {at:.1f}H{x.end:.1f}"
        if not across:
            path = f"M{at:.1f} {y.start:.1f}V{y.end:.1f}"
        label = one_line(line.label, 46)
        row = 0 if across else _free_row(taken, at, at + 4 + len(label) * CHARACTER)
        place = (x.end, at - 8) if across else (at + 4, y.end + 7 + row * _LINE)
        value = {"data-at": f"{line.value:.10g}", "data-axis": line.axis}
        with shapes.group(part=f"reference-{index}", css="reference", more=value):
            if not scale.holds(line.value):
                continue
            shapes.path(path, f"stroke: {css_variable('muted')}; fill: none; {_REFERENCE}")
            shapes.text(
                *place,
                label,
                anchor="end" if across else "start",
                colour="muted",
                size=TEXT - 1,
            )


def _free_row(taken: list[float], start: float, end: float) -> int:
    """The first row that has room from `start` on; `taken` is up to where each is, and is told."""
    row = next((row for row, until in enumerate(taken) if until <= start), len(taken))
    taken[row : row + 1] = [end]
    return row


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.10g}" for value in values)
