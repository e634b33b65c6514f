"""Clamping is causal, progress measures are not (Appendix D.2, Figure 10).

A progress measure perfects a part of the circuit in every checkpoint of ordinary training, and
looks at the loss; a clamp perfects the same part throughout training. Trained, with one head of
layer 1 (the paper's Layer 2) active and on 600,000 sequences: a network without a clamp, whose
weights are kept every 10,000 sequences and more often while its loss falls, one with the
previous-token pattern clamped and one with match clamped. Both progress measures are taken on 2,000
training sequences.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import numpy as np
import pytest
from jaxtyping import Float

from claims.networks.clamped import (
    PREVIOUS_TOKEN_HEADS,
    fastest_head,
    match,
    previous_token,
    single_heads,
    unclamped,
)
from claims.phase_changes import (
    SEQUENCES,
    as_published,
    check_acceleration,
    half_time_of,
    loss_line,
    of_published,
    of_run,
)
from claims.published import published_series, reported
from icl_repro.measures.curves.phase_change import PhaseChange, phase_change
from icl_repro.measures.datasets.checkpoints import losses_over_checkpoints
from icl_repro.optogenetics import Clamp, ClampMatch, ClampPreviousToken, intervention
from icl_repro.training import Run, RunSpec
from icl_repro.verification.pictures import Figure, Panel, Series
from icl_repro.verification.reported import Reported

EPISODES = 2_000
NONE = "no clamp"
PREVIOUS_TOKEN = "previous-token pattern"
MATCH = "match"
PARTS = (PREVIOUS_TOKEN, MATCH)

CLAMPED_CURVES = {
    PREVIOUS_TOKEN: "fig10.left_clamping_during_training.1",
    MATCH: "fig10.left_clamping_during_training.1_2_3qk_4_match",
}
PROGRESS_CURVES = {
    PREVIOUS_TOKEN: "fig10.right_progress_measures.composite_sub_circuit_steps_2_3qkv_4_5",
    MATCH: "fig10.right_progress_measures.copy_sub_circuit_steps_3v_5",
}
"""The paper names a progress measure by what is left to learn."""

Progress = Mapping[str, tuple[Float[np.ndarray, " checkpoints"], Float[np.ndarray, " checkpoints"]]]
"""Sequences seen and loss at each checkpoint, by the part that was perfected."""


def networks(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """With the head that is fastest alone."""
    head = fastest_head(runs)
    return {
        NONE: unclamped(seed, head),
        PREVIOUS_TOKEN: previous_token(seed, head),
        MATCH: match(seed, head),
    }


def perfected(head: int) -> dict[str, Clamp]:
    """What perfects each part: the same clamps as in training."""
    return {
        PREVIOUS_TOKEN: ClampPreviousToken(PREVIOUS_TOKEN_HEADS),
        MATCH: ClampMatch((head,)),
    }


def progress_of(runs: Mapping[str, Run]) -> Progress:
    """Both progress measures of training without a clamp."""
    run = runs[NONE]
    key = jax.random.key(run.spec.eval_seed)
    episodes = run.samplers()["train"].sample(key, EPISODES)
    return {
        part: (
            run.checkpoint_sequences,
            np.asarray(
                losses_over_checkpoints(
                    run, episodes, intervention((*run.spec.clamps, clamp), run.spec.model)
                )
            ),
        )
        for part, clamp in perfected(fastest_head(runs)).items()
    }


def in_training(runs: Mapping[str, Run], condition: str) -> Progress:
    """The loss of a network while it trained, in place of both progress measures."""
    run = runs[condition]
    return dict.fromkeys(PARTS, (run.sequences, run.curves["train.loss"]))


RATIOS = {part: f"acceleration ratio of progress with a perfect {part}" for part in PARTS}
TIMES = {
    part: f"half-time of progress with a perfect {part} over the network's own" for part in PARTS
}
CLAMPED_RATIO = "acceleration ratio of training with match clamped"


def measure_progress(evidence, progress: Progress, whole: Run, with_match: Run) -> None:
    """State that progress measures accelerate, when they do, and that clamped training does not."""
    own = half_time_of(whole)
    for part, (x, y) in progress.items():
        found: PhaseChange = phase_change(x, y)
        curve_id = PROGRESS_CURVES[part]
        note = f"{len(x)} checkpoints"
        check_acceleration(evidence, RATIOS[part], found, curve_id, at_least=2, note=note)
        evidence.check(
            TIMES[part],
            found.half_time.value / own,
            between=(0.5, 1.5),
            unit="ratio",
            published=published_time(curve_id),
            note=f"{found.half_time.value:,.0f} and {own:,.0f} sequences",
        )
    curve_id = CLAMPED_CURVES[MATCH]
    check_acceleration(evidence, CLAMPED_RATIO, of_run(with_match), curve_id, at_most=1.5)


def published_time(curve_id: str) -> Reported:
    """The same for a published curve; the network's own half-time is that of Figure 5b."""
    own = reported("dig.fig5b.main.none.half_time").value
    time = of_published(curve_id).half_time.value
    return Reported(time / own, "Figures 10 and 5b, digitized", approximate=True)


