"""What is measured on trained networks: all training sequences, and the 264 ablations."""

from __future__ import annotations

import jax
import pytest

from benchmarks import contestants
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.wiring import wiring_diagram

N_ABLATIONS = 264


@pytest.mark.parametrize("episodes", [1_000, 4_000])
def test_wiring(beside, episodes):
    drawn = contestants.start().sampler.sample(jax.random.key(0), episodes)
    beside(
        f"{N_ABLATIONS} ablations on {episodes:,} sequences",
        lambda: wiring_diagram(contestants.start().model, drawn),
        group="measures",
        per=N_ABLATIONS * episodes,
        unit="evaluations",
        rounds=3,
    )


def test_all_training_sequences(beside):
    every = contestants.start().sampler.enumerate()
    beside(
        f"loss on {every.size:,} sequences",
        lambda: jax.block_until_ready(performance(contestants.start().model, every)),
        group="measures",
        per=every.size,
        unit="evaluations",
        rounds=5,
    )


def test_evaluation_in_training(beside):
    from icl_repro.training import engine

    sets = contestants.sets()
    start = contestants.start()
    compiled = engine.Compiled(start, sets, contestants.BATCH)
    size = sum(episodes.size for episodes in sets.values())
    beside(
        f"an evaluation while training ({size:,} sequences)",
        lambda: jax.block_until_ready(compiled.measure(start)),
        group="measures",
        per=size,
        unit="evaluations",
    )
