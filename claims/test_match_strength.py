"""A match clamped at other strengths than perfect (Appendix G; Figure 15).

Trained: networks with one head of layer 1 (which one: see :mod:`claims.networks.clamped`) whose
attention from the query is clamped throughout: to the label of the query's class with a weight of
the strength, to the other label with the rest. Sixteen strengths, from 1, a perfect match, to 0, a
perfectly wrong one; strength s is an induction strength of 2s - 1. Only the copy is learnt.
Measured: the losses on the three evaluation sets while they train, and in the end.

At one half the head cannot tell the two labels apart. Below one half a network can still learn
which label the less attended one is, so that the statement is about strengths above.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from claims.figures.match_strength import SETS, curves_figure, final_figure, final_table
from claims.networks.clamped import (
    CURVES_5B,
    MATCH,
    STRENGTHS,
    SpecOfHead,
    at_strength,
    fastest_head,
    match,
    match_error,
    on_fastest_head,
    unclamped,
)
from claims.phase_changes import check_acceleration, final_loss, keep_loss, of_run
from icl_repro import Evidence, claim, control
from icl_repro.statistics.ranks import spearman
from icl_repro.training import Run

ABOVE_ONE_HALF = tuple(strength for strength in STRENGTHS if strength > 0.5)
BELOW_ONE_HALF = tuple(strength for strength in STRENGTHS if strength < 0.5)
PERFECT, UNCLAMPED = "perfect match", "no clamp"


def of_strength(strength: float) -> SpecOfHead:
    """The network of a strength."""
    return lambda seed, head: match(seed, head, strength)


CLAMPED = on_fastest_head(
    {at_strength(s): of_strength(s) for s in STRENGTHS} | {PERFECT: match, UNCLAMPED: unclamped}
)


def correlation(runs: Mapping[str, Run], strengths: tuple[float, ...], which: str) -> float:
    """The rank correlation of strengths with the final loss on an evaluation set."""
    losses = [final_loss(runs[at_strength(strength)], which) for strength in strengths]
    return float(spearman(np.array(strengths), np.array(losses)))


# The final loss falls with the strength, and the copy alone is learnt without acceleration.

FALLS = "rank correlation of strength above one half with the final train loss"
ACCELERATION = "acceleration ratio of the train loss at perfect strength"
HELD = "largest distance of the clamped head's attention from its strength"


@claim(
    "match_strength.final_loss",
    source="Appendix G, Figure 15",
    on=CLAMPED,
    fails_on=[
        control(
            "Below one half the final loss does not fall with strength: the label that is attended "
            "to less can be told by that",
            id="below_one_half",
            given={"strengths": BELOW_ONE_HALF},
            only=FALLS,
        ),
        control(
            "Without a clamp the loss accelerates",
            id="no_clamp",
            swap={PERFECT: UNCLAMPED},
            only=ACCELERATION,
        ),
        control(
            "A head that attends to the wrong label has not the strength of a perfect match",
            id="wrong_label",
            swap={at_strength(1.0): at_strength(0.0)},
            only=HELD,
        ),
    ],
)
def test_final_loss(
    runs: Mapping[str, Run],
    evidence: Evidence,
    strengths: tuple[float, ...] = ABOVE_ONE_HALF,
) -> None:
    """The better the match that a network is given, the lower the loss at which copying alone ends;
    with a perfect match it is learnt without a phase change.
    """
    evidence.check(
        FALLS,
        correlation(runs, strengths, "train"),
        at_most=-0.95,
        note=f"Spearman, {len(strengths)} strengths from {strengths[-1]:g} to {strengths[0]:g}",
    )
    check_acceleration(
        evidence,
        ACCELERATION,
        of_run(runs[PERFECT]),
        CURVES_5B[MATCH],
        at_most=1.5,
        note="a curve that only slows down has 1; the published curve with a perfect match is that "
        "of Figure 5b",
    )
    head = fastest_head(runs)
    evidence.check(
        HELD, max(match_error(runs[at_strength(s)], head, s) for s in STRENGTHS), at_most=1e-6
    )
    for which in ("test_exemplars", "test_relabel"):
        evidence.quantity(
            "rank correlation of strength above one half with the final loss on "
            + SETS[which][1].lower(),
            correlation(runs, strengths, which),
        )
    for strength in (1.0, 0.6):
        name = at_strength(strength)
        keep_loss(evidence, f"train loss, {name}", runs[name])
    evidence.figure(curves_figure(runs))
    evidence.figure(final_figure(runs))
    evidence.table(final_table(runs))
