"""Draws boxes and arrows between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import msgspec

from icl_repro.report.pictures.canvas import CHARACTER, TEXT, WIDE, one_line
from icl_repro.report.pictures.palette import css_variable
from icl_repro.report.pictures.shapes import Shapes
from icl_repro.verification.diagram import Arrow, Diagram, Node

_ROW = 74.0
"""Height of a row."""
_BOX = 27.0
"""Height of a box, and its least width."""
_ROOM = 4.0
"""Room above and below."""
_GAP = 3.0
"""Between a box and the ends of its arrows."""
_TIP = 8.0
"""Length of the tip of an arrow."""
_PIECES = 400
"""Pieces of an arrow, which is cut where it meets the edge of a box."""

_Point = tuple[float, float]


class _Box(msgspec.Struct, frozen=True):
    """A node as drawn: its middle and half of its size."""

    x: float
    y: float
    half_width: float
    half_height: float

    def holds(self, point: _Point, margin: float) -> bool:
        across, down = abs(point[0] - self.x), abs(point[1] - self.y)
        return across <= self.half_width + margin and down <= self.half_height + margin


class _Path(msgspec.Struct, frozen=True):
    """An arrow as drawn: the points from edge to edge, at which of them the tip begins, and the
    middle of its label.
    """

    line: list[_Point]
    neck: int
    label: _Point


def draw_diagram(
    diagram: Diagram, colours: Mapping[str, str], size: tuple[int, int] = WIDE
) -> ET.Element:
    """The diagram as an SVG element, as wide as `size` and as high as its rows.

    Args:
        diagram: what to draw.
        colours: the colour name of each group.
        size: width and usual height in SVG units.
    """
    boxes = _boxes(diagram.nodes, size[0])
    paths = [_path(arrow, boxes) for arrow in diagram.arrows]
    heights = [
        *(box.y + side * box.half_height for box in boxes for side in (-1, 1)),
        *(y for path in paths for _, y in path.line),
        *(path.label[1] + side * TEXT / 2 for path in paths for side in (-1, 1)),
    ]
    shapes = Shapes(size[0], max(heights) - min(heights) + 2 * _ROOM, top=min(heights) - _ROOM)
    for index, (node, box) in enumerate(zip(diagram.nodes, boxes, strict=True)):
        _draw_node(shapes, node, box, f"node-{index}")
    for index, (arrow, path) in enumerate(zip(diagram.arrows, paths, strict=True)):
        _draw_arrow(shapes, arrow, path, colours.get(arrow.group, "muted"), f"arrow-{index}")
    return shapes.element()


def describe_diagram(diagram: Diagram) -> str:
    """The diagram in words: every arrow with its group and its meaning."""
    parts = ["Diagram of boxes and arrows."]
    for arrow in diagram.arrows:
        ends = f"from {diagram.nodes[arrow.start].label} to {diagram.nodes[arrow.end].label}"
        meaning = (arrow.meaning or ends).rstrip(".")
        parts.append(f"{', '.join(filter(None, [arrow.group, arrow.label, meaning]))}.")
    return " ".join(parts)


def _boxes(nodes: list[Node], width: float) -> list[_Box]:
    """Where the nodes are drawn: columns take all of the width that the outer boxes leave."""
    halves = [max(_BOX, 14 + len(_short(node.label)) * CHARACTER) / 2 for node in nodes]
    first, last = min(node.x for node in nodes), max(node.x for node in nodes)
    left = 2 + max(half for node, half in zip(nodes, halves, strict=True) if node.x == first)
    right = 2 + max(half for node, half in zip(nodes, halves, strict=True) if node.x == last)
    column = (width - left - right) / (last - first) if last > first else 0.0
    return [
        _Box(left + (node.x - first) * column, node.y * _ROW, half, _BOX / 2)
        for node, half in zip(nodes, halves, strict=True)
    ]


def _path(arrow: Arrow, boxes: list[_Box]) -> _Path:
    """The arrow between the edges of its boxes, and the label on the side to which it bends."""
    start, end = boxes[arrow.start], boxes[arrow.end]
    points = _curve(start, end, arrow.bend)
    outside = [
        point for point in points if not start.holds(point, _GAP) and not end.holds(point, _GAP)
    ]
    # Boxes that overlap leave nothing between them.
    line = outside if len(outside) > 1 else points
    neck = max((i for i, p in enumerate(line) if math.dist(p, line[-1]) >= _TIP), default=0)
    near = min(max(round(arrow.label_at * len(line)), 1), len(line) - 1)
    (x, y), before, after = line[near], line[near - 1], line[min(near + 1, len(line) - 1)]
    side = -1.0 if arrow.bend < 0 else 1.0
    along = math.atan2(after[1] - before[1], after[0] - before[0])
    aside = (side * math.sin(along), -side * math.cos(along))
    half_text = len(_short(arrow.label)) * CHARACTER / 2
    distance = 4 + abs(aside[0]) * half_text + abs(aside[1]) * TEXT / 2
    label = (x + distance * aside[0], y + distance * aside[1]) if arrow.label else (x, y)
    return _Path(line=line, neck=neck, label=label)


def _curve(start: _Box, end: _Box, bend: float) -> list[_Point]:
    """Points of a quadratic curve between the middles of two boxes."""
    across, down = end.x - start.x, end.y - start.y
    # Twice as far as the middle of the curve is to lie aside.
    control = (
        (start.x + end.x) / 2 + 2 * bend * down,
        (start.y + end.y) / 2 - 2 * bend * across,
    )

    def at(t: float, a: float, b: float, c: float) -> float:
        return (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c

    shares = [index / _PIECES for index in range(_PIECES + 1)]
    return [(at(t, start.x, control[0], end.x), at(t, start.y, control[1], end.y)) for t in shares]


def _draw_node(shapes: Shapes, node: Node, box: _Box, part: str) -> None:
    if node.framed:
        shapes.box(
            box.x - box.half_width,
            box.y - box.half_height,
            2 * box.half_width,
            2 * box.half_height,
            fill=css_variable("surface"),
            stroke=css_variable("muted"),
            stroke_width=1.2,
            part=part,
        )
    shapes.text(box.x, box.y, _short(node.label), colour="ink" if node.framed else "muted")


def _draw_arrow(shapes: Shapes, arrow: Arrow, path: _Path, colour: str, part: str) -> None:
    shown = [*path.line[: path.neck : 8], path.line[path.neck]]
    shapes.curve(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shown),
        stroke=css_variable(colour),
        width=2.2 if arrow.group else 1.2,
        part=part,
        name=arrow.meaning or arrow.label or "arrow",
    )
    shapes.filled(_tip(path.line[path.neck], path.line[-1]), fill=css_variable(colour))
    if arrow.label:
        shapes.text(*path.label, _short(arrow.label))


def _tip(neck: _Point, tip: _Point) -> str:
    """The path of a triangle from the neck to the tip."""
    along = math.atan2(tip[1] - neck[1], tip[0] - neck[0])
    across, down = -0.5 * _TIP * math.sin(along), 0.5 * _TIP * math.cos(along)
    corners = [tip, (neck[0] + across, neck[1] + down), (neck[0] - across, neck[1] - down)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"


def _short(label: str) -> str:
    return one_line(label, 18)
