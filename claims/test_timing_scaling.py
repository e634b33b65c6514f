"""How the phase change and its subcircuits scale with classes and labels: ours, beyond the paper.

Section 5 of the paper compares three numbers of classes and three of labels. Here are nine and
eight, from 25 to 400 classes and from 3 to 20 labels, with the networks of Section 5: one head of
layer 1 (the paper's Layer 2) active, the whole network, and networks clamped so that subcircuit B
(match) or C (copy) is left to learn. Measured: the half-times T, T_B and T_C, when the train loss
first falls to 0.35, and the exponents of the power laws through them, with 95 % intervals from how
far the points lie from the law.

Nothing is published to compare with, so that the thresholds are those of Section 5, written as
exponents: 1.1 times longer for 4 times the classes is an exponent of ln 1.1 / ln 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from claims.half_times import SYMBOLS, Times, half_times, half_times_everywhere, published_times
from claims.networks.clamped import single_heads
from claims.networks.data_properties import (
    BY_CLASSES,
    BY_LABELS,
    Circuit,
    Condition,
    with_fastest_head,
    with_shuffled_labels,
)
from icl_repro.measures.curves.power_law import PowerLaw, power_law
from icl_repro.statistics.ranks import derangements
from icl_repro.verification.pictures import Figure, Panel, Series

SOURCE = "Beyond the paper, after Section 5"
PARTS: tuple[Circuit, ...] = ("whole", "B", "C")
CLASSES = tuple(Condition(n, 5) for n in (25, 35, 50, 70, 100, 140, 200, 280, 400))
"""Steps by about the square root of 2."""
LABELS = tuple(Condition(50, n) for n in (3, 4, 5, 7, 10, 12, 15, 20))
HARDLY = {"classes": math.log(1.1) / math.log(4), "labels": math.log(1.1) / math.log(3)}
"""The exponents of a change by 10 % from 50 classes to 200, and from 5 labels to 15."""


def varied_in(grid: Sequence[Condition]) -> str:
    """Whether a grid is one of classes or of labels."""
    return "classes" if grid[0].classes != grid[-1].classes else "labels"


def numbers(grid: Sequence[Condition]) -> np.ndarray:
    """How many classes, or labels, there are along a grid."""
    return np.array([getattr(condition, varied_in(grid)) for condition in grid], float)


def law_of(
    times: Times, circuit: Circuit, grid: Sequence[Condition], order: Sequence[int] | None = None
) -> PowerLaw:
    """The power law through the half-times of a circuit; `order` shuffles the names of the grid."""
    measured = np.array([times[circuit, condition] for condition in grid])
    return power_law(numbers(grid), measured if order is None else measured[list(order)])


def growth_name(circuit: Circuit, varied: str) -> str:
    """What the lower end of the exponent's interval is called in a check."""
    return f"exponent of {SYMBOLS[circuit]} in {varied}, lower end of its interval"


def exponent_name(circuit: Circuit, varied: str) -> str:
    """What the exponent is called in a check."""
    return f"exponent of {SYMBOLS[circuit]} in {varied}"


def measure_growth(evidence, law: PowerLaw, circuit: Circuit, varied: str) -> None:
    """State that a half-time grows: that the interval of its exponent lies above 0."""
    low = law.interval.low
    evidence.check(
        growth_name(circuit, varied),
        math.nan if low is None else low,
        at_least=0,
        interval=law.interval,
        note=f"exponent {law.exponent:.3f}",
    )


def measure_indifference(evidence, law: PowerLaw, circuit: Circuit, varied: str) -> None:
    """State that a half-time hardly depends on what is varied."""
    evidence.check(
        exponent_name(circuit, varied),
        law.exponent,
        between=(-HARDLY[varied], HARDLY[varied]),
        interval=law.interval,
    )


GROW: Mapping[str, tuple[Circuit, ...]] = {"classes": ("whole", "B"), "labels": ("whole", "C")}
"""What takes longer with more classes and with more labels, as Section 5 has it."""
STAY: Mapping[str, Circuit] = {"classes": "C", "labels": "B"}
"""What does not."""


def measure_laws(evidence, times: Times, grid: Sequence[Condition]) -> None:
    """State the exponents along a grid."""
    varied = varied_in(grid)
    for circuit in GROW[varied]:
        measure_growth(evidence, law_of(times, circuit, grid), circuit, varied)
    measure_indifference(evidence, law_of(times, STAY[varied], grid), STAY[varied], varied)


def checks_of(varied: str) -> tuple[str, ...]:
    """The names of all checks along a grid."""
    growth = (growth_name(circuit, varied) for circuit in GROW[varied])
    return (*growth, exponent_name(STAY[varied], varied))


def measure_shuffled_growth(evidence, times: Times, grid: Sequence[Condition]) -> None:
    """The same growth with the names of the grid shuffled, in the mean over derangements."""
    varied = varied_in(grid)
    for circuit in GROW[varied]:
        laws = [law_of(times, circuit, grid, o) for o in derangements(len(grid), draws=200)]
        lows = [math.nan if law.interval.low is None else law.interval.low for law in laws]
        evidence.check(
            growth_name(circuit, varied),
            np.mean(lows),
            at_least=0,
            note="mean over 200 derangements of the grid",
        )


@pytest.mark.claim(
    id="scaling.classes",
    statement="From 25 classes to 400, the half-times of the whole network and of matching grow as "
    "power laws, that of copying hardly (ours, beyond the paper)",
    source=SOURCE,
    controls=(
        "scaling.classes.shuffled_names",
        "scaling.classes.by_labels",
        "scaling.classes.shuffled_labels",
    ),
    runs=single_heads,
    then=with_fastest_head(PARTS, CLASSES),
    profiles=("paper",),
)
def test_classes(evidence, runs):
    measure_laws(evidence, half_times(runs, PARTS, CLASSES), CLASSES)


