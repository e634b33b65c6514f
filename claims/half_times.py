"""Half-times of the networks of Section 5, ours and the published ones, and how they compare.

A network's half-time is how many sequences it has seen when its train loss first falls to 0.35,
half of ln 2: T for the whole network, T_B and T_C for the isolated subcircuits, T_BC for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from claims import phase_changes
from claims.networks.data_properties import (
    BY_CLASSES,
    CONDITIONS,
    DEFAULT,
    Circuit,
    Condition,
    name_of,
)
from claims.published import reported
from icl_repro.training import Run
from icl_repro.verification.reported import Reported

Times = Mapping[tuple[Circuit, Condition], float]
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


def half_time_of(run: Run) -> float:
    """The half-time of a run; infinite if it has none."""
    time = phase_changes.half_time_of(run)
    return math.inf if math.isnan(time) else time


def half_times(
    runs: Mapping[str, Run], circuits: Iterable[Circuit], conditions: Sequence[Condition]
) -> Times:
    """The half-time of every circuit under every condition."""
    return {
        (circuit, condition): half_time_of(runs[name_of(circuit, condition)])
        for circuit in circuits
        for condition in conditions
    }


def half_times_everywhere(
    runs: Mapping[str, Run], circuits: Iterable[Circuit], conditions: Sequence[Condition]
) -> Times:
    """That of one network in place of all conditions."""
    one = {circuit: half_time_of(runs[name_of(circuit, DEFAULT)]) for circuit in circuits}
    return {(circuit, condition): one[circuit] for circuit in one for condition in conditions}


def renamed(times: Times, names: Mapping[Condition, Condition]) -> Times:
    """The half-times with the names of conditions exchanged: those of `names[condition]` go by the
    name of `condition`.
    """
    circuits = dict.fromkeys(circuit for circuit, _ in times)
    return {
        (circuit, name): times[circuit, condition]
        for circuit in circuits
        for name, condition in names.items()
    }


def published_id(circuit: Circuit, condition: Condition, row: Sequence[Condition]) -> str:
    """The id of a curve of Figure 6; both rows have one for the default condition."""
    varied = "classes" if tuple(row) == BY_CLASSES else "labels"
    panel = f"{PUBLISHED_PANELS[circuit]}_varying_{varied}"
    return f"fig6.{panel}.{getattr(condition, varied)}_{varied}"


def published_times(row: Sequence[Condition], circuits: Iterable[Circuit]) -> Times:
    """The published half-times of a row of Figure 6, read off its curves."""
    return {
        (circuit, condition): reported(
            f"dig.{published_id(circuit, condition, row)}.half_time"
        ).value
        for circuit in circuits
        for condition in row
    }


def all_published_times(circuits: Iterable[Circuit]) -> Times:
    """Those of all five conditions; that of the default one from the upper row."""
    wanted = tuple(circuits)
    by_labels = (DEFAULT, *(c for c in CONDITIONS if c not in BY_CLASSES))
    return published_times(by_labels, wanted) | published_times(BY_CLASSES, wanted)


def as_reported(value: float) -> Reported:
    """A number that was computed from published curves."""
    return Reported(float(value), "Figure 6, digitized", approximate=True)


def ratio(times: Times, circuit: Circuit, later: Condition, earlier: Condition) -> float:
    """How many times longer a circuit takes; NaN where it is never learned."""
    one, other = times[circuit, later], times[circuit, earlier]
    return one / other if math.isfinite(one) and math.isfinite(other) else math.nan


def outside(times: Times, circuit: Circuit, row: Sequence[Condition]) -> float:
    """By what share the half-time in the middle of a row lies beyond that at either end; 0 between
    them, NaN where one is not finite.
    """
    first, middle, last = (times[circuit, condition] for condition in row)
    if not all(map(math.isfinite, (first, middle, last))):
        return math.nan
    low, high = sorted((first, last))
    return max(0.0, 1 - middle / low, middle / high - 1)


def in_sequences(times: Times, circuit: Circuit, row: Iterable[Condition]) -> str:
    """The half-times of a row as a remark."""
    half = [times[circuit, condition] for condition in row]
    if not all(map(math.isfinite, half)):
        return "never, for some of them"
    return " and ".join(f"{time:,.0f}" for time in half) + " sequences"


def measure_ratio(
    evidence,
    times: Times,
    circuit: Circuit,
    row: Sequence[Condition],
    *,
    step: tuple[int, int] = (-1, 0),
    at_least: float | None = None,
    between: tuple[float, float] | None = None,
) -> float:
    """State how many times longer a circuit takes at one condition of a row than at another.

    Args:
        evidence: where to state it.
        times: the half-times.
        circuit: which of them.
        row: the conditions of a row of Figure 6.
        step: the places of the two in the row, the later one first.
        at_least: the threshold; or
        between: the two thresholds.

    Returns:
        The ratio.
    """
    later, earlier = (row[place] for place in step)
    value = ratio(times, circuit, later, earlier)
    published = published_times(row, [circuit])
    evidence.check(
        ratio_name(circuit, later, earlier),
        value,
        at_least=at_least,
        between=between,
        published=as_reported(ratio(published, circuit, later, earlier)),
        note=in_sequences(times, circuit, (later, earlier)),
    )
    return value


def ratio_name(circuit: Circuit, later: Condition, earlier: Condition) -> str:
    """What the ratio of two half-times is called in a check."""
    if later.classes != earlier.classes:
        return f"{SYMBOLS[circuit]} with {later.classes} classes over {earlier.classes}"
    return f"{SYMBOLS[circuit]} with {later.labels} labels over {earlier.labels}"


def measure_middle(evidence, times: Times, circuit: Circuit, row: Sequence[Condition]) -> None:
    """State that the half-time in the middle of a row lies between the others, or close to one."""
    evidence.check(
        middle_name(circuit, row),
        outside(times, circuit, row),
        at_most=SAME,
        published=as_reported(outside(published_times(row, [circuit]), circuit, row)),
        note=in_sequences(times, circuit, row),
    )


def middle_name(circuit: Circuit, row: Sequence[Condition]) -> str:
    """What that is called in a check."""
    first, middle, last = row
    varied = "classes" if first.classes != last.classes else "labels"
    one, two, three = (getattr(condition, varied) for condition in (first, middle, last))
    return (
        f"share by which {SYMBOLS[circuit]} with {two} {varied} lies beyond those with {one} "
        f"and {three}"
    )


def keep_curve(evidence, runs: Mapping[str, Run], circuit: Circuit, condition: Condition) -> None:
    """Compare the train loss of a run with its snapshot."""
    name = name_of(circuit, condition)
    run = runs[name]
    evidence.curve_snapshot(name, run.sequences, run.curves["train.loss"])
