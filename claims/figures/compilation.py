"""Appendix B: how long a training step takes, with and without compilation, and by its clamps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from icl_repro import Bars, Figure, Series


def step_figure(
    times: Mapping[str, np.ndarray], batch: int, what: str = "the step is run"
) -> Figure:
    """Milliseconds of a step in each round, by how the step is run or `what` is said of it."""
    return Figure(
        name="step",
        caption=f"Processor time of one training step of {batch} sequences, in milliseconds: the "
        "median of all rounds, and the least and the greatest of them.",
        source="Appendix B",
        panels=[
            Bars(
                title="",
                x_label=what,
                y_label="milliseconds",
                categories=list(times),
                series=[
                    Series(
                        "step",
                        x=[float(place) for place in range(len(times))],
                        y=[float(np.median(of_kind)) for of_kind in times.values()],
                        low=[float(of_kind.min()) for of_kind in times.values()],
                        high=[float(of_kind.max()) for of_kind in times.values()],
                    )
                ],
            )
        ],
    )
