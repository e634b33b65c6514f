"""Clamping is causal, progress measures are not (Appendix D.2, Figure 10).

A progress measure perfects a part of the circuit in every checkpoint of ordinary training, and
looks at the loss; a clamp perfects the same part throughout training. Trained, with one head of
layer 1 (the paper's Layer 2) active and on 600,000 sequences: a network without a clamp, whose
weights are kept every 10,000 sequences and more often while its loss falls, one with the
previous-token pattern clamped and one with match clamped. Both progress measures are taken on 2,000
training sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import numpy as np
from jaxtyping import Float

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
    chosen_heads,
    match,
    on_chosen_heads,
    previous_token,
    unclamped,
)
from claims.phase_changes import (
    as_published,
    check_acceleration,
    check_over,
    half_time_of,
    of_published,
    of_run,
)
from claims.published import reported
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.phase_change import phase_change
from icl_repro.measures.datasets.checkpoints import losses_over_checkpoints
from icl_repro.optogenetics import ClampMatch, ClampPreviousToken, intervention
from icl_repro.training import Run, RunSpec

EPISODES = 2_000

Curve = tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]
"""Sequences seen, and the loss then."""
Progress = Callable[[Mapping[str, Run]], Mapping[str, Curve]]
"""Takes the runs and gives a curve for each part that is perfected."""

RATIOS = {part: f"acceleration ratio of progress with a perfect {part}" for part in PARTS}
TIMES = {
    part: f"half-time of progress with a perfect {part} over the network's own" for part in PARTS
}
CLAMPED_RATIO = "acceleration ratio of training with match clamped"


def clamped(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """One head of layer 1, without a clamp and with each part clamped throughout training."""
    head = chosen.induction_head
    return {
        NONE: unclamped(seed, head),
        PREVIOUS_TOKEN: previous_token(seed, head, [chosen.previous_token_head]),
        MATCH: match(seed, head),
    }


def progress_measures(runs: Mapping[str, Run]) -> dict[str, Curve]:
    """The loss of each checkpoint of training without a clamp, with each part perfected by the same
    clamp as in training.
    """
    run = runs[NONE]
    episodes = run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), EPISODES)
    chosen = chosen_heads(runs)
    perfect = {
        PREVIOUS_TOKEN: ClampPreviousToken((chosen.previous_token_head,)),
        MATCH: ClampMatch((chosen.induction_head,)),
    }
    losses = {
        part: losses_over_checkpoints(
            run, episodes, intervention((*run.spec.clamps, clamp), run.spec.model)
        )
        for part, clamp in perfect.items()
    }
    return {part: (run.checkpoint_sequences, np.asarray(loss)) for part, loss in losses.items()}


def training_with_match(runs: Mapping[str, Run]) -> dict[str, Curve]:
    """The loss while the network with match clamped trained, in place of both."""
    run = runs[MATCH]
    return dict.fromkeys(PARTS, (run.sequences, run.curves["train.loss"]))


@claim(
    "progress_measures.contrast",
    source="Appendix D.2, Figure 10",
    on=on_chosen_heads(clamped),
    fails_on=[
        control(
            "Training with match clamped, in place of the progress measures, shows no phase "
            "change, and nothing at the time of the network's own",
            id="clamped_training",
            given={"progress_of": training_with_match},
            only=(*RATIOS.values(), *TIMES.values()),
        ),
        control(
            "Training without a clamp, in place of that with match clamped, does accelerate",
            id="no_clamp",
            swap={MATCH: NONE},
            only=CLAMPED_RATIO,
        ),
    ],
)
def test_contrast(
    runs: Mapping[str, Run], evidence: Evidence, progress_of: Progress = progress_measures
) -> None:
    """Progress measures of training without a clamp show a phase change at the time of the
    network's own, for what training under a clamp shows to be learnt smoothly as well.
    """
    progress, own = progress_of(runs), half_time_of(runs[NONE])
    their_own = reported("dig.fig5b.main.none.half_time").value
    for part, (x, y) in progress.items():
        found, curve_id = phase_change(x, y), PROGRESS_CURVES[part]
        note = f"{len(x)} checkpoints"
        check_acceleration(evidence, RATIOS[part], found, curve_id, at_least=2, note=note)
        # The published network's own half-time is that of Figure 5b.
        theirs = of_published(curve_id).half_time.value, their_own
        times = found.half_time.value, own
        source = "Figures 10 and 5b"
        check_over(evidence, TIMES[part], times, theirs, source, between=(0.5, 1.5))
        clamped_curve = CLAMPED_CURVES[part]
        evidence.quantity(
            f"half-time of training with a clamped {part}",
            half_time_of(runs[part]),
            unit="sequences",
            published=as_published(clamped_curve, of_published(clamped_curve).half_time.value),
        )
        evidence.curve_snapshot(f"progress with a perfect {part}", x, y)
    clamped = of_run(runs[MATCH])
    check_acceleration(evidence, CLAMPED_RATIO, clamped, CLAMPED_CURVES[MATCH], at_most=1.5)
    evidence.figure(progress_figure(runs, progress))
