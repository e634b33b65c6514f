"""The networks of Appendix I that differ in nothing but the order of the data."""

from __future__ import annotations

from collections.abc import Mapping

from claims.networks.clamped import fastest_head, single_heads
from claims.networks.data_properties import BY_LABELS, PARTS, learning
from claims.networks.transplanted import DATA_SEEDS, N_SOURCES, learner, learners
from icl_repro import networks
from icl_repro.training import Run, RunSpec

MORE_LABELS = BY_LABELS[1]
ONE_ORDER, ANOTHER_ORDER = "one order", "another order"
ORDERS = tuple(f"order {number}" for number in range(N_SOURCES * len(DATA_SEEDS)))


def name_of(part: str, order: str) -> str:
    """What a network is called."""
    return f"{part}, {order}"


def _in_two_orders(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    head = fastest_head(runs)
    return {
        name_of(part, order): learning(part, seed, head, data_seed=data_seed)
        for part in PARTS
        for data_seed, order in enumerate((ONE_ORDER, ANOTHER_ORDER))
    }


def _on_other_tasks(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    head = fastest_head(runs)
    others = {
        "whole": learning("whole", seed, head, MORE_LABELS),
        "B": learning("B and C", seed, head),
        "C": learning("C", seed, head, MORE_LABELS),
    }
    return _in_two_orders(seed, runs) | {
        name_of(part, ANOTHER_ORDER): other for part, other in others.items()
    }


def in_nine_orders(seed: int) -> dict[str, RunSpec]:
    """With layer 0 of its own finished network, frozen, nine orders of the data."""
    return {order: learner(seed, seed, number) for number, order in enumerate(ORDERS)}


def in_three_orders(seed: int) -> dict[str, RunSpec]:
    """With layer 0 of three finished networks, its own first, three orders of the data each."""
    _, *others = learners(seed).values()
    return dict(zip(ORDERS, others, strict=True))


IN_TWO_ORDERS = networks(single_heads, then=_in_two_orders)
"""The networks of Section 5 that keep the head that is fastest alone: whole, and with clamps that
leave subcircuit B (match) or C (copy) to learn; each in two orders of the data.
"""
ON_OTHER_TASKS = networks(single_heads, then=_on_other_tasks)
"""In place of the second order, twice as many labels, or for subcircuit B the copy to be learned
too.
"""
