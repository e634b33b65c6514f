"""A match clamped at other strengths than perfect (Appendix G; Figure 15).

Trained: networks with one head of layer 1 (which one: see clamped_networks) whose attention from
the query is clamped throughout: to the label of the query's class with a weight of the strength, to
the other label with the rest. Sixteen strengths, from 1, a perfect match, to 0, a perfectly wrong
one; strength s is an induction strength of 2s - 1. Only the copy is learnt. Measured: the losses on
the three evaluation sets while they train, and in the end.

At one half the head cannot tell the two labels apart. Below one half a network can still learn
which label the less attended one is, so that the statement is about strengths above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pytest

from claims.networks.clamped import fastest_head, match, single_heads, unclamped
from claims.phase_changes import SEQUENCES, check_acceleration, of_run
from claims.published import published_data, published_series, reported
from icl_repro.statistics.ranks import derangements, spearman
from icl_repro.training import Run, RunSpec
from icl_repro.verification.pictures import Cell, Figure, Panel, ReferenceLine, Series, Table
from icl_repro.verification.reported import Reported

STRENGTHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
"""The strengths of the paper, from perfect to perfectly wrong."""
ABOVE_ONE_HALF = tuple(strength for strength in STRENGTHS if strength > 0.5)
SETS = {
    "train": ("train", "Training sequences"),
    "test_exemplars": ("test_exemplar", "Test (exemplars)"),
    "test_relabel": ("test_relabel", "Test (relabel)"),
}
"""For each evaluation set, its name in the ids of published curves, and in figures."""
LOSS = "loss (nats)"


def name_of(strength: float) -> str:
    """What a strength is called, also as a run."""
    return f"strength {strength:g}"


def all_strengths(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The network of each strength, on the head that is fastest alone."""
    head = fastest_head(runs)
    return {name_of(strength): match(seed, head, strength) for strength in STRENGTHS}


def final_losses(runs: Mapping[str, Run], strengths: Sequence[float], which: str) -> np.ndarray:
    """The last loss on an evaluation set of each strength."""
    return np.array([runs[name_of(strength)].curves[f"{which}.loss"][-1] for strength in strengths])


# The final loss falls with the strength, and the copy alone is learnt without acceleration.

FALLS = "rank correlation of strength above one half with the final train loss"
ACCELERATION = "acceleration ratio of the train loss at perfect strength"


def measure_fall(evidence, strengths: np.ndarray, losses: np.ndarray, note: str = "") -> None:
    """State how strengths and final losses correlate; rows are namings, of which the mean counts.

    The loss falls with strength, so that the correlation is negative.
    """
    evidence.check(
        FALLS,
        np.mean(spearman(strengths, np.broadcast_to(losses, strengths.shape))),
        at_most=-0.95,
        note=note or f"Spearman, {losses.size} strengths from {strengths.min():g} to 1",
    )


def measure_acceleration(evidence, run: Run) -> None:
    """State by how much the train loss of a network speeds up."""
    check_acceleration(
        evidence,
        ACCELERATION,
        of_run(run),
        "fig5b.main.1_2_3qk_4_match",
        at_most=1.5,
        note="a curve that only slows down has 1; the published curve with a perfect match is that "
        "of Figure 5b",
    )


@pytest.mark.claim(
    id="match_strength.final_loss",
    statement="The better the match that a network is given, the lower the loss at which copying "
    "alone ends; with a perfect match it is learnt without a phase change",
    source="Appendix G, Figure 15",
    controls=("match_strength.shuffled", "match_strength.unclamped"),
    runs=single_heads,
    then=all_strengths,
)
def test_final_loss(evidence, runs):
    losses = final_losses(runs, ABOVE_ONE_HALF, "train")
    measure_fall(evidence, np.array(ABOVE_ONE_HALF), losses)
    measure_acceleration(evidence, runs[name_of(1.0)])
    for which in ("test_exemplars", "test_relabel"):
        ours = final_losses(runs, ABOVE_ONE_HALF, which)
        evidence.quantity(
            f"rank correlation of strength above one half with the final loss on "
            f"{SETS[which][1].lower()}",
            spearman(np.array(ABOVE_ONE_HALF), ours),
        )
    evidence.figure(curves_figure(runs))
    evidence.figure(final_figure(runs))
    evidence.table(final_table(runs))
    for strength in (1.0, 0.6):
        run = runs[name_of(strength)]
        loss = run.curves["train.loss"]
        evidence.curve_snapshot(f"train loss, {name_of(strength)}", run.sequences, loss)


