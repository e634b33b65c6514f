"""Figure 5b: the loss with parts of the induction circuit clamped, over the published curves; and
how sharp the change is of each head alone, of which one was clamped.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from claims.figures.panels import loss_panels, points_of_heads
from claims.networks.clamped import CURVES_5B, HEADS
from claims.phase_changes import SEQUENCES, half_time_of, loss_line, over_seeds
from claims.published import SEEDS, published_series
from claims.published.other_seeds import of_other_seeds
from icl_repro import Figure, Panel
from icl_repro.measures.curves.phase_change import acceleration_ratio
from icl_repro.training import Run

SHOWN = 400_000.0
"""As far as the published figure goes."""


def clamping_figure(runs: Mapping[str, Run]) -> Figure:
    """The whole, and its first quarter, where the fast networks learn."""
    series = []
    for condition, curve_id in CURVES_5B.items():
        series.append(loss_line(condition, runs[condition], condition))
        series.append(published_series(curve_id, group=condition))
        series += of_other_seeds(curve_id, group=condition)
    return Figure(
        "Figure 5b",
        "Train loss with parts of the induction circuit clamped throughout training (steps as the "
        "paper numbers them). Training stops when the loss has been at most 0.01.",
        "Section 4.2, Figure 5b",
        [
            *loss_panels({"Loss under clamping": series}, end=SHOWN),
            *loss_panels({"The first quarter": series}, end=SHOWN / 4),
        ],
    )


def single_heads_figure(runs: Mapping[str, Run]) -> Figure:
    """How sharp the phase change of each head alone is, by when it comes."""
    alone = [runs[f"head {head}"] for head in HEADS]
    times = np.array([half_time_of(run) for run in alone])
    ratios = [acceleration_ratio(run.sequences, run.curves["train.loss"]) for run in alone]
    points = [points_of_heads("each head alone", times, np.array(ratios))]
    curves = [f"fig4b.main.only_l2_head_{head}" for head in HEADS]
    their_times, their_ratios = (
        np.array([over_seeds(curve, name) for curve in curves]).T
        for name in ("half_time", "acceleration")
    )
    points += [
        points_of_heads(f"seed {seed}", *of_heads, origin="published")
        for seed, of_heads in zip(SEEDS, zip(their_times, their_ratios, strict=True), strict=True)
    ]
    return Figure(
        "Each head alone",
        "How sharp the phase change is of each head of layer 1 alone (the largest speed of the "
        "loss over the smallest before), by when its loss is at half of ln 2. The head that is "
        "clamped is the first to get there, not the sharpest.",
        "Section 4.2, Figure 4b",
        [Panel("Each head alone", f"half-time ({SEQUENCES})", "acceleration ratio", points)],
    )
