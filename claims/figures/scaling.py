"""Half-times against classes and against labels, with their power laws (ours)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from claims.half_times import SYMBOLS, Times, published_times, varied_in
from claims.networks.data_properties import BY_CLASSES, BY_LABELS, PARTS, Circuit, Row
from icl_repro import Figure, Panel, Series
from icl_repro.measures.curves.power_law import PowerLaw

LawOf = Callable[[Times, Circuit, Row], PowerLaw]


def numbers(grid: Row) -> np.ndarray:
    """How many classes, or labels, there are along a grid."""
    return np.array([getattr(condition, varied_in(grid)) for condition in grid], float)


def scaling_figure(times: Times, grids: tuple[Row, Row], law_of: LawOf) -> Figure:
    """A panel for each grid, classes before labels."""
    panels = [
        scaling_panel(times, grid, row, law_of)
        for grid, row in zip(grids, (BY_CLASSES, BY_LABELS), strict=True)
    ]
    return Figure(
        "Half-times by classes and by labels",
        "Half-times of the whole network (T) and of the isolated subcircuits (T_B, T_C), with "
        "power laws through them and their exponents; published half-times where there are any.",
        "Beyond the paper, after Section 5",
        [*panels],
    )


def scaling_panel(times: Times, grid: Row, row: Row, law_of: LawOf) -> Panel:
    """The half-times along a grid, over the published ones of a row of Figure 6."""
    series = []
    published = published_times(row, PARTS)
    for circuit in PARTS:
        symbol, law, x = SYMBOLS[circuit], law_of(times, circuit, grid), numbers(grid)
        measured = [times[circuit, condition] for condition in grid]
        theirs = [published[circuit, condition] for condition in row]
        series += [
            Series(symbol, x.tolist(), [*measured], style="circles", group=symbol),
            Series(described(symbol, law), x.tolist(), law.at(x).tolist(), group=symbol),
            Series(
                f"{symbol}, published",
                numbers(row).tolist(),
                [*theirs],
                origin="published",
                style="circles",
                group=symbol,
            ),
        ]
    varied = varied_in(grid)
    axes = (f"By {varied}", varied, "half-time (sequences)")
    return Panel(*axes, series, x_scale="log", y_scale="log")


def described(symbol: str, law: PowerLaw) -> str:
    """A power law in words."""
    low, high = law.interval.low, law.interval.high
    if low is None or high is None:
        return f"{symbol}: no power law"
    # Adding 0 makes a negative zero a plain one.
    exponent, low, high = (round(value, 2) + 0.0 for value in (law.exponent, low, high))
    return f"{symbol}: exponent {exponent:.2f} ({low:.2f} to {high:.2f})"
