"""An architecture changed to promote induction heads changes earlier (slides; Olsson et al., 2022).

With *smeared keys* each head mixes a key with that of the token before, by a share that it learns.
A head can then see what came before a token without a layer below.
"""

from __future__ import annotations

from claims.lecture.figures import smeared_figure
from claims.lecture.measured import (
    SUDDEN,
    best_matching,
    induction_heads_of,
    score_change,
    score_of,
    suddenness,
)
from claims.lecture.models import (
    ONE,
    SHUFFLED,
    SMEARED,
    SMEARED_ONE,
    SMEARED_TWO,
    THREE,
    TWO,
    Runs,
)
from icl_repro import Evidence, claim, control

SLIDE = "the lecture slides, Induction Heads (4)"
EARLIER = "half-time of the improvement with smeared keys over that without"
SHARE = "in-context-learning score of one layer with smeared keys over that of two without"
NUMBER = "induction heads of one layer with smeared keys"
SUDDENNESS = "acceleration ratio of the in-context-learning score of one layer with smeared keys"
MATCHING = "largest prefix-matching score of one layer with smeared keys"


@claim(
    "lecture.smeared_keys_earlier",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=SMEARED,
    fails_on=control(
        "A third layer in their place does not make the change earlier",
        id="three_layers",
        swap={SMEARED_TWO: THREE},
    ),
)
def test_earlier(runs: Runs, evidence: Evidence) -> None:
    """With keys that can look at the token before, a model with two layers changes earlier."""
    smeared, plain = score_change(runs[SMEARED_TWO]).middle, score_change(runs[TWO]).middle
    evidence.check(
        EARLIER,
        smeared / plain,
        at_most=0.8,
        unit="ratio",
        note=f"{smeared:,.0f} and {plain:,.0f} sequences",
    )
    evidence.figure(smeared_figure(runs))


@claim(
    "lecture.smeared_keys_with_one_layer",
    profiles=["standard", "paper"],
    source="Olsson et al. (2022), for the lecture slides, Induction Heads (4)",
    on=SMEARED,
    fails_on=[
        control("Without them one layer cannot", id="plain", swap={SMEARED_ONE: ONE}),
        control(
            "Nor can two layers without them that saw shuffled repeats",
            id="shuffled",
            swap={SMEARED_ONE: SHUFFLED},
        ),
    ],
)
def test_one_layer(runs: Runs, evidence: Evidence) -> None:
    """With such keys a model with one layer can change, too: in-context learning improves suddenly,
    it has induction heads, and nearly the score of two layers.
    """
    one = runs[SMEARED_ONE]
    evidence.check(SUDDENNESS, suddenness(one), at_least=SUDDEN)
    evidence.check(NUMBER, sum(map(len, induction_heads_of(one))), at_least=1)
    evidence.check(MATCHING, best_matching(one)[-1], at_least=0.3)
    evidence.check(SHARE, score_of(one)[-1] / score_of(runs[TWO])[-1], at_least=0.7, unit="ratio")
