"""Clamping through training works on text too (ours, for Section 4 of the paper).

Trained with two layers: one model with a head of layer 0 clamped to attend to the token before, and
one with all heads of layer 1 clamped to attend to what came next before. The model of a control has
the same head of layer 0 clamped to the token two before. That the score improves earlier does not
say that a model ends as good: how the late losses compare is shown as a quantity.
"""

from __future__ import annotations

import numpy as np

from claims.lecture.figures import clamped_figure
from claims.lecture.measured import late_loss, score_change, score_of, share_of, suddenness
from claims.lecture.models import (
    CLAMPED,
    CLAMPED_HEADS,
    HEADS,
    INDUCTION_CLAMPED,
    NO_REPEATS,
    PREVIOUS_CLAMPED,
    TWO,
    WRONG_CLAMPED,
    Runs,
)
from icl_repro import Evidence, claim, control

EARLIER = "half-time of the improvement with the previous-token pattern clamped over that without"
HELD = "largest distance of the attention of a clamped head from what it is clamped to"
SMOOTH = "acceleration ratio of the in-context-learning score with the induction pattern clamped"
DEARER = "loss late in the end with it clamped less that without"
SCORE = "in-context-learning score with the induction pattern clamped over that without"


@claim(
    "lecture.previous_token_clamped",
    profiles=["standard", "paper"],
    source="ours, for the lecture slides",
    on=CLAMPED,
    fails_on=[
        control("Without a clamp it is not earlier", id="none", swap={PREVIOUS_CLAMPED: TWO}),
        control(
            "Nor with the head clamped to the token before the one before",
            id="wrong_pattern",
            swap={PREVIOUS_CLAMPED: WRONG_CLAMPED},
        ),
    ],
)
def test_previous_token_clamped(runs: Runs, evidence: Evidence) -> None:
    """With the previous-token pattern clamped in a head of layer 0, in-context learning improves
    earlier.
    """
    run = runs[PREVIOUS_CLAMPED]
    clamped, plain = score_change(run).middle, score_change(runs[TWO]).middle
    evidence.check(
        EARLIER,
        clamped / plain,
        at_most=0.8,
        unit="ratio",
        note=f"{clamped:,.0f} and {plain:,.0f} sequences",
    )
    evidence.quantity(DEARER, late_loss(run) - late_loss(runs[TWO]), unit="nats")
    attention = run.curves["attention.previous"][:, 0, list(CLAMPED_HEADS)]
    evidence.check(HELD, np.abs(attention - 1).max(), at_most=1e-5)
    evidence.figure(clamped_figure(runs))


@claim(
    "lecture.induction_clamped",
    profiles=["standard", "paper"],
    source="ours, for the lecture slides",
    on=CLAMPED,
    fails_on=[
        control(
            "Without a clamp it is sudden",
            id="none",
            swap={INDUCTION_CLAMPED: TWO},
            only=(SMOOTH, HELD),
        ),
        control(
            "So it is where the change comes early, with the previous-token pattern clamped",
            id="previous_token",
            swap={INDUCTION_CLAMPED: PREVIOUS_CLAMPED},
            only=(SMOOTH, HELD),
        ),
        control(
            "Without repeats there is nothing to learn at once, either",
            id="no_repeats",
            swap={INDUCTION_CLAMPED: NO_REPEATS},
            only=SCORE,
        ),
    ],
)
def test_induction_clamped(runs: Runs, evidence: Evidence) -> None:
    """With the induction pattern clamped in layer 1, what is left is learnt at once, without a
    plateau, and comes to most of the score.
    """
    run = runs[INDUCTION_CLAMPED]
    evidence.check(SMOOTH, suddenness(run), at_most=1.5)
    attention = run.curves["attention.induction"][:, -1, list(HEADS)]
    evidence.check(HELD, np.abs(attention - 1).max(), at_most=1e-5)
    evidence.quantity(DEARER, late_loss(run) - late_loss(runs[TWO]), unit="nats")
    half_time = score_change(run).middle
    evidence.quantity("half-time with the induction pattern clamped", half_time, unit="sequences")
    share = share_of(score_of(run)[-1], score_of(runs[TWO])[-1])
    evidence.check(SCORE, share, at_least=0.7, unit="ratio")
