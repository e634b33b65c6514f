"""Figures and tables of Section 3 as a claim might record them: made up, beside the published."""

from icl_repro.verification.diagram import Arrow, Diagram, Node
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Heatmap,
    Panel,
    ReferenceLine,
    Series,
    Table,
    Wiring,
)
from icl_repro.verification.reported import Reported

HEADS = range(8)


def _near(value, place, size=0.03):
    """`value`, a little off: what another network might give."""
    return value * (1 + size * ((7 * place) % 5 - 2) / 2)


def published_map(title, negative=False):
    """What a heat map of eight by eight cells in a paper might hold."""
    values = [
        [(-0.04 if negative and (row + column) % 3 == 0 else 1.0) * _cell(row, column)
         for column in HEADS]
        for row in HEADS
    ]  # fmt: skip
    names = [str(head) for head in HEADS]
    return Heatmap(
        title, "layer 0 head", "layer 1 head", names, [f"head {name}" for name in names], values,
        "accuracy", origin="published",
    )  # fmt: skip


def _cell(row, column):
    """Few large values among many small ones."""
    return 0.9 - row / 40 if (3 * row + column) % 7 == 5 else 0.04 * ((row + 2 * column) % 6)


def _ours(theirs, title, **more):
    values = [
        [_near(value, 3 * row + column) for column, value in enumerate(cells)]
        for row, cells in enumerate(theirs.values)
    ]
    return Heatmap(
        title, theirs.x_label, theirs.y_label, theirs.columns, theirs.rows, values, theirs.unit,
        **more,
    )  # fmt: skip


def by_strength():
    """Figure 4a: circles and triangles, with the published ones open."""
    final = [0.02, 0.05, 0.11, 0.93, 0.14, 0.31, 0.08, 0.52]
    heights = {
        "this head alone": ("circles", [0.2, 0.22, 0.3, 0.99, 0.35, 0.6, 0.25, 0.8]),
        "all heads but this one": ("triangles", [0.99, 0.98, 0.99, 0.81, 0.97, 0.99, 0.98, 0.99]),
    }
    theirs = [
        Series(name, final, y, style=style, group=name, origin="published")
        for name, (style, y) in heights.items()
    ]
    ours = [
        Series(
            one.label,
            [_near(x, i) for i, x in enumerate(one.x)],
            [min(1.0, _near(y, i)) for i, y in enumerate(one.y)],
            style=one.style,
            group=one.group,
        )
        for one in theirs
    ]
    full = ReferenceLine("all heads", 0.9999)
    return Figure(
        "by strength",
        "Accuracy with one head of layer 1 alone, and without it",
        "Figure 4a",
        [
            Panel(
                "", "final induction strength", "accuracy", [*ours, *theirs], [full],
                y_limits=(0, 1.1),
            )
        ],
    )  # fmt: skip


def wiring_maps():
    """Figure 11: heat maps with the graph."""
    theirs = published_map("One head of layer 0 kept, values preserved")
    kept = _ours(theirs, "One head of layer 0 kept, values preserved", limits=(0, 1))
    change = published_map("One head of layer 0 ablated", negative=True)
    edges = [
        (column, row, value)
        for row, cells in enumerate(kept.values)
        for column, value in enumerate(cells)
        if value > 0.5
    ]
    marked = [(row, column) for column, row, _ in edges]
    kept = Heatmap(**{**{f: getattr(kept, f) for f in kept.__struct_fields__}, "marked": marked})
    return [
        Figure(
            "wiring",
            "Accuracy with one head active in each layer; cells above one half are outlined.",
            "Figure 11b",
            [kept, theirs],
        ),
        Figure(
            "knock-outs",
            "Change of accuracy when one head of layer 0 is ablated.",
            "Figure 11a",
            [_ours(change, "One head of layer 0 ablated"), change],
        ),
        Figure(
            "graph",
            "The outlined cells as a graph",
            "Figure 11",
            [
                Wiring(
                    "Which heads feed which",
                    [f"layer 0 head {head}" for head in HEADS],
                    [f"layer 1 head {head}" for head in HEADS],
                    edges,
                )
            ],
        ),
        Figure(
            "composition",
            "Composition scores of the weights.",
            "Figure 11c",
            [
                _ours(theirs, "Key composition"),
                _ours(theirs, "Value composition"),
                published_map("Key composition"),
            ],
        ),
    ]


