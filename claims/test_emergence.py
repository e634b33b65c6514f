"""Induction heads emerge in a phase change (Section 3; Figures 3a, 3b and 12; Appendix C).

Trained: the network of Section 3, for 1,000,000 sequences of the few-shot task. Measured: losses
and accuracies on the three evaluation sets of 1,000 sequences while it trains, accuracy and
induction strengths on all 78,400 training sequences in the end, and the effect of ablations on its
checkpoints. The paper's Layer 1 is layer 0 here, its Layer 2 is layer 1.
"""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from claims.networks.plain import full, network, one_layer, shuffled_labels, untrained
from claims.published import published_series, reported
from icl_repro.measures.curves.crossings import first_fall, first_rise, longest_stay
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.datasets.checkpoints import losses_over_checkpoints
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.optogenetics import AblateHeads, Intervention, PreservingAblation, intervention
from icl_repro.training import Run
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine, Series
from icl_repro.verification.reported import Reported

LN2 = ReferenceLine("ln 2", math.log(2))
SEQUENCES = "training sequences seen"
PLATEAU_LOSS = (0.6, 0.85)
"""Training losses of the plateau."""
ALL_SETS = {
    "train": "train",
    "test_exemplars": "test (exemplars)",
    "test_relabel": "test (relabel)",
}


def line(label: str, x, y, group: str) -> Series:
    """A measured curve."""
    return Series(label, np.asarray(x, float).tolist(), np.asarray(y, float).tolist(), group=group)


# The plateau: the network chooses between the two labels in context, at random.


def plateau_points(sequences, loss, accuracy=None, probability=None) -> float:
    """Longest stretch of sequences that lies on the plateau."""
    inside = (loss >= PLATEAU_LOSS[0]) & (loss <= PLATEAU_LOSS[1])
    if accuracy is not None:
        inside &= (accuracy >= 0.45) & (accuracy <= 0.65)
    if probability is not None:
        inside &= probability >= 0.85
    return longest_stay(sequences, inside)


def measure_plateau(evidence, run: Run) -> None:
    """State how long the loss rests near ln 2, with an even guess between the two labels."""
    curves = run.curves
    published = published_series("fig3a.main.train")
    evidence.check(
        "plateau length",
        plateau_points(
            run.sequences,
            curves["train.loss"],
            curves["train.accuracy"],
            curves["context_label_probability"],
        ),
        at_least=80_000,
        unit="sequences",
        published=Reported(
            plateau_points(np.array(published.x), np.array(published.y)),
            "Figure 3a, digitized, by its loss alone",
            approximate=True,
        ),
        note="train loss 0.6 to 0.85, accuracy 0.45 to 0.65, at least 0.85 of the probability on "
        "the two labels in context",
    )
    evidence.figure(loss_figure(run))


def loss_figure(run: Run) -> Figure:
    """Figure 3a: the loss on the three evaluation sets, over the published curves."""
    series = []
    for name, label in ALL_SETS.items():
        series.append(line(label, run.sequences, run.curves[f"{name}.loss"], name))
        series.append(published_series(f"fig3a.main.{name}", group=name))
    return Figure(
        "Figure 3a",
        "Loss on the three evaluation sets. It rests near ln 2, a guess between the two labels in "
        "context, then falls in a phase change.",
        "Section 3, Figure 3a",
        [Panel("Loss", SEQUENCES, "loss (nats)", series, [LN2])],
    )


@pytest.mark.claim(
    id="emergence.plateau",
    statement="Training first rests on a plateau where the network has learned to choose between "
    "the two labels in context at random",
    source="Section 3, Figure 3a",
    controls=("emergence.untrained.plateau",),
    runs=network(full),
)
def test_plateau(evidence, runs):
    run = runs["network"]
    measure_plateau(evidence, run)
    for name in ALL_SETS:
        evidence.curve_snapshot(f"{name} loss", run.sequences, run.curves[f"{name}.loss"])


@pytest.mark.control(
    id="emergence.untrained.plateau",
    statement="A network that does not learn has no plateau near ln 2",
    must_fail=("plateau length",),
    runs=network(untrained),
)
def test_untrained_has_no_plateau(evidence, runs):
    measure_plateau(evidence, runs["network"])


# After the plateau: the task is solved, on all training sequences and beyond them.


def measure_accuracy(evidence, run: Run) -> None:
    """State the accuracy of the final network on all training sequences."""
    episodes = run.samplers()["train"].enumerate()
    evidence.check(
        "accuracy on all training sequences",
        performance(run.model(), episodes).accuracy,
        at_least=0.995,
        published=reported("paper.final_accuracy"),
        note=f"{episodes.size:,} sequences (Appendix C)",
    )


