"""Induction heads emerge in a phase change (Section 3; Figures 3a, 3b and 12; Appendix C).

Trained: the network of Section 3, for 1,000,000 sequences of the few-shot task. Measured: losses
and accuracies on the three evaluation sets of 1,000 sequences while it trains, accuracy and
induction strengths on all 78,400 training sequences in the end, and the effect of ablations on its
checkpoints. The paper's Layer 1 is layer 0 here, its Layer 2 is layer 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import numpy as np
import pytest

from claims.comparisons import on_plateau, plateau_length
from claims.figures.emergence import SETS, direct_path_figure, loss_figure, strength_figure
from claims.networks.plain import full, one_layer, shuffled_labels, untrained
from claims.networks.race import final_strengths
from claims.published import reported
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.crossings import first_rise, time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.datasets.checkpoints import losses_over_checkpoints
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.optogenetics import AblateHeads, Intervention, PreservingAblation, intervention
from icl_repro.training import Run

WEAK = [
    control("A network that does not learn neither solves the task nor matches", untrained),
    control("A network with one layer can have no induction circuit", one_layer),
    control("Labels that have nothing to do with the classes teach no circuit", shuffled_labels),
]


# The plateau: the network chooses between the two labels in context, at random.


@claim(
    "emergence.plateau",
    source="Section 3, Figure 3a",
    on=full,
    fails_on=control("A network that does not learn has no plateau near ln 2", untrained),
)
def test_plateau(run: Run, evidence: Evidence) -> None:
    """Training first rests on a plateau where the network has learned to choose between the two
    labels in context at random.
    """
    curves = ("train.loss", "train.accuracy", "context_label_probability")
    evidence.check(
        "plateau length",
        plateau_length(run.sequences, *(run.curves[curve] for curve in curves)),
        at_least=80_000,
        unit="sequences",
        published="calc.plateau_length",
        note="train loss 0.6 to 0.85, accuracy 0.45 to 0.65, at least 0.85 of the probability on "
        "the two labels in context",
    )
    evidence.figure(loss_figure(run))
    for name in SETS:
        evidence.curve_snapshot(f"{name} loss", run.sequences, run.curves[f"{name}.loss"])


# After the plateau: the task is solved, on all training sequences and beyond them.


@claim("emergence.accuracy", source="Section 3, Figure 3a; Appendix C", on=full, fails_on=WEAK)
def test_accuracy(run: Run, evidence: Evidence) -> None:
    """After the phase change the network solves the task nearly perfectly."""
    episodes = run.samplers()["train"].enumerate()
    evidence.check(
        "accuracy on all training sequences",
        performance(run.model(), episodes).accuracy,
        at_least=0.995,
        published="paper.final_accuracy",
        note=f"{episodes.size:,} sequences (Appendix C)",
    )


@claim("emergence.generalisation", source="Section 3, Figure 3a", on=full, fails_on=WEAK)
@pytest.mark.parametrize(
    "held_out", ["test_exemplars", "test_relabel"], ids=["exemplars", "relabel"]
)
def test_generalisation(held_out: str, run: Run, evidence: Evidence) -> None:
    """The trained network generalises to unseen exemplars and to unseen label pairs."""
    accuracy, loss = (run.curves[f"{held_out}.{measure}"][-1] for measure in ("accuracy", "loss"))
    evidence.check(f"accuracy on {SETS[held_out]}", accuracy, at_least=0.90)
    evidence.check(
        f"loss on {SETS[held_out]}",
        loss,
        at_most=0.35,
        unit="nats",
        published=f"dig.fig3a.main.{held_out}.final_loss",
    )


# Induction heads: they rise when the loss falls, and there are several of them.

FIRST_FALL = (math.log(5) + math.log(2)) / 2
"""Halfway from a guess between all five labels to one between the two in context."""
NEVER = "the loss never falls so far"


@claim(
    "emergence.induction_heads_rise",
    source="Section 3, Figure 3b",
    on=full,
    fails_on=[
        control(
            "When the loss first falls, to the plateau, no induction head rises",
            id="first_fall",
            given={"level": FIRST_FALL},
        ),
        control("A network that does not learn has no phase change", untrained, undefined=NEVER),
        control(
            "With labels that have nothing to do with the classes there is no phase change",
            shuffled_labels,
            undefined=NEVER,
        ),
    ],
)
def test_induction_heads_rise(run: Run, evidence: Evidence, *, level: float = HALF_LOSS) -> None:
    """Induction heads emerge at the same time as the phase change in the loss."""
    strengths = induction_strengths(run)
    strongest = int(strengths[-1].argmax())
    rise = first_rise(run.sequences, strengths[:, strongest], strengths[-1, strongest] / 2)
    fall = time_to(run.sequences, run.curves["train.loss"], level)
    evidence.check(
        "half-rise of the strongest head over half-fall of the loss",
        rise / fall if math.isfinite(fall) else math.nan,
        between=(0.8, 1.2),
        unit="ratio of sequences",
        published="calc.rise_over_fall",
        note=f"layer {run.spec.model.layers - 1} head {strongest}",
    )
    evidence.quantity(
        "half-rise of the strongest head",
        rise,
        unit="sequences",
        published="dig.fig3b.main.l2_head_3.half_rise",
    )
    evidence.quantity(
        "half-fall of the loss",
        fall,
        unit="sequences",
        published="dig.fig3a.main.train.half_time",
        note=f"train loss {level:.2f}",
    )
    evidence.figure(strength_figure(run))
    evidence.curve_snapshot("strongest head", run.sequences, strengths.max(axis=1))


@claim(
    "emergence.several_induction_heads",
    source="Sections 3 and 3.1, Figure 3b",
    on=full,
    fails_on=WEAK,
)
def test_several_induction_heads(run: Run, evidence: Evidence) -> None:
    """Many heads become strong induction heads, not one."""
    strengths = final_strengths(run)
    evidence.check(
        "heads with induction strength of at least 0.25",
        np.sum(strengths >= 0.25),
        at_least=3,
        unit="heads",
        published="calc.induction_heads",
    )
    paper = [reported(f"dig.fig3b.main.l2_head_{head}.final_strength") for head in range(8)]
    paper.sort(key=lambda strength: -strength.value)
    for rank, (ours, theirs) in enumerate(zip(-np.sort(-strengths), paper, strict=True), start=1):
        evidence.quantity(f"induction strength, rank {rank}", ours, published=theirs)


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


def after_the_phase_change(loss: np.ndarray) -> np.ndarray:
    """Where a loss curve has passed the phase change."""
    return loss <= 0.05


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
    everything = run.samplers()["train"].enumerate()
    intact = performance(run.model(), everything)
    ablated = performance(run.model(), everything, ablation(run))
    evidence.check(
        AT_THE_END,
        intact.accuracy - ablated.accuracy,
        at_most=0.005,
        published="paper.no_l1_output_drop",
        note=f"on {everything.size:,} sequences",
    )
    evidence.equivalent(
        LOSS_AT_THE_END, ablated.loss - intact.loss, margin=(-NOTICED, NOTICED), unit="nats"
    )
    sample = run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), 1_000)
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
