"""A plateau and a phase change, under conditions that the paper did not try (for Section 3).

Trained under each condition: the network of Section 3, and for a control one in which the match is
clamped. With more pairs in context, losses are measured in units in which a guess between the
labels in context costs ln 2.
"""

from __future__ import annotations

import pytest

from claims.comparisons import NOT_NEGATIVE
from claims.networks.clamped import MATCH
from claims.phase_changes import final_loss
from claims.robustness.conditions import CONDITIONS
from claims.robustness.measured import (
    BY_ID,
    acceleration_ratio,
    as_of_two,
    before_the_change,
    plateau_share,
)
from claims.robustness.networks import FULL, Runs, under
from icl_repro import Evidence, claim, control

plateau = "length of the plateau over the half-time, {}".format
acceleration = "acceleration ratio, {}".format
left = "train loss in the end, {}".format


@claim(
    "robustness.plateau",
    profiles=["matrix"],
    source="ours, for Section 3 and Figure 3a",
    on=under(CONDITIONS, [FULL, MATCH]),
    fails_on=[
        control(
            "With the match clamped the loss falls fastest at first, past ln 2",
            id="match",
            swap={FULL: MATCH},
            only=[said(one.name) for one in CONDITIONS for said in (plateau, acceleration)],
        ),
        control(
            "At half of its half-time a network has not left the plateau",
            id="cut_short",
            transform={FULL: before_the_change},
            only=[left(one.name) for one in CONDITIONS],
        ),
    ],
)
@pytest.mark.parametrize("row", [one.id for one in CONDITIONS])
def test_plateau(row: str, runs: Runs, evidence: Evidence) -> None:
    """Under every condition, training first rests on a plateau, where labels in context are chosen
    between at random, and leaves it in a sudden phase change.
    """
    name, run = BY_ID[row].name, runs[FULL]
    evidence.check(
        plateau(name),
        plateau_share(run),
        at_least=0.3,
        unit="ratio of sequences",
        limits=NOT_NEGATIVE,
        note="train loss 0.6 to 0.85, accuracy 0.45 to 0.65, at least 0.85 of the probability on "
        "the labels in context; over the sequences until the loss is half of ln 2",
    )
    evidence.check(acceleration(name), acceleration_ratio(run), at_least=2, limits=NOT_NEGATIVE)
    evidence.check(
        left(name), final_loss(as_of_two(run)), at_most=0.1, unit="nats", limits=NOT_NEGATIVE
    )