@pytest.mark.claim(
    id="emergence.accuracy",
    statement="After the phase change the network solves the task nearly perfectly",
    source="Section 3, Figure 3a; Appendix C",
    controls=(
        "emergence.untrained.accuracy",
        "emergence.one_layer.accuracy",
        "emergence.shuffled.accuracy",
    ),
    runs=network(full),
)
def test_accuracy(evidence, runs):
    measure_accuracy(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.untrained.accuracy",
    statement="A network that does not learn does not solve the task",
    must_fail=("accuracy on all training sequences",),
    runs=network(untrained),
)
def test_untrained_does_not_solve_the_task(evidence, runs):
    measure_accuracy(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.one_layer.accuracy",
    statement="A network with one layer does not solve the task",
    must_fail=("accuracy on all training sequences",),
    runs=network(one_layer),
)
def test_one_layer_does_not_solve_the_task(evidence, runs):
    measure_accuracy(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.shuffled.accuracy",
    statement="A network trained on shuffled labels does not solve the task",
    must_fail=("accuracy on all training sequences",),
    runs=network(shuffled_labels),
)
def test_shuffled_does_not_solve_the_task(evidence, runs):
    measure_accuracy(evidence, runs["network"])


GENERALISATION = (
    "accuracy on test (exemplars)",
    "loss on test (exemplars)",
    "accuracy on test (relabel)",
    "loss on test (relabel)",
)


def measure_generalisation(evidence, run: Run) -> None:
    """State loss and accuracy in the end on unseen classes and on held-out label pairs."""
    for name in ("test_exemplars", "test_relabel"):
        evidence.check(
            f"accuracy on {ALL_SETS[name]}", run.curves[f"{name}.accuracy"][-1], at_least=0.90
        )
        evidence.check(
            f"loss on {ALL_SETS[name]}",
            run.curves[f"{name}.loss"][-1],
            at_most=0.35,
            unit="nats",
            published=reported(f"dig.fig3a.main.{name}.final_loss"),
        )


@pytest.mark.claim(
    id="emergence.generalisation",
    statement="The trained network generalises to unseen exemplars and to unseen label pairs",
    source="Section 3, Figure 3a",
    controls=(
        "emergence.untrained.generalisation",
        "emergence.one_layer.generalisation",
        "emergence.shuffled.generalisation",
    ),
    runs=network(full),
)
def test_generalisation(evidence, runs):
    measure_generalisation(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.untrained.generalisation",
    statement="A network that does not learn does not generalise",
    must_fail=GENERALISATION,
    runs=network(untrained),
)
def test_untrained_does_not_generalise(evidence, runs):
    measure_generalisation(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.one_layer.generalisation",
    statement="A network with one layer does not generalise",
    must_fail=GENERALISATION,
    runs=network(one_layer),
)
def test_one_layer_does_not_generalise(evidence, runs):
    measure_generalisation(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.shuffled.generalisation",
    statement="A network trained on shuffled labels does not generalise",
    must_fail=GENERALISATION,
    runs=network(shuffled_labels),
)
def test_shuffled_does_not_generalise(evidence, runs):
    measure_generalisation(evidence, runs["network"])


# Induction heads: they rise when the loss falls, and there are several of them.


def measure_rise(evidence, run: Run) -> None:
    """State when the strongest head has half its strength and when the loss is halfway down."""
    strengths = induction_strengths(run)
    strongest = int(strengths[-1].argmax())
    rise = first_rise(run.sequences, strengths[:, strongest], strengths[-1, strongest] / 2)
    fall = first_fall(run.sequences, run.curves["train.loss"], HALF_LOSS)
    paper_rise = reported("dig.fig3b.main.l2_head_3.half_rise").value
    paper_fall = reported("dig.fig3a.main.train.half_time").value
    evidence.check(
        "half-rise of the strongest head over half-fall of the loss",
        rise / fall,
        between=(0.8, 1.2),
        unit="ratio of sequences",
        published=Reported(paper_rise / paper_fall, "Figures 3a and 3b, digitized", True),
        note=f"layer {run.spec.model.layers - 1} head {strongest}",
    )
    evidence.quantity(
        "half-rise of the strongest head",
        rise,
        unit="sequences",
        published=reported("dig.fig3b.main.l2_head_3.half_rise"),
    )
    evidence.quantity(
        "half-fall of the loss",
        fall,
        unit="sequences",
        published=reported("dig.fig3a.main.train.half_time"),
        note=f"train loss {HALF_LOSS}",
    )
    evidence.figure(strength_figure(run))


