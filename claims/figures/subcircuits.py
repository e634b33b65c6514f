"""Figure 5b: the loss with parts of the induction circuit clamped, over the published curves."""

from __future__ import annotations

import math
from collections.abc import Mapping

from claims.networks.clamped import CURVES_5B
from claims.phase_changes import SEQUENCES, loss_line
from claims.published import published_series
from claims.published.other_seeds import of_other_seeds
from icl_repro import Figure, Panel, ReferenceLine
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
    guess = [ReferenceLine("ln 2", math.log(2))]
    return Figure(
        "Figure 5b",
        "Train loss with parts of the induction circuit clamped throughout training (steps as the "
        "paper numbers them). Training stops when the loss has been at most 0.01.",
        "Section 4.2, Figure 5b",
        [
            Panel(title, SEQUENCES, "loss (nats)", series, guess, x_limits=(0.0, end))
            for title, end in (("Loss under clamping", SHOWN), ("The first quarter", SHOWN / 4))
        ],
    )
