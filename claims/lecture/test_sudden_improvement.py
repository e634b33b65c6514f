"""In-context learning improves suddenly in models with more than one layer, not in those with one.

Trained: attention-only language models with one, two and three layers on text in which segments
come again (:mod:`icl_repro.text`). Measured on other text of the same kind, all along training: the
in-context-learning score, loss late in the context less loss early
(:mod:`icl_repro.measures.language.score`). How sudden its improvement is, is the acceleration ratio
of Section 4 of the paper (:mod:`icl_repro.measures.curves.phase_change`). A model with three layers
learns later than one with two and is trained for longer.

The slides show curves without numbers. Those of Olsson et al. (2022) are not at hand.
"""

from __future__ import annotations

from claims.lecture.figures import score_figure
from claims.lecture.measured import LEAST_SCORE, SUDDEN, score_change, score_of, suddenness
from claims.lecture.models import (
    DEPTHS,
    NO_REPEATS,
    ONE,
    ONE_LONGER,
    SHUFFLED,
    THREE,
    TWO,
    UNTRAINED,
    Runs,
)
from icl_repro import Evidence, claim, control

SLIDE = "the lecture slides, Induction Heads (3)"
SUDDENNESS = "acceleration ratio of the in-context-learning score, {}".format
SCORE = "in-context-learning score in the end, {}".format
SHARE = "in-context-learning score in the end, one layer over two"
SHARE_LONGER = "in-context-learning score in the end, one layer trained longer than three over two"
FLAT = "a score that never improves does not speed up"


@claim(
    "lecture.sudden_improvement",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "A model with one layer improves gradually",
            id="one_layer",
            swap={TWO: ONE},
            only=SUDDENNESS(TWO),
        ),
        control(
            "Without repeats there is nothing to find in context",
            id="no_repeats",
            swap={TWO: NO_REPEATS},
            only=SCORE(TWO),
        ),
        control(
            # Which tokens come again can be learnt of them: the score falls, too (seed 5: by 0.58).
            "In shuffled repeats a token says nothing about the next: nothing improves suddenly",
            id="shuffled",
            swap={TWO: SHUFFLED},
            only=SUDDENNESS(TWO),
        ),
        control(
            "An untrained model has no score", id="untrained", swap={TWO: UNTRAINED}, undefined=FLAT
        ),
    ],
)
def test_sudden_improvement(runs: Runs, evidence: Evidence) -> None:
    """In-context learning improves suddenly in a model with two layers."""
    run = runs[TWO]
    evidence.check(SUDDENNESS(TWO), suddenness(run), at_least=SUDDEN)
    evidence.check(SCORE(TWO), score_of(run)[-1], at_most=-LEAST_SCORE, unit="nats")
    evidence.quantity("half-time of the improvement", score_change(run).middle, unit="sequences")
    evidence.figure(score_figure(runs))


@claim(
    "lecture.sudden_improvement_with_three_layers",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "A model with one layer improves gradually",
            id="one_layer",
            swap={THREE: ONE_LONGER},
            only=SUDDENNESS(THREE),
        ),
        control(
            "In shuffled repeats a token says nothing about the next: nothing improves suddenly",
            id="shuffled",
            swap={THREE: SHUFFLED},
            only=SUDDENNESS(THREE),
        ),
        control(
            "An untrained model has no score",
            id="untrained",
            swap={THREE: UNTRAINED},
            undefined=FLAT,
        ),
    ],
)
def test_three_layers(runs: Runs, evidence: Evidence) -> None:
    """In-context learning improves suddenly in a model with three layers too."""
    run = runs[THREE]
    evidence.check(SUDDENNESS(THREE), suddenness(run), at_least=SUDDEN)
    evidence.check(SCORE(THREE), score_of(run)[-1], at_most=-LEAST_SCORE, unit="nats")


@claim(
    "lecture.no_sudden_improvement_with_one_layer",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=control(
        "A model with three layers improves suddenly",
        id="three",
        swap={ONE: THREE, ONE_LONGER: THREE},
    ),
)
def test_one_layer(runs: Runs, evidence: Evidence) -> None:
    """In-context learning does not improve suddenly in a model with one layer, and less in the end
    than in one with two; nor does it where that is trained for longer than any other.
    """
    one, longer, two = runs[ONE], runs[ONE_LONGER], runs[TWO]
    evidence.check(SUDDENNESS(ONE), suddenness(one), at_most=SUDDEN)
    evidence.check(SHARE, score_of(one)[-1] / score_of(two)[-1], at_most=0.5, unit="ratio")
    evidence.check(SUDDENNESS(ONE_LONGER), suddenness(longer), at_most=SUDDEN)
    share = score_of(longer)[-1] / score_of(two)[-1]
    evidence.check(SHARE_LONGER, share, at_most=0.5, unit="ratio")
