"""The toy model under clamping, and what progress measures make of it (Section 4.2, Appendix D.2).

Three vectors of dimension 20 are learnt by gradient descent (learning rate 1, 1,000 steps) so that
their tensor product becomes that of three target vectors, under the mean squared error. A clamped
vector is held at its target throughout. The paper shows one training (Figures 5a and 9); here every
statement is judged on many random targets and starts. Scales that the paper leaves open are settled
in :mod:`icl_repro.toy.vectors`.

What the words mean, fixed on other draws than those judged:

- *phase change*: a curve is done with nine tenths of its fall within the 1,000 steps; it *speeds
  up*, that is, at some step it falls at least twice as fast as at an earlier one; and it does so
  after a *plateau*, that is, the first tenth of its fall takes at least half as long as the next
  eight tenths (ten times the 0.048 that an exponential has);
- *never accelerates*: no step falls more than an earlier one, up to a billionth of the greatest
  fall of a step, which is left to rounding.

A share of draws has to be at least nine in ten. The starts are random in sign too, so some
trainings without a clamp have to wait for a vector to turn round and are not done by step 1,000:
they count against the claim.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from icl_repro.measures.curves.acceleration import (
    crossing,
    exponential_fit,
    fastest_over_first,
    greatest_speedup,
    plateau_ratio,
)
from icl_repro.toy import vectors as tensor_toy
from icl_repro.verification.draws import band, check_share, state_median
from icl_repro.verification.pictures import Figure, Panel

SEED = 3
DRAWS = 400

UNCLAMPED = (False, False, False)
ONE_CLAMPED = (False, False, True)
TWO_CLAMPED = (False, True, True)
CONDITIONS = ("no clamp", "one clamped", "two clamped")

SHARE = 0.9
TWICE_AS_FAST = 0.5
PLATEAU = 0.5
ROUNDING = 1e-9
STRAIGHT = 0.99


# Training three vectors: the shapes of the loss under clamping.


@cache
def trained() -> tensor_toy.Training:
    """Three vectors, no clamp, one clamped and two clamped, from the same draws."""
    draws = tensor_toy.draw(DRAWS, 3, seed=SEED)
    return tensor_toy.train(draws, [UNCLAMPED, ONE_CLAMPED, TWO_CLAMPED])


def has_phase_change(curve) -> bool:
    return greatest_speedup(curve) >= TWICE_AS_FAST and plateau_ratio(curve) >= PLATEAU


def half_times(curves):
    return np.array([crossing(curve, curve[0] / 2) for curve in curves])


def measure_clamping(evidence, unclamped, one_clamped, two_clamped) -> None:
    """State the shapes of three sets of loss curves, one curve a draw, and how fast they fall."""
    phase_changes = {
        "unclamped loss has a phase change": unclamped,
        "one-clamped loss has a phase change": one_clamped,
    }
    for name, curves in phase_changes.items():
        check_share(evidence, name, list(map(has_phase_change, curves)), at_least=SHARE)
    evidence.check(
        "greatest speed-up of a two-clamped loss",
        max(map(greatest_speedup, two_clamped)),
        at_most=ROUNDING,
        note="over all draws and steps, as a share of the greatest speed",
    )
    evidence.check(
        "least R² of log loss, two clamped",
        min(exponential_fit(curve).r_squared for curve in two_clamped),
        at_least=STRAIGHT,
        note="over all draws, until the loss is a millionth of its start",
    )
    half = [half_times(curves) for curves in (unclamped, one_clamped, two_clamped)]
    name = "clamping one vector halves the loss earlier"
    check_share(evidence, name, half[1] < half[0], at_least=SHARE)


def state_shapes(evidence, training: tensor_toy.Training) -> None:
    """State what Figure 5a shows in numbers, beyond what is judged."""
    for name, curves in zip(CONDITIONS, training.loss, strict=True):
        state_median(
            evidence, f"steps until the loss halves, {name}", half_times(curves), unit="steps"
        )
        fastest = [fastest_over_first(curve) for curve in curves]
        state_median(evidence, f"fastest fall over first fall, {name}", fastest)
    finished = np.mean(training.loss[0, :, -1] < 0.1)
    name = "unclamped draws with a loss below 0.1 after 1,000 steps"
    evidence.quantity(name, finished, unit="of draws")


SHOWN = np.concatenate([np.arange(60), np.arange(60, tensor_toy.STEPS + 1, 10)])
"""Steps at which curves are drawn and recorded: every one early on, then every tenth."""


def loss_panel(title: str, losses, x_limits: tuple[float, float]) -> Panel:
    return Panel(
        title=title,
        x_label="Step",
        y_label="Loss",
        series=[
            band(label, curves, SHOWN) for label, curves in zip(CONDITIONS, losses, strict=True)
        ],
        x_limits=x_limits,
    )


def clamping_figure(losses) -> Figure:
    return Figure(
        name="clamping",
        caption="Loss of three vectors learnt together (plateau, then a phase change), with one "
        "clamped (earlier, still a phase change) and with two clamped (exponential). Median and "
        f"quartiles over {DRAWS} draws.",
        source="Figure 5a",
        panels=[
            loss_panel("Training loss", losses, (0.0, float(tensor_toy.STEPS))),
            loss_panel("The first 100 steps", losses, (0.0, 100.0)),
        ],
    )


@pytest.mark.claim(
    id="toy_saddle.clamping",
    statement="Three vectors learnt together accelerate after a plateau; with one clamped they do "
    "so earlier, but still do; with two clamped the loss is a smooth exponential that never "
    "accelerates.",
    source="Section 4.2, Figure 5a",
    controls=("toy_saddle.clamping_swapped", "toy_saddle.clamping_one_for_two"),
)
def test_clamping(evidence):
    training = trained()
    measure_clamping(evidence, *training.loss)
    state_shapes(evidence, training)
    evidence.figure(clamping_figure(training.loss))
    for name, curves in zip(CONDITIONS, training.loss, strict=True):
        median = np.median(curves, axis=0)[SHOWN]
        evidence.curve_snapshot(f"median loss, {name}", SHOWN, median)


@pytest.mark.control(
    id="toy_saddle.clamping_swapped",
    statement="The loss without a clamp is no exponential, and that with two clamped has no "
    "phase change.",
    must_fail=(
        "unclamped loss has a phase change",
        "greatest speed-up of a two-clamped loss",
        "least R² of log loss, two clamped",
        "clamping one vector halves the loss earlier",
    ),
)
def test_clamping_swapped(evidence):
    unclamped, one_clamped, two_clamped = trained().loss
    measure_clamping(evidence, two_clamped, one_clamped, unclamped)


@pytest.mark.control(
    id="toy_saddle.clamping_one_for_two",
    statement="The loss with one vector clamped is no exponential, and that with two clamped has "
    "no phase change.",
    must_fail=(
        "one-clamped loss has a phase change",
        "greatest speed-up of a two-clamped loss",
        "least R² of log loss, two clamped",
    ),
)
def test_clamping_one_for_two(evidence):
    unclamped, one_clamped, two_clamped = trained().loss
    measure_clamping(evidence, unclamped, two_clamped, one_clamped)


# Progress measures on unclamped training, against clamping.


def measure_progress(evidence, squared_cosine, others_set, clamped_loss) -> None:
    """State the shapes of both progress measures and of a clamped loss, one curve a draw.

    The squared cosine is turned over (1 minus it), so that progress is a fall.
    """
    missing = 1 - squared_cosine
    for name, curves in (("squared cosine", missing), ("loss with the others set", others_set)):
        changes = list(map(has_phase_change, curves))
        check_share(evidence, f"{name} has a phase change", changes, at_least=SHARE)
    evidence.check(
        "greatest speed-up of the clamped loss",
        max(map(greatest_speedup, clamped_loss)),
        at_most=ROUNDING,
        note="over all draws and steps, as a share of the greatest speed",
    )


def progress_figure(training: tensor_toy.Training) -> Figure:
    limits = (0.0, float(tensor_toy.STEPS))
    measured = {
        "Progress: squared cosine": (training.squared_cosine, "Squared cosine of a and its target"),
        "Progress: loss with b, c set": (training.loss_with_others_set, "Loss with b, c set"),
    }
    return Figure(
        name="progress measures",
        caption="Left: loss under clamping. Middle and right: both progress measures of the first "
        f"vector in training without a clamp. Median and quartiles over {DRAWS} draws. The "
        "measures change suddenly, though the vector alone (left, two clamped) learns smoothly.",
        source="Figure 9",
        panels=[
            loss_panel("Loss under clamping", training.loss, limits),
            *(
                Panel(
                    title=title,
                    x_label="Step",
                    y_label=label,
                    series=[band("no clamp", curves[0], SHOWN)],
                    x_limits=limits,
                )
                for title, (curves, label) in measured.items()
            ),
        ],
    )


@pytest.mark.claim(
    id="toy_saddle.progress_measures",
    statement="In training without a clamp both progress measures of a vector, its squared cosine "
    "and the loss with the other vectors set to their targets, show a phase change, where the loss "
    "of training with the others clamped shows none.",
    source="Appendix D.2, Figure 9",
    controls=("toy_saddle.progress_alone", "toy_saddle.progress_unclamped_loss"),
)
def test_progress_measures(evidence):
    training = trained()
    measure_progress(
        evidence, training.squared_cosine[0], training.loss_with_others_set[0], training.loss[2]
    )
    for name, curves in (
        ("squared cosine", training.squared_cosine),
        ("loss with the others set", training.loss_with_others_set),
    ):
        median = np.median(curves[0], axis=0)[SHOWN]
        evidence.curve_snapshot(f"median {name}, no clamp", SHOWN, median)
    evidence.figure(progress_figure(training))


@pytest.mark.control(
    id="toy_saddle.progress_alone",
    statement="Where the vector learns alone, its progress measures show no phase change.",
    must_fail=(
        "squared cosine has a phase change",
        "loss with the others set has a phase change",
    ),
)
def test_progress_alone(evidence):
    training = trained()
    measure_progress(
        evidence, training.squared_cosine[2], training.loss_with_others_set[2], training.loss[2]
    )


@pytest.mark.control(
    id="toy_saddle.progress_unclamped_loss",
    statement="The loss of training without a clamp shows a phase change.",
    must_fail=("greatest speed-up of the clamped loss",),
)
def test_progress_unclamped_loss(evidence):
    training = trained()
    measure_progress(
        evidence, training.squared_cosine[0], training.loss_with_others_set[0], training.loss[0]
    )
