"""The networks of Section 5: tasks with more classes or more labels, whole and with the clamps that
isolate a subcircuit, each a RunSpec for a seed and the one head of layer 1 that is active.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from claims.networks.clamped import THROUGHOUT_THE_FALL, fastest_head
from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED
from icl_repro.episodes import EpisodeSettings
from icl_repro.optogenetics import Clamp, ClampCopy, ClampFirstLayer, ClampMatch, only_heads
from icl_repro.training import Run, RunSpec

Circuit = Literal["whole", "B", "C", "B and C"]
"""What is left to learn: all of it, or the paper's subcircuits B (match), C (copy) or both."""

CIRCUITS: tuple[Circuit, ...] = ("whole", "B", "C", "B and C")
"""The columns of Figure 6."""

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
) -> RunSpec:
    """A network that learns a circuit, with a single head of layer 1 active (Section 5, Figure 6).

    Args:
        circuit: what the clamps leave to learn.
        seed: of the initial weights.
        head: the head of layer 1 (the paper's Layer 2) that is active throughout training.
        condition: how many classes and labels there are; a fifth of the label pairs is held out.
        shuffled: whether the labels have nothing to do with the classes, for controls.
    """
    whole = circuit == "whole"
    return RunSpec(
        init_seed=seed,
        clamps=(only_heads([head]), *clamps_leaving(circuit, head)),
        sequences=longest(condition, shuffled) if whole else CLAMPED_SEQUENCES,
        episodes=EpisodeSettings(
            classes=condition.classes, labels=condition.labels, shuffled_labels=shuffled
        ),
        schedule=ON_TRAINING_SEQUENCES if whole else THROUGHOUT_THE_FALL,
        stop=PASSED,
    )


Choice = Callable[[int, Mapping[str, Run]], dict[str, RunSpec]]
"""Takes a seed and the runs with a single head, and returns the specs of further runs."""


def name_of(circuit: Circuit, condition: Condition) -> str:
    """The name of a run in a claim."""
    return f"{circuit}: {condition.name}"


def with_fastest_head(circuits: Iterable[Circuit], conditions: Iterable[Condition]) -> Choice:
    """Every circuit under every condition, with the head that is fastest alone on the paper's task
    everywhere but in Section 5: the same head for all of a seed.
    """
    pairs = [(circuit, condition) for circuit in circuits for condition in conditions]

    def choose(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
        head = fastest_head(runs)
        return {name_of(*pair): learning(pair[0], seed, head, pair[1]) for pair in pairs}

    return choose


def with_shuffled_labels(circuits: Iterable[Circuit]) -> Choice:
    """Every circuit with the same head on labels that have nothing to do with the classes."""
    wanted = tuple(circuits)

    def choose(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
        head = fastest_head(runs)
        return {
            name_of(circuit, DEFAULT): learning(circuit, seed, head, shuffled=True)
            for circuit in wanted
        }

    return choose