def strength_figure(run: Run) -> Figure:
    """Figure 3b: the induction strength of every head, beside the published ones by rank."""
    strengths = induction_strengths(run)
    layer = run.spec.model.layers - 1
    ranks = np.argsort(-strengths[-1])
    measured = [
        line(f"layer {layer} head {head}", run.sequences, strengths[:, head], f"rank {rank}")
        for rank, head in enumerate(ranks)
    ]
    published = [published_series(f"fig3b.main.l2_head_{head}") for head in range(8)]
    published.sort(key=lambda series: -series.y[-1])
    published = [
        published_series(f"fig3b.main.l2_head_{series.label.split()[-1]}", group=f"rank {rank}")
        for rank, series in enumerate(published)
    ]
    return Figure(
        "Figure 3b",
        "Induction strength of every head of the last layer: attention from the query to the label "
        "of its class, less that to the other label. Heads share a colour with the published head "
        "of the same rank; which head comes first differs between initialisations.",
        "Section 3, Figure 3b",
        [
            Panel(
                "Measured, over the published strongest head",
                SEQUENCES,
                "induction strength",
                [*measured, published[0]],
                y_limits=(-0.1, 1.0),
            ),
            Panel("Published", SEQUENCES, "induction strength", published, y_limits=(-0.1, 1.0)),
        ],
    )


RISE = "half-rise of the strongest head over half-fall of the loss"


@pytest.mark.claim(
    id="emergence.induction_heads_rise",
    statement="Induction heads emerge at the same time as the phase change in the loss",
    source="Section 3, Figure 3b",
    controls=("emergence.untrained.rise", "emergence.shuffled.rise"),
    runs=network(full),
)
def test_induction_heads_rise(evidence, runs):
    run = runs["network"]
    measure_rise(evidence, run)
    strengths = induction_strengths(run)
    evidence.curve_snapshot("strongest head", run.sequences, strengths.max(axis=1))


@pytest.mark.control(
    id="emergence.untrained.rise",
    statement="In a network that does not learn no induction head rises with the loss",
    must_fail=(RISE,),
    runs=network(untrained),
)
def test_untrained_has_no_rise(evidence, runs):
    measure_rise(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.shuffled.rise",
    statement="In a network trained on shuffled labels no induction head rises with the loss",
    must_fail=(RISE,),
    runs=network(shuffled_labels),
)
def test_shuffled_has_no_rise(evidence, runs):
    measure_rise(evidence, runs["network"])


HEADS = "heads with induction strength of at least 0.25"


def measure_heads(evidence, run: Run) -> None:
    """State how many heads of the last layer are induction heads in the end."""
    episodes = run.samplers()["train"].enumerate()
    strengths = np.asarray(performance(run.model(), episodes).induction_strength)
    paper = [reported(f"dig.fig3b.main.l2_head_{head}.final_strength").value for head in range(8)]
    evidence.check(
        HEADS,
        np.sum(strengths >= 0.25),
        at_least=3,
        unit="heads",
        published=Reported(sum(value >= 0.25 for value in paper), "Figure 3b, digitized", True),
    )
    for rank, (ours, theirs) in enumerate(
        zip(sorted(strengths, reverse=True), sorted(paper, reverse=True), strict=False), start=1
    ):
        evidence.quantity(
            f"induction strength, rank {rank}",
            ours,
            published=Reported(theirs, "Figure 3b, digitized", approximate=True),
        )


@pytest.mark.claim(
    id="emergence.several_induction_heads",
    statement="Many heads become strong induction heads, not one",
    source="Sections 3 and 3.1, Figure 3b",
    controls=(
        "emergence.untrained.heads",
        "emergence.one_layer.heads",
        "emergence.shuffled.heads",
    ),
    runs=network(full),
)
def test_several_induction_heads(evidence, runs):
    measure_heads(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.untrained.heads",
    statement="A network that does not learn has no induction heads",
    must_fail=(HEADS,),
    runs=network(untrained),
)
def test_untrained_has_no_induction_heads(evidence, runs):
    measure_heads(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.one_layer.heads",
    statement="A network with one layer has no induction heads",
    must_fail=(HEADS,),
    runs=network(one_layer),
)
def test_one_layer_has_no_induction_heads(evidence, runs):
    measure_heads(evidence, runs["network"])


@pytest.mark.control(
    id="emergence.shuffled.heads",
    statement="A network trained on shuffled labels has no induction heads",
    must_fail=(HEADS,),
    runs=network(shuffled_labels),
)
def test_shuffled_has_no_induction_heads(evidence, runs):
    measure_heads(evidence, runs["network"])


