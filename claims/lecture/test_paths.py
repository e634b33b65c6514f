"""Models through training as paths in a plane: they part and turn at the change (slides).

Each snapshot is a vector of losses, of one token of each of many sequences. Those of the models
with one and two layers are reduced together to two principal components
(:mod:`icl_repro.measures.language.paths`). A turn is found to within three of 24 legs of equal
length on either side. Into how many legs a path is cut decides where it turns the most: few of them
round a corner off, many of them turn with the noise of snapshots that hardly move. The place is
told by other numbers of legs, too; that by 24 counts, as it was decided. The slides show paths;
that they turn at the change is of Olsson et al.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from claims.lecture.figures import paths_figure
from claims.lecture.measured import score_change
from claims.lecture.models import DEPTHS, ONE, ONE_AGAIN, TWO, UNTRAINED, Runs
from icl_repro import Evidence, claim, control
from icl_repro.measures.language.change import Change
from icl_repro.measures.language.paths import (
    LEGS,
    SPAN,
    Plane,
    Turn,
    apart_at,
    in_common_plane,
    legs_between,
    sharpest_turn,
)
from icl_repro.verification.evidence import lies_within

SLIDE = "the lecture slides, Induction Heads (2)"
BEFORE = "distance of both paths at the begin of the change, over the way of the path"
CHANGED = "distance of both paths at the end of the change, over the way of the path"
TO_BEGIN = "legs from the turn to the begin of the change"
AFTER = "distance of both paths at the end of training, over the way of the path"
INSIDE = "place of the sharpest turn in the window of the change (0 begin, 1 end)"
DEGREES = "the sharpest turn of the path of two layers"
OTHER_LEGS = (8, 12, 16, 32, 48, 64, 96)
"""Into how many legs a path is cut besides, to see what the place of its turn owes to that."""
WITHIN = (-0.1, 1.1)
STILL = "a path that goes nowhere has no turn and no length"


class Paths(NamedTuple):
    """The paths of a model with two layers and one with one, with the sequences seen at each point,
    and when the score of the first improves.
    """

    plane: Plane
    times: tuple[np.ndarray, np.ndarray]
    change: Change

    @classmethod
    def of(cls, runs: Runs) -> Paths:
        """Those of both models, reduced together."""
        both = {"one": runs[ONE], "two": runs[TWO]}
        plane = in_common_plane({n: run.curves["train.token_losses"] for n, run in both.items()})
        two, one = (runs[name].sequences.astype(np.float64) for name in (TWO, ONE))
        return cls(plane, (two, one), score_change(runs[TWO]))

    def apart(self, at: float) -> float:
        """Distance of both paths at a time, over the way of that of two layers."""
        return apart_at(self.times, (self.plane.paths["two"], self.plane.paths["one"]), at)

    def inside(self, turn: Turn) -> float:
        """Where in the change a turn is: 0 at its begin, 1 at its end."""
        length = self.change.end - self.change.begin
        return (turn.at - self.change.begin) / length if length > 0 else float("nan")


@claim(
    "lecture.paths_part",
    profiles=["standard", "paper"],
    source=SLIDE,
    on=DEPTHS,
    fails_on=[
        control(
            "The paths of two models with one layer do not part",
            id="one_layer",
            swap={TWO: ONE_AGAIN},
            only=(CHANGED, AFTER),
        ),
        control(
            "An untrained model stays where it is",
            id="untrained",
            swap={TWO: UNTRAINED, ONE: UNTRAINED},
            undefined=STILL,
        ),
    ],
)
def test_part(runs: Runs, evidence: Evidence) -> None:
    """The path of losses of a model with two layers parts from that of a model with one layer while
    in-context learning improves.
    """
    paths = Paths.of(runs)
    change, end = paths.change, float(paths.times[0][-1])
    evidence.check(BEFORE, paths.apart(change.begin), at_most=0.15)
    evidence.check(CHANGED, paths.apart(change.end), at_least=0.3)
    evidence.check(AFTER, paths.apart(end), at_least=0.3)
    evidence.quantity("variance in the first component", paths.plane.shares[0])
    evidence.quantity("variance in the second component", paths.plane.shares[1])
    window = change.begin, change.end
    turn = sharpest_turn(paths.times[0], paths.plane.paths["two"])
    evidence.figure(paths_figure(paths.plane, window, paths.times[0], turn.at))


@claim(
    "lecture.paths_turn",
    profiles=["standard", "paper"],
    source="Olsson et al. (2022), for the lecture slides, Induction Heads (2)",
    on=DEPTHS,
    fails_on=control(
        "An untrained model stays where it is",
        id="untrained",
        swap={TWO: UNTRAINED, ONE: UNTRAINED},
        undefined=STILL,
    ),
)
def test_turn(runs: Runs, evidence: Evidence) -> None:
    """The path of losses of a model with two layers changes its direction the most while in-context
    learning improves.
    """
    paths = Paths.of(runs)
    change, path = paths.change, paths.plane.paths["two"]
    turn = sharpest_turn(paths.times[0], path)
    evidence.check(
        INSIDE,
        paths.inside(turn),
        between=WITHIN,
        note=f"at {turn.at:,.0f} sequences, from {change.begin:,.0f} to {change.end:,.0f}",
    )
    evidence.check(DEGREES, turn.degrees, at_least=45, unit="degrees")
    evidence.quantity(
        TO_BEGIN,
        legs_between(paths.times[0], path, turn.at, change.begin),
        note=f"of {LEGS}; a turn is found to within {SPAN}",
    )
    others = {legs: sharpest_turn(paths.times[0], path, legs=legs) for legs in OTHER_LEGS}
    for legs, other in others.items():
        evidence.quantity(
            f"place of the sharpest turn, by {legs} legs",
            paths.inside(other),
            note=f"{other.degrees:.0f} degrees",
        )
    within = [lies_within(paths.inside(other), *WITHIN) for other in others.values()]
    evidence.quantity(
        f"share of {len(within)} other numbers of legs by which it is within", np.mean(within)
    )
