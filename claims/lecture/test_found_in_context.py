"""What a model learns in context it finds there: wherever in the text, and only if it is there.

In the text that models train on, segments come again at even distances alone, and so do repeats of
repeats (:mod:`icl_repro.text`). The in-context-learning score of the finished model is measured on
text in which every segment comes again at an odd distance, and on text without repeats, where late
tokens must not be predicted much better than early ones. This says nothing of how a model finds
what it finds: one layer does so, too.
"""

from __future__ import annotations

from claims.lecture.measured import text_of
from claims.lecture.models import DEPTHS, TWO, UNTRAINED, Runs
from icl_repro import Evidence, claim, control
from icl_repro.measures.language.heads import score_under
from icl_repro.text import TextSetName

SHARE = "in-context-learning score {} over that on text as in training".format
UNSEEN, ABSENT = "with repeats at unseen distances", "without repeats"


@claim(
    "lecture.found_in_context",
    profiles=["standard", "paper"],
    source="the lecture slides, Induction Heads (1)",
    on=DEPTHS,
    fails_on=[
        control("Either text in place of the other", id="exchanged", given={"exchanged": True}),
        control(
            "An untrained model has no score",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined="a model without a score has none to take a share of",
        ),
    ],
)
def test_found_in_context(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Most of the in-context-learning score is there at distances at which training repeats
    nothing, and without repeats there is none.
    """
    run = runs[TWO]
    model = run.model()

    def score(name: TextSetName) -> float:
        return score_under(model, text_of(run, name))

    usual, unseen, absent = score("train"), score("new_distances"), score("no_repeats")
    if exchanged:
        unseen, absent = absent, unseen
    per_score = 1 / usual if usual < 0 else float("nan")
    evidence.check(SHARE(UNSEEN), unseen * per_score, at_least=0.7, unit="ratio")
    evidence.check(SHARE(ABSENT), absent * per_score, at_most=0.3, unit="ratio")
    evidence.quantity("in-context-learning score on text as in training", usual, unit="nats")
