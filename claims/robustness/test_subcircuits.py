"""Three subcircuits, told apart by clamps, under conditions that the paper did not try (for Section
4.2 and Figure 5b).

Trained under each condition with one head of layer 1 active: without a clamp, and with the paper's
Layer 1, the match, the copy, or both the first and the last clamped throughout. Measured: by how
much the fall of the train loss speeds up, as in :mod:`claims.test_subcircuits`.
"""

from __future__ import annotations

import pytest

from claims.comparisons import NOT_NEGATIVE
from claims.networks.clamped import BOTH, COPY, LAYER_1, MATCH, NONE
from claims.robustness.conditions import DEEPER, OF_TWO_LAYERS, but_for, in_deeper
from claims.robustness.measured import BY_ID, acceleration_ratio
from claims.robustness.networks import Runs, under
from icl_repro import Evidence, claim, control

HERE = but_for(DEEPER)

layer_1 = "acceleration ratio with Layer 1 clamped, {}".format
match = "acceleration ratio with match clamped, {}".format
copy = "acceleration ratio with copy clamped, {}".format
closer = "acceleration ratio with Layer 1 and copy clamped over that with copy clamped, {}".format


@claim(
    "robustness.subcircuits",
    profiles=["matrix"],
    source="ours, for Section 4.2 and Figure 5b",
    on=under(HERE, [NONE, LAYER_1, MATCH, COPY, BOTH]),
    not_for=in_deeper(OF_TWO_LAYERS),
    fails_on=[
        control(
            "Without a clamp the loss speeds up",
            id="no_clamp",
            swap={MATCH: NONE},
            only=[match(one.name) for one in HERE],
        ),
        control(
            "With the match clamped in place of Layer 1 or of the copy, the loss does not speed up",
            id="match",
            swap={LAYER_1: MATCH, COPY: MATCH},
            only=[said(one.name) for one in HERE for said in (layer_1, copy)],
        ),
        control(
            "With Layer 1 clamped, but not copy, it is not closer to exponential",
            id="layer_1",
            swap={BOTH: LAYER_1},
            only=[closer(one.name) for one in HERE],
        ),
    ],
)
@pytest.mark.parametrize("row", [one.id for one in HERE])
def test_subcircuits(row: str, runs: Runs, evidence: Evidence) -> None:
    """Under every condition, clamps tell three subcircuits apart: with the paper's Layer 1 or with
    the copy clamped there is still a phase change, with the match clamped there is none, and with
    Layer 1 and copy clamped the loss is more exponential than with copy alone.
    """
    name = BY_ID[row].name
    found = {one: acceleration_ratio(runs[one]) for one in (LAYER_1, MATCH, COPY, BOTH)}
    evidence.check(layer_1(name), found[LAYER_1], at_least=2, limits=NOT_NEGATIVE)
    evidence.check(match(name), found[MATCH], at_most=1.5, limits=NOT_NEGATIVE)
    evidence.check(copy(name), found[COPY], at_least=1.5, limits=NOT_NEGATIVE)
    evidence.check(
        closer(name),
        found[BOTH] / found[COPY],
        at_most=1,
        unit="ratio",
        limits=NOT_NEGATIVE,
        note=f"{found[BOTH]:.2f} and {found[COPY]:.2f}",
    )
