"""Figure 15: losses by the strength at which the match is clamped, and when they have fallen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from claims.figures.panels import GUESS, LOSS
from claims.networks.match_strength import STRENGTHS, at_strength
from claims.phase_changes import SEQUENCES, final_loss
from claims.published import published_data, published_series, reported
from icl_repro import Cell, Figure, Panel, ReferenceLine, Reported, Series, Table
from icl_repro.measures.curves.crossings import time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.training import Run

SETS = {
    "train": ("train", "Training sequences"),
    "test_exemplars": ("test_exemplar", "Test (exemplars)"),
    "test_relabel": ("test_relabel", "Test (relabel)"),
}
"""For each evaluation set, its name in the ids of published curves, and in figures."""
SOURCE = "Appendix G, Figure 15"

Runs = Mapping[str, Run]


def published_id(which: str, strength: float) -> str | None:
    """The id of a published curve; None where other lines of the figure hide it."""
    end = "0.0" if strength == 0 else f"{strength:g}"
    curve_id = f"fig15.{SETS[which][0]}.s{end}"
    return curve_id if curve_id in published_data().curves else None


def published_final_loss(which: str, strength: float) -> Reported | None:
    """Where the published curve can be seen to end; None where it cannot."""
    return _published(which, strength, "final_loss")


def published_half_time(which: str, strength: float) -> Reported | None:
    """When the published curve is seen to fall to 0.35; None where it is not."""
    return _published(which, strength, "half_time")


def _published(which: str, strength: float, measure: str) -> Reported | None:
    value_id = f"dig.{published_id(which, strength)}.{measure}"
    return reported(value_id) if value_id in published_data().values else None


def half_time_on(run: Run, which: str) -> float:
    """Sequences until the loss on an evaluation set is 0.35; infinite if it never is."""
    return time_to(run.sequences, run.curves[f"{which}.loss"], HALF_LOSS)


def curves_figure(runs: Runs) -> Figure:
    """The losses of all strengths, with the published ones below."""
    return Figure(
        SOURCE,
        "Losses of networks with all heads of layer 1, of which one has its match clamped at a "
        "strength, from perfect (1) to perfectly wrong (0): the attention from the query to the "
        "label of its class, the rest going to the other label. Above: measured; below: as "
        "published, as far as lines that lie over one another can be told apart.",
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
        [GUESS],
        x_limits=(0.0, 600_000.0),
        y_limits=(0.0, 2.0),
        ordered=True,
    )


def half_times_figure(runs: Runs) -> Figure:
    """When the curves have fallen to 0.35, by strength."""
    half = [ReferenceLine("one half", 0.5, "x")]
    return Figure(
        "half-times",
        "Sequences until the loss first falls to 0.35, by the strength at which the match is "
        "clamped; where it never does there is no circle. Published where the curve can be seen.",
        SOURCE,
        [
            Panel(
                title,
                "strength of the match",
                SEQUENCES,
                half_times(runs, which),
                half,
                y_scale="log",
            )
            for which, (_, title) in SETS.items()
        ],
    )


def half_times(runs: Runs, which: str) -> list[Series]:
    """Our half-times on an evaluation set, and the published ones that can be seen."""
    ours = {s: half_time_on(runs[at_strength(s)], which) for s in STRENGTHS}
    theirs = {strength: published_half_time(which, strength) for strength in STRENGTHS}
    there = {strength: time for strength, time in ours.items() if math.isfinite(time)}
    seen = {strength: time.value for strength, time in theirs.items() if time is not None}
    measured = Series(
        "half-time", list(there), list(there.values()), style="circles", group="half-time"
    )
    return [
        measured,
        msgspec.structs.replace(measured, x=list(seen), y=list(seen.values()), origin="published"),
    ]


def half_times_table(runs: Runs) -> Table:
    """When the curves have fallen to 0.35, in numbers."""

    def cell(which: str, strength: float) -> Cell:
        time = half_time_on(runs[at_strength(strength)], which)
        return Cell(time, published_half_time(which, strength))

    return _table("half-times", "Sequences until the loss is 0.35", cell, "sequences")


def ends_table(runs: Runs) -> Table:
    """The losses at which the curves end, in numbers."""

    def cell(which: str, strength: float) -> Cell:
        loss = final_loss(runs[at_strength(strength)], which)
        return Cell(loss, published_final_loss(which, strength))

    return _table("final losses", "Loss after 600,000 sequences", cell, "nats")


def _table(name: str, what: str, cell: Callable[[str, float], Cell], unit: str) -> Table:
    return Table(
        name,
        f"{what}, by the strength at which the match is clamped",
        SOURCE,
        [title for _, title in SETS.values()],
        [
            (at_strength(strength), [cell(which, strength) for which in SETS])
            for strength in STRENGTHS
        ],
        unit=unit,
    )
