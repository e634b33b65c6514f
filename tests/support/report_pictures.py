"""Figures and tables of Section 3 as a claim might record them: made up, beside the published."""

from claims.published import published_heatmap, published_series, reported
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

HEADS = range(8)


def _near(value, place, size=0.03):
    """`value`, a little off: what another network might give."""
    return value * (1 + size * ((7 * place) % 5 - 2) / 2)


def _ours(heatmap_id, title, **more):
    theirs = published_heatmap(heatmap_id)
    values = [
        [_near(value, 3 * row + column) for column, value in enumerate(cells)]
        for row, cells in enumerate(theirs.values)
    ]
    return Heatmap(
        title,
        theirs.x_label,
        theirs.y_label,
        theirs.columns,
        theirs.rows,
        values,
        theirs.unit,
        **more,
    )


def by_strength():
    """Figure 4a: circles and triangles, with the published ones open."""
    names = {"fig4a.only_head": "this head alone", "fig4a.remove_head": "all heads but this one"}
    theirs = {name: published_series(name, group=name) for name in names}
    ours = [
        Series(
            label,
            [_near(x, i) for i, x in enumerate(theirs[name].x)],
            [min(1.0, _near(y, i)) for i, y in enumerate(theirs[name].y)],
            style=theirs[name].style,
            group=name,
        )
        for name, label in names.items()
    ]
    full = ReferenceLine("all heads", 0.9999)
    return Figure(
        "by strength",
        "Accuracy with one head of layer 1 alone, and without it",
        "Figure 4a",
        [
            Panel(
                "",
                "final induction strength",
                "accuracy",
                [*ours, *theirs.values()],
                [full],
                y_limits=(0, 1.1),
            )
        ],
    )


def wiring_maps():
    """Figure 11: heat maps with the graph."""
    kept = _ours("fig11b.pv", "One head of layer 0 kept, values preserved", limits=(0, 1))
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
            [kept, published_heatmap("fig11b.pv")],
        ),
        Figure(
            "knock-outs",
            "Change of accuracy when one head of layer 0 is ablated.",
            "Figure 11a",
            [_ours("fig11a.pp", "One head of layer 0 ablated"), published_heatmap("fig11a.pp")],
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
                _ours("fig11c.key", "Key composition"),
                _ours("fig11c.value", "Value composition"),
                published_heatmap("fig11c.key"),
            ],
        ),
    ]


def learning_times():
    """Figure 17 as bars with error bars and a reference line."""
    names = ["all heads", *(f"heads 3 and {head}" for head in (0, 1, 2, 4))]
    places = [float(place) for place in range(len(names))]
    ours = [258_000.0, 241_000.0, None, 236_000.0, 299_000.0]
    theirs = [
        reported(f"dig.fig17.main.{name.replace(' ', '_')}.half_time").value for name in names
    ]
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
    first = {
        "heads 1, 2, 5 (previous token)": ("pp_ablate_1_2_5", "vp_ablate_1_2_5"),
        "all other heads": ("pp_ablate_0_3_4_6_7", "vp_ablate_0_3_4_6_7"),
    }
    return [
        Table(
            "ablations",
            "Accuracy with heads of layer 0 ablated",
            "Table 1",
            ["patterns preserved", "values preserved"],
            [
                (
                    head,
                    [
                        Cell(_near(reported(f"paper.table1.{cell}").value, 3), cell_value)
                        for cell in cells
                        for cell_value in [reported(f"paper.table1.{cell}")]
                    ],
                )
                for head, cells in first.items()
            ],
        ),
        Table(
            "residual heads",
            "Accuracy of each head alone: where the strongest is wrong, and everywhere.",
            "Table 2",
            ["missed by head 3", "all sequences"],
            [
                (
                    f"head {head}",
                    [
                        Cell(
                            None
                            if head == 3
                            else _near(reported(f"paper.table2.{column}.h{head}").value, head),
                            None if head == 3 else reported(f"paper.table2.{column}.h{head}"),
                        )
                        for column in ("subset", "overall")
                    ],
                )
                for head in HEADS
            ],
            unit="accuracy",
        ),
    ]


def all_figures():
    """All of the above figures."""
    return [by_strength(), *wiring_maps(), learning_times(), circuit(), strengths()]
