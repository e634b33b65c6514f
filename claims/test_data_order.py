"""The order of the data matters little (Appendix I).

Trained, in pairs that differ in nothing but the seed of the data: the networks of Section 5 with
one head of layer 1 (the paper's Layer 2), the one that is fastest alone, whole and with clamps that
leave subcircuit B (match) or C (copy) to learn; and the network of Appendix D.1.1 that has layer 0
(the paper's Layer 1) of its own finished network, frozen, in nine orders. Measured: the half-time,
when the train loss first falls to 0.35.

What counts as little is set by how much the initialisation matters. The half-times of two of the
five published initialisations differ, in the mean over pairs and on the scale of logarithms, by
0.33 for the network of Figure 3a, by 0.18 for subcircuit B and by 0.16 for C (Figure 5b); a tenth
is less than any of these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from claims.figures.data_order import orders_figure
from claims.half_times import SYMBOLS
from claims.networks.data_order import (
    ANOTHER_ORDER,
    IN_TWO_ORDERS,
    ON_OTHER_TASKS,
    ONE_ORDER,
    ORDERS,
    in_nine_orders,
    in_three_orders,
    name_of,
)
from claims.networks.data_properties import PARTS
from claims.phase_changes import half_time_of
from icl_repro import Evidence, claim, control, networks
from icl_repro.training import Run

LITTLE = 0.1
"""The share by which half-times may differ that count as the same."""

Runs = Mapping[str, Run]


@claim(
    "data_order.two_orders",
    source="Appendix I",
    on=IN_TWO_ORDERS,
    fails_on=control(
        "Twice as many labels, or for subcircuit B the copy to be learned too, in place of another "
        "order of the data do matter",
        ON_OTHER_TASKS,
        id="other_task",
    ),
)
def test_two_orders(runs: Runs, evidence: Evidence) -> None:
    """There is little to no difference when the order of the data is varied: the whole network and
    its subcircuits learn as early.
    """
    for part in PARTS:
        one, other = (half_time_of(runs[name_of(part, o)]) for o in (ONE_ORDER, ANOTHER_ORDER))
        evidence.equivalent(
            f"{SYMBOLS[part]} in another order of the data over that in one",
            other / one,
            margin=(1 - LITTLE, 1 + LITTLE),
            unit="ratio",
            note=f"{other:,.0f} and {one:,.0f} sequences",
        )
    evidence.figure(orders_figure(runs))


@claim(
    "data_order.nine_orders",
    source="Appendix I; on networks of Appendix D.1.1, which is ours",
    on=networks(in_nine_orders),
    fails_on=control(
        "Three orders each with layer 0 of three networks are further apart",
        networks(in_three_orders),
        id="three_sources",
        undefined="a layer 0 of another network may never serve",
    ),
)
def test_nine_orders(runs: Runs, evidence: Evidence) -> None:
    """There is little to no difference when the order of the data is varied: over nine orders a
    network learns as early.
    """
    times = np.array([half_time_of(runs[order]) for order in ORDERS])
    all_learn = bool(np.isfinite(times).all())
    evidence.check(
        "standard deviation of the half-time over orders of the data, over its mean",
        times.std(ddof=1) / times.mean() if all_learn else math.nan,
        at_most=LITTLE,
        unit="ratio",
        note=f"from {times.min():,.0f} to {times.max():,.0f} sequences",
    )