def learning_times():
    """Figure 17 as bars with error bars and a reference line."""
    names = ["all heads", *(f"heads 3 and {head}" for head in (0, 1, 2, 4))]
    places = [float(place) for place in range(len(names))]
    ours = [258_000.0, 241_000.0, None, 236_000.0, 299_000.0]
    theirs = [262_000.0, 236_000.0, 251_000.0, 240_000.0, 287_000.0]
    return Figure(
        "pairs",
        "Sequences until the loss falls to 0.35.",
        "Figure 17",
        [
            Bars(
                "Learning time",
                "heads that are active",
                "sequences",
                names,
                [
                    Series(
                        "measured",
                        places,
                        ours,
                        low=[y and 0.96 * y for y in ours],
                        high=[y and 1.05 * y for y in ours],
                        group="time",
                    ),
                    Series("published", places, theirs, origin="published", group="time"),
                ],
                [ReferenceLine("head 3 alone", 291_000)],
            )
        ],
    )


def circuit():
    """A diagram with every kind of node and arrow."""
    return Figure(
        "circuit",
        "A label is matched by the token before it.",
        "Figure 5c",
        [
            Diagram(
                "Two steps of a circuit",
                [
                    Node("output", -1, 0, framed=False),
                    Node("0", 1, 0),
                    Node("input", -1, 1, framed=False),
                    Node("A", 0, 1),
                    Node("a query", 1, 1),
                ],
                [
                    Arrow(4, 3, "1 attend", "match", "The query attends to the item", bend=0.5),
                    Arrow(3, 1, "2 copy", "copy", label_at=0.3, bend=-0.1),
                    Arrow(4, 1),
                ],
                ["match", "copy"],
            )
        ],
    )


def strengths():
    """Curves of a quantity with steps, measured in one panel and published in another."""
    steps = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]

    def panel(title, which, **more):
        series = [
            Series(f"strength {step:g}", [0.0, 1e5], [1.8, 1 - step], group=f"{step:g}", **more)
            for step in which
        ]
        return Panel(title, "sequences seen", "loss", series, ordered=True)

    return Figure(
        "strengths",
        "Loss by the strength of a clamp.",
        "Figure 15",
        [panel("Measured", steps), panel("Published", steps[::2], origin="published")],
    )


def paper_tables():
    """Tables 1 and 2 with the paper's numbers in the same cells."""

    def cells(place, table, *values):
        return [
            Cell(None if value is None else _near(value, place),
                 None if value is None else Reported(value, table))
            for value in values
        ]  # fmt: skip

    strongest, overall = "missed by head 3", "all sequences"
    alone = [(0.2408, 0.2519), (0.2112, 0.2333), (0.3021, 0.3111), (None, None),
             (0.2977, 0.35), (0.4102, 0.6021), (0.2301, 0.2541), (0.5, 0.7987)]  # fmt: skip
    return [
        Table(
            "ablations",
            "Accuracy with heads of layer 0 ablated",
            "Table 1",
            ["patterns preserved", "values preserved"],
            [
                ("heads 1, 2, 5 (previous token)", cells(3, "Table 1", 0.9985, 0.3114)),
                ("all other heads", cells(3, "Table 1", 0.5512, 0.9901)),
            ],
        ),
        Table(
            "residual heads",
            "Accuracy of each head alone: where the strongest is wrong, and everywhere.",
            "Table 2",
            [strongest, overall],
            [
                (f"head {head}", cells(head, "Table 2", *values))
                for head, values in enumerate(alone)
            ],
            unit="accuracy",
        ),
    ]


def all_figures():
    """All of the above figures."""
    return [by_strength(), *wiring_maps(), learning_times(), circuit(), strengths()]
