"""Previous-token heads and induction heads work together (slides; Olsson et al., 2022, Section 2).

On a trained model with two layers, heads are turned off, and the in-context-learning score is
measured again: those of layer 0 that attend to the token before, the induction heads of layer 1,
and as many other heads of each layer. A *pattern-preserving* ablation keeps the patterns of all
later layers as they are without it: of heads of the last layer it is the same as an ablation. Of
the previous-token heads it leaves what they do through patterns, which is what induction heads need
of them.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from claims.lecture.measured import final, induction_heads_of, text_of
from claims.lecture.models import DEPTHS, NO_REPEATS, ONE, TWO, UNTRAINED, Runs
from icl_repro import Evidence, claim, control
from icl_repro.measures.language.heads import (
    others,
    previous_token_heads,
    score_under,
)
from icl_repro.optogenetics import AblateHeads, PreservingAblation
from icl_repro.training import LanguageRun

SLIDES = "the lecture slides, Induction Heads (1) and (5)"
PREVIOUS, INDUCTION = "previous-token heads off", "induction heads off"
OTHERS_0, OTHERS_1 = "as many other heads of layer 0 off", "as many other heads of layer 1 off"
taken = "share of the in-context-learning score that goes with {}".format
KEPT = "previous-token heads off and the patterns of layer 1 preserved"
NO_HEADS = "a model without such heads has nothing to turn off"
NO_SCORE = "a model without a score has none that could go"


def share_taken(run: LanguageRun, clamp: AblateHeads | PreservingAblation | None) -> float:
    """The share of the score that goes under a clamp; not a number without a clamp or a score."""
    model, text = run.language_model(), text_of(run, "train")
    score = score_under(model, text)
    if clamp is None or score >= 0:
        return float("nan")
    return 1 - score_under(model, text, clamp.edits(run.spec.model)) / score


def off(heads: Collection[int], layer: int) -> AblateHeads | None:
    """Heads of a layer off; None where there are none."""
    return AblateHeads(tuple(heads), layer) if heads else None


@claim(
    "lecture.work_together",
    source=SLIDES,
    on=DEPTHS,
    fails_on=[
        control(
            "A model with one layer has no second head to work with the first",
            id="one_layer",
            swap={TWO: ONE},
            undefined=NO_HEADS,
            only=(taken(PREVIOUS), taken(INDUCTION)),
        ),
        control(
            "A model that never saw repeats has no such heads",
            id="no_repeats",
            swap={TWO: NO_REPEATS},
            undefined=NO_HEADS,
            only=taken(INDUCTION),
        ),
        control(
            "Nor has one that is untrained",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined=NO_SCORE,
        ),
        control(
            "Other heads are not those that matter",
            id="other_heads",
            given={"exchanged": True},
        ),
    ],
)
def test_work_together(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Heads of layer 0 that attend to the token before and induction heads of layer 1 work
    together: without either the in-context-learning score goes, and without as many others it
    stays.
    """
    run = runs[TWO]
    before, after = final(run, "attention.previous")[0], final(run, "attention.induction")[-1]
    two = run.spec.model.layers > 1
    previous, induction = previous_token_heads(before), induction_heads_of(run)[-1]
    rest_0, rest_1 = others(previous, before), others(induction, after)
    if exchanged:
        previous, rest_0, induction, rest_1 = rest_0, previous, rest_1, induction
    last = run.spec.model.layers - 1
    for name, heads, layer, bound in (
        (PREVIOUS, previous if two else (), 0, {"at_least": 0.7}),
        (INDUCTION, induction if two else (), last, {"at_least": 0.7}),
        (OTHERS_0, rest_0, 0, {"at_most": 0.3}),
        (OTHERS_1, rest_1, last, {"at_most": 0.3}),
    ):
        evidence.check(
            taken(name),
            share_taken(run, off(heads, layer)),
            **bound,
            note=f"heads {', '.join(map(str, heads)) or 'none'}",
        )
    evidence.quantity("largest attention to the token before in layer 0", np.max(before))


@claim(
    "lecture.through_patterns",
    source="Olsson et al. (2022), for the lecture slides, Induction Heads (1)",
    on=DEPTHS,
    fails_on=[
        control(
            "What induction heads write does not act through patterns",
            id="induction_heads",
            given={"layer": 1},
        ),
        control(
            "An untrained model has no score",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined=NO_SCORE,
        ),
    ],
)
def test_through_patterns(runs: Runs, evidence: Evidence, layer: int = 0) -> None:
    """Previous-token heads act through the patterns of layer 1: with these preserved, their
    ablation leaves the in-context-learning score.
    """
    run = runs[TWO]
    heads = previous_token_heads(final(run, "attention.previous")[0])
    clamp = PreservingAblation(heads, ("pattern",)) if heads else None
    if layer:
        clamp = off(induction_heads_of(run)[-1], 1)
    evidence.check(taken(KEPT), share_taken(run, clamp), at_most=0.3)
