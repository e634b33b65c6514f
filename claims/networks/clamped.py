"""The networks of Section 4 and Appendix D: one induction head, with parts of its circuit clamped.

All start from the initial weights of the full network of the same seed, keep one head of layer 1
(the paper's Layer 2) active and train on 600,000 sequences. Where it only matters that the loss
ends below 0.05, training stops when it has been at most 0.01 (:data:`networks.LEARNED`).

- *Which induction head*: of the eight networks with a single head of layer 1, the one whose train
  loss falls first to 0.35 (the paper: Layer 2 Head 3, the fastest of its seed 5, Figure 4b).
- *Which previous-token head*: the paper's own, its Layer 1 Head 2, on every seed. Before training
  heads differ by chance only, so that no rule could choose a better one without looking at results.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from claims.networks.plain import LEARNED, only
from claims.phase_changes import half_time_of
from icl_repro.optogenetics import (
    Clamp,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    only_heads,
)
from icl_repro.training import Run, RunSpec, Schedule, Stop

HEADS = range(8)
SEQUENCES = 600_000
PREVIOUS_TOKEN_HEADS = (2,)
"""Heads of layer 0 (the paper's Layer 1) that are clamped to the previous-token pattern."""

THROUGHOUT_THE_FALL = Schedule(every_in_change=1_250, change=(0.05, 10.0), sets=("train",))
"""Evaluates every 1,250 sequences from the start until the loss is below 0.05 (the paper: every
1,000), because clamped networks fall from the first step on.
"""
ON_ALL_SETS = Schedule(every_in_change=1_250, change=(0.05, 10.0))
"""As often, on the test sets too."""
ON_A_PLATEAU = Schedule(change=(0.05, 10.0), sets=("train",))
"""Half as often, for networks that wait on a plateau for longer than others learn."""
WITH_PROGRESS = Schedule(change=(0.05, 10.0), sets=("train",), keep_every=10_000, keep_change=0.03)
"""The same, and keeps weights often enough to measure the progress of a part of the circuit."""


def single_heads(seed: int) -> dict[str, RunSpec]:
    """Each head of layer 1 alone, by the name that :func:`fastest_head` looks for."""
    return {f"head {head}": only(seed, [head]) for head in HEADS}


def fastest_head(runs: Mapping[str, Run]) -> int:
    """The head of layer 1 whose network falls first to a train loss of 0.35; where none does, the
    one with the lowest loss in the end.

    Args:
        runs: has those of :func:`single_heads`.
    """

    def time_and_loss(head: int) -> tuple[float, float]:
        run = runs[f"head {head}"]
        time = half_time_of(run)
        return (math.inf if math.isnan(time) else time, float(run.curves["train.loss"][-1]))

    return min(HEADS, key=time_and_loss)


def unclamped(seed: int, head: int) -> RunSpec:
    """One head of layer 1, nothing clamped; weights are kept throughout."""
    return _clamped(seed, head, schedule=WITH_PROGRESS)


def previous_token(
    seed: int, head: int, heads_0: Iterable[int] = PREVIOUS_TOKEN_HEADS, shift: int = 1
) -> RunSpec:
    """Step 1: some heads of layer 0 attend to the token before, or `shift` tokens before."""
    clamp = ClampPreviousToken(tuple(heads_0), shift=shift)
    return _clamped(seed, head, clamp, schedule=ON_A_PLATEAU)


def layer_1(seed: int, head: int) -> RunSpec:
    """Steps 1 and 2, the paper's Layer 1: layer 0 here."""
    return _clamped(seed, head, ClampFirstLayer())


def match(seed: int, head: int, strength: float = 1.0) -> RunSpec:
    """Steps 1, 2, 3qk and 4: the head attends to the label of the query's class with a weight of
    `strength`, and to the other label with the rest. Only the copy is learnt, to the end: the final
    losses of strengths are compared. The whole curve is measured of a perfect match and of a
    perfectly wrong one.
    """
    schedule = ON_ALL_SETS if strength in (0.0, 1.0) else Schedule()
    return _clamped(
        seed, head, ClampMatch((head,), strength=strength), schedule=schedule, stop=None
    )


def copy(seed: int, head: int) -> RunSpec:
    """Steps 3v and 5: the scores that the head gives to the labels are the logits. Only the match
    is learnt.
    """
    return _clamped(seed, head, ClampCopy(head))


def layer_1_and_copy(seed: int, head: int) -> RunSpec:
    """Steps 1, 2, 3v and 5: only the match without what layer 0 does for it is learnt."""
    return _clamped(seed, head, ClampFirstLayer(), ClampCopy(head))


def no_op(seed: int, head: int) -> RunSpec:
    """A clamp without effect: the heads of layer 1 that are off attend to the right label."""
    others = ClampMatch(tuple(other for other in HEADS if other != head))
    return _clamped(seed, head, others, schedule=ON_A_PLATEAU)


def _clamped(
    seed: int,
    head: int,
    *clamps: Clamp,
    schedule: Schedule = THROUGHOUT_THE_FALL,
    stop: Stop | None = LEARNED,
) -> RunSpec:
    return RunSpec(
        init_seed=seed,
        clamps=(only_heads([head]), *clamps),
        sequences=SEQUENCES,
        schedule=schedule,
        stop=stop,
    )
