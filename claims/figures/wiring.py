"""Figures 11a to 11c, the rows of Table 1, and the scores of previous-token heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claims.published import published_heatmap, reported
from claims.wired_paths import PAPER_HEADS, published_accuracies
from icl_repro import (
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
from icl_repro.measures.heads.previous_token import MAJORITY
from icl_repro.measures.heads.wiring import WiringDiagram

PAPER_PANELS = {"value": "pv", "pattern": "pp"}
"""What the panels of Figure 11 are called, by what is preserved."""


def score_figure(scores: np.ndarray, found: Sequence[int]) -> Figure:
    """Which heads of layer 0 attend to the token before, and which of them stand out."""
    heads = range(len(scores))
    return Figure(
        "Previous-token heads",
        "Attention from the labels to the token before them, less that of a uniform causal "
        "pattern, for each head of layer 0 (the paper's Layer 1). Previous-token heads: "
        + (", ".join(map(str, found)) or "none"),
        "Section 3.3",
        [
            Bars(
                "Previous-token score",
                "head of layer 0",
                "attention above uniform",
                [str(head) for head in heads],
                [Series("score", [float(head) for head in heads], scores.tolist())],
                [ReferenceLine("as much as to all other tokens", MAJORITY)],
            )
        ],
    )


def table_1(row: str, off: str, values: np.ndarray, paper: Sequence[str]) -> Table:
    """A row of Table 1."""
    cells = [Cell(float(v), reported(name)) for v, name in zip(values, paper, strict=True)]
    return Table(
        f"Table 1, {row}",
        f"Accuracy without {row} of layer 0 (the paper's Layer 1), on all training sequences. "
        "Ours are as many as the paper's 1, 2 and 5, those with the highest scores.",
        "Appendix E, Table 1",
        ["patterns preserved", "values preserved"],
        [(f"{row}: {off}", cells)],
    )


def table_1_curve(
    row: str, counts: Sequence[int], curve: np.ndarray, paper: Sequence[str]
) -> Figure:
    """A row of Table 1 by how many heads of layer 0 are taken for the previous-token heads."""
    series = []
    for kept, values, name in zip(("patterns", "values"), curve.T, paper, strict=True):
        label = f"{kept} preserved"
        series.append(Series(label, list(map(float, counts)), values.tolist(), group=label))
        series.append(
            Series(
                label,
                [float(len(PAPER_HEADS))],
                [reported(name).value],
                origin="published",
                style="circles",
                group=label,
            )
        )
    return Figure(
        f"Table 1 as a curve, {row}",
        f"Accuracy without {row} of layer 0 (the paper's Layer 1) by how many heads, in order of "
        "previous-token score, are taken for previous-token heads. The paper has three.",
        "Appendix E, Table 1",
        [Panel(row, "previous-token heads", "accuracy", series, y_limits=(0.0, 1.02))],
    )


def figure_11a(diagram: WiringDiagram) -> Figure:
    """What single knock-outs show."""
    unit, limits = "change of accuracy", (-0.2, 0.1)
    panels = []
    for kept, panel in PAPER_PANELS.items():
        title = f"One head of layer 0 off, {kept}s preserved"
        panels.append(heatmap(title, diagram.removed(kept), unit, limits=limits))
        panels.append(published_heatmap(f"fig11a.{panel}"))
    return Figure(
        "Figure 11a",
        "Change of the accuracy of each head of layer 1 alone when a single head of layer 0 is "
        "turned off: the others stand in for it.",
        "Appendix E, Figure 11a",
        panels,
    )


def figure_11b_values(keep_one: np.ndarray, edges: np.ndarray, paper_edges: np.ndarray) -> Figure:
    """Which heads serve the match, with the graph of paths that the text reads from it."""
    of_paper = published_accuracies("b.pv")
    marked = [(int(row), int(column)) for row, column in np.argwhere(edges)]
    return Figure(
        "Figure 11b, values preserved",
        "Accuracy with one head active in each layer. Where values are preserved, the head of "
        "layer 0 serves the match. Outlined, and drawn as a graph, are paths from previous-token "
        "heads to the three strongest induction heads with an accuracy above 0.5 by more than "
        "sampling error. Which head does what differs between initialisations.",
        "Appendix E, Figure 11b",
        [
            heatmap("Values preserved", keep_one, "accuracy", limits=(0.2, 1.0), marked=marked),
            published_heatmap("fig11b.pv"),
            graph("Wiring, values preserved", keep_one, edges),
            graph(
                "The six paths of Appendix E, by the same rule",
                of_paper,
                paper_edges,
                origin="published",
            ),
        ],
    )


def figure_11b_patterns(diagram: WiringDiagram) -> Figure:
    """Which heads serve the copy."""
    keep_one = diagram.keep_one["pattern"]
    return Figure(
        "Figure 11b, patterns preserved",
        "Accuracy with one head active in each layer. Where patterns are preserved, the head of "
        "layer 0 serves the copy.",
        "Appendix E, Figure 11b",
        [
            heatmap("Patterns preserved", keep_one, "accuracy", limits=(0.2, 1.0)),
            published_heatmap("fig11b.pp"),
        ],
    )


def figure_11c(scores: dict[str, np.ndarray]) -> Figure:
    """What the weights alone say, by what is read."""
    unit, limits = "composition score", (0.09, 0.16)
    panels = []
    for reading, of_pairs in scores.items():
        title = f"{reading.capitalize()} composition"
        panels.append(heatmap(title, of_pairs, unit, limits=limits))
        panels.append(published_heatmap(f"fig11c.{reading}"))
    return Figure(
        "Figure 11c",
        "Composition scores, from the weights alone: the Frobenius norm of the product of what a "
        "head of layer 1 reads with and a head of layer 0 writes with, over the product of their "
        "norms. Random matrices give about 0.125. The published ones are clipped to 0.09 to 0.16 "
        "by their colour scale.",
        "Appendix E, Figure 11c",
        panels,
    )


def heatmap(title: str, values: np.ndarray, unit: str, **options) -> Heatmap:
    """A measured heat map over pairs of heads, as the paper draws them."""
    rows, columns = ([str(head) for head in range(n)] for n in values.shape)
    return Heatmap(
        title, "head of layer 0", "head of layer 1", columns, rows, values.tolist(), unit, **options
    )


def graph(title: str, keep_one: np.ndarray, edges: np.ndarray, **options) -> Wiring:
    """Pairs of heads that are wired, the thicker the nearer their accuracy is to 1."""
    receivers, senders = keep_one.shape
    return Wiring(
        title,
        [f"layer 0 head {head}" for head in range(senders)],
        [f"layer 1 head {head}" for head in range(receivers)],
        [
            (int(sender), int(receiver), float(np.clip(2 * keep_one[receiver, sender] - 1, 0, 1)))
            for receiver, sender in np.argwhere(edges)
        ],
        **options,
    )
