"""The networks of Sections 3.1 and 3.2 and Appendix H that keep a few heads of layer 1 (the paper's
Layer 2), chosen by their strength in the trained full network.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from claims.networks.clamped import HEADS, fastest_head, layer_1, single_heads
from claims.networks.plain import full, only
from claims.sequences import every_sequence
from icl_repro import networks
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.training import Run, RunSpec

Runs = Mapping[str, Run]

PLACES = ("2nd", "3rd", "4th", "5th", "6th", "7th", "8th")
"""Heads by their strength in the full network, but for the strongest."""
PAIRS = tuple(f"strongest and {place}" for place in PLACES)


def final_strengths(run: Run) -> Float[np.ndarray, " heads"]:
    """Induction strength of each head of the last layer on all training sequences."""
    episodes = every_sequence(run)
    return np.asarray(performance(run.model(), episodes, run.intervention).induction_strength)


def alone(runs: Runs) -> list[Run]:
    """The runs with a single head, in the order of heads."""
    return [runs[f"head {head}"] for head in HEADS]


def strongest_alone(seed: int, runs: Runs) -> dict[str, RunSpec]:
    """The strongest head of the full network, alone."""
    return {"strongest": only(seed, [int(final_strengths(runs["full"]).argmax())])}


def with_pairs(seed: int, runs: Runs) -> dict[str, RunSpec]:
    """The same with each of the others, and all heads."""
    strongest, *others = order_of_strength(final_strengths(runs["full"]))
    return {
        "all heads": full(seed),
        "strongest": only(seed, [strongest]),
        **{pair: only(seed, [strongest, other]) for pair, other in zip(PAIRS, others, strict=True)},
    }


def with_others_alone(seed: int, runs: Runs) -> dict[str, RunSpec]:
    """Each other head alone in place of its pair."""
    _, *others = order_of_strength(final_strengths(runs["full"]))
    single = {pair: only(seed, [other]) for pair, other in zip(PAIRS, others, strict=True)}
    return with_pairs(seed, runs) | single


def with_layer_1_clamped(seed: int, runs: Runs) -> dict[str, RunSpec]:
    """A network whose layer 0 is clamped in place of that with all heads: it learns several times
    as early as any other here.
    """
    return with_pairs(seed, runs) | {"all heads": layer_1(seed, fastest_head(runs))}


RACE = networks(single_heads, full=full)
"""The full network, and each head alone."""
WITH_STRONGEST = networks(full=full, then=strongest_alone)
WITH_PAIRS = networks(full=full, then=with_pairs)
OTHERS_ALONE = networks(full=full, then=with_others_alone)
SINGLE_HEADS_AND_PAIRS = networks(single_heads, full=full, then=with_pairs)
SINGLE_HEADS_AND_OTHERS_ALONE = networks(single_heads, full=full, then=with_others_alone)
LAYER_1_CLAMPED = networks(single_heads, full=full, then=with_layer_1_clamped)
