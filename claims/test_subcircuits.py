"""Three interacting subcircuits underlie the phase change (Section 4.2, Appendix D.1.2, Figure 5b).

Trained, all from the same initial weights, on 600,000 sequences and with one head of layer 1 (the
paper's Layer 2) active: a network without a clamp, and five in which parts of the induction circuit
are clamped from the start to what they compute in a finished network. The steps of the circuit are
those of Section 4.1: attend to the token before (1), copy it (2), route queries, keys and values
(3), match (4), copy the label to the output (5). The head is the one that is fastest alone; see
:mod:`claims.networks.clamped`. What the paper calls Layer 1 is layer 0 here.

Measured on the train loss of 1,000 sequences by :mod:`icl_repro.measures.curves.phase_change`: when
it is half of ln 2, how long it takes from 0.6 to 0.1, by how much it speeds up, and whether it
prefers a sum of exponentials or an S-shape. Published values beside them are measured in the same
way on the curves of Figure 5b; those of all seeds, on which the authors kept head 3, on its curve
of Figure 4b where nothing is clamped, because Figure 5b ends before most of them learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
import pytest

from claims.figures.circuit import circuit_figure
from claims.figures.subcircuits import clamping_figure
from claims.networks.clamped import (
    BOTH,
    COPY,
    CURVES_5B,
    LAYER_1,
    MATCH,
    NONE,
    PREVIOUS_TOKEN,
    Chosen,
    change_of_weights,
    chosen_heads,
    fastest_head,
    figure_5b,
    match_error,
    no_op,
    on_chosen_heads,
    previous_token,
    previous_token_error,
    wrong_label,
)
from claims.networks.plain import untrained
from claims.phase_changes import (
    Bound,
    as_published,
    check_acceleration,
    check_over,
    duration_of,
    final_loss,
    half_time_of,
    how_many_are_later,
    how_many_published_are_later,
    keep_loss,
    of_published,
    of_run,
    over_seeds,
    state_phase_change,
)
from claims.published import reported
from icl_repro import Evidence, Reported, claim, control
from icl_repro.measures.curves.phase_change import PhaseChange
from icl_repro.training import Run, RunSpec

FIGURE = "Section 4.2, Figure 5b"
TWO_BEFORE, WRONG_LABEL, NO_OP = "two tokens before", "the wrong label", "no-op"


def clamped(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """The networks of Figure 5b, and three for controls."""
    head, head_0 = chosen.induction_head, chosen.previous_token_head
    controls = {
        TWO_BEFORE: previous_token(seed, head, [head_0], shift=2),
        WRONG_LABEL: wrong_label(seed, head),
        NO_OP: no_op(seed, head),
    }
    return figure_5b(seed, chosen) | controls


CLAMPED = on_chosen_heads(clamped)
HELD = 1e-6
"""How far what is clamped may be from what it is clamped to: the rounding of 32-bit numbers."""

Runs = Mapping[str, Run]


def published(condition: str) -> PhaseChange:
    """The phase change of a published curve of Figure 5b."""
    return of_published(CURVES_5B[condition])


def check_ratio(
    evidence: Evidence, name: str, runs: Runs, condition: str, **bound: Unpack[Bound]
) -> None:
    """State the acceleration ratio of a network."""
    check_acceleration(evidence, name, of_run(runs[condition]), CURVES_5B[condition], **bound)


def check_half_times(
    evidence: Evidence, name: str, runs: Runs, one: str, other: str, **bound: Unpack[Bound]
) -> None:
    """State the half-time of one network over that of another."""
    ours = half_time_of(runs[one]), half_time_of(runs[other])
    theirs = published(one).half_time.value, published(other).half_time.value
    theirs_over_seeds = of_seeds(one, "half_time") / of_seeds(other, "half_time")
    check_over(evidence, name, ours, theirs, "Figure 5b", over_seeds=theirs_over_seeds, **bound)


def check_accelerations(
    evidence: Evidence, name: str, runs: Runs, one: str, others: Sequence[str]
) -> None:
    """State that the acceleration ratio of a network is at most the smallest of others."""
    ours, *rest = (of_run(runs[condition]).acceleration.value for condition in (one, *others))
    theirs, *their_rest = (published(c).acceleration.value for c in (one, *others))
    check_over(
        evidence,
        name,
        (ours, float(np.min(rest))),
        (theirs, float(np.min(their_rest))),
        "Figure 5b",
        "{:.2f} and {:.2f}",
        of_seeds(one, "acceleration")
        / np.min([of_seeds(other, "acceleration") for other in others], axis=0),
        at_most=1,
    )


def of_seeds(condition: str, measure: str) -> np.ndarray:
    """A measure of the published curve of each seed, NaN where it is not known."""
    return over_seeds(CURVES_5B[condition], measure)


def read_off(condition: str, measure: str, value: float) -> Reported | None:
    """A measure of a published curve, and of those of all seeds."""
    return as_published(CURVES_5B[condition], value, of_seeds(condition, measure))


# Without a clamp, and with the previous-token pattern: a phase change.

UNCLAMPED_RATIO = "acceleration ratio, no clamp"
PLATEAU = "plateau, no clamp"
PREVIOUS_TOKEN_RATIO = "acceleration ratio, previous-token pattern clamped"
PREVIOUS_TOKEN_EARLIER = "half-time with the previous-token pattern clamped over that without"
PREVIOUS_TOKEN_HELD = "largest distance of the clamped head's attention from the token before"


@claim(
    "subcircuits.phase_change",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "With match clamped, in place of both, there is no plateau and no phase change",
            id="match",
            swap={NONE: MATCH, PREVIOUS_TOKEN: MATCH},
            only=(UNCLAMPED_RATIO, PLATEAU, PREVIOUS_TOKEN_RATIO, PREVIOUS_TOKEN_HELD),
            undefined="a loss that does not speed up has no plateau",
        ),
        control(
            "With the paper's Layer 1 clamped the loss is slowest at the start, above ln 2",
            id="layer_1",
            swap={NONE: LAYER_1},
            only=PLATEAU,
        ),
        control(
            "A head that attends to the token before the previous one does not make it earlier",
            id="two_tokens_before",
            swap={PREVIOUS_TOKEN: TWO_BEFORE},
            only=(PREVIOUS_TOKEN_EARLIER, PREVIOUS_TOKEN_HELD),
            undefined="never learns",
        ),
    ],
)
def test_phase_change(runs: Runs, evidence: Evidence) -> None:
    """A single induction head emerges in a phase change after a plateau; with a perfect
    previous-token pattern it does so earlier, but still in a phase change.
    """
    plateau = of_run(runs[NONE]).plateau
    check_ratio(evidence, UNCLAMPED_RATIO, runs, NONE, at_least=3)
    evidence.check(
        PLATEAU,
        plateau.value,
        between=(0.6, 0.85),
        unit="nats",
        published=read_off(NONE, "plateau", published(NONE).plateau.value),
        interval=plateau.interval,
        note="mean loss while it is slowest before the phase change",
    )
    check_ratio(evidence, PREVIOUS_TOKEN_RATIO, runs, PREVIOUS_TOKEN, at_least=1.75)
    check_half_times(evidence, PREVIOUS_TOKEN_EARLIER, runs, PREVIOUS_TOKEN, NONE, at_most=1)
    chosen = chosen_heads(runs)
    error = previous_token_error(runs[PREVIOUS_TOKEN], [chosen.previous_token_head])
    evidence.check(PREVIOUS_TOKEN_HELD, error, at_most=HELD)
    evidence.quantity(
        "head of layer 1 that is fastest alone",
        chosen.induction_head,
        published=reported("paper.clamped_ih"),
        note="the paper's Layer 2; the others are off",
    )
    for condition, curve_id in CURVES_5B.items():
        state_phase_change(evidence, condition, of_run(runs[condition]), curve_id)
        keep_loss(evidence, condition, runs[condition])
    evidence.figure(circuit_figure())
    evidence.figure(clamping_figure(runs))


# With all of the paper's Layer 1: still a phase change, but a short and early one.

LAYER_1_RATIO = "acceleration ratio, Layer 1 clamped"
SHORTER = "duration without a clamp over that with Layer 1 clamped"
LAYER_1_EARLIER = "half-time without a clamp over that with Layer 1 clamped"
LAYER_1_HELD = "largest change of a weight of layer 0 with Layer 1 clamped"


@claim(
    "subcircuits.layer_1",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "A perfect previous-token pattern alone makes it neither twice as short nor twice as "
            "early",
            id="previous_token",
            swap={LAYER_1: PREVIOUS_TOKEN},
            only=(SHORTER, LAYER_1_EARLIER, LAYER_1_HELD),
        ),
        control(
            "With match clamped there is no phase change",
            id="match",
            swap={LAYER_1: MATCH},
            only=(LAYER_1_RATIO, LAYER_1_HELD),
        ),
    ],
)
def test_layer_1(runs: Runs, evidence: Evidence) -> None:
    """With the paper's Layer 1 clamped the phase change is still there, but it is much shorter and
    earlier: what is left has interacting parts.
    """
    check_ratio(evidence, LAYER_1_RATIO, runs, LAYER_1, at_least=2)
    without, ours = duration_of(runs[NONE], at_least=True), duration_of(runs[LAYER_1])
    # The curve of Figure 5b ends before it is at 0.1; that of Figure 4b is the same network.
    theirs = reported("dig.fig4b.main.only_l2_head_3.t_0.6_to_0.1").value
    check_over(
        evidence,
        SHORTER,
        (without, ours),
        (theirs, published(LAYER_1).duration.value),
        "Figures 4b and 5b",
        "from loss 0.6 to 0.1, without a clamp to the end at most: {:,.0f} and {:,.0f} sequences",
        of_seeds(NONE, "duration") / of_seeds(LAYER_1, "duration"),
        at_least=2,
    )
    check_half_times(evidence, LAYER_1_EARLIER, runs, NONE, LAYER_1, at_least=2)
    evidence.check(LAYER_1_HELD, change_of_weights(runs[LAYER_1], "layers.0."), at_most=0)


# With match: what is left, the copy, is learnt smoothly.

MATCH_HELD = "largest distance of the clamped head's attention from the right label"
PHASE_CHANGES = (NONE, PREVIOUS_TOKEN, LAYER_1, COPY)
"""Those that the paper calls a phase change."""


@claim(
    "subcircuits.match",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "Without a clamp the loss speeds up and prefers an S-shape",
            id="no_clamp",
            swap={MATCH: NONE},
        ),
        control(
            "A head that attends to the wrong label is not clamped to match, though its copy is "
            "learnt as smoothly: one of two labels is as well known by the other",
            id="wrong_label",
            swap={MATCH: WRONG_LABEL},
            only=MATCH_HELD,
        ),
    ],
)
def test_match(runs: Runs, evidence: Evidence) -> None:
    """With the whole match operation clamped, only the copy is learnt: smoothly and exponentially,
    without a phase change.
    """
    check_ratio(evidence, "acceleration ratio, match clamped", runs, MATCH, at_most=1.5)
    check_accelerations(
        evidence,
        "acceleration ratio with match clamped over the smallest of a phase change",
        runs,
        MATCH,
        PHASE_CHANGES,
    )
    shape = of_run(runs[MATCH]).preference
    evidence.check(
        "criterion of an S-shape less that of exponentials, with match clamped",
        shape.against_s,
        at_least=0,
        published=read_off(MATCH, "against_s", published(MATCH).preference.against_s),
        interval=shape.against_s_interval,
        note="one exponential or two, whichever is better",
    )
    evidence.check(MATCH_HELD, match_error(runs[MATCH], fastest_head(runs)), at_most=HELD)


# What is copied holds for labels that were never seen together: ours, because on the training
# sequences attention to the wrong one of two labels teaches as much as to the right one.


@claim(
    "subcircuits.held_out",
    source="Section 4.2, beyond Figure 5b",
    on=CLAMPED,
    fails_on=control(
        "A head that attends to the wrong label teaches no copying that holds for label pairs held "
        "out: they come later, in a phase change",
        id="wrong_label",
        swap={MATCH: WRONG_LABEL},
    ),
)
def test_held_out(runs: Runs, evidence: Evidence) -> None:
    """With match clamped, the copy is learnt as smoothly for label pairs held out (ours, beyond the
    paper).
    """
    found = of_run(runs[MATCH], "test_relabel.loss")
    name = "acceleration ratio on label pairs held out, match clamped"
    check_acceleration(evidence, name, found, at_most=1.5)
    evidence.quantity(
        "half-time on label pairs held out, match clamped", found.half_time.value, unit="sequences"
    )


# With copy: what is left, the match, is learnt in a quick phase change; less so with Layer 1.

COPY_RATIO = "acceleration ratio, copy clamped"
COPY_EARLY = "half-time with copy clamped over that without a clamp"
CLOSER = "acceleration ratio with Layer 1 and copy clamped over that with copy clamped"
EARLIER = "half-time with Layer 1 and copy clamped over that with copy clamped"
COPY_HELD = "largest change of a weight that reads labels out, with copy clamped"
LABELS_OUT = ("layers.1.value", "layers.1.output", "unembedding")


@claim(
    "subcircuits.copy",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "With the paper's Layer 1 clamped, in place of Layer 1 and copy, learning is neither "
            "earlier nor closer to exponential",
            id="layer_1",
            swap={BOTH: LAYER_1},
            only=(CLOSER, EARLIER, COPY_HELD),
        ),
        control(
            "With match clamped, in place of copy, the loss does not speed up",
            id="match",
            swap={COPY: MATCH},
            only=(COPY_RATIO, COPY_HELD),
        ),
        control(
            "With a perfect previous-token pattern learning takes more than a quarter of the time",
            id="previous_token",
            swap={COPY: PREVIOUS_TOKEN},
            only=(COPY_EARLY, COPY_HELD),
        ),
    ],
)
def test_copy(runs: Runs, evidence: Evidence) -> None:
    """With copy clamped, only the match is learnt: after a short saddle near ln 2, in a quick phase
    change; with the paper's Layer 1 clamped too, earlier and closer to exponentially.
    """
    check_ratio(evidence, COPY_RATIO, runs, COPY, at_least=1.5)
    check_half_times(evidence, COPY_EARLY, runs, COPY, NONE, at_most=1 / 4)
    check_accelerations(evidence, CLOSER, runs, BOTH, [COPY])
    check_half_times(evidence, EARLIER, runs, BOTH, COPY, at_most=1)
    changes = [change_of_weights(runs[name], *LABELS_OUT) for name in (BOTH, COPY)]
    evidence.check(COPY_HELD, max(changes), at_most=0)
    saddle = of_run(runs[COPY]).plateau
    evidence.quantity(
        "level of the saddle",
        saddle.value,
        unit="nats",
        published=read_off(COPY, "plateau", published(COPY).plateau.value),
        interval=saddle.interval,
        note=f"ln 2 is {math.log(2):.3f}",
    )


# All together: the order of half-times, and that every clamped network learns the task.

LATER: Mapping[str, tuple[str, ...]] = {
    PREVIOUS_TOKEN: (NONE,),
    LAYER_1: (NONE, PREVIOUS_TOKEN),
    **dict.fromkeys((MATCH, COPY, BOTH), (NONE, PREVIOUS_TOKEN, LAYER_1)),
}
"""Which networks learn later than each, in the paper's order."""


