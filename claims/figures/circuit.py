"""The diagram of an induction circuit: its five steps and three subcircuits (Figure 5c)."""

from __future__ import annotations

import msgspec

from icl_repro.verification.diagram import Arrow, Diagram, Node
from icl_repro.verification.pictures import Figure

PREVIOUS_TOKEN = "A: previous token (steps 1, 2)"
MATCH = "B: match (steps 3q, 3k, 4)"
COPY = "C: copy (steps 3v, 5)"

_NODES = {
    "output row": Node("output", -0.8, 0, framed=False),
    "output": Node("0", 4, 0),
    "layer 1 row": Node("layer 1", -0.8, 1, framed=False),
    "value": Node("V", 0.55, 1),
    "key": Node("K", 1.6, 1),
    "query": Node("Q", 4, 1),
    "layer 0 row": Node("layer 0", -0.8, 2, framed=False),
    "label": Node("0", 0.55, 2),
    "item before": Node("A", 1.6, 2),
    "query item": Node("A", 4, 2),
    "input row": Node("input", -0.8, 3, framed=False),
    "first item": Node("A", 0, 3),
    "first label": Node("0", 1, 3),
    "second item": Node("B", 2, 3),
    "second label": Node("1", 3, 3),
    "query token": Node("A", 4, 3),
}

_ARROWS = {
    ("first label", "label"): Arrow(0, 0, meaning="The label stays in the residual stream"),
    ("query token", "query item"): Arrow(0, 0, meaning="The query stays in the residual stream"),
    ("first label", "first item"): Arrow(
        0,
        0,
        "1 attend",
        PREVIOUS_TOKEN,
        "Step 1, PT-attend: a head of layer 0 attends from the label to the token before it",
        bend=0.45,
    ),
    ("first item", "item before"): Arrow(
        0,
        0,
        "2 copy",
        PREVIOUS_TOKEN,
        "Step 2, PT-copy: it copies that token into the residual stream at the label",
        bend=-0.02,
        label_at=0.7,
    ),
    ("query item", "query"): Arrow(
        0,
        0,
        "3q",
        MATCH,
        "Step 3, routing Q: a head of layer 1 reads its query from the token itself",
    ),
    ("item before", "key"): Arrow(
        0, 0, "3k", MATCH, "Step 3, routing K: it reads its key from what layer 0 has copied"
    ),
    ("query", "key"): Arrow(
        0, 0, "4 match", MATCH, "Step 4, IH-match: it matches the query to the same key"
    ),
    ("label", "value"): Arrow(
        0, 0, "3v", COPY, "Step 3, routing V: it reads its value from the label itself"
    ),
    ("value", "output"): Arrow(
        0, 0, "5 copy", COPY, "Step 5, IH-copy: it copies the value to the output", bend=0.12
    ),
}
"""What leads from which node to which; the nodes' positions are filled in below."""


def circuit_figure() -> Figure:
    """Figure 5c: the induction circuit on the sequence A 0 B 1 A, whose answer is 0."""
    place = {name: index for index, name in enumerate(_NODES)}
    arrows = [
        msgspec.structs.replace(arrow, start=place[start], end=place[end])
        for (start, end), arrow in _ARROWS.items()
    ]
    groups = [PREVIOUS_TOKEN, MATCH, COPY]
    return Figure(
        "Figure 5c",
        "An induction circuit on the sequence A 0 B 1 A, whose answer is 0. Step 1: a head of "
        "layer 0 attends from the label to the token before it; 2: and copies that token to the "
        "label's position. Step 3: a head of layer 1 reads queries (3q), keys (3k) and values (3v) "
        "from the right parts of the residual stream; 4: matches the query to the same key; 5: and "
        "copies the value to the output. Three subcircuits learn together: A, B and C. The paper's "
        "Layers 1 and 2 are layers 0 and 1 here.",
        "Section 4.2, Figure 5c",
        [Diagram("The five steps and three subcircuits", list(_NODES.values()), arrows, groups)],
    )