@pytest.mark.control(
    id="scaling.classes.shuffled_names",
    statement="With the numbers of classes shuffled nothing grows",
    must_fail=checks_of("classes")[:2],
    runs=single_heads,
    then=with_fastest_head(PARTS[:2], CLASSES),
)
def test_classes_with_shuffled_names(evidence, runs):
    measure_shuffled_growth(evidence, half_times(runs, PARTS[:2], CLASSES), CLASSES)


@pytest.mark.control(
    id="scaling.classes.by_labels",
    statement="Copying does grow with the number of labels, in place of the number of classes",
    must_fail=checks_of("classes")[2:],
    runs=single_heads,
    then=with_fastest_head(["C"], LABELS),
)
def test_labels_in_place_of_classes(evidence, runs):
    law = law_of(half_times(runs, ["C"], LABELS), "C", LABELS)
    measure_indifference(evidence, law, STAY["classes"], "classes")


@pytest.mark.control(
    id="scaling.classes.shuffled_labels",
    statement="With labels that have nothing to do with the classes there is no half-time",
    must_fail=checks_of("classes"),
    runs=single_heads,
    then=with_shuffled_labels(PARTS),
)
def test_classes_with_shuffled_labels(evidence, runs):
    measure_laws(evidence, half_times_everywhere(runs, PARTS, CLASSES), CLASSES)


@pytest.mark.claim(
    id="scaling.labels",
    statement="From 3 labels to 20, the half-times of the whole network and of copying grow as "
    "power laws, that of matching hardly (ours, beyond the paper)",
    source=SOURCE,
    controls=(
        "scaling.labels.shuffled_names",
        "scaling.labels.nothing_isolated",
        "scaling.labels.shuffled_labels",
    ),
    runs=single_heads,
    then=with_fastest_head(PARTS, (*CLASSES, *LABELS)),
    profiles=("paper",),
)
def test_labels(evidence, runs):
    measure_laws(evidence, half_times(runs, PARTS, LABELS), LABELS)
    evidence.figure(scaling_figure(half_times(runs, PARTS, (*CLASSES, *LABELS))))


@pytest.mark.control(
    id="scaling.labels.shuffled_names",
    statement="With the numbers of labels shuffled nothing grows",
    must_fail=checks_of("labels")[:2],
    runs=single_heads,
    then=with_fastest_head(("whole", "C"), LABELS),
)
def test_labels_with_shuffled_names(evidence, runs):
    measure_shuffled_growth(evidence, half_times(runs, ("whole", "C"), LABELS), LABELS)


@pytest.mark.control(
    id="scaling.labels.nothing_isolated",
    statement="The whole network, in place of matching, does grow with the number of labels",
    must_fail=checks_of("labels")[2:],
    runs=single_heads,
    then=with_fastest_head(["whole"], LABELS),
)
def test_whole_in_place_of_matching(evidence, runs):
    law = law_of(half_times(runs, ["whole"], LABELS), "whole", LABELS)
    measure_indifference(evidence, law, STAY["labels"], "labels")


@pytest.mark.control(
    id="scaling.labels.shuffled_labels",
    statement="With labels that have nothing to do with the classes there is no half-time",
    must_fail=checks_of("labels"),
    runs=single_heads,
    then=with_shuffled_labels(PARTS),
)
def test_labels_with_shuffled_labels(evidence, runs):
    measure_laws(evidence, half_times_everywhere(runs, PARTS, LABELS), LABELS)


# The figure.


def scaling_figure(times: Times) -> Figure:
    """Half-times against classes and against labels, with their power laws."""
    return Figure(
        "Half-times by classes and by labels",
        "Half-times of the whole network (T) and of the isolated subcircuits (T_B, T_C), with "
        "power laws through them and their exponents; published half-times where there are any.",
        SOURCE,
        [
            scaling_panel(times, CLASSES, BY_CLASSES),
            scaling_panel(times, LABELS, BY_LABELS),
        ],
    )


def scaling_panel(times: Times, grid: Sequence[Condition], row: Sequence[Condition]) -> Panel:
    """The half-times along a grid, over the published ones of a row of Figure 6."""
    series = []
    published = published_times(row, PARTS)
    for circuit in PARTS:
        symbol, law = SYMBOLS[circuit], law_of(times, circuit, grid)
        x = numbers(grid)
        measured = [times[circuit, condition] for condition in grid]
        series += [
            Series(symbol, x.tolist(), measured, style="circles", group=symbol),
            Series(described(symbol, law), x.tolist(), law.at(x).tolist(), group=symbol),
            Series(
                f"{symbol}, published",
                numbers(row).tolist(),
                [published[circuit, condition] for condition in row],
                origin="published",
                style="circles",
                group=symbol,
            ),
        ]
    varied = varied_in(grid)
    return Panel(
        f"By {varied}",
        varied,
        "half-time (sequences)",
        series,
        x_scale="log",
        y_scale="log",
    )


def described(symbol: str, law: PowerLaw) -> str:
    """A power law in words."""
    low, high = law.interval.low, law.interval.high
    if low is None or high is None:
        return f"{symbol}: no power law"
    # Adding 0 makes a negative zero a plain one.
    exponent, low, high = (round(value, 2) + 0.0 for value in (law.exponent, low, high))
    return f"{symbol}: exponent {exponent:.2f} ({low:.2f} to {high:.2f})"
