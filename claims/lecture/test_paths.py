"""Models through training as paths in a plane: they part and turn at the change (slides).

Each snapshot is a vector of losses, of one token of each of many sequences. Those of the models
with one and two layers are reduced together to two principal components
(:mod:`icl_repro.measures.language.paths`).
"""

from __future__ import annotations

import numpy as np

from claims.lecture.figures import paths_figure
from claims.lecture.measured import score_change
from claims.lecture.models import DEPTHS, ONE, ONE_AGAIN, TWO, UNTRAINED, Runs
from icl_repro import Evidence, claim, control
from icl_repro.measures.language.paths import apart_at, in_common_plane, sharpest_turn

SLIDE = "the lecture slides, Induction Heads (2)"
INSIDE = "place of the sharpest turn in the window of the change (0 begin, 1 end)"
DEGREES = "the sharpest turn of the path of two layers"
BEFORE = "distance of both paths at the begin of the change, over the way of the path"
AFTER = "distance of both paths at the end of training, over the way of the path"


@claim(
    "lecture.paths_turn_and_part",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "The paths of two models with one layer do not part",
            id="one_layer",
            swap={TWO: ONE_AGAIN},
            only=AFTER,
        ),
        control(
            "An untrained model stays where it is",
            id="untrained",
            swap={TWO: UNTRAINED, ONE: UNTRAINED},
            undefined="a path that goes nowhere has no turn and no length",
        ),
    ],
)
def test_paths(runs: Runs, evidence: Evidence) -> None:
    """The path of losses of a model with two layers changes its direction the most while in-context
    learning improves, and there parts from that of a model with one layer.
    """
    one, two = runs[ONE], runs[TWO]
    vectors = {"one": one, "two": two}
    plane = in_common_plane(
        {name: run.curves["train.token_losses"] for name, run in vectors.items()}
    )
    times = two.sequences.astype(np.float64), one.sequences.astype(np.float64)
    turn = sharpest_turn(times[0], plane.paths["two"])
    change = score_change(two)
    length = change.end - change.begin
    inside = (turn.at - change.begin) / length if length > 0 else float("nan")
    evidence.check(
        INSIDE,
        inside,
        between=(-0.1, 1.1),
        note=f"at {turn.at:,.0f} sequences, from {change.begin:,.0f} to {change.end:,.0f}",
    )
    evidence.check(DEGREES, turn.degrees, at_least=45, unit="degrees")
    both = plane.paths["two"], plane.paths["one"]
    evidence.check(BEFORE, apart_at(times, both, change.begin), at_most=0.15)
    evidence.check(AFTER, apart_at(times, both, float(times[0][-1])), at_least=0.3)
    evidence.quantity("variance in the first component", plane.shares[0])
    evidence.quantity("variance in the second component", plane.shares[1])
    evidence.figure(paths_figure(plane.paths, (change.begin, change.end), times))
