"""Figures 4a, 13 and 14: heads of layer 1 removed, kept alone and added back."""

from __future__ import annotations

import numpy as np

from claims.published import published_series
from claims.published.other_seeds import of_other_seeds
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.measures.heads.ablation import HeadAblations

STRENGTHS_SHOWN = (0.0, 1.1)
"""Up to a perfect induction head, with room for the label of a line."""
HEADS_SHOWN = (0.5, 9.5)


def by_strength_figure(found: HeadAblations, measure: str) -> Figure:
    """Figure 4a for the measure "accuracy", Figure 13 for "loss": each head kept (circles) and
    removed (triangles) by its strength.
    """
    is_accuracy = measure == "accuracy"
    figure = "Figure 4a" if is_accuracy else "Figure 13"
    published = "fig4a" if is_accuracy else "fig13"
    strengths = np.asarray(found.intact.induction_strength).tolist()
    alone, without = (getattr(part, measure).tolist() for part in (found.alone, found.without))
    series = [
        Series("this head alone", strengths, alone, style="circles", group="alone"),
        Series("all heads but this one", strengths, without, style="triangles", group="without"),
        published_series(f"{published}.only_head", group="alone"),
        published_series(f"{published}.remove_head", group="without"),
        *of_other_seeds(f"{published}.only_head", group="alone"),
        *of_other_seeds(f"{published}.remove_head", group="without"),
    ]
    panel = Panel(
        measure.capitalize(),
        "induction strength",
        measure if is_accuracy else "loss (nats)",
        series,
        [ReferenceLine("all heads", float(getattr(found.intact, measure)))],
        x_limits=STRENGTHS_SHOWN,
        y_limits=(0.0, 1.05) if is_accuracy else None,
    )
    return Figure(
        figure,
        f"{measure.capitalize()} on all training sequences with one head of layer 1 alone "
        "(circles) and with all but one (triangles), by the induction strength of that head.",
        "Section 3.1, Figure 4a" if is_accuracy else "Appendix G, Figure 13",
        [panel],
    )


def adding_back_figure(found: HeadAblations) -> Figure:
    """Figure 14: the loss as heads are added back in order of strength."""
    panels = []
    for loss, first, published in (
        (found.from_strongest.loss, found.order[0], "fig14.left"),
        (found.from_second.loss, found.order[1], "fig14.right"),
    ):
        active: list[float | None] = [float(heads) for heads in range(1, len(loss) + 1)]
        label = "heads added in order of strength"
        series = [
            Series(label, active, loss.tolist(), style="circles", group="added"),
            published_series(published, group="added"),
        ]
        panels.append(
            Panel(
                f"Starting with head {first}",
                "heads active",
                "loss (nats)",
                series,
                [ReferenceLine("all heads", float(found.intact.loss))],
                x_limits=HEADS_SHOWN,
            )
        )
    return Figure(
        "Figure 14",
        "Loss on all training sequences as heads of layer 1 are added back in order of induction "
        "strength, from the strongest and from the second strongest on.",
        "Appendix G, Figure 14",
        panels,
    )
