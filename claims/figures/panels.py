"""What several figures are made of: panels of loss curves, and points for heads."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from claims.comparisons import PerHead
from claims.phase_changes import SEQUENCES
from icl_repro import Bars, Diagram, Heatmap, Panel, ReferenceLine, Series, Wiring
from icl_repro.verification.pictures import Origin

LOSS = "loss (nats)"
GUESS = ReferenceLine("ln 2", math.log(2))
"""The loss of a guess between the two labels in context."""


def loss_panels(
    series: Mapping[str, list[Series]], line: ReferenceLine = GUESS, end: float | None = None
) -> list[Panel | Heatmap | Wiring | Bars | Diagram]:
    """Panels of loss curves side by side, by title, with a line, and shown up to the same end."""
    limits = None if end is None else (0.0, end)
    return [
        Panel(title, SEQUENCES, LOSS, lines, [line], x_limits=limits)
        for title, lines in series.items()
    ]


def points_of_heads(label: str, x: PerHead, y: PerHead, origin: Origin = "measured") -> Series:
    """A point for each head of which both numbers are finite."""
    known = np.isfinite(x) & np.isfinite(y)
    return Series(
        label, x[known].tolist(), y[known].tolist(), origin=origin, style="points", group=label
    )