# Layer 0 does not drive the output in the end, though it did before the phase change.

AT_THE_END = "accuracy lost in the end"
BEFORE = "largest rise of the loss on the plateau, before the phase change"


def direct_path_of_layer_0(run: Run) -> Intervention:
    """Layer 0 heads off, with the patterns and values of layer 1 preserved (Section 3)."""
    heads = tuple(range(run.spec.model.heads))
    return intervention([PreservingAblation(heads, ("pattern", "value"))], run.spec.model)


def output_of_layer_1(run: Run) -> Intervention:
    """Layer 1 heads off (Figure 12, bottom)."""
    return intervention([AblateHeads(tuple(range(run.spec.model.heads)), 1)], run.spec.model)


def rise_over_checkpoints(run: Run, ablation: Intervention) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each checkpoint on 1,000 sequences, and by how much an ablation raises it."""
    sample = run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), 1_000)
    intact = np.asarray(losses_over_checkpoints(run, sample, Intervention()))
    return intact, np.asarray(losses_over_checkpoints(run, sample, ablation)) - intact


def measure_ablation(evidence, run: Run, ablation: Intervention) -> np.ndarray:
    """State what an ablation costs in the end, and what it cost before the phase change.

    Returns:
        By how much the ablation raises the loss at each checkpoint.
    """
    everything = run.samplers()["train"].enumerate()
    intact = performance(run.model(), everything)
    ablated = performance(run.model(), everything, ablation)
    evidence.check(
        AT_THE_END,
        intact.accuracy - ablated.accuracy,
        at_most=0.005,
        published=reported("paper.no_l1_output_drop"),
        note=f"on {everything.size:,} sequences",
    )
    intact_losses, rise = rise_over_checkpoints(run, ablation)
    # Not earlier: in a network that has learned nothing, any ablation moves the loss.
    plateau = (intact_losses >= PLATEAU_LOSS[0]) & (intact_losses <= PLATEAU_LOSS[1])
    published = published_series("fig12.top_ablating_l1_output_connection.train_loss_delta")
    evidence.check(
        BEFORE,
        rise[plateau].max(initial=-np.inf),
        at_least=0.05,
        unit="nats",
        published=Reported(max(published.y), "Figure 12, digitized", approximate=True),
        note="at checkpoints on the plateau: loss 0.6 to 0.85",
    )
    return rise


@pytest.mark.claim(
    id="emergence.layer_0_does_not_drive_the_output",
    statement="In the end layer 0 heads (the paper's Layer 1) do not contribute to the output "
    "directly, though they did earlier in training",
    source="Section 3, Figure 12",
    controls=("emergence.layer_1_drives_the_output", "emergence.untrained.direct_path"),
    runs=network(full),
)
def test_layer_0_does_not_drive_the_output(evidence, runs):
    run = runs["network"]
    rise = measure_ablation(evidence, run, direct_path_of_layer_0(run))
    _, without_layer_1 = rise_over_checkpoints(run, output_of_layer_1(run))

    def panel(title: str, measured: np.ndarray, curve_id: str) -> Panel:
        series = [
            line("measured", run.checkpoint_sequences, measured, "rise"),
            published_series(curve_id, group="rise"),
        ]
        return Panel(title, SEQUENCES, "rise of the train loss (nats)", series)

    evidence.figure(
        "Figure 12",
        caption="By how much the train loss rises, at checkpoints, when the direct path of layer 0 "
        "to the output is removed, and when the output of layer 1 is.",
        source="Section 3, Figure 12",
        panels=[
            panel(
                "Without the direct path of layer 0",
                rise,
                "fig12.top_ablating_l1_output_connection.train_loss_delta",
            ),
            panel(
                "Without the output of layer 1",
                without_layer_1,
                "fig12.bottom_ablating_l2_output_connection.train_loss_delta",
            ),
        ],
    )


@pytest.mark.control(
    id="emergence.layer_1_drives_the_output",
    statement="Removing the output of layer 1 (the paper's Layer 2) instead costs accuracy in the "
    "end",
    must_fail=(AT_THE_END,),
    runs=network(full),
)
def test_layer_1_drives_the_output(evidence, runs):
    run = runs["network"]
    measure_ablation(evidence, run, output_of_layer_1(run))


@pytest.mark.control(
    id="emergence.untrained.direct_path",
    statement="In a network that does not learn, layer 0 never contributes to the output",
    must_fail=(BEFORE,),
    runs=network(untrained),
)
def test_untrained_does_not_use_the_direct_path(evidence, runs):
    run = runs["network"]
    measure_ablation(evidence, run, direct_path_of_layer_0(run))
