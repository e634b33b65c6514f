"""The networks of Section 4 and Appendix D: one induction head, with parts of its circuit clamped.

All start from the initial weights of the full network of the same seed, keep one head of layer 1
(the paper's Layer 2) active and train on 600,000 sequences. Where it only matters that the loss
ends below 0.05, training stops when it has been at most 0.01
(:data:`claims.networks.plain.LEARNED`).

- *Which induction head*: of the eight networks with a single head of layer 1, the one whose train
  loss falls first to 0.35 (the paper: Layer 2 Head 3, the fastest of its seed 5, Figure 4b).
- *Which previous-token heads*: the paper's Layer 1 Heads 1, 2 and 5 are those that it found in its
  trained full network of seed 5, by inspection (Section 3.3); it clamps Head 2. Here the heads of
  layer 0 are ordered by how much they attend to the token before in the trained full network of the
  same seed, and the first of that order is clamped. A network with one head of layer 1 may come to
  use others by itself: on seed 5 head 2, where the full network's first is head 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from claims.networks.plain import LEARNED, full, only
from claims.phase_changes import final_loss, half_time_of
from claims.sequences import every_sequence
from icl_repro import networks
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.previous_token import previous_token_scores
from icl_repro.optogenetics import (
    Clamp,
    ClampCopy,
    ClampFirstLayer,
    ClampMatch,
    ClampPreviousToken,
    only_heads,
)
from icl_repro.training import Run, RunSpec, Schedule, Stop
from icl_repro.verification.declare import Networks

HEADS = range(8)
SEQUENCES = 600_000
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

Runs = Mapping[str, Run]
SpecOfHead = Callable[[int, int], RunSpec]
"""Takes a seed and a head of layer 1 and returns the spec of a network."""


def single_heads(seed: int) -> dict[str, RunSpec]:
    """Each head of layer 1 alone, by the name that :func:`fastest_head` looks for."""
    return {f"head {head}": only(seed, [head]) for head in HEADS}


def fastest_head(runs: Runs) -> int:
    """The head of layer 1 whose network falls first to a train loss of 0.35; where none does, the
    one with the lowest loss in the end.

    Args:
        runs: has those of :func:`single_heads`.
    """

    def time_and_loss(head: int) -> tuple[float, float]:
        run = runs[f"head {head}"]
        return half_time_of(run), final_loss(run)

    return min(HEADS, key=time_and_loss)


def on_fastest_head(specs: Mapping[str, SpecOfHead]) -> Networks:
    """Networks by name, on the head that is fastest alone, and those that it is chosen by."""

    def choose(seed: int, runs: Runs) -> dict[str, RunSpec]:
        head = fastest_head(runs)
        return {name: spec(seed, head) for name, spec in specs.items()}

    return networks(single_heads, then=choose)


@dataclass(frozen=True)
class Chosen:
    """The heads that the networks of a seed are about.

    Attributes:
        induction_head: the head of layer 1 that stays active; see :func:`fastest_head`.
        previous_token_order: the heads of layer 0, from the one that attends to the token before
            the most; see :func:`previous_token_order`.
    """

    induction_head: int
    previous_token_order: tuple[int, ...]

    @property
    def previous_token_head(self) -> int:
        """The head of layer 0 that is clamped where only one is."""
        return self.previous_token_order[0]

    @property
    def sets_of_heads(self) -> dict[str, tuple[int, ...]]:
        """The heads of layer 0 that are clamped in Figure 8, in order.

        The paper's other head, 6, is none of its previous-token heads. Here it is the head that
        attends to the token before the least.
        """
        first, *_, last = order = self.previous_token_order
        sets = {ONE_HEAD: [first], ANOTHER_HEAD: [last], THREE_HEADS: order[:3], ALL_HEADS: order}
        return {name: tuple(sorted(heads)) for name, heads in sets.items()}


def previous_token_order(run: Run) -> tuple[int, ...]:
    """The heads of layer 0 of a trained network, from the one that attends the most from labels to
    the token before, on all training sequences.
    """
    scores = previous_token_scores(run.model(), every_sequence(run))
    return order_of_strength(scores)


def chosen_heads(runs: Runs) -> Chosen:
    """The heads that are chosen on a seed.

    Args:
        runs: has those of :func:`single_heads`, and the trained full network as "full".
    """
    return Chosen(fastest_head(runs), previous_token_order(runs["full"]))


def on_chosen_heads(specs: Callable[[int, Chosen], Mapping[str, RunSpec]]) -> Networks:
    """The networks that `specs` makes of a seed and the chosen heads, and those that these are
    chosen by.
    """

    def choose(seed: int, runs: Runs) -> Mapping[str, RunSpec]:
        return specs(seed, chosen_heads(runs))

    return networks(single_heads, full=full, then=choose)


def unclamped(seed: int, head: int) -> RunSpec:
    """One head of layer 1, nothing clamped; weights are kept throughout."""
    return _clamped(seed, head, schedule=WITH_PROGRESS)


def previous_token(seed: int, head: int, heads_0: Iterable[int], shift: int = 1) -> RunSpec:
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


def wrong_label(seed: int, head: int) -> RunSpec:
    """The head attends to the label of the other class."""
    return match(seed, head, strength=0.0)


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


NONE = "no clamp"
PREVIOUS_TOKEN = "previous token (1)"
LAYER_1 = "the paper's Layer 1 (1, 2)"
MATCH = "match (1, 2, 3qk, 4)"
COPY = "copy (3v, 5)"
BOTH = "Layer 1 and copy (1, 2, 3v, 5)"

CURVES_5B: Mapping[str, str] = {
    NONE: "fig5b.main.none",
    PREVIOUS_TOKEN: "fig5b.main.1",
    LAYER_1: "fig5b.main.1_2_layer_1",
    MATCH: "fig5b.main.1_2_3qk_4_match",
    COPY: "fig5b.main.3v_5_copy",
    BOTH: "fig5b.main.1_2_3v_5_layer_1_copy",
}
"""The published curves of Figure 5b, by what is clamped (steps as the paper numbers them)."""


def figure_5b(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """The networks of Figure 5b, by what is clamped."""
    head = chosen.induction_head
    return {
        NONE: unclamped(seed, head),
        PREVIOUS_TOKEN: previous_token(seed, head, [chosen.previous_token_head]),
        LAYER_1: layer_1(seed, head),
        MATCH: match(seed, head),
        COPY: copy(seed, head),
        BOTH: layer_1_and_copy(seed, head),
    }


ONE_HEAD, ANOTHER_HEAD, THREE_HEADS = "one head", "another head", "three heads"
ALL_HEADS = "all eight heads"
CURVES_8: Mapping[str, str] = {
    NONE: "fig8.main.standard_training",
    ONE_HEAD: "fig8.main.clamped_l1h2_pattern",
    ANOTHER_HEAD: "fig8.main.clamped_l1h6_pattern",
    THREE_HEADS: "fig8.main.clamped_l1h1_2_5_pattern",
    ALL_HEADS: "fig8.main.clamped_all_l1h_pattern",
}
"""The published curves of Figure 8."""


def figure_8(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
    """The networks of Figure 8, by which heads of layer 0 are clamped."""
    head = chosen.induction_head
    return {NONE: unclamped(seed, head)} | {
        name: previous_token(seed, head, heads_0) for name, heads_0 in chosen.sets_of_heads.items()
    }


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


# What shows that a clamp was held, from the first evaluation to the last.


def match_error(run: Run, head: int, strength: float = 1.0) -> float:
    """How far the attention of a head of layer 1 from the query ever is from `strength` on the
    label of the query's class and the rest on the other.
    """
    right, wrong = (run.curves[f"attention.{of}"][:, 1, head] for of in ("correct", "incorrect"))
    return float(max(np.abs(right - strength).max(), np.abs(wrong - (1 - strength)).max()))


def previous_token_error(run: Run, heads_0: Collection[int]) -> float:
    """How far the attention of heads of layer 0 from a label to the token before ever is from 1."""
    return float(np.abs(run.curves["attention.previous"][:, 0, list(heads_0)] - 1).max())


def change_of_weights(run: Run, *parts: str) -> float:
    """The largest change of a weight in training, of all whose names begin with one of `parts`."""
    kept = [array for name, array in run.checkpoint_weights.items() if name.startswith(parts)]
    return max(float(np.abs(array[-1] - array[0]).max()) for array in kept)
