"""Figure 6 and the table of its half-times."""

from __future__ import annotations

from collections.abc import Mapping

from claims.half_times import (
    SYMBOLS,
    Times,
    all_published_times,
    as_reported,
    published_id,
    varied_in,
)
from claims.networks.data_properties import (
    BY_CLASSES,
    BY_LABELS,
    CIRCUITS,
    CLAMPED_SEQUENCES,
    CONDITIONS,
    LONGEST,
    Circuit,
    Row,
    name_of,
)
from claims.published import SEEDS, published_series
from claims.published.other_seeds import of_other_seeds
from icl_repro import Cell, Figure, Panel, Series, Table
from icl_repro.training import Run

TITLES: Mapping[Circuit, str] = {
    "whole": "Whole network",
    "B": "Subcircuit B (match)",
    "C": "Subcircuit C (copy)",
    "B and C": "Subcircuits B and C",
}
SHADES = ("fewest", "middle", "most")
"""The groups that share a colour in both rows."""


def half_time_table(times: Times) -> Table:
    """Every half-time beside the published one."""
    published = all_published_times(CIRCUITS)
    of_seeds = [all_published_times(CIRCUITS, seed) for seed in SEEDS]
    return Table(
        "Half-times",
        "Sequences until the train loss falls to half of ln 2. Published: read off Figure 6.",
        "Figure 6, digitized",
        [SYMBOLS[circuit] for circuit in CIRCUITS],
        [
            (
                condition.name,
                [
                    Cell(
                        times[circuit, condition],
                        as_reported(
                            published[circuit, condition],
                            [of_seed[circuit, condition] for of_seed in of_seeds],
                        ),
                    )
                    for circuit in CIRCUITS
                ],
            )
            for condition in CONDITIONS
        ],
        "sequences",
    )


def loss_figure(runs: Mapping[str, Run]) -> Figure:
    """Figure 6: a row for classes and one for labels, a column for each circuit."""
    return Figure(
        "Figure 6",
        "Train loss with more classes (upper row) and more labels (lower row), of the whole "
        "network and of isolated subcircuits.",
        "Section 5, Figure 6",
        [loss_panel(runs, circuit, row) for row in (BY_CLASSES, BY_LABELS) for circuit in CIRCUITS],
    )


def loss_panel(runs: Mapping[str, Run], circuit: Circuit, row: Row) -> Panel:
    """The train loss of a circuit under the three conditions of a row, over the published ones."""
    varied = varied_in(row)
    series = []
    for condition, shade in zip(row, SHADES, strict=True):
        run = runs[name_of(circuit, condition)]
        label = f"{getattr(condition, varied)} {varied}"
        loss = run.curves["train.loss"].tolist()
        series.append(Series(label, run.sequences.tolist(), loss, group=shade))
        curve_id = published_id(circuit, condition, row)
        series.append(published_series(curve_id, group=shade))
        series += of_other_seeds(curve_id, group=shade)
    return Panel(
        f"{TITLES[circuit]}, by {varied}",
        "training sequences seen",
        "loss (nats)",
        series,
        x_limits=(0, LONGEST if circuit == "whole" else CLAMPED_SEQUENCES),
        y_limits=(0, 1.5),
        ordered=True,
    )
