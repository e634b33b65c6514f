"""What is trained under a condition: the network of Section 3, and those of Section 4 and Appendix
D with a single head of the last layer (the paper's Layer 2) active, and parts of its circuit
clamped.

The head is head 3, and the head of layer 0 (the paper's Layer 1) that is clamped is head 2: those
that the authors took on every seed. Heads are alike before training, so that any two would do as
well. The paper's own claims choose the head that is fastest alone, for which all heads would have
to be trained alone; here all runs are known beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
from claims.networks.data_properties import CLAMPED_SEQUENCES, Circuit, clamps_leaving
from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED
from claims.robustness.conditions import LONGEST, Condition
from icl_repro import networks, networks_by_row
from icl_repro.optogenetics import Clamp, ClampCopy, ClampMatch, ClampPreviousToken, only_heads
from icl_repro.training import Run, RunSpec, Schedule
from icl_repro.verification.declare import Networks

FULL = "full"
HEAD, PREVIOUS_TOKEN_HEAD = 3, 2
"""The head of the last layer that is active, and that of layer 0 that is clamped."""

Runs = Mapping[str, Run]


def full(condition: Condition, seed: int) -> RunSpec:
    """The network of Section 3, to the end."""
    return _trained(condition, seed, LONGEST, ON_TRAINING_SEQUENCES)


def clamps_of(name: str, condition: Condition) -> tuple[Clamp, ...]:
    """What is clamped in a network, beside the heads that are off."""
    of_circuits: Mapping[str, Circuit] = {NONE: "whole", LAYER_1: "B and C", BOTH: "B"}
    if name in of_circuits:
        return clamps_leaving(of_circuits[name], HEAD)
    clamps: Mapping[str, Clamp] = {
        PREVIOUS_TOKEN: ClampPreviousToken((PREVIOUS_TOKEN_HEAD,)),
        MATCH: ClampMatch((HEAD,), layer=condition.last),
        COPY: ClampCopy(HEAD),
    }
    return (clamps[name],)


def with_one_head(name: str, condition: Condition, seed: int) -> RunSpec:
    """A network with a single head of the last layer active, until its loss is at most 0.05."""
    is_slow = name in (NONE, PREVIOUS_TOKEN)
    off = only_heads([HEAD], condition.last, condition.model.heads)
    return _trained(
        condition,
        seed,
        LONGEST if is_slow else CLAMPED_SEQUENCES,
        ON_A_PLATEAU if is_slow else THROUGHOUT_THE_FALL,
    ).with_(clamps=(off, *clamps_of(name, condition)), stop=PASSED)


def under(conditions: Collection[Condition], names: Collection[str] = ()) -> Networks:
    """Networks under each condition by their names: the full one, and those with one head."""

    def of_condition(condition: Condition) -> Networks:
        def specs(seed: int) -> Mapping[str, RunSpec]:
            return {
                name: full(condition, seed)
                if name == FULL
                else with_one_head(name, condition, seed)
                for name in names
            }

        return networks(specs)

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
