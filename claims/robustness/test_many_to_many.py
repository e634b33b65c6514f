"""Previous-token heads feed induction heads many-to-many, under conditions that the paper did not
try (for Section 3.3 and Appendix E).

Trained under each condition: the network of Section 3. Measured on 10,000 training sequences, as in
:mod:`claims.test_wiring_paths`.
"""

from __future__ import annotations

import numpy as np
import pytest

from claims.networks.plain import random_layer_1
from claims.robustness.conditions import DEEPER, but_for, in_deeper
from claims.robustness.measured import BY_ID, sample
from claims.robustness.networks import FULL, Runs, under
from claims.wired_paths import paths, say_if_none_stands_out, shuffled_writers, strongest
from icl_repro import Evidence, claim, control
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.previous_token import previous_token_heads, previous_token_scores
from icl_repro.measures.heads.wiring import keep_one_accuracies

HERE = but_for(DEEPER)

fed = "most of the strongest induction heads fed by one previous-token head, {}".format
read = "most previous-token heads read by one of the strongest induction heads, {}".format


@claim(
    "robustness.many_to_many",
    profiles=["matrix"],
    source="ours, for Section 3.3 and Appendix E",
    on=under(HERE, [FULL]),
    not_for=in_deeper("wiring is measured from one layer to the next, and there are more of them"),
    fails_on=[
        control(
            "A layer 1 that was not trained is wired to no head of layer 0",
            transform={FULL: random_layer_1},
            id="random_layer_1",
        ),
        control(
            "With each head of layer 0 writing through the next one's output matrix, none is wired",
            transform={FULL: shuffled_writers},
            id="shuffled_writers",
        ),
    ],
)
@pytest.mark.parametrize("row", [one.id for one in HERE])
def test_many_to_many(row: str, runs: Runs, evidence: Evidence) -> None:
    """Under every condition, the wiring of previous-token heads to the strongest induction heads is
    many-to-many: one feeds several, and one is fed by several.
    """
    condition, run = BY_ID[row], runs[FULL]
    model, episodes = run.model(), sample(run)
    senders = previous_token_heads(previous_token_scores(model, episodes), episodes.pairs)
    receivers = strongest(np.asarray(performance(model, episodes).induction_strength))
    say_if_none_stands_out(evidence, senders)
    accuracies = keep_one_accuracies(model, episodes)
    found = paths(accuracies, senders, receivers, episodes.size, 1 / episodes.pairs)
    heads = f"layer 0 heads {list(senders)}, layer 1 heads {list(receivers)}"
    for said, axis, most in ((fed, 0, len(receivers)), (read, 1, model.n_heads)):
        evidence.check(
            said(condition.name),
            found.sum(axis=axis).max(),
            at_least=2,
            unit="heads",
            limits=(0, most),
            note=heads,
        )