def later_than(condition: str) -> str:
    """What the check of a half-time is called."""
    return f"networks with less clamped that learn later than with {condition}"


def final_loss_with(condition: str) -> str:
    """What the check of a final loss is called."""
    return f"final loss with {condition}"


@claim(
    "subcircuits.order",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "With attention to the token before the previous one the order is another",
            id="two_tokens_before",
            swap={PREVIOUS_TOKEN: TWO_BEFORE},
            only=later_than(PREVIOUS_TOKEN),
        ),
        control(
            "With that attention in place of the paper's Layer 1 it is learnt no earlier",
            id="two_before_for_layer_1",
            swap={LAYER_1: TWO_BEFORE},
            only=later_than(LAYER_1),
        ),
        control(
            "With that attention in place of match or copy it is learnt no earlier",
            id="two_before_for_rest",
            swap=dict.fromkeys((MATCH, COPY, BOTH), TWO_BEFORE),
            only=tuple(map(later_than, (MATCH, COPY, BOTH))),
        ),
        control(
            "A network that does not learn does not learn the task",
            untrained,
            only=tuple(map(final_loss_with, LATER)),
        ),
    ],
)
@pytest.mark.parametrize(
    "condition", LATER, ids=["previous_token", "layer_1", "match", "copy", "layer_1_and_copy"]
)
def test_order(condition: str, runs: Runs, evidence: Evidence) -> None:
    """The more of the circuit is clamped, the earlier the rest is learnt, and every clamped network
    learns the task.
    """
    others = LATER[condition]
    evidence.check(
        later_than(condition),
        how_many_are_later(half_time_of(runs[condition]), [half_time_of(runs[o]) for o in others]),
        at_least=len(others),
        unit="networks",
        published=Reported(
            how_many_are_later(
                published(condition).half_time.value, [published(o).half_time.value for o in others]
            ),
            "Figure 5b, digitized",
            over_seeds=how_many_published_are_later(
                CURVES_5B[condition], [CURVES_5B[other] for other in others]
            ),
        ),
        note=f"of {len(others)}: {', '.join(others)}",
    )
    evidence.check(
        final_loss_with(condition),
        final_loss(runs[condition]),
        at_most=0.05,
        unit="nats",
        note=f"after {runs[condition].sequences[-1]:,} sequences",
    )


# A clamp without effect has none.


@claim(
    "subcircuits.no_op",
    source="Section 4.2, Appendix D.1.2",
    on=CLAMPED,
    fails_on=control(
        "A clamp of a head that is on does not", id="previous_token", swap={NO_OP: PREVIOUS_TOKEN}
    ),
)
def test_no_op(runs: Runs, evidence: Evidence) -> None:
    """A clamp of heads that are off reproduces training without a clamp at every evaluation, to the
    rounding of 32-bit numbers.

    When a network is evaluated depends on its loss, so that equal curves have the same evaluations.
    Two programs that compute the same, one with a clamp and one without, are not compiled to the
    same order of every sum, so that they agree to a rounding.
    """
    run, without = runs[NO_OP], runs[NONE]
    shared, ours, theirs = np.intersect1d(run.sequences, without.sequences, return_indices=True)
    loss, other = run.curves["train.loss"][ours], without.curves["train.loss"][theirs]
    evidence.check(
        "largest difference of the train loss to training without a clamp",
        np.abs(loss - other).max(),
        at_most=1e-6,
        unit="nats",
        note=f"over {len(shared)} evaluations of {len(without.sequences)}",
    )
