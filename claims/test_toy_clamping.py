"""The toy model under clamping, and what progress measures make of it (Section 4.2, Appendix D.2).

Three vectors of dimension 20 are learnt by gradient descent (learning rate 1, 1,000 steps) so that
their tensor product becomes that of three target vectors, under the mean squared error. A clamped
vector is held at its target throughout. The paper shows one training (Figures 5a and 9); here every
statement is judged on many random targets and starts. Scales that the paper leaves open are settled
in :mod:`icl_repro.toy`.

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

from collections.abc import Sequence
from functools import cache

import numpy as np

from claims.figures.toy import CONDITIONS, SHOWN, clamping_figure, progress_figure
from icl_repro import Evidence, claim, control
from icl_repro import toy as tensor_toy
from icl_repro.measures.curves.acceleration import (
    crossing,
    exponential_fit,
    fastest_over_first,
    greatest_speedup,
    plateau_ratio,
)
from icl_repro.verification.draws import check_share, state_median

SEED = 3
DRAWS = 400
RESTS_ON = f"shares of {DRAWS} random draws, with exact intervals, and extremes over them"

UNCLAMPED, ONE_CLAMPED, TWO_CLAMPED = range(3)
"""Conditions, in the order of :func:`trained`."""

SHARE = 0.9
TWICE_AS_FAST = 0.5
PLATEAU = 0.5
ROUNDING = 1e-9
STRAIGHT = 0.99


@cache
def trained() -> tensor_toy.Training:
    """Three vectors, no clamp, one clamped and two clamped, from the same draws."""
    draws = tensor_toy.draw(DRAWS, 3, seed=SEED)
    clamped = [(False, False, False), (False, False, True), (False, True, True)]
    return tensor_toy.train(draws, clamped)


def phase_changes(curves: np.ndarray) -> list[bool]:
    """Whether each curve has a phase change."""
    return [
        greatest_speedup(curve) >= TWICE_AS_FAST and plateau_ratio(curve) >= PLATEAU
        for curve in curves
    ]


def half_times(curves: np.ndarray) -> np.ndarray:
    """The step at which each curve has halved."""
    return np.array([crossing(curve, curve[0] / 2) for curve in curves])


def check_never_accelerates(evidence: Evidence, name: str, curves: np.ndarray) -> None:
    """No curve may fall more at any step than at an earlier one."""
    evidence.check(
        name,
        max(map(greatest_speedup, curves)),
        at_most=ROUNDING,
        note="over all draws and steps, as a share of the greatest speed",
    )


# Training three vectors: the shapes of the loss under clamping.


@claim(
    "toy_saddle.clamping",
    source="Section 4.2, Figure 5a",
    rests_on=RESTS_ON,
    fails_on=[
        control(
            "The loss without a clamp is no exponential, and that with two clamped has no phase "
            "change",
            id="swapped",
            given={"conditions": (TWO_CLAMPED, ONE_CLAMPED, UNCLAMPED)},
            only=(
                "unclamped loss has a phase change",
                "greatest speed-up of a two-clamped loss",
                "least R² of log loss, two clamped",
                "clamping one vector halves the loss earlier",
            ),
        ),
        control(
            "The loss with one vector clamped is no exponential, and that with two clamped has no "
            "phase change",
            id="one_for_two",
            given={"conditions": (UNCLAMPED, TWO_CLAMPED, ONE_CLAMPED)},
            only=(
                "one-clamped loss has a phase change",
                "greatest speed-up of a two-clamped loss",
                "least R² of log loss, two clamped",
            ),
        ),
    ],
)
def test_clamping(
    evidence: Evidence, conditions: Sequence[int] = (UNCLAMPED, ONE_CLAMPED, TWO_CLAMPED)
) -> None:
    """Three vectors learnt together accelerate after a plateau; with one clamped they do so
    earlier, but still do; with two clamped the loss is a smooth exponential that never accelerates.
    """
    training = trained()
    unclamped, one_clamped, two_clamped = training.loss[list(conditions)]
    for name, curves in (("unclamped", unclamped), ("one-clamped", one_clamped)):
        name = f"{name} loss has a phase change"
        check_share(evidence, name, phase_changes(curves), at_least=SHARE)
    check_never_accelerates(evidence, "greatest speed-up of a two-clamped loss", two_clamped)
    evidence.check(
        "least R² of log loss, two clamped",
        min(exponential_fit(curve).r_squared for curve in two_clamped),
        at_least=STRAIGHT,
        note="over all draws, until the loss is a millionth of its start",
    )
    earlier = (half_times(one_clamped) < half_times(unclamped)).tolist()
    check_share(evidence, "clamping one vector halves the loss earlier", earlier, at_least=SHARE)
    show_shapes(evidence, training)


def show_shapes(evidence: Evidence, training: tensor_toy.Training) -> None:
    """State what Figure 5a shows in numbers, beyond what is judged, and keep its curves."""
    for name, curves in zip(CONDITIONS, training.loss, strict=True):
        halved = half_times(curves).tolist()
        state_median(evidence, f"steps until the loss halves, {name}", halved, unit="steps")
        fastest = [fastest_over_first(curve) for curve in curves]
        state_median(evidence, f"fastest fall over first fall, {name}", fastest)
        evidence.curve_snapshot(f"median loss, {name}", SHOWN, np.median(curves, axis=0)[SHOWN])
    evidence.quantity(
        "unclamped draws with a loss below 0.1 after 1,000 steps",
        np.mean(training.loss[UNCLAMPED, :, -1] < 0.1),
        unit="of draws",
    )
    evidence.figure(clamping_figure(training))


# Progress measures on unclamped training, against clamping.


@claim(
    "toy_saddle.progress_measures",
    source="Appendix D.2, Figure 9",
    rests_on=RESTS_ON,
    fails_on=[
        control(
            "Where the vector learns alone, its progress measures show no phase change",
            id="progress_alone",
            given={"progress": TWO_CLAMPED},
            only=(
                "squared cosine has a phase change",
                "loss with the others set has a phase change",
            ),
        ),
        control(
            "The loss of training without a clamp shows a phase change",
            id="unclamped_loss",
            given={"loss": UNCLAMPED},
            only="greatest speed-up of the clamped loss",
        ),
    ],
)
def test_progress_measures(
    evidence: Evidence, progress: int = UNCLAMPED, loss: int = TWO_CLAMPED
) -> None:
    """In training without a clamp both progress measures of a vector, its squared cosine and the
    loss with the other vectors set to their targets, show a phase change, where the loss of
    training with the others clamped shows none.
    """
    training = trained()
    cosine, others_set = (
        curves[progress] for curves in (training.squared_cosine, training.loss_with_others_set)
    )
    # The squared cosine is turned over, so that progress is a fall.
    for name, curves in (("squared cosine", 1 - cosine), ("loss with the others set", others_set)):
        name = f"{name} has a phase change"
        check_share(evidence, name, phase_changes(curves), at_least=SHARE)
    check_never_accelerates(evidence, "greatest speed-up of the clamped loss", training.loss[loss])
    for name, curves in (("squared cosine", cosine), ("loss with the others set", others_set)):
        median = np.median(curves, axis=0)[SHOWN]
        evidence.curve_snapshot(f"median {name}, no clamp", SHOWN, median)
    evidence.figure(progress_figure(training))
