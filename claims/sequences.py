"""The sequences that finished networks are measured on.

Each kind is drawn by one compiled program: the operations on their own would be twenty programs,
for every number of sequences again.
"""

from __future__ import annotations

import equinox as eqx
import jax
from jaxtyping import Array, Key

from icl_repro.episodes import Episodes, Sampler
from icl_repro.training import Run


def every_sequence(run: Run) -> Episodes:
    """All training sequences, 78,400 for the paper's settings."""
    return _every_one(run.samplers()["train"])


def some_sequences(run: Run, size: int) -> Episodes:
    """So many training sequences at random, by the run's seed of evaluation."""
    return drawn(run.samplers()["train"], jax.random.key(run.spec.eval_seed), size)


@eqx.filter_jit
def drawn(sampler: Sampler, key: Key[Array, ""], size: int) -> Episodes:
    """So many sequences of a sampler."""
    return sampler.sample(key, size)


@eqx.filter_jit
def _every_one(sampler: Sampler) -> Episodes:
    return sampler.enumerate()
