"""The networks of Figure 5b, beside those of controls, and how they are held against the published
curves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from claims.networks.clamped import (
    CURVES_5B,
    Chosen,
    fastest_head,
    figure_5b,
    no_op,
    on_chosen_heads,
    previous_token,
    wrong_label,
)
from claims.phase_changes import (
    Bound,
    as_published,
    check_acceleration,
    check_over,
    of_published,
    of_run,
    over_seeds,
)
from claims.published import as_reported
from icl_repro import Evidence, Reported
from icl_repro.measures.curves.phase_change import PhaseChange
from icl_repro.training import Run, RunSpec

FIGURE = "Section 4.2, Figure 5b"
TWO_BEFORE, WRONG_LABEL, NO_OP = "two tokens before", "the wrong label", "no-op"


def clamped(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """The networks of Figure 5b, and three for controls."""
    head, head_0 = chosen.induction_head, chosen.previous_token_head
    controls = {
        TWO_BEFORE: previous_token(seed, head, [head_0], shift=2),
        WRONG_LABEL: wrong_label(seed, head),
        NO_OP: no_op(seed, head),
    }
    return figure_5b(seed, chosen) | controls


CLAMPED = on_chosen_heads(clamped)
HELD = 1e-6
"""How far what is clamped may be from what it is clamped to: the rounding of 32-bit numbers."""

Runs = Mapping[str, Run]


def published(condition: str) -> PhaseChange:
    """The phase change of a published curve of Figure 5b."""
    return of_published(CURVES_5B[condition])


def check_ratio(
    evidence: Evidence, name: str, runs: Runs, condition: str, **bound: Unpack[Bound]
) -> None:
    """State the acceleration ratio of a network."""
    check_acceleration(evidence, name, of_run(runs[condition]), CURVES_5B[condition], **bound)


def check_times(
    evidence: Evidence,
    name: str,
    ours: tuple[float, float],
    theirs: tuple[str, str],
    measure: str,
    **bound: Unpack[Bound],
) -> None:
    """State how long something takes under one condition over how long it takes under another."""
    one, other = (of_seeds(condition, measure) for condition in theirs)
    main = float(one[0]), float(other[0])
    check_over(evidence, name, ours, main, "Figures 4b and 5b", over_seeds=one / other, **bound)


def until_learned(runs: Runs) -> Run:
    """The network without a clamp, trained until it has learned."""
    return runs[f"head {fastest_head(runs)}"]


def published_distance(condition: str) -> Reported:
    """How far the profile of a published curve is from that without a clamp."""
    values = of_seeds(condition, "profile_distance")
    return as_reported(values[0], "Figures 4b and 5b, digitized", values)


def of_seeds(condition: str, measure: str) -> np.ndarray:
    """A measure of the published curve of each seed, NaN where it is not known."""
    return over_seeds(CURVES_5B[condition], measure)


def read_off(condition: str, measure: str, value: float) -> Reported | None:
    """A measure of a published curve, and of those of all seeds."""
    return as_published(CURVES_5B[condition], value, of_seeds(condition, measure))
