"""Clamping is causal, progress measures are not (Appendix D.2, Figure 10).

A progress measure perfects a part of the circuit in every checkpoint of ordinary training, and
looks at the loss; a clamp perfects the same part throughout training. Trained, with one head of
layer 1 (the paper's Layer 2) active and on 600,000 sequences: a network without a clamp, whose
weights are kept every 10,000 sequences and more often while its loss falls, one with the
previous-token pattern clamped and one with match clamped. Both progress measures are taken on 2,000
training sequences.

Which head of layer 0 has the previous-token pattern is a property of a network. So the head that is
perfected is the one that attends to the token before the most in the network without a clamp, which
has one head of layer 1, at the end of its training. The head that is clamped in training is chosen
on the full network, as for Figure 5b (:mod:`claims.networks.clamped`), and may be another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from claims.comparisons import NOT_NEGATIVE, SHARE
from claims.figures.progress_measures import (
    CLAMPED_CURVES,
    MATCH,
    PARTS,
    PREVIOUS_TOKEN,
    PROGRESS_CURVES,
    progress_figure,
)
from claims.networks.clamped import (
    NONE,
    Chosen,
    fastest_head,
    match,
    on_chosen_heads,
    previous_token,
    previous_token_order,
    unclamped,
)
from claims.phase_changes import (
    ONE_RUN,
    as_published,
    check_acceleration,
    check_over,
    final_loss,
    half_time_of,
    of_published,
    of_run,
)
from claims.published import reported
from claims.sequences import some_sequences
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.crossings import time_to
from icl_repro.measures.curves.phase_change import CHANGE, HALF_LOSS, phase_change
from icl_repro.measures.datasets.checkpoints import losses_over_checkpoints
from icl_repro.optogenetics import Clamp, ClampMatch, ClampPreviousToken, intervention
from icl_repro.training import Run, RunSpec

EPISODES = 2_000

Curve = tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]
"""Sequences seen, and the loss then."""
Progress = Callable[[Mapping[str, Run], int], Mapping[str, Curve]]
"""Takes the runs and a head of layer 0, and gives a curve for each part that is perfected."""


def clamped(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """One head of layer 1, without a clamp and with each part clamped throughout training."""
    head = chosen.induction_head
    return {
        NONE: unclamped(seed, head),
        PREVIOUS_TOKEN: previous_token(seed, head, [chosen.previous_token_head]),
        MATCH: match(seed, head),
    }


def progress_with(runs: Mapping[str, Run], perfect: Mapping[str, Clamp]) -> dict[str, Curve]:
    """The loss of each checkpoint without a clamp, with a part perfected by each of several."""
    run = runs[NONE]
    episodes = some_sequences(run, EPISODES)
    losses = {
        part: losses_over_checkpoints(
            run, episodes, intervention((*run.spec.clamps, clamp), run.spec.model)
        )
        for part, clamp in perfect.items()
    }
    return {part: (run.checkpoint_sequences, np.asarray(loss)) for part, loss in losses.items()}


def own_head(run: Run) -> int:
    """The head of layer 0 that attends the most to the token before in a trained network."""
    return previous_token_order(run)[0]


def last_head(run: Run) -> int:
    """The one that does so the least."""
    return previous_token_order(run)[-1]


def progress_measures(runs: Mapping[str, Run], head_0: int) -> dict[str, Curve]:
    """With each part perfected by the same clamp as in training."""
    perfect = {
        PREVIOUS_TOKEN: ClampPreviousToken((head_0,)),
        MATCH: ClampMatch((fastest_head(runs),)),
    }
    return progress_with(runs, perfect)


def progress_with_wrong_patterns(runs: Mapping[str, Run], head_0: int) -> dict[str, Curve]:
    """With the same heads made to attend two tokens before, and to both labels alike."""
    perfect = {
        PREVIOUS_TOKEN: ClampPreviousToken((head_0,), shift=2),
        MATCH: ClampMatch((fastest_head(runs),), strength=0.5),
    }
    return progress_with(runs, perfect)


def progress_with_a_weak_match(runs: Mapping[str, Run], head_0: int) -> dict[str, Curve]:
    """In place of a perfect match, one that gives the right label three fifths of the attention."""
    perfect = {
        PREVIOUS_TOKEN: ClampPreviousToken((head_0,)),
        MATCH: ClampMatch((fastest_head(runs),), strength=0.6),
    }
    return progress_with(runs, perfect)


def training_with_match(runs: Mapping[str, Run], head_0: int) -> dict[str, Curve]:
    """The loss while the network with match clamped trained, in place of both."""
    run = runs[MATCH]
    return dict.fromkeys(PARTS, (run.sequences, run.curves["train.loss"]))


# What a progress measure cannot tell: whether what is left to learn has interacting parts.

PERFECTED = "attention of the perfected head of layer 0 to the token before, as trained"
FINAL = {part: f"final loss with a perfect {part}" for part in PARTS}
RATIOS = {part: f"acceleration ratio of progress with a perfect {part}" for part in PARTS}
CLAMPED_RATIO = "acceleration ratio of training with match clamped"
OTHER_RATIO = "acceleration ratio of training with the previous-token pattern clamped"


@claim(
    "progress_measures.contrast",
    source="Appendix D.2, Figure 10",
    on=on_chosen_heads(clamped),
    fails_on=[
        control(
            "The head that attends to the token before the least has no such pattern to perfect",
            id="last_head",
            given={"head_of": last_head},
            only=PERFECTED,
        ),
        control(
            "With the same heads attending two tokens before, or to both labels alike, the network "
            "never solves the task",
            id="wrong_patterns",
            given={"progress_of": progress_with_wrong_patterns},
            only=tuple(FINAL.values()),
        ),
        control(
            "Training with match clamped, in place of the progress measures, shows no phase change",
            id="clamped_training",
            given={"progress_of": training_with_match},
            only=tuple(RATIOS.values()),
        ),
        control(
            "Training without a clamp, in place of that with match clamped, does accelerate",
            id="no_clamp",
            swap={MATCH: NONE},
            only=CLAMPED_RATIO,
        ),
        control(
            "With match clamped, in place of the previous-token pattern, training does not",
            id="match",
            swap={PREVIOUS_TOKEN: MATCH},
            only=OTHER_RATIO,
        ),
    ],
)
def test_contrast(
    runs: Mapping[str, Run],
    evidence: Evidence,
    progress_of: Progress = progress_measures,
    head_of: Callable[[Run], int] = own_head,
) -> None:
    """By progress measures, both what a perfect previous-token pattern leaves to learn and the copy
    emerge in a phase change; training under the same clamps shows that only the former does.
    """
    head_0, own = head_of(runs[NONE]), half_time_of(runs[NONE])
    progress = progress_of(runs, head_0)
    evidence.check(
        PERFECTED,
        runs[NONE].curves["attention.previous"][-1, 0, head_0],
        at_least=0.5,
        note=f"head {head_0}; half is as much as to all other tokens together",
        limits=SHARE,
    )
    their_own = reported("dig.fig5b.main.none.half_time").value
    for part, (x, y) in progress.items():
        found, curve_id = phase_change(x, y), PROGRESS_CURVES[part]
        note = f"{len(x)} checkpoints"
        check_acceleration(evidence, RATIOS[part], found, curve_id, at_least=2, note=note)
        # The published network's own half-time is that of Figure 5b.
        theirs = of_published(curve_id).half_time.value / their_own
        evidence.quantity(
            f"half-time of progress with a perfect {part} over the network's own",
            found.half_time.value / own,
            unit="ratio",
            published=as_published(curve_id, theirs),
        )
        evidence.check(
            FINAL[part],
            y[-1],
            at_most=CHANGE[1],
            unit="nats",
            published=reported(f"dig.{curve_id}.final_loss"),
            note=f"without it the network itself ends at {final_loss(runs[NONE]):.3f}",
            limits=NOT_NEGATIVE,
        )
        clamped_curve = CLAMPED_CURVES[part]
        evidence.quantity(
            f"half-time of training with a clamped {part}",
            half_time_of(runs[part]),
            unit="sequences",
            published=as_published(clamped_curve, of_published(clamped_curve).half_time.value),
        )
        evidence.curve_snapshot(f"progress with a perfect {part}", x, y)
    without, other = of_run(runs[MATCH]), of_run(runs[PREVIOUS_TOKEN])
    check_acceleration(evidence, CLAMPED_RATIO, without, CLAMPED_CURVES[MATCH], at_most=1.5)
    check_acceleration(
        evidence, OTHER_RATIO, other, CLAMPED_CURVES[PREVIOUS_TOKEN], note=ONE_RUN, at_least=1.75
    )
    evidence.figure(progress_figure(runs, progress))


# What it can: the copy is quicker to learn.

QUICKER = (
    "half-time of progress with a perfect match over that with a perfect previous-token pattern"
)
CLAMPED_QUICKER = (
    "half-time of training with match clamped over that with the previous-token pattern clamped"
)


@claim(
    "progress_measures.quicker",
    source="Appendix D.2, Figure 10",
    on=on_chosen_heads(clamped),
    fails_on=[
        control(
            "What is left with a match that is hardly better than a guess is more than the copy, "
            "and not quicker",
            id="weak_match",
            given={"progress_of": progress_with_a_weak_match},
            only=QUICKER,
            undefined="with such a match progress may never come half way",
        ),
        control(
            "Training without a clamp, in place of that with match clamped, is not quicker",
            id="no_clamp",
            swap={MATCH: NONE},
            only=CLAMPED_QUICKER,
        ),
    ],
)
def test_quicker(
    runs: Mapping[str, Run], evidence: Evidence, progress_of: Progress = progress_measures
) -> None:
    """Progress measures identify the copy as quicker to learn than what a perfect previous-token
    pattern leaves to learn, as training under the same clamps does.
    """
    progress = progress_of(runs, own_head(runs[NONE]))
    half_times = {part: time_to(*curve, HALF_LOSS) for part, curve in progress.items()}
    for name, ours, curves, bound in (
        (QUICKER, half_times, PROGRESS_CURVES, 0.9),
        (CLAMPED_QUICKER, {p: half_time_of(runs[p]) for p in PARTS}, CLAMPED_CURVES, 0.5),
    ):
        theirs = {part: of_published(curves[part]).half_time.value for part in PARTS}
        check_over(
            evidence,
            name,
            (ours[MATCH], ours[PREVIOUS_TOKEN]),
            (theirs[MATCH], theirs[PREVIOUS_TOKEN]),
            "Figure 10",
            at_most=bound,
        )
