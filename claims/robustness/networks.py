"""What is trained under a condition: the network of Section 3, and those of Section 4 and Appendix
D with a single head of the last layer (the paper's Layer 2) active, and parts of its circuit
clamped.

The head is the one with the highest induction strength in the trained full network of the same
seed; the head of layer 0 (the paper's Layer 1) that is clamped is the one that attends to the token
before the most there. The paper's claims choose the head that is fastest alone, for which all heads
would have to be trained alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from claims.networks.clamped import (
    BOTH,
    COPY,
    LAYER_1,
    MATCH,
    NONE,
    ON_A_PLATEAU,
    PREVIOUS_TOKEN,
    THROUGHOUT_THE_FALL,
)
from claims.networks.data_properties import CLAMPED_SEQUENCES, clamps_leaving
from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED
from claims.robustness.conditions import LONGEST, Condition
from icl_repro import networks, networks_by_row
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.optogenetics import Clamp, ClampCopy, ClampMatch, ClampPreviousToken, only_heads
from icl_repro.training import Run, RunSpec, Schedule
from icl_repro.verification.declare import Networks

FULL = "full"

Runs = Mapping[str, Run]


def full(condition: Condition, seed: int) -> RunSpec:
    """The network of Section 3, to the end."""
    return _trained(condition, seed, LONGEST, ON_TRAINING_SEQUENCES)


def strongest_head(run: Run) -> int:
    """The head of the last layer that is the strongest induction head when training ends, on the
    evaluation sequences.
    """
    return int(induction_strengths(run)[-1].argmax())


def previous_token_head(run: Run) -> int:
    """The head of layer 0 that attends from the labels to the token before the most then."""
    return int(run.curves["attention.previous"][-1, 0].argmax())


def clamps_of(name: str, condition: Condition, runs: Runs) -> tuple[Clamp, ...]:
    """What is clamped in a network, beside the heads that are off."""
    head = strongest_head(runs[FULL])
    made: Mapping[str, Callable[[], tuple[Clamp, ...]]] = {
        NONE: lambda: (),
        PREVIOUS_TOKEN: lambda: (ClampPreviousToken((previous_token_head(runs[FULL]),)),),
        LAYER_1: lambda: clamps_leaving("B and C", head),
        MATCH: lambda: (ClampMatch((head,), layer=condition.last),),
        COPY: lambda: (ClampCopy(head),),
        BOTH: lambda: clamps_leaving("B", head),
    }
    return made[name]()


def with_one_head(name: str, condition: Condition, seed: int, runs: Runs) -> RunSpec:
    """A network with a single head of the last layer active, until its loss is at most 0.05."""
    is_slow = name in (NONE, PREVIOUS_TOKEN)
    head = strongest_head(runs[FULL])
    off = only_heads([head], condition.last, condition.model.heads)
    return _trained(
        condition,
        seed,
        LONGEST if is_slow else CLAMPED_SEQUENCES,
        ON_A_PLATEAU if is_slow else THROUGHOUT_THE_FALL,
    ).with_(clamps=(off, *clamps_of(name, condition, runs)), stop=PASSED)


def under(conditions: Collection[Condition], names: Collection[str] = ()) -> Networks:
    """The full network under each condition, and those with one head by their names."""

    def of_condition(condition: Condition) -> Networks:
        def alone(seed: int, runs: Runs) -> Mapping[str, RunSpec]:
            return {name: with_one_head(name, condition, seed, runs) for name in names}

        return networks(full=lambda seed: full(condition, seed), then=alone if names else None)

    return networks_by_row({one.id: of_condition(one) for one in conditions})


def _trained(condition: Condition, seed: int, longest: int, schedule: Schedule) -> RunSpec:
    return RunSpec(
        init_seed=seed,
        sequences=condition.sequences(longest),
        model=condition.model,
        optimiser=condition.optimiser,
        episodes=condition.episodes,
        schedule=schedule,
    )
