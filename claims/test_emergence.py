"""The task is learned in a phase change (Section 3; Figures 3a and 12; Appendix C).

Trained: the network of Section 3, for 1,000,000 sequences of the few-shot task. Measured: losses
and accuracies on the three evaluation sets of 1,000 sequences while it trains, accuracy on all
78,400 training sequences in the end, and on its checkpoints the weights that it gives to the labels
and the effect of ablations. The paper's Layer 1 is layer 0 here, its Layer 2 is layer 1. How its
heads emerge is judged in ``test_induction_heads.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy.special import expit

from claims.comparisons import (
    DIFFERENCE_OF_SHARES,
    NOT_NEGATIVE,
    SHARE,
    loss_of_a_choice,
    on_plateau,
    plateau_length,
)
from claims.figures.emergence import SETS, direct_path_figure, loss_figure
from claims.networks.clamped import MATCH, fastest_head, match, single_heads
from claims.networks.plain import WEAK, full, shuffled_labels, untrained
from claims.phase_changes import check_acceleration, final_loss, of_run
from claims.sequences import every_sequence, some_sequences
from icl_repro import Evidence, claim, control, networks
from icl_repro.episodes import Episodes
from icl_repro.measures.curves.phase_change import CHANGE, HALF_LOSS
from icl_repro.measures.datasets.checkpoints import (
    label_preferences_over_checkpoints,
    losses_over_checkpoints,
)
from icl_repro.measures.datasets.performance import performance
from icl_repro.optogenetics import AblateHeads, Intervention, PreservingAblation, intervention
from icl_repro.training import Run, RunSpec

LEFT = "train loss in the end"
LARGER_SHARE = "share of the label with more of the weight that both labels have"
NEARLY_ALL = "sequences in which one label has nine tenths or more of the weight of both"


def evaluation_sample(run: Run) -> Episodes:
    """The training sequences that checkpoints are measured on."""
    return some_sequences(run, 1_000)


def after_the_phase_change(loss: np.ndarray) -> np.ndarray:
    """Where a loss curve has passed the phase change."""
    return loss <= 0.05


def with_match_clamped(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The head that is fastest alone, with its match clamped."""
    return {MATCH: match(seed, fastest_head(runs))}


# The plateau: the network chooses between the two labels in context, at random.


@claim(
    "emergence.plateau",
    source="Section 3, Figure 3a",
    on=full,
    fails_on=[
        control("A network that does not learn has no plateau near ln 2", untrained),
        control(
            "With labels that have nothing to do with the classes it never leaves the plateau",
            shuffled_labels,
            only=LEFT,
        ),
    ],
)
def test_plateau(run: Run, evidence: Evidence) -> None:
    """Training first rests on a plateau where the network has learned to choose between the two
    labels in context at random, and then leaves it.
    """
    curves = ("train.loss", "train.accuracy", "context_label_probability")
    evidence.check(
        "plateau length",
        plateau_length(run.sequences, *(run.curves[curve] for curve in curves)),
        at_least=80_000,
        unit="sequences",
        published="calc.plateau_length",
        limits=NOT_NEGATIVE,
        note="train loss 0.6 to 0.85, accuracy 0.45 to 0.65, at least 0.85 of the probability on "
        "the two labels in context",
    )
    evidence.check(
        LEFT,
        final_loss(run),
        at_most=CHANGE[1],
        unit="nats",
        published="dig.fig3a.main.train.final_loss",
        limits=NOT_NEGATIVE,
        note="on the plateau it is ln 2, 0.69",
    )
    evidence.figure(loss_figure(run))
    for name in SETS:
        evidence.curve_snapshot(f"{name} loss", run.sequences, run.curves[f"{name}.loss"])


@claim(
    "emergence.equal_weight",
    source="Section 3, footnote 8",
    on=full,
    fails_on=[
        control(
            "A network that is 20 times as sure of the same choice does put it on one at random",
            id="sure_at_random",
            given={"sureness": 20},
        ),
        control(
            "After the phase change nearly all weight is on one label, the right one",
            id="after_the_phase_change",
            given={"moments": after_the_phase_change},
        ),
    ],
)
def test_equal_weight(
    run: Run,
    evidence: Evidence,
    *,
    sureness: float = 1,
    moments: Callable[[np.ndarray], np.ndarray] = on_plateau,
) -> None:
    """On the plateau the network places about equal weight on the two labels in context, rather
    than high weight on one of them at random.
    """
    sample = evaluation_sample(run)
    rests = moments(losses_over_checkpoints(run, sample, Intervention()))
    difference = sureness * label_preferences_over_checkpoints(run, sample)[rests]
    larger = expit(np.abs(difference))
    evidence.check(
        LARGER_SHARE,
        larger.mean() if rests.any() else math.nan,
        at_most=2 / 3,
        note="mean over 1,000 sequences and the checkpoints on the plateau, which are "
        f"{', '.join(f'{share:.2f}' for share in larger.mean(axis=1))}; one half if both weigh the "
        "same. A choice at random with two thirds on one costs a loss of "
        f"{loss_of_a_choice(2 / 3):.2f}, where the published plateaus lie at 0.72 to 0.74",
    )
    evidence.check(
        NEARLY_ALL,
        np.mean(larger >= 0.9) if rests.any() else math.nan,
        at_most=0.1,
        unit="of the sequences",
        note="all of them, where a choice were made at random and with high weight: a loss of "
        f"{loss_of_a_choice(0.9):.2f} or more",
    )