@pytest.mark.claim(
    id="progress_measures.contrast",
    statement="Progress measures of training without a clamp show a phase change at the time of "
    "the network's own, for what training under a clamp shows to be learnt smoothly as well",
    source="Appendix D.2, Figure 10",
    finding="on seeds 7 and 8 progress with a perfect match has an acceleration ratio of 1.3 and "
    "1.6; on seeds 5, 6 and 9 everything holds",
    controls=("progress_measures.clamped_training", "progress_measures.no_clamp"),
    runs=single_heads,
    then=networks,
)
def test_contrast(evidence, runs):
    progress = progress_of(runs)
    measure_progress(evidence, progress, runs[NONE], runs[MATCH])
    for part, (x, y) in progress.items():
        evidence.curve_snapshot(f"progress with a perfect {part}", x, y)
        time = of_published(CLAMPED_CURVES[part]).half_time.value
        evidence.quantity(
            f"half-time of training with a clamped {part}",
            half_time_of(runs[part]),
            unit="sequences",
            published=as_published(CLAMPED_CURVES[part], time),
        )
    evidence.figure(progress_figure(runs, progress))


@pytest.mark.control(
    id="progress_measures.clamped_training",
    statement="Training with match clamped, in place of the progress measures, shows no phase "
    "change, and nothing at the time of the network's own",
    must_fail=(*RATIOS.values(), *TIMES.values()),
    runs=single_heads,
    then=networks,
)
def test_clamped_training_in_place_of_progress(evidence, runs):
    measure_progress(evidence, in_training(runs, MATCH), runs[NONE], runs[MATCH])


@pytest.mark.control(
    id="progress_measures.no_clamp",
    statement="Training without a clamp, in place of that with match clamped, does accelerate",
    must_fail=(CLAMPED_RATIO,),
    runs=single_heads,
    then=networks,
)
def test_no_clamp_in_place_of_match(evidence, runs):
    measure_progress(evidence, in_training(runs, NONE), runs[NONE], runs[NONE])


def progress_figure(runs: Mapping[str, Run], progress: Progress) -> Figure:
    """Figure 10: clamps during training beside progress measures, over the published curves."""
    clamped, measured = [], []
    for part in PARTS:
        x, y = progress[part]
        clamped += [
            loss_line(f"{part} clamped", runs[part], part),
            published_series(CLAMPED_CURVES[part], group=part),
        ]
        measured += [
            Series(f"perfect {part}", x.tolist(), y.tolist(), group=part),
            published_series(PROGRESS_CURVES[part], group=part),
        ]
    axes = (SEQUENCES, "loss (nats)")
    return Figure(
        "Figure 10",
        "Left: train loss of networks trained with a part of the circuit clamped. Right: loss of "
        "checkpoints of a network that trains without a clamp, with the same part made perfect.",
        "Appendix D.2, Figure 10",
        [
            Panel("Clamping during training", *axes, clamped),
            Panel("Progress measures", *axes, measured),
        ],
    )
