"""Previous-token heads and induction heads work together (slides; Olsson et al., 2022, Section 2).

On a trained model with two layers, heads are turned off, and the in-context-learning score is
measured again: those of layer 0 that attend to the token before, the induction heads of layer 1,
and as many others. Of others all choices are tried, and their mean counts: which of them are taken
is not the claim's. On the paper's five seeds five to seven of the eight heads of layer 1 are
induction heads, so that all others of layer 1 are in every choice, and heads of layer 0 other than
previous-token heads have to stand in; where these do not suffice, a note says how many are missing.
A *pattern-preserving* ablation keeps the patterns of all later layers as they are without it: of
heads of the last layer it is the same as an ablation. Of the previous-token heads it leaves what
they do through patterns, which is what induction heads need of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from claims.lecture.measured import final, has_score, induction_heads_of, text_of
from claims.lecture.models import DEPTHS, NO_REPEATS, ONE, SHUFFLED, TWO, UNTRAINED, Runs
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
MEAN = "{}, mean of all choices".format
OTHERS_0 = MEAN("as many other heads of layer 0 off")
OTHERS_1 = MEAN("as many other heads as induction heads off, of layer 1 as far as there are")
MOST = "{}: the most of any choice".format
taken = "share of the in-context-learning score that goes with {}".format
KEPT = "previous-token heads off and the patterns of layer 1 preserved"
NO_HEADS = "a model without such heads has nothing to turn off"
NO_SCORE = "a model without a score has none that could go"


Off = tuple[AblateHeads | PreservingAblation, ...]


def shares_taken(run: LanguageRun, choices: Sequence[Off]) -> Float[np.ndarray, " choices"]:
    """The share of the score that goes under each of some clamps; not a number, once, where there
    are none or the model has no score.
    """
    model, text = run.model(), text_of(run, "train")
    score = score_under(model, text)
    if not any(choices) or not has_score(score):
        return np.array([np.nan])
    edits = ([edit for one in clamps for edit in one.edits(run.spec.model)] for clamps in choices)
    return np.array([1 - score_under(model, text, one) / score for one in edits])


def off(heads: Collection[int], layer: int) -> Off:
    """Heads of a layer off; nothing where there are none."""
    return (AblateHeads(tuple(heads), layer),) if heads else ()


def amount(clamps: Off) -> int:
    """How many heads are off."""
    return sum(len(clamp.heads) for clamp in clamps)


def named(clamps: Off) -> str:
    """Which heads are off, in words."""
    said = [f"{', '.join(map(str, clamp.heads))} of layer {clamp.layer}" for clamp in clamps]
    return f"heads {' and '.join(said)}" if said else "no heads"


class Heads(NamedTuple):
    """What is turned off in a model: heads, and every choice of as many others."""

    previous: Off
    induction: Off
    others_0: tuple[Off, ...]
    others_1: tuple[Off, ...]

    @classmethod
    def of(cls, run: LanguageRun) -> Heads:
        """The heads of a trained model, and as many others; none where it has none."""
        n_heads, last = run.spec.model.heads, run.spec.model.layers - 1
        previous = previous_token_heads(final(run, "attention.previous")[0])
        found = induction_heads_of(run)[-1] if last else ()
        fewer = min(len(found), n_heads - len(found))
        return cls(
            previous=off(previous, 0) if last else (),
            induction=off(found, last),
            others_0=tuple(off(one, 0) for one in others(previous, n_heads, len(previous))),
            others_1=tuple(
                (*off(of_last, last), *off(of_first, 0))
                for of_last in others(found, n_heads, fewer)
                for of_first in others(previous, n_heads, len(found) - fewer)
            ),
        )


def most(shares: Float[np.ndarray, " choices"], choices: Sequence[Off]) -> str:
    """How many choices there are, and of which most of the score goes, in words."""
    if len(choices) < 2:
        return named(choices[0] if choices else ())
    largest = int(np.argmax(shares))
    return f"{len(choices)} choices; the most, {shares[largest]:.2f}, {named(choices[largest])}"


@claim(
    "lecture.work_together",
    profiles=["standard", "paper"],
    source=SLIDES,
    on=DEPTHS,
    fails_on=[
        control(
            "A model with one layer has no second head to work with the first",
            id="one_layer",
            swap={TWO: ONE},
            undefined=NO_HEADS,
        ),
        control(
            "A model that never saw repeats has no such heads",
            id="no_repeats",
            swap={TWO: NO_REPEATS},
            undefined=NO_HEADS,
            only=taken(INDUCTION),
        ),
        control(
            "Nor has one that saw shuffled repeats",
            id="shuffled",
            swap={TWO: SHUFFLED},
            undefined=NO_HEADS,
        ),
        control(
            "Nor has one that is untrained",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined=NO_SCORE,
        ),
        control(
            "Without as many other heads the score stays",
            id="other_heads",
            given={"exchanged": True},
        ),
    ],
)
def test_work_together(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Heads of layer 0 that attend to the token before and induction heads of layer 1 work
    together: without either the in-context-learning score goes.
    """
    run = runs[TWO]
    heads = Heads.of(run)
    previous, induction = (heads.previous,), (heads.induction,)
    if exchanged:
        previous, induction = heads.others_0, heads.others_1
    for name, choices in ((PREVIOUS, previous), (INDUCTION, induction)):
        shares = shares_taken(run, choices)
        evidence.check(taken(name), float(shares.mean()), at_least=0.7, note=most(shares, choices))
    largest = final(run, "attention.previous")[0].max()
    evidence.quantity("largest attention to the token before in layer 0", largest)


