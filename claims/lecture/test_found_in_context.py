"""What a model learns in context it finds there: wherever in the text, and only if it is there.

In the text that models train on, segments come again at even distances alone, and so do repeats of
repeats (:mod:`icl_repro.text`). The finished model is measured on text in which every segment comes
again at an odd distance, on the late tokens whose token before has come before at odd distances
alone; and on text as in training, on those at even distances alone. On text without repeats late
tokens must not be predicted much better than early ones. This says nothing of how a model finds
what it finds: one layer does so, too.
"""

from __future__ import annotations

import numpy as np

from claims.lecture.measured import (
    has_score,
    repeated_at,
    score_where,
    share_of,
    text_of,
)
from claims.lecture.models import DEPTHS, NO_REPEATS, TWO, UNTRAINED, Runs
from icl_repro import Evidence, claim, control
from icl_repro.measures.language.heads import score_under
from icl_repro.text import Text

UNSEEN = "in-context-learning score of tokens at unseen distances alone over that at trained ones"
NO_SCORE = "a model without a score has none to take a share of"
ABSENT = "in-context-learning score without repeats over that on text as in training"


@claim(
    "lecture.found_in_context",
    profiles=["standard", "paper"],
    source="the lecture slides, Induction Heads (1)",
    on=DEPTHS,
    fails_on=[
        control("Either text in place of the other", id="exchanged", given={"exchanged": True}),
        control(
            "A model that never saw repeats has no score",
            id="no_repeats",
            swap={TWO: NO_REPEATS},
            undefined=NO_SCORE,
        ),
        # Shuffled repeats are no control here: they teach that tokens come again, if not in which
        # order, and that is found in the context, too.
        control(
            "Nor has one that is untrained",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined=NO_SCORE,
        ),
    ],
)
def test_found_in_context(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Most of the in-context-learning score is there at distances at which training repeats
    nothing, and without repeats there is none.
    """
    run = runs[TWO]
    model, settings = run.model(), run.spec.text

    def score_at(text: Text, distances: np.ndarray) -> float:
        return score_where(model, text, repeated_at(text, distances))

    as_trained = text_of(run, "train")
    trained = score_at(as_trained, settings.distances)
    unseen = score_at(text_of(run, "new_distances"), settings.held_out_distances)
    usual = score_under(model, as_trained)
    absent = score_under(model, text_of(run, "no_repeats"))
    if not has_score(usual):
        trained = float("nan")
    if exchanged:
        unseen, absent = absent, unseen
    evidence.check(UNSEEN, share_of(unseen, trained), at_least=0.7, unit="ratio")
    evidence.check(ABSENT, share_of(absent, usual), at_most=0.3, unit="ratio")
    evidence.quantity("in-context-learning score on text as in training", usual, unit="nats")
