"""What a model learns in context it finds there: wherever in the text, and only if it is there.

Trained on text whose segments never come again at some distances (:mod:`icl_repro.text`). The
in-context-learning score of the finished model is measured on text where they come again at those
distances alone, and on text where none does. Were distances learnt by heart, it would be gone from
the first; were it for being late in the text, it would be there in the second.
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
    """The in-context-learning score is as good at distances that no repeat had in training, and
    there is next to none without repeats.
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
