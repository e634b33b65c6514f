"""The networks of Appendix D.1.1: layer 0 taken from a finished network and frozen (Figure 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from claims.networks.clamped import LAYER_1, fastest_head, layer_1, single_heads
from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED, full
from icl_repro import networks
from icl_repro.training import RunSpec, Transplant
from icl_repro.verification.declare import Networks

LONGEST = 600_000
DATA_SEEDS = range(3)
PAPER_SEEDS = range(5, 10)
N_SOURCES = 3
STANDARD = "standard"


def sources_of(seed: int) -> list[int]:
    """The seeds of the networks that layer 0 comes from, the learner's own first: the next ones of
    the paper's seeds, in a ring.
    """
    if seed not in PAPER_SEEDS:
        return [seed + step for step in range(N_SOURCES)]
    first, count = PAPER_SEEDS.start, len(PAPER_SEEDS)
    return [first + (seed - first + step) % count for step in range(N_SOURCES)]


def learner(seed: int, source: int, data_seed: int) -> RunSpec:
    """The network of a seed whose embeddings and layer 0 are those of a finished network of the
    seed `source`, and frozen.
    """
    return RunSpec(
        init_seed=seed,
        data_seed=data_seed,
        sequences=LONGEST,
        schedule=ON_TRAINING_SEQUENCES,
        stop=PASSED,
        transplant=Transplant(up_to_layer=0, source=full(source)),
    )


def name_of(source: int, data_seed: int) -> str:
    """What a learner is called."""
    return f"layer 0 of seed {source}, data {data_seed}"


def learners(seed: int) -> dict[str, RunSpec]:
    """Three sources, three orders of the data each, and the training of Section 3 beside them."""
    return {STANDARD: full(seed)} | {
        name_of(source, data_seed): learner(seed, source, data_seed)
        for source in sources_of(seed)
        for data_seed in DATA_SEEDS
    }


def learners_of_one_source(seed: int) -> dict[str, RunSpec]:
    """By the same names, learners that all have their own layer 0: nine orders of the data."""
    return {STANDARD: full(seed)} | {
        name_of(source, data_seed): learner(seed, seed, len(DATA_SEEDS) * place + data_seed)
        for place, source in enumerate(sources_of(seed))
        for data_seed in DATA_SEEDS
    }


def beside_the_clamp(learners: Callable[[int], Mapping[str, RunSpec]]) -> Networks:
    """Learners, and the network of Figure 5b in which the paper's Layer 1 is clamped."""
    return networks(
        lambda seed: {**single_heads(seed), **learners(seed)},
        then=lambda seed, runs: {LAYER_1: layer_1(seed, fastest_head(runs))},
    )
