"""Draws who sends to whom: senders on the left, receivers on the right, a line for each edge.

Side by side and not one above the other, because names of any length fit beside their node.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import msgspec

from icl_repro.numbers import number
from icl_repro.report.pictures.canvas import CHARACTER, TEXT, WIDE, one_line
from icl_repro.report.pictures.palette import css_variable, series_name
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.verification.pictures import Wiring

_SMALL = TEXT - 1
_TOP = 34.0
_NODE = 5.5


class _Side(msgspec.Struct, frozen=True):
    """One column of nodes: what all are called, the name of each, and where they stand."""

    title: str
    names: list[str]
    x: float
    heights: list[float]


def draw_wiring(wiring: Wiring, size: tuple[int, int] = WIDE) -> ET.Element:
    """The graph as an SVG element.

    Lines are as wide as their weight, and coloured by their sender; those of a published graph are
    paler. Nodes that have no line are empty. The scale below shows the widths.
    """
    rows = max(len(wiring.senders), len(wiring.receivers))
    height = max(200.0, min(30.0 * rows, 420.0))
    senders = _side(wiring.senders, height)
    receivers = _side(wiring.receivers, height)
    left = 14 + max(len(name) for name in senders.names) * CHARACTER
    right = size[0] - 14 - max(len(name) for name in receivers.names) * CHARACTER
    senders = msgspec.structs.replace(senders, x=left)
    receivers = msgspec.structs.replace(receivers, x=right)
    shapes = Shapes(size[0], _TOP + height + 30)
    shapes.text(2, 10, senders.title, anchor="start", part="senders")
    shapes.text(size[0] - 2, 10, receivers.title, anchor="end", part="receivers")
    _draw_edges(shapes, wiring, senders, receivers)
    _draw_nodes(shapes, senders, "sender", {sender for sender, _, _ in wiring.edges})
    _draw_nodes(shapes, receivers, "receiver", {receiver for _, receiver, _ in wiring.edges})
    _draw_widths(shapes, size[0], _TOP + height + 20)
    return shapes.element()


def describe_wiring(wiring: Wiring) -> str:
    """The graph in words: for each sender, to whom and how strongly."""
    parts = ["Graph of two columns."]
    for index, sender in enumerate(wiring.senders):
        reached = [
            f"{wiring.receivers[receiver]} ({number(weight, 2)})"
            for source, receiver, weight in wiring.edges
            if source == index
        ]
        parts.append(f"{sender} sends to {', '.join(reached) or 'nobody'}.")
    return " ".join(parts)


def _side(names: Sequence[str], height: float) -> _Side:
    """The column with what all names start with, word by word, taken out into a title."""
    words = [name.split() for name in names]
    shared = 0
    shortest = min(len(each) for each in words)
    while len(names) > 1 and shared < shortest - 1 and len({w[shared] for w in words}) == 1:
        shared += 1
    step = height / len(names)
    return _Side(
        title=one_line(" ".join(words[0][:shared]), 26) if words[0] else "",
        names=[one_line(" ".join(each[shared:]), 18) for each in words],
        x=0.0,
        heights=[_TOP + (index + 0.5) * step for index in range(len(names))],
    )


def _draw_edges(shapes: Shapes, wiring: Wiring, senders: _Side, receivers: _Side) -> None:
    # Strong lines last, so that they lie on top.
    for sender, receiver, weight in sorted(wiring.edges, key=lambda edge: (edge[2], edge)):
        start, end = senders.heights[sender], receivers.heights[receiver]
        bend = 0.45 * (receivers.x - senders.x)
        path = (
            f"M{senders.x:.1f} {start:.1f}C{senders.x + bend:.1f} {start:.1f} "
            f"{receivers.x - bend:.1f} {end:.1f} {receivers.x:.1f} {end:.1f}"
        )
        shapes.curve(
            path,
            stroke=css_variable(series_name(sender)),
            width=_width(weight),
            opacity=0.5 if wiring.origin == "published" else 0.88,
            part=f"edge-{sender}-{receiver}",
            name=f"{wiring.senders[sender]} to {wiring.receivers[receiver]}: {number(weight, 3)}",
        )


def _draw_nodes(shapes: Shapes, side: _Side, kind: str, wired: set[int]) -> None:
    outwards = -1 if kind == "sender" else 1
    for index, (name, y) in enumerate(zip(side.names, side.heights, strict=True)):
        colour = css_variable("ink" if index in wired else "muted")
        fill = colour if index in wired else css_variable("surface")
        shapes.circle(side.x, y, _NODE, fill=fill, stroke=colour, part=f"{kind}-{index}")
        shapes.text(
            side.x + outwards * (_NODE + 5),
            y,
            name,
            anchor="end" if kind == "sender" else "start",
            colour="ink" if index in wired else "muted",
            size=_SMALL,
        )


def _draw_widths(shapes: Shapes, width: float, y: float) -> None:
    x = width / 2 - 118
    for weight, label in ((0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1")):
        line = f"M{x:.1f} {y:.1f}H{x + 24:.1f}"
        shapes.curve(line, stroke=css_variable("muted"), width=_width(weight), name=label)
        shapes.text(x + 29, y, label, anchor="start", colour="muted", size=_SMALL)
        x += 62


def _width(weight: float) -> float:
    """The width of a line: in proportion to the weight, but never so thin that it is lost."""
    return max(0.6, 6.5 * weight)