@pytest.mark.control(
    id="match_strength.shuffled",
    statement="With the strengths shuffled, the final loss does not fall with strength",
    must_fail=(FALLS,),
    runs=single_heads,
    then=all_strengths,
)
def test_shuffled(evidence, runs):
    strengths = np.array(ABOVE_ONE_HALF)[derangements(len(ABOVE_ONE_HALF))]
    losses = final_losses(runs, ABOVE_ONE_HALF, "train")
    measure_fall(evidence, strengths, losses, "mean over 1,000 derangements of the strengths")


def without_clamp(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The network on the same head with nothing clamped."""
    return {"unclamped": unclamped(seed, fastest_head(runs))}


@pytest.mark.control(
    id="match_strength.unclamped",
    statement="Without a clamp the loss accelerates",
    must_fail=(ACCELERATION,),
    runs=single_heads,
    then=without_clamp,
)
def test_unclamped(evidence, runs):
    measure_acceleration(evidence, runs["unclamped"])


# Figures.


def published_id(which: str, strength: float) -> str | None:
    """The id of a published curve; None where other lines of the figure hide it."""
    end = {0.0: "0.0"}.get(strength, f"{strength:g}")
    curve_id = f"fig15.{SETS[which][0]}.s{end}"
    return curve_id if curve_id in published_data().curves else None


def published_final_loss(which: str, strength: float) -> Reported | None:
    """Where the published curve can be seen to end; None where it cannot."""
    curve_id = published_id(which, strength)
    value_id = f"dig.{curve_id}.final_loss"
    return reported(value_id) if value_id in published_data().values else None


def curves_figure(runs: Mapping[str, Run]) -> Figure:
    """Figure 15: the losses of all strengths, with the published ones below."""
    ours, theirs = [], []
    for which, (_, title) in SETS.items():
        series, published = [], []
        for strength in STRENGTHS:
            run, name = runs[name_of(strength)], name_of(strength)
            loss = run.curves[f"{which}.loss"].tolist()
            series.append(Series(name, run.sequences.tolist(), loss, group=name))
            if curve_id := published_id(which, strength):
                curve = published_series(curve_id, group=name)
                published.append(msgspec.structs.replace(curve, label=name))
        guess = [ReferenceLine("ln 2", math.log(2))]
        ours.append(panel(title, series, guess))
        theirs.append(panel(f"{title}, published", published, guess))
    return Figure(
        "Appendix G, Figure 15",
        "Losses of networks whose match is clamped at a strength, from perfect (1) to perfectly "
        "wrong (0): the attention from the query to the label of its class, the rest going to the "
        "other label. Above: measured; below: as published, as far as lines that lie over one "
        "another can be told apart. The published curve at one half, where the head cannot tell "
        "the labels apart, falls like that of Figure 5b without a clamp.",
        "Appendix G, Figure 15",
        [*ours, *theirs],
    )


def panel(title: str, series: list[Series], lines: list[ReferenceLine]) -> Panel:
    """Axes for the losses of all strengths, the same for ours and the published ones."""
    return Panel(
        title,
        SEQUENCES,
        LOSS,
        series,
        lines,
        x_limits=(0.0, 600_000.0),
        y_limits=(0.0, 2.0),
        ordered=True,
    )


def final_figure(runs: Mapping[str, Run]) -> Figure:
    """The losses at which the curves of Figure 15 end, by strength."""
    panels = []
    for which, (_, title) in SETS.items():
        theirs = {s: published_final_loss(which, s) for s in STRENGTHS}
        seen = {s: loss.value for s, loss in theirs.items() if loss is not None}
        ours = final_losses(runs, STRENGTHS, which).tolist()
        series = [
            Series("final loss", list(STRENGTHS), ours, style="circles", group="final"),
            Series(
                "final loss",
                list(seen),
                list(seen.values()),
                origin="published",
                style="circles",
                group="final",
            ),
        ]
        panels.append(
            Panel(
                title,
                "strength of the match",
                LOSS,
                series,
                [ReferenceLine("one half", 0.5, "x")],
                y_scale="log",
            )
        )
    return Figure(
        "final losses",
        "Loss after 600,000 sequences by the strength at which the match is clamped; published "
        "where the end of a curve can be seen, to within 0.008.",
        "Appendix G, Figure 15",
        panels,
    )


def final_table(runs: Mapping[str, Run]) -> Table:
    """The losses at which the curves of Figure 15 end, in numbers."""
    return Table(
        "final losses",
        "Loss after 600,000 sequences by the strength at which the match is clamped",
        "Appendix G, Figure 15",
        [title for _, title in SETS.values()],
        [
            (
                name_of(strength),
                [
                    Cell(
                        float(final_losses(runs, [strength], which)[0]),
                        published_final_loss(which, strength),
                    )
                    for which in SETS
                ],
            )
            for strength in STRENGTHS
        ],
        unit="nats",
    )
