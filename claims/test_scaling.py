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
from collections.abc import Mapping

import numpy as np

from claims.figures.scaling import numbers, scaling_figure
from claims.half_times import SYMBOLS, Times, half_times, varied_in
from claims.networks.data_properties import (
    PARTS,
    Circuit,
    Condition,
    Row,
    learn,
    learn_in_place_of,
    learn_shuffled,
)
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.power_law import PowerLaw, power_law
from icl_repro.training import Run

SOURCE = "Beyond the paper, after Section 5 (ours)"
CLASSES = tuple(Condition(n, 5) for n in (25, 35, 50, 70, 100, 140, 200, 280, 400))
"""Steps by about the square root of 2."""
LABELS = tuple(Condition(50, n) for n in (3, 4, 5, 7, 10, 12, 15, 20))
HARDLY = math.log(1.1) / math.log(4)
"""The exponent of a change by 10 % from 50 classes to 200."""
SHUFFLES = 200
NEVER = "with such labels nothing is learned, so that there is no half-time"

Runs = Mapping[str, Run]


def law_of(times: Times, circuit: Circuit, grid: Row) -> PowerLaw:
    """The power law through the half-times of a circuit."""
    return power_law(numbers(grid), np.array([times[circuit, condition] for condition in grid]))


def lower_end(law: PowerLaw) -> float:
    """The lower end of the interval of an exponent; NaN where there is no law."""
    return math.nan if law.interval.low is None else law.interval.low


def lower_end_by_chance(times: Times, circuit: Circuit, grid: Row) -> float:
    """The lower end that one in twenty reaches of grids with their numbers shuffled."""
    measured = np.array([times[circuit, condition] for condition in grid])
    rng = np.random.default_rng(0)
    shuffled = [rng.permutation(measured) for _ in range(SHUFFLES)]
    drawn = [lower_end(power_law(numbers(grid), one)) for one in shuffled]
    return float(np.quantile(drawn, 0.95))


def check_growth(
    evidence: Evidence, times: Times, circuit: Circuit, grid: Row, shuffled: bool
) -> None:
    """State that a half-time grows: that the interval of its exponent lies above 0."""
    law = law_of(times, circuit, grid)
    evidence.check(
        f"exponent of {SYMBOLS[circuit]} in {varied_in(grid)}, lower end of its interval",
        lower_end_by_chance(times, circuit, grid) if shuffled else lower_end(law),
        at_least=0,
        interval=None if shuffled else law.interval,
        note=f"exponent {law.exponent:.3f}",
    )


SHUFFLED_NAMES = control(
    "With the numbers along the grid shuffled nothing grows, but for one in twenty",
    given={"shuffled": True},
    id="shuffled_names",
    only=tuple(
        f"exponent of {SYMBOLS[circuit]} in classes, lower end of its interval"
        for circuit in PARTS[:2]
    ),
)


@claim(
    "scaling.classes",
    source=SOURCE,
    on=learn(PARTS, CLASSES),
    fails_on=[
        SHUFFLED_NAMES,
        control(
            "Copying does grow with the number of labels, in place of the number of classes",
            learn_in_place_of(PARTS, dict(zip(CLASSES, (*LABELS, LABELS[-1]), strict=True))),
            id="by_labels",
            only="exponent of T_C in classes",
        ),
        control(
            "With labels that have nothing to do with the classes there is no half-time",
            learn_shuffled(PARTS, CLASSES),
            id="shuffled_labels",
            undefined=NEVER,
        ),
    ],
    profiles=["paper"],
)
def test_classes(runs: Runs, evidence: Evidence, shuffled: bool = False) -> None:
    """From 25 classes to 400, the half-times of the whole network and of matching grow as power
    laws, that of copying hardly (ours, beyond the paper).
    """
    times = half_times(runs, PARTS, CLASSES)
    for circuit in PARTS[:2]:
        check_growth(evidence, times, circuit, CLASSES, shuffled)
    law = law_of(times, "C", CLASSES)
    evidence.equivalent(
        "exponent of T_C in classes", law.exponent, margin=(-HARDLY, HARDLY), interval=law.interval
    )


@claim(
    "scaling.labels",
    source=SOURCE,
    on=learn(PARTS, (*CLASSES, *LABELS)),
    fails_on=[
        control(
            "With the numbers of labels shuffled nothing grows, but for one in twenty",
            given={"shuffled": True},
            id="shuffled_names",
            undefined="a network that does not come to half of its loss has no place in the order",
        ),
        control(
            "With labels that have nothing to do with the classes there is no half-time",
            learn_shuffled(PARTS, (*CLASSES, *LABELS)),
            id="shuffled_labels",
            undefined=NEVER,
        ),
    ],
    profiles=["paper"],
)
def test_labels(runs: Runs, evidence: Evidence, shuffled: bool = False) -> None:
    """From 3 labels to 20, the half-times of the whole network and of copying grow as power laws
    (ours, beyond the paper).
    """
    times = half_times(runs, PARTS, LABELS)
    for circuit in ("whole", "C"):
        check_growth(evidence, times, circuit, LABELS, shuffled)
    evidence.quantity(
        "exponent of T_B in labels",
        law_of(times, "B", LABELS).exponent,
        note="0 by construction: under the clamps of subcircuit B no label is read",
    )
    everywhere = half_times(runs, PARTS, (*CLASSES, *LABELS))
    evidence.figure(scaling_figure(everywhere, (CLASSES, LABELS), law_of))
