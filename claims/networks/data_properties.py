"""The networks of Section 5: tasks with more classes or more labels, whole and with the clamps that
isolate a subcircuit, with the head of layer 1 (the paper's Layer 2) that is fastest alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Literal, NamedTuple

from claims.networks.clamped import (
    THROUGHOUT_THE_FALL,
    Chosen,
    fastest_head,
    on_chosen_heads,
    previous_token,
    single_heads,
)
from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED
from icl_repro import networks
from icl_repro.episodes import EpisodeSettings
from icl_repro.optogenetics import Clamp, ClampCopy, ClampFirstLayer, ClampMatch, only_heads
from icl_repro.training import Run, RunSpec
from icl_repro.verification.declare import Networks

Circuit = Literal["whole", "B", "C", "B and C"]
"""What is left to learn: all of it, or the paper's subcircuits B (match), C (copy) or both."""

CIRCUITS: tuple[Circuit, ...] = ("whole", "B", "C", "B and C")
"""The columns of Figure 6."""
PARTS: tuple[Circuit, ...] = ("whole", "B", "C")
"""Those whose half-times are compared."""

CLAMPED_SEQUENCES = 300_000
"""How long the networks with clamps train at most (Figure 6)."""
LONGEST = 2_000_000
"""How long the others train at most (Figure 6); twice as long where they have more labels than
there.
"""
LONGEST_SHUFFLED = 600_000
"""How long the others train on labels that have nothing to do with the classes: twice as long as
the published network takes to the half-time of the same task with labels that do.
"""


class Condition(NamedTuple):
    """Properties of the data: how many classes and how many labels are trained on."""

    classes: int
    labels: int

    @property
    def name(self) -> str:
        """Both in words."""
        return f"{self.classes} classes, {self.labels} labels"


DEFAULT = Condition(50, 5)
"""The paper's task everywhere but in Section 5."""
BY_CLASSES = (DEFAULT, Condition(100, 5), Condition(200, 5))
"""The upper row of Figure 6."""
BY_LABELS = (DEFAULT, Condition(50, 10), Condition(50, 15))
"""The lower row of Figure 6."""
CONDITIONS = (*BY_CLASSES, *BY_LABELS[1:])
"""All five."""

Row = tuple[Condition, ...]
"""Conditions of which one property varies."""


def name_of(circuit: Circuit, condition: Condition) -> str:
    """The name of a run in a claim."""
    return f"{circuit}: {condition.name}"


def clamps_leaving(circuit: Circuit, head: int) -> tuple[Clamp, ...]:
    """The clamps under which nothing but a circuit is left to learn (Appendix D.1.2)."""
    clamps: dict[Circuit, tuple[Clamp, ...]] = {
        "whole": (),
        "B": (ClampFirstLayer(), ClampCopy(head)),
        "C": (ClampMatch((head,)),),
        "B and C": (ClampFirstLayer(),),
    }
    return clamps[circuit]


def longest(condition: Condition, shuffled: bool) -> int:
    """How many sequences a network trains on at most if nothing is clamped."""
    if shuffled:
        return LONGEST_SHUFFLED
    return LONGEST if condition.labels <= BY_LABELS[-1].labels else 2 * LONGEST


def learning(
    circuit: Circuit,
    seed: int,
    head: int,
    condition: Condition = DEFAULT,
    *,
    shuffled: bool = False,
    data_seed: int = 0,
) -> RunSpec:
    """A network that learns a circuit, with a single head of layer 1 active (Section 5, Figure 6).

    Args:
        circuit: what the clamps leave to learn.
        seed: of the initial weights.
        head: the head of layer 1 (the paper's Layer 2) that is active throughout training.
        condition: how many classes and labels there are; a fifth of the label pairs is held out.
        shuffled: whether the labels have nothing to do with the classes, for controls.
        data_seed: another order of the data, for controls.
    """
    whole = circuit == "whole"
    return RunSpec(
        init_seed=seed,
        data_seed=data_seed,
        clamps=(only_heads([head]), *clamps_leaving(circuit, head)),
        sequences=longest(condition, shuffled) if whole else CLAMPED_SEQUENCES,
        episodes=EpisodeSettings(
            classes=condition.classes, labels=condition.labels, shuffled_labels=shuffled
        ),
        schedule=ON_TRAINING_SEQUENCES if whole else THROUGHOUT_THE_FALL,
        stop=PASSED,
    )


SpecOf = Callable[[Circuit, int, int, Condition], RunSpec]
"""Takes a circuit, a seed, a head of layer 1 and a condition, as :func:`learning` does."""


def _each(circuits: Iterable[Circuit], conditions: Iterable[Condition], spec: SpecOf) -> Networks:
    """What `spec` makes of every circuit under every condition, with the head that is fastest alone
    on the paper's task everywhere but in Section 5: the same head for all of a seed.
    """
    pairs = list(product(circuits, conditions))

    def then(seed: int, runs: Mapping[str, Run]) -> Mapping[str, RunSpec]:
        head = fastest_head(runs)
        return {
            name_of(circuit, condition): spec(circuit, seed, head, condition)
            for circuit, condition in pairs
        }

    return networks(single_heads, then=then)


def learn(circuits: Iterable[Circuit], conditions: Iterable[Condition]) -> Networks:
    """Every circuit under every condition."""
    return _each(circuits, conditions, learning)


def learn_in_place_of(
    circuits: Iterable[Circuit], conditions: Mapping[Condition, Condition]
) -> Networks:
    """Every circuit, under the name of each condition the network of another."""
    return _each(
        circuits,
        conditions,
        lambda circuit, seed, head, name: learning(circuit, seed, head, conditions[name]),
    )


def learn_again(
    circuits: Iterable[Circuit], conditions: Iterable[Condition], replaced: Iterable[Condition]
) -> Networks:
    """Every circuit under every condition, but under the names of those that are `replaced` the
    default one again, with another order of the data.
    """
    again = set(replaced)

    def or_again(circuit: Circuit, seed: int, head: int, condition: Condition) -> RunSpec:
        if condition in again:
            return learning(circuit, seed, head, DEFAULT, data_seed=1)
        return learning(circuit, seed, head, condition)

    return _each(circuits, conditions, or_again)


def learn_shuffled(circuits: Iterable[Circuit], conditions: Iterable[Condition]) -> Networks:
    """Under the name of every condition the network of the default one, trained on labels that have
    nothing to do with the classes.
    """
    return _each(
        circuits,
        conditions,
        lambda circuit, seed, head, _: learning(circuit, seed, head, shuffled=True),
    )


def learn_with_previous_token_for_parts(conditions: Iterable[Condition]) -> Networks:
    """The whole network under every condition, and for subcircuits B and C under the default one a
    network in which nothing but the previous-token pattern is clamped.
    """
    wanted = tuple(conditions)

    def specs(seed: int, chosen: Chosen) -> dict[str, RunSpec]:
        head = chosen.induction_head
        whole = {name_of("whole", c): learning("whole", seed, head, c) for c in wanted}
        parts = {
            name_of(part, c): previous_token(seed, head, [chosen.previous_token_head])
            if c == DEFAULT
            else learning(part, seed, head, c)
            for part in PARTS[1:]
            for c in wanted
        }
        return whole | parts

    return on_chosen_heads(specs)
