"""Tables 2 and 3 and Figure 16: what heads of layer 1 alone get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from claims.published import published_series, reported
from icl_repro import Bars, Cell, Figure, Heatmap, Panel, ReferenceLine, Series, Table
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.mistakes import SingleHeadAnswers

Style = Literal["points", "circles"]


def mistakes_table(
    name: str, caption: str, order: Sequence[int], answers: np.ndarray, paper: str
) -> Table:
    """Accuracy of each head but the strongest of `order` on the strongest's mistakes, and overall;
    `paper` are the ids of the published cells, with places for the row and the head.
    """
    wrong = ~answers[order[0]]
    rows = {
        "On the subset": ("subset", [a[wrong].mean() if wrong.any() else None for a in answers]),
        "Overall": ("overall", [a.mean() for a in answers]),
    }
    # The paper's heads from the strongest to the weakest (Figure 4a), put beside ours by rank.
    of_paper = order_of_strength(np.array(published_series("fig4a.only_head").x))
    pairs = list(zip(order[1:], of_paper[1:], strict=True))
    return Table(
        name,
        caption,
        f"Appendix H, {name}",
        [
            f"rank {rank}: head {ours} (paper: {theirs})"
            for rank, (ours, theirs) in enumerate(pairs, start=2)
        ],
        [
            (label, [Cell(values[o], reported(paper.format(row, theirs))) for o, theirs in pairs])
            for label, (row, values) in rows.items()
        ],
    )


def figure_16(
    order: Sequence[int], strengths: np.ndarray, answers: SingleHeadAnswers, rates: np.ndarray
) -> Figure:
    """What perfected match gains, and which labels are copied wrongly: `rates` of mistakes with
    perfected match, heads by labels; `order` is from the strongest head to the weakest.
    """
    strongest, perfected = order[0], answers.perfected
    labels = [str(label) for label in range(rates.shape[1])]

    def points(label: str, of_heads: np.ndarray, style: Style, group: str) -> Series:
        accuracy = of_heads.mean(axis=1).tolist()
        return Series(label, strengths.tolist(), accuracy, style=style, group=group)

    return Figure(
        "Figure 16",
        "Heads of layer 1 alone, as they are and with perfected match, by induction strength; then "
        "the share of sequences that the strongest head copies wrongly with perfected match, by "
        "the label they ask for, and the same for every head, from the strongest down. For the "
        "last two the paper gives no numbers. Which labels are hard differs between "
        "initialisations; in the paper, 1 and 3 for the strongest head.",
        "Appendix H, Figure 16",
        [
            Panel(
                "Accuracy alone",
                "induction strength",
                "accuracy",
                [
                    points("alone", answers.alone, "circles", "alone"),
                    published_series("fig4a.only_head", group="alone"),
                    points("perfected match", perfected, "points", "perfected"),
                    published_series("fig16a.perfected_match", group="perfected"),
                ],
                y_limits=(0, 1),
            ),
            Bars(
                f"Mistakes of the strongest, head {strongest}, perfected match",
                "label",
                "mistake rate",
                labels,
                [
                    Series(
                        "mistake rate",
                        [float(label) for label in range(len(labels))],
                        rates[strongest].tolist(),
                    )
                ],
                [ReferenceLine("all labels", float(1 - perfected[strongest].mean()))],
            ),
            Heatmap(
                "Mistakes of every head, perfected match",
                "label",
                "head of layer 1, strongest first",
                labels,
                [str(head) for head in order],
                rates[list(order)].tolist(),
                "mistake rate",
                limits=(0, 1),
            ),
        ],
    )
