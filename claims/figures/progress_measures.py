"""Figure 10: clamps during training beside progress measures, over the published curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from claims.phase_changes import SEQUENCES, loss_line
from claims.published import published_series
from icl_repro import Figure, Panel, Series
from icl_repro.training import Run

PREVIOUS_TOKEN = "previous-token pattern"
MATCH = "match"
PARTS = (PREVIOUS_TOKEN, MATCH)

CLAMPED_CURVES = {
    PREVIOUS_TOKEN: "fig10.left_clamping_during_training.1",
    MATCH: "fig10.left_clamping_during_training.1_2_3qk_4_match",
}
PROGRESS_CURVES = {
    PREVIOUS_TOKEN: "fig10.right_progress_measures.composite_sub_circuit_steps_2_3qkv_4_5",
    MATCH: "fig10.right_progress_measures.copy_sub_circuit_steps_3v_5",
}
"""The paper names a progress measure by what is left to learn."""


def progress_figure(
    runs: Mapping[str, Run], progress: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> Figure:
    """Networks that were trained under a clamp, and checkpoints with the same part made perfect."""
    clamped, measured = [], []
    for part in PARTS:
        x, y = progress[part]
        clamped += [
            loss_line(f"{part} clamped", runs[part], part),
            published_series(CLAMPED_CURVES[part], group=part),
        ]
        measured += [
            Series(f"perfect {part}", x.tolist(), y.tolist(), group=part),
            published_series(PROGRESS_CURVES[part], group=part),
        ]
    axes = (SEQUENCES, "loss (nats)")
    return Figure(
        "Figure 10",
        "Left: train loss of networks trained with a part of the circuit clamped. Right: loss of "
        "checkpoints of a network that trains without a clamp, with the same part made perfect.",
        "Appendix D.2, Figure 10",
        [
            Panel("Clamping during training", *axes, clamped),
            Panel("Progress measures", *axes, measured),
        ],
    )
