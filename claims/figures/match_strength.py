"""Figure 15: losses by the strength at which the match is clamped, and where they end."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from claims.networks.clamped import STRENGTHS, at_strength
from claims.phase_changes import SEQUENCES, final_loss
from claims.published import published_data, published_series, reported
from icl_repro import Cell, Figure, Panel, ReferenceLine, Reported, Series, Table
from icl_repro.training import Run

SETS = {
    "train": ("train", "Training sequences"),
    "test_exemplars": ("test_exemplar", "Test (exemplars)"),
    "test_relabel": ("test_relabel", "Test (relabel)"),
}
"""For each evaluation set, its name in the ids of published curves, and in figures."""
SOURCE = "Appendix G, Figure 15"
LOSS = "loss (nats)"

Runs = Mapping[str, Run]


def published_id(which: str, strength: float) -> str | None:
    """The id of a published curve; None where other lines of the figure hide it."""
    end = "0.0" if strength == 0 else f"{strength:g}"
    curve_id = f"fig15.{SETS[which][0]}.s{end}"
    return curve_id if curve_id in published_data().curves else None


def published_final_loss(which: str, strength: float) -> Reported | None:
    """Where the published curve can be seen to end; None where it cannot."""
    value_id = f"dig.{published_id(which, strength)}.final_loss"
    return reported(value_id) if value_id in published_data().values else None


def curves_figure(runs: Runs) -> Figure:
    """The losses of all strengths, with the published ones below."""
    return Figure(
        SOURCE,
        "Losses of networks whose match is clamped at a strength, from perfect (1) to perfectly "
        "wrong (0): the attention from the query to the label of its class, the rest going to the "
        "other label. Above: measured; below: as published, as far as lines that lie over one "
        "another can be told apart. The published curve at one half, where the head cannot tell "
        "the labels apart, falls like that of Figure 5b without a clamp.",
        SOURCE,
        [
            *(panel(title, measured(runs, which)) for which, (_, title) in SETS.items()),
            *(panel(f"{title}, published", published(which)) for which, (_, title) in SETS.items()),
        ],
    )


def measured(runs: Runs, which: str) -> list[Series]:
    """A line for each strength."""
    lines = {name: runs[name] for name in map(at_strength, STRENGTHS)}
    return [
        Series(name, run.sequences.tolist(), run.curves[f"{which}.loss"].tolist(), group=name)
        for name, run in lines.items()
    ]


def published(which: str) -> list[Series]:
    """A line for each strength whose published one can be told apart."""
    ids = {at_strength(strength): published_id(which, strength) for strength in STRENGTHS}
    return [
        msgspec.structs.replace(published_series(curve_id, group=name), label=name)
        for name, curve_id in ids.items()
        if curve_id
    ]


def panel(title: str, series: list[Series]) -> Panel:
    """Axes for the losses of all strengths, the same for ours and the published ones."""
    return Panel(
        title,
        SEQUENCES,
        LOSS,
        series,
        [ReferenceLine("ln 2", math.log(2))],
        x_limits=(0.0, 600_000.0),
        y_limits=(0.0, 2.0),
        ordered=True,
    )


def final_figure(runs: Runs) -> Figure:
    """The losses at which the curves end, by strength."""
    half = [ReferenceLine("one half", 0.5, "x")]
    return Figure(
        "final losses",
        "Loss after 600,000 sequences by the strength at which the match is clamped; published "
        "where the end of a curve can be seen, to within 0.008.",
        SOURCE,
        [
            Panel(title, "strength of the match", LOSS, ends(runs, which), half, y_scale="log")
            for which, (_, title) in SETS.items()
        ],
    )


def ends(runs: Runs, which: str) -> list[Series]:
    """Our final losses on an evaluation set, and the published ones that can be seen."""
    places: list[float | None] = [*STRENGTHS]
    ours: list[float | None] = [final_loss(runs[at_strength(s)], which) for s in STRENGTHS]
    theirs = {strength: published_final_loss(which, strength) for strength in STRENGTHS}
    seen = {strength: loss.value for strength, loss in theirs.items() if loss is not None}
    measured = Series("final loss", places, ours, style="circles", group="final")
    return [
        measured,
        msgspec.structs.replace(measured, x=list(seen), y=list(seen.values()), origin="published"),
    ]


def final_table(runs: Runs) -> Table:
    """The losses at which the curves end, in numbers."""

    def cell(which: str, strength: float) -> Cell:
        loss = final_loss(runs[at_strength(strength)], which)
        return Cell(loss, published_final_loss(which, strength))

    return Table(
        "final losses",
        "Loss after 600,000 sequences by the strength at which the match is clamped",
        SOURCE,
        [title for _, title in SETS.values()],
        [
            (at_strength(strength), [cell(which, strength) for which in SETS])
            for strength in STRENGTHS
        ],
        unit="nats",
    )
