"""Figures 3a, 3b and 12: the phase change, the heads that emerge with it, and what layer 0 does."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from claims.comparisons import EMERGED, STRONG, PerHead
from claims.figures.panels import loss_panels, points_of_heads
from claims.phase_changes import SEQUENCES
from claims.published import SEEDS, of_seeds, published_series
from claims.published.computed import MAIN_SEED, heads_by_strength
from claims.published.other_seeds import OTHER_SEEDS, of_other_seed, of_other_seeds
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.training import Run

SETS = {"train": "train", "test_exemplars": "test (exemplars)", "test_relabel": "test (relabel)"}
"""The evaluation sets, as the paper calls them."""
Rise = Float[np.ndarray, " checkpoints"]
DELTA = "fig12.{}_connection.train_loss_delta"


def _line(label: str, x: np.ndarray, y: np.ndarray, group: str) -> Series:
    return Series(label, x.tolist(), y.tolist(), group=group)


def loss_figure(run: Run) -> Figure:
    """Figure 3a: the loss on the three evaluation sets, over the published curves."""
    series = []
    for name, label in SETS.items():
        series.append(_line(label, run.sequences, run.curves[f"{name}.loss"], name))
        series.append(published_series(f"fig3a.main.{name}", group=name))
        series += of_other_seeds(f"fig3a.main.{name}", group=name)
    return Figure(
        "Figure 3a",
        "Loss on the three evaluation sets. It rests near ln 2, a guess between the two labels in "
        "context, then falls in a phase change.",
        "Section 3, Figure 3a",
        loss_panels({"Loss": series}),
    )


def strength_figure(run: Run) -> Figure:
    """Figure 3b: the induction strength of every head, beside the published ones by rank."""
    strengths = induction_strengths(run)
    layer = run.spec.model.layers - 1
    measured = [
        _line(f"layer {layer} head {head}", run.sequences, strengths[:, head], f"rank {rank}")
        for rank, head in enumerate(np.argsort(-strengths[-1]))
    ]
    curve = "fig3b.main.l2_head_{}"
    published = [
        published_series(curve.format(head), group=f"rank {rank}")
        for rank, head in enumerate(heads_by_strength(MAIN_SEED))
    ]
    others = [
        of_other_seed(curve.format(head), seed, group=f"rank {rank}")
        for seed in OTHER_SEEDS
        for rank, head in enumerate(heads_by_strength(seed))
    ]
    strongest = [series for series in others if series.group == published[0].group]
    panels = {
        "Measured, over the published strongest head": [*measured, published[0], *strongest],
        "Published": [*published, *others],
    }
    return Figure(
        "Figure 3b",
        "Induction strength of every head of the last layer: attention from the query to the label "
        "of its class, less that to the other label. Heads share a colour with the published head "
        "of the same rank; which head comes first differs between initialisations.",
        "Section 3, Figure 3b",
        [
            Panel(title, SEQUENCES, "induction strength", series, y_limits=(-0.1, 1.0))
            for title, series in panels.items()
        ],
    )


def order_figure(strengths: PerHead, emerged: PerHead) -> Figure:
    """After Figure 3b: when each head of the last layer emerges, by its strength in the end."""
    times = np.array([of_seeds(f"dig.fig3b.main.l2_head_{head}.t_0.1") for head in range(8)]).T
    published = []
    for seed, of_seed in zip(SEEDS, times, strict=True):
        theirs = np.array(published_series(f"fig18.accuracy.seed{seed}").y, float)
        published.append(points_of_heads(f"seed {seed}", theirs, of_seed, "published"))
    return Figure(
        "After Figure 3b",
        "When the induction strength of each head of the last layer first is "
        f"{EMERGED:g}, by its strength in the end. Heads that never get there are left out.",
        "Section 3.2, Figure 3b",
        [
            Panel(
                "Order of emergence",
                "induction strength in the end",
                SEQUENCES,
                [points_of_heads("measured", strengths, emerged), *published],
                [ReferenceLine("counted as an induction head", STRONG, axis="x")],
            )
        ],
    )


def direct_path_figure(run: Run, without_path: Rise, without_layer_1: Rise) -> Figure:
    """Figure 12: by how much two ablations raise the loss of each checkpoint."""
    panels = []
    for title, rise, curve in (
        ("Without the direct path of layer 0", without_path, "top_ablating_l1_output"),
        ("Without the output of layer 1", without_layer_1, "bottom_ablating_l2_output"),
    ):
        series = [
            _line("measured", run.checkpoint_sequences, rise, "rise"),
            published_series(DELTA.format(curve), group="rise"),
        ]
        panels.append(Panel(title, SEQUENCES, "rise of the train loss (nats)", series))
    return Figure(
        "Figure 12",
        "By how much the train loss rises, at checkpoints, when the direct path of layer 0 to the "
        "output is removed, and when the output of layer 1 is.",
        "Section 3, Figure 12",
        panels,
    )
