"""Induction heads form when in-context learning improves, and only with more than one layer.

An induction head attends from a token that has come before to what came next then (prefix matching)
and makes that likelier (copying). Both are measured on random tokens repeated, in which nothing can
be known by heart (:mod:`icl_repro.training.language_evaluation`), as by Olsson et al. (2022).
Copying is measured by the ranks of logits here; theirs weighs how much each is raised.

They form at the time of the improvement if both half-times are at most 20 % of the later one apart,
so that their ratio is from 0.8 to 1.25: that of the best head's prefix matching, and, as a claim of
its own, that of the mean copying score of the heads that are induction heads in the end.
"""

from __future__ import annotations

from claims.lecture.figures import heads_figure
from claims.lecture.measured import (
    best_matching,
    check_same_time,
    copying_change,
    final,
    induction_heads_of,
    matching_change,
    number_change,
    score_change,
)
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
NUMBER = "induction heads in any layer, {}".format
MATCHING = "largest prefix-matching score of a head, {}".format
AT_THE_TIME = "half-time of prefix matching over that of the in-context-learning score, {}".format
COPIED = "half-time of copying over that of the in-context-learning score, {}".format
NOT_FORMED = "heads that never form have no half-time"
BOTH = "half-time of the number of heads that match and copy over that of the score, {}".format
TIMES = (AT_THE_TIME(TWO), AT_THE_TIME(THREE))
NONE_FORMED = (NUMBER(TWO), NUMBER(THREE), MATCHING(TWO), MATCHING(THREE))


@claim(
    "lecture.induction_heads_form",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "A model with one layer has none",
            id="one_layer",
            swap={TWO: ONE, THREE: ONE_LONGER},
            only=(*NONE_FORMED, *TIMES),
            undefined=NOT_FORMED,
        ),
        control(
            "They do not form when a model with one layer improves",
            id="another_time",
            given={"exchanged": True},
            only=TIMES,
        ),
        control(
            "Text without repeats teaches none",
            id="no_repeats",
            swap={TWO: NO_REPEATS, THREE: NO_REPEATS},
            only=NONE_FORMED,
        ),
        control(
            "Nor does text with shuffled repeats",
            id="shuffled",
            swap={TWO: SHUFFLED, THREE: SHUFFLED},
            only=NONE_FORMED,
        ),
        control(
            "An untrained model has none",
            id="untrained",
            swap={TWO: UNTRAINED, THREE: UNTRAINED},
            only=NONE_FORMED,
        ),
    ],
)
def test_induction_heads_form(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Models with more than one layer form induction heads, when in-context learning improves."""
    for name, shallow in ((TWO, ONE), (THREE, ONE_LONGER)):
        found = induction_heads_of(runs[name])
        evidence.check(NUMBER(name), sum(map(len, found)), at_least=1)
        for layer, heads in enumerate(found):
            evidence.quantity(f"induction heads in layer {layer}, {name}", len(heads))
        evidence.check(MATCHING(name), best_matching(runs[name])[-1], at_least=0.5)
        improved = score_change(runs[shallow if exchanged else name]).middle
        check_same_time(evidence, AT_THE_TIME(name), matching_change(runs[name]).middle, improved)
    evidence.figure(heads_figure(runs))


@claim(
    "lecture.induction_heads_copy",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "They do not come to copy when a model with one layer improves",
            id="another_time",
            given={"exchanged": True},
        ),
        control(
            "A model with one layer has none",
            id="one_layer",
            swap={TWO: ONE, THREE: ONE_LONGER},
            undefined=NOT_FORMED,
        ),
        control(
            "Text with shuffled repeats teaches none",
            id="shuffled",
            swap={TWO: SHUFFLED, THREE: SHUFFLED},
            undefined=NOT_FORMED,
        ),
    ],
)
def test_induction_heads_copy(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """The heads that are induction heads in the end come to copy when in-context learning
    improves.
    """
    for name, shallow in ((TWO, ONE), (THREE, ONE_LONGER)):
        improved = score_change(runs[shallow if exchanged else name]).middle
        check_same_time(evidence, COPIED(name), copying_change(runs[name]).middle, improved)
        both = number_change(runs[name]).middle
        evidence.quantity(BOTH(name), both / improved, unit="ratio", note=f"{both:,.0f} sequences")


@claim(
    "lecture.no_induction_heads_with_one_layer",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=control(
        "Models with more layers have some",
        id="two_layers",
        swap={ONE: TWO, ONE_LONGER: THREE},
    ),
)
def test_one_layer(runs: Runs, evidence: Evidence) -> None:
    """A model with one layer forms no induction head, not in four times the training either."""
    for name, note in (
        (ONE, "at any time"),
        (ONE_LONGER, "at any time; the first quarter is that of the check before"),
    ):
        evidence.check(MATCHING(name), best_matching(runs[name]).max(), at_most=0.2, note=note)
        evidence.quantity(f"largest copying score, {name}", final(runs[name], "copying").max())