@claim(
    "lecture.other_heads",
    profiles=["standard", "paper"],
    source=SLIDES,
    on=DEPTHS,
    fails_on=[
        control(
            "The heads themselves are needed",
            id="the_heads_themselves",
            given={"exchanged": True},
        ),
        control(
            "An untrained model has no score",
            id="untrained",
            swap={TWO: UNTRAINED},
            undefined=NO_SCORE,
        ),
    ],
)
def test_other_heads(runs: Runs, evidence: Evidence, exchanged: bool = False) -> None:
    """Without as many other heads the in-context-learning score stays, on average over which."""
    run = runs[TWO]
    heads = Heads.of(run)
    others_0, others_1 = heads.others_0, heads.others_1
    if exchanged:
        others_0, others_1 = (heads.previous,), (heads.induction,)
    for name, choices, of in (
        (OTHERS_0, others_0, heads.previous),
        (OTHERS_1, others_1, heads.induction),
    ):
        shares = shares_taken(run, choices)
        note = most(shares, choices)
        if fewer := amount(of) - amount(choices[0]):
            note += f"; {fewer} fewer than asked for, as there are no more"
        evidence.check(taken(name), float(shares.mean()), at_most=0.3, note=note)
        evidence.quantity(MOST(name), float(shares.max()))


@claim(
    "lecture.through_patterns",
    profiles=["standard", "paper"],
    source="Olsson et al. (2022), for the lecture slides, Induction Heads (1)",
    on=DEPTHS,
    fails_on=[
        control(
            "What induction heads write does not act through patterns",
            id="induction_heads",
            given={"layer": 1},
        ),
        control(
            "A model that never saw repeats has no score",
            id="no_repeats",
            swap={TWO: NO_REPEATS},
            undefined=NO_SCORE,
        ),
        control(
            "One that saw shuffled repeats has no heads that attend to the token before",
            id="shuffled",
            swap={TWO: SHUFFLED},
            undefined=NO_HEADS,
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
    clamps: Off = (PreservingAblation(heads, ("pattern",)),) if heads else ()
    if layer:
        clamps = off(induction_heads_of(run)[-1], layer)
    (share,) = shares_taken(run, [clamps])
    evidence.check(taken(KEPT), float(share), at_most=0.3, note=named(clamps))
