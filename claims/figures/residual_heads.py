"""Tables 2 and 3 and Figure 16: what heads of layer 1 alone get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from claims.published import published_series, reported
from claims.residual_heads import OF_PAPER, ByLabel
from icl_repro import Bars, Cell, Figure, Heatmap, Panel, Series, Table
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.mistakes import SingleHeadAnswers

Style = Literal["points", "circles"]
Whose = Literal["ours", "published"]


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
    order: Sequence[int],
    strengths: np.ndarray,
    answers: SingleHeadAnswers,
    ours: ByLabel,
    paper: ByLabel,
) -> Figure:
    """What perfected match gains, and which labels are copied wrongly, by us and in the paper;
    `order` is from the strongest head to the weakest.
    """
    perfected = answers.perfected

    def points(label: str, of_heads: np.ndarray, style: Style, group: str) -> Series:
        accuracy = of_heads.mean(axis=1).tolist()
        return Series(label, strengths.tolist(), accuracy, style=style, group=group)

    return Figure(
        "Figure 16",
        "Heads of layer 1 alone, as they are and with perfected match, by induction strength; then "
        "how the mistakes of the strongest and of the second strongest head with perfected match "
        "are shared by the labels that are asked for, and the share of sequences with each label "
        "that each head copies wrongly. Which labels are hard differs between initialisations; in "
        "the paper, 1 and 3 for the strongest head, which is head 3.",
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
            shares_of_mistakes("ours", order, ours),
            shares_of_mistakes("published", OF_PAPER, paper),
            rates_of_mistakes("ours", order, ours),
            rates_of_mistakes("published", OF_PAPER, paper),
        ],
    )


def shares_of_mistakes(whose: Whose, order: Sequence[int], mistakes: ByLabel) -> Bars:
    """Figure 16b, for the two strongest heads."""
    shares = np.nan_to_num(mistakes.shares[:2])
    positions: list[float | None] = [float(label) for label in range(shares.shape[1])]
    groups = ("strongest", "second strongest")
    return Bars(
        f"Mistakes with perfected match, {whose}",
        "label",
        "share of the head's mistakes",
        [str(label) for label in range(shares.shape[1])],
        [
            Series(f"{group}, head {head}", positions, of_head.tolist(), group=group)
            for group, head, of_head in zip(groups, order[:2], shares, strict=True)
        ],
        y_limits=(0, 1),
    )


def rates_of_mistakes(whose: Whose, order: Sequence[int], mistakes: ByLabel) -> Heatmap:
    """Figure 16c, turned over."""
    rates = mistakes.rates
    return Heatmap(
        f"Mistakes of every head, perfected match, {whose}",
        "label",
        "head of layer 1, strongest first",
        [str(label) for label in range(rates.shape[1])],
        [str(head) for head in order],
        rates.tolist(),
        "mistake rate",
        limits=(0, 1),
        origin="published" if whose == "published" else "measured",
    )
