"""The toy model under clamping, and what progress measures make of it (Section 4.2, Appendix D.2).

Three vectors of dimension 20 are learnt by gradient descent (1,000 steps) so that their tensor
product becomes that of three target vectors, under the mean squared error. A clamped vector is held
at its target throughout. The paper shows one training (Figures 5a and 9), which is computed again
here, from the seed of the authors' solver; what the words mean is said in
:mod:`claims.toy_training`, and what other draws do is judged in ``test_toy_draws.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from claims.figures.toy import CONDITIONS, SHOWN
from claims.toy_training import (
    ALL,
    ONE_CLAMPED,
    PLATEAU,
    PROGRESS,
    STRAIGHT,
    TWICE_AS_FAST,
    TWO_CLAMPED,
    UNCLAMPED,
    check_never_accelerates,
    in_the_paper,
    progress_of,
)
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.acceleration import exponential_fit, plateau_and_drop

RESTS_ON = "the one draw that the paper shows, computed again from the seed of its solver"

# Training three vectors: the shapes of the loss under clamping.


@claim(
    "toy_saddle.published_draw",
    source="Section 4.2, Figure 5a",
    rests_on=RESTS_ON,
    fails_on=[
        control(
            "The loss without a clamp is no exponential, and that with two clamped has no phase "
            "change",
            id="swapped",
            given={"conditions": (TWO_CLAMPED, ONE_CLAMPED, UNCLAMPED)},
            only=(
                "speed-up of the unclamped loss",
                "plateau of the unclamped loss over its drop",
                "greatest speed-up of the two-clamped loss",
                "R² of log loss, two clamped",
                "step at which the loss is halved, one clamped over none",
            ),
        ),
        control(
            "With two clamped the loss has no phase change, as with one",
            id="one_for_two",
            given={"conditions": (UNCLAMPED, TWO_CLAMPED, ONE_CLAMPED)},
            only=("speed-up of the one-clamped loss", "greatest speed-up of the two-clamped loss"),
        ),
    ],
)
def test_published_draw(evidence: Evidence, conditions: Sequence[int] = ALL) -> None:
    """Three vectors learnt together accelerate after a plateau; with one clamped they do so
    earlier, but still do; with two clamped the loss is a smooth exponential that never accelerates.
    """
    toy = in_the_paper()
    unclamped, one_clamped, two_clamped = (toy.training.loss[which, 0] for which in conditions)
    together, pair = plateau_and_drop(unclamped), plateau_and_drop(one_clamped)
    evidence.check("speed-up of the unclamped loss", together.speedup, at_least=TWICE_AS_FAST)
    evidence.check("plateau of the unclamped loss over its drop", together.ratio, at_least=PLATEAU)
    evidence.check("speed-up of the one-clamped loss", pair.speedup, at_least=TWICE_AS_FAST)
    check_never_accelerates(evidence, "greatest speed-up of the two-clamped loss", [two_clamped])
    evidence.check(
        "R² of log loss, two clamped", exponential_fit(two_clamped).r_squared, at_least=STRAIGHT
    )
    halved = [toy.halved(which)[0] for which in conditions]
    evidence.check(
        "step at which the loss is halved, one clamped over none",
        halved[1] / halved[0],
        at_most=1,
        note=f"steps {halved[0]:.0f}, {halved[1]:.0f} and {halved[2]:.0f} with none, one and two "
        "clamped",
    )
    for condition, name in enumerate(CONDITIONS):
        curve = toy.training.loss[condition, 0, SHOWN]
        evidence.curve_snapshot(f"loss, {name}", SHOWN, curve)


# Progress measures on unclamped training, against clamping.


@claim(
    "toy_saddle.published_progress",
    source="Appendix D.2, Figure 9",
    rests_on=RESTS_ON,
    fails_on=[
        control(
            "Where the vector learns alone, its progress measures wait on no plateau",
            id="progress_alone",
            given={"progress": TWO_CLAMPED},
            only=tuple(f"plateau of the {name} over its drop" for name in PROGRESS),
        ),
        control(
            "The loss with two clamped, in place of either measure, does not speed up",
            id="clamped_loss",
            given={"exponential": True},
            only=tuple(f"speed-up of the {name}" for name in PROGRESS),
        ),
        control(
            "The loss of training without a clamp shows a phase change",
            id="unclamped_loss",
            given={"loss": UNCLAMPED},
            only="greatest speed-up of the clamped loss",
        ),
    ],
)
def test_published_progress(
    evidence: Evidence,
    progress: int = UNCLAMPED,
    loss: int = TWO_CLAMPED,
    exponential: bool = False,
) -> None:
    """In training without a clamp both progress measures of a vector, its squared cosine and the
    loss with the other vectors set to their targets, show a phase change, where the loss of
    training with the others clamped shows none.
    """
    training = in_the_paper().training
    for name, curves in progress_of(training, progress).items():
        found = plateau_and_drop(training.loss[TWO_CLAMPED, 0] if exponential else curves[0])
        evidence.check(f"speed-up of the {name}", found.speedup, at_least=TWICE_AS_FAST)
        evidence.check(f"plateau of the {name} over its drop", found.ratio, at_least=PLATEAU)
    check_never_accelerates(
        evidence, "greatest speed-up of the clamped loss", training.loss[loss, :1]
    )
