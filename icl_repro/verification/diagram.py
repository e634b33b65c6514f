"""A diagram of boxes and arrows as plain data, such as that of a circuit."""

from __future__ import annotations

import math

import msgspec


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short text at a place, in a frame or (such as the name of a row) without.

    `x` counts columns from the left and `y` rows from the top; both may lie in between.
    """

    label: str
    x: float
    y: float
    framed: bool = True


class Arrow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An arrow between two nodes, given by their positions in the list of nodes, from 0.

    `label` stands beside it, on the side to which it bends, at `label_at` from 0 at its start to 1
    at its end; `meaning` says in a sentence what it is. Arrows of one `group` share a colour; those
    without are thin. `bend` is how far its middle lies aside, as a share of its length: to the left
    as seen along the arrow if positive, to the right if negative.
    """

    start: int
    end: int
    label: str = ""
    group: str = ""
    meaning: str = ""
    bend: float = 0.0
    label_at: float = 0.5


class Diagram(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="diagram"):
    """Boxes and arrows. `groups` are those of the arrows, in the order of the legend.

    Raises:
        ValueError: no node, a place that is not finite or taken twice, an arrow from or to a node
            that is not there or to the node that it starts from, a `bend` that is not
            finite, a `label_at` outside 0 to 1, or a group that is not listed or has no arrow.
    """

    title: str
    nodes: list[Node]
    arrows: list[Arrow]
    groups: list[str] = []

    def __post_init__(self) -> None:
        shown = f"diagram {self.title!r}"
        if not self.nodes:
            raise ValueError(f"{shown} needs at least one node")
        _require_places(shown, self.nodes)
        for arrow in self.arrows:
            ends = f"{shown}: the arrow from {arrow.start} to {arrow.end}"
            if not (arrow.start in range(len(self.nodes)) and arrow.end in range(len(self.nodes))):
                raise ValueError(
                    f"{ends} leads outside its {len(self.nodes)} nodes, counted from 0"
                )
            if arrow.start == arrow.end:
                raise ValueError(f"{ends} must lead to another node")
            if not math.isfinite(arrow.bend):
                raise ValueError(f"{ends}: bend must be finite, but is {arrow.bend}")
            if not 0 <= arrow.label_at <= 1:
                raise ValueError(f"{ends}: label_at must be 0 to 1, but is {arrow.label_at}")
        used = {arrow.group for arrow in self.arrows if arrow.group}
        if wrong := sorted(used ^ set(self.groups)):
            raise ValueError(
                f"{shown}: groups must be those of its arrows, but {wrong[0]!r} is "
                f"{'not listed' if wrong[0] in used else 'that of no arrow'}"
            )


def _require_places(shown: str, nodes: list[Node]) -> None:
    taken: dict[tuple[float, float], str] = {}
    for node in nodes:
        place = (node.x, node.y)
        if not all(map(math.isfinite, place)):
            raise ValueError(f"{shown}: the place of node {node.label!r} is not finite: {place}")
        if place in taken:
            raise ValueError(
                f"{shown}: the nodes {taken[place]!r} and {node.label!r} have the same place, "
                f"{place}"
            )
        taken[place] = node.label
