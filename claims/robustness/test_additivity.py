"""Induction heads are additive, under conditions that the paper did not try (for Section 3.1).

Trained under each condition: the network of Section 3, and one with a single head of layer 1 active
for controls. Measured on 10,000 training sequences, as in :mod:`claims.test_additivity`.
"""

from __future__ import annotations

import numpy as np
import pytest

from claims.comparisons import DIFFERENCE_OF_SHARES, SHARE
from claims.networks.clamped import NONE
from claims.robustness.conditions import DEEPER, but_for, in_deeper
from claims.robustness.measured import BY_ID, sample
from claims.robustness.networks import FULL, Runs, under
from icl_repro import Evidence, claim, control
from icl_repro.measures.heads.ablation import head_ablations

HERE = but_for(DEEPER)

removed = "largest accuracy lost by removing a head other than the strongest, {}".format
others = "accuracy of the others together, without the strongest head, {}".format
rise = "largest rise of the loss when a head is added, {}".format


@claim(
    "robustness.additivity",
    profiles=["matrix"],
    source="ours, for Section 3.1 and Figures 4a, 13 and 14",
    on=under(HERE, [FULL, NONE]),
    not_for=in_deeper(
        "with more layers than two, induction heads can stand in several of them, so that heads of "
        "the last one may be made up for by others than its own"
    ),
    fails_on=[
        control(
            "In a network trained with a single head nothing makes up for its loss",
            id="one_head",
            swap={FULL: NONE},
            only=[others(one.name) for one in HERE],
        ),
        control(
            "In a network trained with a single head, removing it costs the task if another is "
            "called the strongest",
            id="one_head_misnamed",
            swap={FULL: NONE},
            given={"weakest_first": True},
            only=[removed(one.name) for one in HERE],
        ),
        control(
            "Heads that are taken away one at a time, instead of added, do raise the loss",
            id="taking_away",
            given={"step": -1},
            only=[rise(one.name) for one in HERE],
        ),
    ],
)
@pytest.mark.parametrize("row", [one.id for one in HERE])
def test_additivity(
    row: str, runs: Runs, evidence: Evidence, *, weakest_first: bool = False, step: int = 1
) -> None:
    """Under every condition, induction heads are additive: removing one other than the strongest
    goes almost unnoticed, the others together make up for the strongest, and each that is added
    back lowers the loss.
    """
    name, model, episodes = BY_ID[row].name, runs[FULL].model(), sample(runs[FULL])
    found = head_ablations(model, episodes)
    if weakest_first:
        found = head_ablations(model, episodes, found.order[::-1])
    lost = found.intact.accuracy - found.without.accuracy[found.weaker]
    evidence.check(removed(name), lost.max(), at_most=0.02, limits=DIFFERENCE_OF_SHARES)
    evidence.check(
        others(name), found.without.accuracy[found.strongest], at_least=0.90, limits=SHARE
    )
    evidence.check(
        rise(name),
        np.diff(found.from_strongest.loss[::step]).max(),
        at_most=0.02,
        unit="nats",
        note="in order of strength, from the strongest head on",
    )
    evidence.quantity(
        f"accuracy of the strongest head alone, {name}", found.alone.accuracy[found.strongest]
    )
