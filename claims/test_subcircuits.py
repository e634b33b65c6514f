"""Three interacting subcircuits underlie the phase change (Section 4.2, Appendix D.1.2, Figure 5b).

Trained, all from the same initial weights, on 600,000 sequences and with one head of layer 1 (the
paper's Layer 2) active: a network without a clamp, and five in which parts of the induction circuit
are clamped from the start to what they compute in a finished network. The steps of the circuit are
those of Section 4.1: attend to the token before (1), copy it (2), route queries, keys and values
(3), match (4), copy the label to the output (5). Which heads: see :mod:`claims.networks.clamped`.
What the paper calls Layer 1 is layer 0 here.

Measured on the train loss of 1,000 sequences: when it is half of ln 2, how long it takes from 0.6
to 0.1, by how much it speeds up, whether it prefers a sum of exponentials or an S-shape
(:mod:`icl_repro.measures.curves.phase_change`), how long it is near ln 2, from 0.8 to 0.6, and how
far its profile is from that without a clamp (:mod:`icl_repro.measures.curves.profile`). Where
nothing is clamped, the time to 0.1 is that of the same network trained until it has learned, as in
Figure 4b.

Published values beside them are measured in the same way on the curves of Figure 5b, those of all
five seeds where its figures show as much. The authors kept head 3 active on every seed, and clamped
head 2 of their Layer 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from claims.comparisons import NOT_NEGATIVE
from claims.figures.circuit import circuit_figure
from claims.figures.subcircuits import clamping_figure, single_heads_figure
from claims.networks.clamped import (
    CURVES_5B,
    HEADS,
    LAYER_1,
    MATCH,
    NONE,
    PREVIOUS_TOKEN,
    change_of_weights,
    chosen_heads,
    fastest_head,
    previous_token_error,
)
from claims.phase_changes import (
    ONE_RUN,
    apart,
    check_acceleration,
    duration_of,
    half_time_of,
    keep_loss,
    known_of,
    of_run,
    over_seeds,
    state_early_times,
    state_phase_change,
)
from claims.published import as_reported, reported
from claims.subcircuits import (
    CLAMPED,
    FIGURE,
    HELD,
    NO_OP,
    TWO_BEFORE,
    Runs,
    check_ratio,
    check_times,
    of_seeds,
    published,
    published_distance,
    read_off,
    until_learned,
)
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.phase_change import acceleration_ratio

# Without a clamp: a plateau, and a phase change.

UNCLAMPED_RATIO = "acceleration ratio, no clamp"
PLATEAU = "plateau, no clamp"
SHARP = 3
"""The acceleration ratio of a phase change after a plateau."""


@claim(
    "subcircuits.phase_change",
    source="Section 4.2, Figures 4b and 5b",
    on=CLAMPED,
    fails_on=[
        control(
            "With match clamped there is no plateau and no phase change",
            id="match",
            swap={NONE: MATCH},
            undefined="a loss that does not speed up has no plateau",
        ),
        control(
            "With the paper's Layer 1 clamped the loss is slowest at the start, above ln 2",
            id="layer_1",
            swap={NONE: LAYER_1},
            only=PLATEAU,
        ),
    ],
)
def test_phase_change(runs: Runs, evidence: Evidence) -> None:
    """A single induction head emerges in a phase change after a plateau."""
    check_ratio(evidence, UNCLAMPED_RATIO, runs, NONE, at_least=SHARP)
    plateau = of_run(runs[NONE]).plateau
    evidence.check(
        PLATEAU,
        plateau.value,
        between=(0.6, 0.85),
        unit="nats",
        published=read_off(NONE, "plateau", published(NONE).plateau.value),
        interval=plateau.interval,
        limits=NOT_NEGATIVE,
        note="mean loss while it is slowest before the phase change",
    )
    evidence.quantity(
        "head of layer 1 that is fastest alone",
        fastest_head(runs),
        published=reported("paper.clamped_ih"),
        note="the paper's Layer 2; the others are off",
    )
    state_single_heads(evidence, runs)
    for condition, curve_id in CURVES_5B.items():
        state_phase_change(evidence, condition, of_run(runs[condition]), curve_id)
        keep_loss(evidence, condition, runs[condition])
    evidence.figure(circuit_figure())
    evidence.figure(clamping_figure(runs))
    evidence.figure(single_heads_figure(runs))


def state_single_heads(evidence: Evidence, runs: Runs) -> None:
    """State how sharp the phase change is of each head of layer 1 alone: the one that is clamped is
    the one that learns fastest, which need not be the one with the sharpest change.
    """
    alone = [runs[f"head {head}"] for head in HEADS]
    ours = np.array([acceleration_ratio(run.sequences, run.curves["train.loss"]) for run in alone])
    theirs = np.array([over_seeds(f"fig4b.main.only_l2_head_{h}", "acceleration") for h in HEADS])
    of_all: Mapping[str, Callable[..., np.ndarray]] = {
        "smallest acceleration ratio of the heads alone": np.min,
        "median acceleration ratio of the heads alone": np.median,
        "largest acceleration ratio of the heads alone": np.max,
        f"heads with an acceleration ratio of at least {SHARP} alone": sharp,
    }
    for name, measure in of_all.items():
        values = measure(theirs, axis=0)
        paper = as_reported(values[0], "Figure 4b, digitized", values)
        evidence.quantity(name, measure(ours, axis=0), published=paper)
    for head, ratio in enumerate(ours):
        evidence.quantity(f"acceleration ratio, head {head} alone", ratio)


def sharp(ratios: np.ndarray, axis: int) -> np.ndarray:
    """How many acceleration ratios are those of a phase change."""
    return np.sum(ratios >= SHARP, axis=axis)


# With the previous-token pattern: a phase change, with a similar profile.

PREVIOUS_TOKEN_RATIO = "acceleration ratio, previous-token pattern clamped"
PROFILE = "mean distance of the loss with the previous-token pattern clamped from that without"
PACE = "duration with the previous-token pattern clamped over that without"
PREVIOUS_TOKEN_HELD = "largest distance of the clamped head's attention from the token before"
IN_OWN_TIME = "each in its own time until it first falls to three quarters of ln 2"


@claim(
    "subcircuits.similar_profile",
    source="Section 4.2, Appendix D.1.2, Figure 5b",
    on=CLAMPED,
    fails_on=[
        control(
            "With match clamped the profile is another, without a phase change",
            id="match",
            swap={PREVIOUS_TOKEN: MATCH},
        ),
        control(
            "With the paper's Layer 1 clamped the phase change is much shorter, and slowest above "
            "ln 2",
            id="layer_1",
            swap={PREVIOUS_TOKEN: LAYER_1},
            only=(PROFILE, PACE, PREVIOUS_TOKEN_HELD),
        ),
        control(
            "A head that attends to the token before the previous one is not clamped to that",
            id="two_tokens_before",
            swap={PREVIOUS_TOKEN: TWO_BEFORE},
            only=PREVIOUS_TOKEN_HELD,
        ),
    ],
)
def test_similar_profile(runs: Runs, evidence: Evidence) -> None:
    """With a perfect previous-token pattern the loss still shows a phase change, with a similar
    profile.
    """
    check_acceleration(
        evidence,
        PREVIOUS_TOKEN_RATIO,
        of_run(runs[PREVIOUS_TOKEN]),
        CURVES_5B[PREVIOUS_TOKEN],
        note=ONE_RUN,
        at_least=1.75,
    )
    evidence.check(
        PROFILE,
        apart(runs[PREVIOUS_TOKEN], runs[NONE]),
        at_most=0.1,
        unit="nats",
        published=published_distance(PREVIOUS_TOKEN),
        limits=NOT_NEGATIVE,
        note=IN_OWN_TIME,
    )
    ours = duration_of(runs[PREVIOUS_TOKEN]), duration_of(until_learned(runs))
    theirs = [of_seeds(condition, "duration")[0] for condition in (PREVIOUS_TOKEN, NONE)]
    evidence.equivalent(
        PACE,
        ours[0] / ours[1],
        margin=(2 / 3, 3 / 2),
        unit="ratio",
        published=as_reported(theirs[0] / theirs[1], "Figures 4b and 5b, digitized"),
        limits=NOT_NEGATIVE,
        note="from loss 0.6 to 0.1: {:,.0f} and {:,.0f} sequences; {}".format(
            *ours, known_of(CURVES_5B[PREVIOUS_TOKEN], "duration")
        ),
    )
    chosen = chosen_heads(runs)
    error = previous_token_error(runs[PREVIOUS_TOKEN], [chosen.previous_token_head])
    evidence.check(PREVIOUS_TOKEN_HELD, error, at_most=HELD)
    evidence.quantity(
        "half-time with the previous-token pattern clamped over that without",
        half_time_of(runs[PREVIOUS_TOKEN]) / half_time_of(runs[NONE]),
        unit="ratio",
        published=as_reported(
            published(PREVIOUS_TOKEN).half_time.value / published(NONE).half_time.value,
            "Figure 5b, digitized",
        ),
        note=f"layer 0 head {chosen.previous_token_head} is clamped; "
        + known_of(CURVES_5B[PREVIOUS_TOKEN], "half_time"),
    )
    state_early_times(evidence, runs[PREVIOUS_TOKEN], runs[NONE])


# With all of the paper's Layer 1: still a phase change, but another profile, and much sharper.

LAYER_1_RATIO = "acceleration ratio, Layer 1 clamped"
SHARPER = "duration without a clamp over that with Layer 1 clamped"
SHIFTED = "mean distance of the loss with Layer 1 clamped from that without"
LAYER_1_HELD = "largest change of a weight of layer 0 with Layer 1 clamped"


@claim(
    "subcircuits.layer_1",
    source=FIGURE,
    on=CLAMPED,
    fails_on=[
        control(
            "A perfect previous-token pattern alone makes it neither twice as short, nor another",
            id="previous_token",
            swap={LAYER_1: PREVIOUS_TOKEN},
            only=(SHARPER, SHIFTED, LAYER_1_HELD),
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
    """With the paper's Layer 1 clamped the profile of the loss shifts substantially: the phase
    change is still there, but much sharper.
    """
    check_ratio(evidence, LAYER_1_RATIO, runs, LAYER_1, at_least=2)
    ours = duration_of(until_learned(runs)), duration_of(runs[LAYER_1])
    check_times(evidence, SHARPER, ours, (NONE, LAYER_1), "duration", at_least=2)
    evidence.check(
        SHIFTED,
        apart(runs[LAYER_1], runs[NONE]),
        at_least=0.2,
        unit="nats",
        published=published_distance(LAYER_1),
        limits=NOT_NEGATIVE,
        note=IN_OWN_TIME,
    )
    evidence.check(LAYER_1_HELD, change_of_weights(runs[LAYER_1], "layers.0."), at_most=0)


# A clamp without effect has none.


@claim(
    "subcircuits.no_op",
    source="ours, for Appendix D.1.2",
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
