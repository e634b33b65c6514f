"""Half-times of the networks of Section 5, ours and the published ones, and how they compare.

A network's half-time is how many sequences it has seen when its train loss first falls to 0.35,
half of ln 2: T for the whole network, T_B and T_C for the isolated subcircuits, T_BC for both. Of
one that never gets there it is infinite. How many times later that is cannot be said: whatever is
computed from it is not a number, and a check of that fails.

Published half-times are those of seed 5, where all five published seeds are set beside ours too.
Whatever the seed, the authors left head 3 active.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import product

import numpy as np

from claims import published
from claims.comparisons import NOT_NEGATIVE
from claims.networks.data_properties import (
    BY_CLASSES,
    CONDITIONS,
    DEFAULT,
    Circuit,
    Condition,
    Row,
    name_of,
)
from claims.published import SEEDS, of_seeds, reported
from icl_repro import Evidence, Reported
from icl_repro.measures.curves.crossings import time_between, time_to
from icl_repro.measures.curves.phase_change import CHANGE, HALF_LOSS
from icl_repro.measures.curves.profile import Curve
from icl_repro.training import Run

Times = dict[tuple[Circuit, Condition], float]
"""Half-times in sequences; infinite where the loss never falls so far."""

SYMBOLS: Mapping[Circuit, str] = {"whole": "T", "B": "T_B", "C": "T_C", "B and C": "T_BC"}

PUBLISHED_PANELS: Mapping[Circuit, str] = {
    "whole": "normal_training",
    "B": "subcircuit_b_evolution",
    "C": "subcircuit_c_evolution",
    "B and C": "subcircuits_b_c_evolution",
}
"""What the columns of Figure 6 are called in the ids of published curves."""

SAME = 0.03
"""Half-times that differ by no more than this share count as the same."""


def half_times(
    runs: Mapping[str, Run], circuits: Iterable[Circuit], conditions: Iterable[Condition]
) -> Times:
    """The half-time of every circuit under every condition."""
    times: Times = {}
    for circuit, condition in product(circuits, conditions):
        run = runs[name_of(circuit, condition)]
        loss = run.curves["train.loss"]
        times[circuit, condition] = time_to(run.sequences, loss, HALF_LOSS)
    return times


def published_id(circuit: Circuit, condition: Condition, row: Row) -> str:
    """The id of a curve of Figure 6; both rows have one for the default condition."""
    varied = varied_in(row)
    panel = f"{PUBLISHED_PANELS[circuit]}_varying_{varied}"
    return f"fig6.{panel}.{getattr(condition, varied)}_{varied}"


def published_times(row: Row, circuits: Iterable[Circuit], seed: int | None = None) -> Times:
    """The published half-times of a row of Figure 6, read off its curves: as the figure of the main
    seed shows them, or as they are measured on the curves of any of `SEEDS`.
    """

    def time(value_id: str) -> float:
        return reported(value_id).value if seed is None else of_seeds(value_id)[SEEDS.index(seed)]

    return {
        (circuit, c): float(time(f"dig.{published_id(circuit, c, row)}.half_time"))
        for circuit in circuits
        for c in row
    }


def all_published_times(circuits: Iterable[Circuit], seed: int | None = None) -> Times:
    """Those of all five conditions; that of the default one from the upper row."""
    wanted = tuple(circuits)
    by_labels = (DEFAULT, *(c for c in CONDITIONS if c not in BY_CLASSES))
    return published_times(by_labels, wanted, seed) | published_times(BY_CLASSES, wanted, seed)


def as_reported(value: float, over_seeds: Iterable[float] = ()) -> Reported:
    """A number that was computed from published curves, of the main seed and of all."""
    return published.as_reported(value, "Figure 6, digitized", over_seeds)


def of_published(
    measure: Callable[[Times], float], times: Callable[[int | None], Times]
) -> Reported:
    """What a measure gives on published half-times, of the main seed and of all."""
    return as_reported(measure(times(None)), [measure(times(seed)) for seed in SEEDS])


def varied_in(row: Row) -> str:
    """Whether a row is one of classes or of labels."""
    return "classes" if row[0].classes != row[-1].classes else "labels"


def ratio(times: Times, circuit: Circuit, later: Condition, earlier: Condition) -> float:
    """How many times longer a circuit takes; NaN where one of the two is never learned."""
    one, other = times[circuit, later], times[circuit, earlier]
    return one / other if math.isfinite(one) and math.isfinite(other) else math.nan


def outside(times: Times, circuit: Circuit, row: Row) -> float:
    """By what share the half-time in the middle of a row lies beyond that at either end; 0 between
    them, NaN where one is not finite.
    """
    first, middle, last = (times[circuit, condition] for condition in row)
    if not all(map(math.isfinite, (first, middle, last))):
        return math.nan
    low, high = sorted((first, last))
    return max(0.0, 1 - middle / low, middle / high - 1)


def largest_share(times: Times, circuit: Circuit) -> float:
    """The half-time of a circuit over that of the whole network, where it is largest; NaN if
    either is not finite somewhere.
    """
    one, whole = (np.array([times[part, c] for c in CONDITIONS]) for part in (circuit, "whole"))
    finite = np.isfinite(one) & np.isfinite(whole)
    return float(np.max(one / whole)) if finite.all() else math.nan


def shift(later: Curve, earlier: Curve) -> float:
    """The share of a delay that is there when the change sets in, at a loss of 0.6, of the delay
    when it is over, at 0.1: 1 where a loss is only shifted in time, 0 where it only takes longer to
    fall. NaN where the change does not end, or ends no later.
    """
    onset, end = (time_to(*later, level) - time_to(*earlier, level) for level in CHANGE)
    return onset / end if math.isfinite(end) and end > 0 else math.nan


def in_sequences(times: Times, circuit: Circuit, row: Iterable[Condition]) -> str:
    """The half-times of a row as a remark."""
    half = [times[circuit, condition] for condition in row]
    if not all(map(math.isfinite, half)):
        return "never, for some of them"
    return " and ".join(f"{time:,.0f}" for time in half) + " sequences"


def ratio_name(circuit: Circuit, later: Condition, earlier: Condition) -> str:
    """What the ratio of two half-times is called in a check."""
    varied = varied_in((earlier, later))
    more, fewer = (getattr(condition, varied) for condition in (later, earlier))
    return f"{SYMBOLS[circuit]} with {more} {varied} over {fewer}"


def check_ratio(
    evidence: Evidence,
    times: Times,
    circuit: Circuit,
    row: Row,
    *,
    at_least: float | None = None,
    margin: tuple[float, float] | None = None,
) -> float:
    """State how many times longer a circuit takes at the end of a row than at its start: at least
    so many times, or the same within a margin.
    """
    later, earlier = row[-1], row[0]
    value = ratio(times, circuit, later, earlier)
    name = ratio_name(circuit, later, earlier)
    paper = of_published(
        lambda theirs: ratio(theirs, circuit, later, earlier),
        partial(published_times, row, [circuit]),
    )
    note = in_sequences(times, circuit, (later, earlier))
    if margin is not None:
        evidence.equivalent(
            name, value, margin=margin, published=paper, note=note, limits=NOT_NEGATIVE
        )
    else:
        evidence.check(
            name, value, at_least=at_least, published=paper, note=note, limits=NOT_NEGATIVE
        )
    return value


def middle_name(circuit: Circuit, row: Row) -> str:
    """What the check of the middle of a row is called."""
    one, two, three = (getattr(condition, varied_in(row)) for condition in row)
    return (
        f"share by which {SYMBOLS[circuit]} with {two} {varied_in(row)} lies beyond those with "
        f"{one} and {three}"
    )


def check_middle(evidence: Evidence, times: Times, circuit: Circuit, row: Row) -> None:
    """State that the half-time in the middle of a row lies between the others, or close to one."""
    evidence.check(
        middle_name(circuit, row),
        outside(times, circuit, row),
        at_most=SAME,
        published=of_published(
            lambda theirs: outside(theirs, circuit, row),
            partial(published_times, row, [circuit]),
        ),
        limits=NOT_NEGATIVE,
        note=in_sequences(times, circuit, row),
    )


def shift_name(condition: Condition) -> str:
    """What the check of a shift is called."""
    varied = varied_in((condition, DEFAULT))
    return f"share of the delay with {getattr(condition, varied)} {varied} that precedes the change"


def check_shift(
    evidence: Evidence, runs: Mapping[str, Run], circuit: Circuit, condition: Condition
) -> None:
    """State that most of the delay of a circuit is there before its loss changes."""
    later, earlier = (
        Curve(run.sequences, run.curves["train.loss"])
        for run in (runs[name_of(circuit, c)] for c in (condition, DEFAULT))
    )
    row = (DEFAULT, condition)
    theirs = of_seeds(f"dig.{published_id('whole', condition, row)}.shift")
    evidence.check(
        shift_name(condition),
        shift(later, earlier),
        at_least=0.5,
        published=as_reported(theirs[0], theirs),
        note="from loss 0.6 to 0.1: {:,.0f} and {:,.0f} sequences".format(
            *(time_between(*curve, *CHANGE) for curve in (later, earlier))
        ),
    )


def say_if_few(evidence: Evidence, seeds: Collection[int], why: str) -> None:
    """Leave open what takes as many seeds as the paper has."""
    evidence.inconclusive(why, unless="number of seeds", value=len(seeds), at_least=len(SEEDS))


def say_if_not_over(
    evidence: Evidence, runs: Mapping[str, Run], circuit: Circuit, conditions: Iterable[Condition]
) -> None:
    """Leave open what is said of changes if one of them is not over when training ends."""
    evidence.inconclusive(
        "a change is not over when training ends",
        unless="lowest train loss, under the condition where it stays the highest",
        value=max(runs[name_of(circuit, c)].curves["train.loss"].min() for c in conditions),
        at_most=CHANGE[1],
    )


def keep_curve(
    evidence: Evidence, runs: Mapping[str, Run], circuit: Circuit, condition: Condition
) -> None:
    """Compare the train loss of a run with its snapshot."""
    name = name_of(circuit, condition)
    evidence.curve_snapshot(name, runs[name].sequences, runs[name].curves["train.loss"])
