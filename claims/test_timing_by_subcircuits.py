"""Subcircuits, learned in isolation, say when the phase change comes (Section 5; Figure 6).

Trained: five tasks (50, 100 and 200 classes with 5 labels; 10 and 15 labels with 50 classes, a
fifth of the label pairs held out), each by networks with one head of layer 1 (the paper's Layer 2)
active, the one that is fastest alone on the first: the whole network, up to 2,000,000 sequences,
and networks clamped so that subcircuit B (match), C (copy) or both are left to learn, up to
300,000, each until the loss is at most 0.05. Measured: their half-times T, T_B, T_C and T_BC, when
the train loss first falls to 0.35, half of ln 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from claims.half_times import (
    SAME,
    SYMBOLS,
    Times,
    all_published_times,
    as_reported,
    half_times,
    half_times_everywhere,
    keep_curve,
    measure_middle,
    measure_ratio,
    middle_name,
    published_id,
    ratio_name,
    renamed,
)
from claims.networks.clamped import single_heads
from claims.networks.data_properties import (
    BY_CLASSES,
    BY_LABELS,
    CIRCUITS,
    CLAMPED_SEQUENCES,
    CONDITIONS,
    DEFAULT,
    LONGEST,
    Circuit,
    Condition,
    name_of,
    with_fastest_head,
    with_shuffled_labels,
)
from claims.published import published_series
from icl_repro.statistics.ranks import derangements, rank_correlation, spearman
from icl_repro.training import Run
from icl_repro.verification.pictures import Cell, Figure, Panel, Series, Table

# B and C looked at together: both classes and labels slow them down, and it cannot be told how.

ROWS = (BY_CLASSES, BY_LABELS)
TOGETHER = tuple(ratio_name("B and C", row[-1], row[0]) for row in ROWS)
BETWEEN = tuple(middle_name("B and C", row) for row in ROWS)


def measure_together(evidence, times: Sequence[Times]) -> None:
    """State what classes and labels do to subcircuits B and C together; `times` of each row."""
    for row, of_row in zip(ROWS, times, strict=True):
        measure_ratio(evidence, of_row, "B and C", row, at_least=1 + SAME)
        measure_middle(evidence, of_row, "B and C", row)


@pytest.mark.claim(
    id="timing.together",
    statement="Looked at together, subcircuits B and C become slower with classes as with labels, "
    "which hides that each acts through one of them",
    source="Section 5, Figure 6",
    controls=("timing.together.exchanged", "timing.together.shuffled_labels"),
    runs=single_heads,
    then=with_fastest_head(["B and C"], CONDITIONS),
)
def test_together(evidence, runs):
    measure_together(evidence, [half_times(runs, ["B and C"], row) for row in ROWS])
    keep_curve(evidence, runs, "B and C", BY_LABELS[-1])


@pytest.mark.control(
    id="timing.together.exchanged",
    statement="With the names of the fewest and the most exchanged they become faster",
    must_fail=TOGETHER,
    runs=single_heads,
    then=with_fastest_head(["B and C"], CONDITIONS),
)
def test_together_exchanged(evidence, runs):
    times = [half_times(runs, ["B and C"], row) for row in ROWS]
    measure_together(
        evidence,
        [
            renamed(of_row, dict(zip(row, reversed(row), strict=True)))
            for row, of_row in zip(ROWS, times, strict=True)
        ],
    )


@pytest.mark.control(
    id="timing.together.shuffled_labels",
    statement="With labels that have nothing to do with the classes they are never learned",
    must_fail=(*TOGETHER, *BETWEEN),
    runs=single_heads,
    then=with_shuffled_labels(["B and C"]),
)
def test_together_with_shuffled_labels(evidence, runs):
    times = half_times_everywhere(runs, ["B and C"], CONDITIONS)
    measure_together(evidence, [times, times])


# In isolation: both are learned long before the phase change of the whole network.

PARTS: tuple[Circuit, ...] = ("whole", "B", "C")
"""The circuits whose half-times are compared."""


def share_name(circuit: Circuit) -> str:
    """What the largest share is called in a check."""
    return f"largest {SYMBOLS[circuit]} as a share of T over the five conditions"


def largest_share(times: Times, circuit: Circuit) -> float:
    """The half-time of a circuit over that of the whole network, where it is largest; NaN if
    either is not finite somewhere.
    """
    one, whole = (np.array([times[part, c] for c in CONDITIONS]) for part in (circuit, "whole"))
    finite = np.isfinite(one) & np.isfinite(whole)
    return float(np.max(one / whole)) if finite.all() else float("nan")


def measure_isolated(evidence, times: Times) -> None:
    """State how long isolated subcircuits take, against the whole network."""
    published = all_published_times(PARTS)
    for circuit in ("B", "C"):
        evidence.check(
            share_name(circuit),
            largest_share(times, circuit),
            at_most=0.5,
            published=as_reported(largest_share(published, circuit)),
        )


ISOLATED = (share_name("B"), share_name("C"))


@pytest.mark.claim(
    id="timing.isolated",
    statement="Isolated subcircuits are learned in at most half the time of the whole network",
    source="Section 5, Figure 6",
    controls=("timing.isolated.nothing_clamped", "timing.isolated.shuffled_labels"),
    runs=single_heads,
    then=with_fastest_head(CIRCUITS, CONDITIONS),
)
def test_isolated(evidence, runs):
    measure_isolated(evidence, half_times(runs, PARTS, CONDITIONS))
    evidence.table(half_time_table(half_times(runs, CIRCUITS, CONDITIONS)))
    evidence.figure(loss_figure(runs))


@pytest.mark.control(
    id="timing.isolated.nothing_clamped",
    statement="The whole network in place of the subcircuits is no faster than itself",
    must_fail=ISOLATED,
    runs=single_heads,
    then=with_fastest_head(["whole"], CONDITIONS),
)
def test_nothing_clamped(evidence, runs):
    whole = half_times(runs, ["whole"], CONDITIONS)
    times = {(part, c): time for part in PARTS for (_, c), time in whole.items()}
    measure_isolated(evidence, times)


@pytest.mark.control(
    id="timing.isolated.shuffled_labels",
    statement="With labels that have nothing to do with the classes neither is learned",
    must_fail=ISOLATED,
    runs=single_heads,
    then=with_shuffled_labels(PARTS),
)
def test_isolated_with_shuffled_labels(evidence, runs):
    measure_isolated(evidence, half_times_everywhere(runs, PARTS, CONDITIONS))
    for circuit in PARTS:
        evidence.quantity(
            f"lowest train loss, {TITLES[circuit]}",
            runs[name_of(circuit, DEFAULT)].curves["train.loss"].min(),
            unit="nats",
            note="ln 2, the plateau, is 0.693",
        )


# And they predict it: the longer B and C take one after the other, the later the phase change.

PREDICTION = "rank correlation of T and T_B + T_C over the five conditions"


def in_order(times: Times, circuit: Circuit) -> np.ndarray:
    """The half-times of a circuit in the order of the conditions."""
    return np.array([times[circuit, condition] for condition in CONDITIONS])


def sum_of_parts(times: Times) -> np.ndarray:
    """The rule of the prediction: T_B + T_C, as if one were learned after the other. It has nothing
    to fit, and counts a sequence the same wherever it is needed.
    """
    return in_order(times, "B") + in_order(times, "C")


def correlation(times: Times) -> float:
    """How well the rule puts the phase changes in order."""
    return float(spearman(in_order(times, "whole"), sum_of_parts(times)))


@pytest.mark.claim(
    id="timing.prediction",
    statement="Isolated subcircuits predict the order in which the phase change comes: the longer "
    "T_B + T_C, the later",
    source="Section 5, Figure 6",
    controls=("timing.prediction.shuffled_names", "timing.prediction.shuffled_labels"),
    runs=single_heads,
    then=with_fastest_head(CIRCUITS, CONDITIONS),
)
def test_prediction(evidence, runs):
    times = half_times(runs, CIRCUITS, CONDITIONS)
    found = rank_correlation(in_order(times, "whole"), sum_of_parts(times))
    evidence.check(
        PREDICTION,
        found.value,
        at_least=0.8,
        published=as_reported(correlation(all_published_times(PARTS))),
        note=f"of all orders of five conditions, {found.chance:.2g} correlate as much",
    )
    published = all_published_times(CIRCUITS)
    for circuit in CIRCUITS[1:]:
        evidence.quantity(
            f"rank correlation of T and {SYMBOLS[circuit]} alone",
            spearman(in_order(times, "whole"), in_order(times, circuit)),
            published=as_reported(
                spearman(in_order(published, "whole"), in_order(published, circuit))
            ),
        )


@pytest.mark.control(
    id="timing.prediction.shuffled_names",
    statement="With the names of the conditions shuffled, they predict nothing",
    must_fail=(PREDICTION,),
    runs=single_heads,
    then=with_fastest_head(PARTS, CONDITIONS),
)
def test_prediction_with_shuffled_names(evidence, runs):
    times = half_times(runs, PARTS, CONDITIONS)
    shuffled = sum_of_parts(times)[derangements(len(CONDITIONS))]
    whole = np.broadcast_to(in_order(times, "whole"), shuffled.shape)
    evidence.check(
        PREDICTION,
        spearman(whole, shuffled).mean(),
        at_least=0.8,
        note="mean over 1,000 derangements of the conditions",
    )


@pytest.mark.control(
    id="timing.prediction.shuffled_labels",
    statement="With labels that have nothing to do with the classes there is no order to predict",
    must_fail=(PREDICTION,),
    runs=single_heads,
    then=with_shuffled_labels(PARTS),
)
def test_prediction_with_shuffled_labels(evidence, runs):
    evidence.check(
        PREDICTION,
        correlation(half_times_everywhere(runs, PARTS, CONDITIONS)),
        at_least=0.8,
    )


# The table and the figure.

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
    return Table(
        "Half-times",
        "Sequences until the train loss falls to half of ln 2. Published: read off Figure 6.",
        "Section 5, Figure 6",
        [SYMBOLS[circuit] for circuit in CIRCUITS],
        [
            (
                condition.name,
                [
                    Cell(times[circuit, condition], as_reported(published[circuit, condition]))
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
        [loss_panel(runs, circuit, row) for row in ROWS for circuit in CIRCUITS],
    )


def loss_panel(runs: Mapping[str, Run], circuit: Circuit, row: Sequence[Condition]) -> Panel:
    """The train loss of a circuit under the three conditions of a row, over the published ones."""
    varied = "classes" if row is BY_CLASSES else "labels"
    series = []
    for condition, shade in zip(row, SHADES, strict=True):
        run = runs[name_of(circuit, condition)]
        label = f"{getattr(condition, varied)} {varied}"
        loss = run.curves["train.loss"].tolist()
        series.append(Series(label, run.sequences.tolist(), loss, group=shade))
        series.append(published_series(published_id(circuit, condition, row), group=shade))
    return Panel(
        f"{TITLES[circuit]}, by {varied}",
        "training sequences seen",
        "loss (nats)",
        series,
        x_limits=(0, LONGEST if circuit == "whole" else CLAMPED_SEQUENCES),
        y_limits=(0, 1.5),
        ordered=True,
    )
