"""Which part of the circuit is the slowest, under conditions that the paper did not try (for
Section 5 and Figure 6).

Trained under each condition with one head of layer 1 active: without a clamp, and with all clamped
but the match (subcircuit B) or the copy (subcircuit C); with the previous-token pattern clamped for
a control. Measured: their half-times T, T_B and T_C, as in :mod:`claims.test_timing`.
"""

from __future__ import annotations

import pytest

from claims.comparisons import NOT_NEGATIVE
from claims.networks.clamped import BOTH, LAYER_1, MATCH, NONE, PREVIOUS_TOKEN
from claims.phase_changes import half_time_of
from claims.robustness.conditions import DEEPER, OF_TWO_LAYERS, but_for, in_deeper
from claims.robustness.measured import BY_ID, as_of_two, over
from claims.robustness.networks import Runs, under
from icl_repro import Evidence, claim, control

HERE = but_for(DEEPER)

match = "half-time of the match alone over that without a clamp, {}".format
copy = "half-time of the copy alone over that without a clamp, {}".format
slower = "half-time of the copy alone over that of the match alone, {}".format


@claim(
    "robustness.timing",
    profiles=["matrix"],
    source="ours, for Section 5 and Figure 6",
    on=under(HERE, [NONE, PREVIOUS_TOKEN, LAYER_1, MATCH, BOTH]),
    not_for=in_deeper(OF_TWO_LAYERS),
    fails_on=[
        control(
            "With only the previous-token pattern clamped, learning takes more than half the time",
            id="previous_token",
            swap={BOTH: PREVIOUS_TOKEN, MATCH: PREVIOUS_TOKEN},
            only=[said(one.name) for one in HERE for said in (match, copy)],
        ),
        control(
            "With match and copy taken for each other, the copy is not the slower one",
            id="exchanged",
            swap={BOTH: MATCH, MATCH: BOTH},
            only=[slower(one.name) for one in HERE],
        ),
    ],
)
@pytest.mark.parametrize("row", [one.id for one in HERE])
def test_timing(row: str, runs: Runs, evidence: Evidence) -> None:
    """Under every condition, neither the match nor the copy is what takes the time: each is learned
    alone in at most half of it, and of the two the copy is the slower one.
    """
    name = BY_ID[row].name
    alone = {one: half_time_of(as_of_two(runs[one])) for one in (NONE, LAYER_1, MATCH, BOTH)}
    evidence.check(match(name), over(runs[BOTH], runs[NONE]), at_most=0.5, limits=NOT_NEGATIVE)
    evidence.check(copy(name), over(runs[MATCH], runs[NONE]), at_most=0.5, limits=NOT_NEGATIVE)
    evidence.check(slower(name), over(runs[MATCH], runs[BOTH]), at_least=1, limits=NOT_NEGATIVE)
    for said, of in (("T", NONE), ("T_BC", LAYER_1), ("T_B", BOTH), ("T_C", MATCH)):
        evidence.quantity(f"{said}, {name}", alone[of], unit="sequences")