@claim(
    "emergence.sudden",
    source="Section 3, Figure 3a",
    on=networks(single_heads, full=full, then=with_match_clamped),
    fails_on=control(
        "With the match clamped the loss falls fastest at first, and ever more slowly",
        id="match_clamped",
        swap={"full": MATCH},
    ),
)
def test_sudden(runs: Mapping[str, Run], evidence: Evidence) -> None:
    """The loss leaves the plateau in a sudden phase change."""
    found = of_run(runs["full"])
    check_acceleration(evidence, "acceleration ratio", found, "fig3a.main.train", at_least=2)
    evidence.check(
        "duration of the fall over the time to its middle",
        found.duration.value / found.half_time.value,
        at_most=1,
        unit="ratio of sequences",
        published="calc.duration_over_half_time",
        limits=NOT_NEGATIVE,
        note="from a train loss of 0.6 to 0.1, and to one of 0.35; of an exponential from ln 5 "
        f"down to 0 it is {math.log(6) / math.log(math.log(5) / HALF_LOSS):.2f}",
    )


# After the plateau: the task is solved, on all training sequences and beyond them.


@claim("emergence.accuracy", source="Section 3, Figure 3a; Appendix C", on=full, fails_on=WEAK)
def test_accuracy(run: Run, evidence: Evidence) -> None:
    """After the phase change the network solves the task nearly perfectly."""
    episodes = every_sequence(run)
    evidence.check(
        "accuracy on all training sequences",
        performance(run.model(), episodes).accuracy,
        at_least=0.995,
        published="paper.final_accuracy",
        limits=SHARE,
        note=f"{episodes.size:,} sequences (Appendix C)",
    )


@claim("emergence.generalisation", source="Section 3, Figure 3a", on=full, fails_on=WEAK)
@pytest.mark.parametrize(
    "held_out", ["test_exemplars", "test_relabel"], ids=["exemplars", "relabel"]
)
def test_generalisation(held_out: str, run: Run, evidence: Evidence) -> None:
    """The trained network generalises to unseen exemplars and to unseen label pairs."""
    accuracy, loss = (run.curves[f"{held_out}.{measure}"][-1] for measure in ("accuracy", "loss"))
    evidence.check(f"accuracy on {SETS[held_out]}", accuracy, at_least=0.90, limits=SHARE)
    evidence.check(
        f"loss on {SETS[held_out]}",
        loss,
        at_most=0.35,
        unit="nats",
        published=f"dig.fig3a.main.{held_out}.final_loss",
        limits=NOT_NEGATIVE,
    )


# Layer 0 does not drive the output in the end, though it did before the phase change.

AT_THE_END = "accuracy lost in the end"
LOSS_AT_THE_END = "loss gained in the end"
BEFORE = "largest rise of the loss on the plateau, before the phase change"
NOTICED = 0.05
"""A rise of the loss, in nats, from which on an ablation counts."""


def direct_path_of_layer_0(run: Run) -> Intervention:
    """Layer 0 heads off, with the patterns and values of layer 1 preserved (Section 3)."""
    heads = tuple(range(run.spec.model.heads))
    return intervention([PreservingAblation(heads, ("pattern", "value"))], run.spec.model)


def output_of_layer_1(run: Run) -> Intervention:
    """Layer 1 heads off (Figure 12, bottom)."""
    return intervention([AblateHeads(tuple(range(run.spec.model.heads)), 1)], run.spec.model)


@claim(
    "emergence.layer_0_does_not_drive_the_output",
    source="Section 3, Figure 12",
    on=full,
    fails_on=[
        control(
            "Removing the output of layer 1 (the paper's Layer 2) instead costs accuracy in the "
            "end",
            id="output_of_layer_1",
            given={"ablation": output_of_layer_1},
            only=(AT_THE_END, LOSS_AT_THE_END),
        ),
        control(
            "After the phase change, the same ablation hardly raises the loss",
            id="after_the_phase_change",
            given={"moments": after_the_phase_change},
            only=BEFORE,
        ),
        control(
            "In a network that does not learn, layer 0 never contributes to the output",
            untrained,
            only=BEFORE,
            undefined="no checkpoint is on a plateau",
        ),
    ],
)
def test_layer_0_does_not_drive_the_output(
    run: Run,
    evidence: Evidence,
    *,
    ablation: Callable[[Run], Intervention] = direct_path_of_layer_0,
    moments: Callable[[np.ndarray], np.ndarray] = on_plateau,
) -> None:
    """In the end layer 0 heads (the paper's Layer 1) do not contribute to the output directly,
    though they did earlier in training.
    """
    everything = every_sequence(run)
    intact = performance(run.model(), everything)
    ablated = performance(run.model(), everything, ablation(run))
    evidence.check(
        AT_THE_END,
        intact.accuracy - ablated.accuracy,
        at_most=0.005,
        published="paper.no_l1_output_drop",
        limits=DIFFERENCE_OF_SHARES,
        note=f"on {everything.size:,} sequences",
    )
    evidence.equivalent(
        LOSS_AT_THE_END, ablated.loss - intact.loss, margin=(-NOTICED, NOTICED), unit="nats"
    )
    sample = evaluation_sample(run)
    losses, without_path, without_layer_1 = (
        np.asarray(losses_over_checkpoints(run, sample, edits))
        for edits in (Intervention(), ablation(run), output_of_layer_1(run))
    )
    rise = without_path - losses
    evidence.check(
        BEFORE,
        # Not earlier: in a network that has learned nothing, any ablation moves the loss.
        rise[moments(losses)].max(initial=-np.inf),
        at_least=NOTICED,
        unit="nats",
        published="calc.direct_path_on_the_plateau",
        note="at checkpoints on the plateau: loss 0.6 to 0.85",
    )
    evidence.figure(direct_path_figure(run, rise, without_layer_1 - losses))
