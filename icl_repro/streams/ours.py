"""Our streams: JAX's keys as they are by default, and each batch drawn by its number."""

from __future__ import annotations

from collections.abc import Mapping

import equinox as eqx
import jax
from jaxtyping import Array, Int, Key

from icl_repro.episodes import Episodes, Sampler, SetName
from icl_repro.episodes import samplers as samplers
from icl_repro.network.transformer import ModelSettings, Transformer, initialise

PLACES: Mapping[SetName, int] = {"train": 0, "test_exemplars": 1, "test_relabel": 2}
"""The number that each evaluation set is drawn by."""


def initial_network(
    settings: ModelSettings, n_features: int, n_labels: int, seed: int
) -> Transformer:
    """A network before training."""
    return initialise(settings, n_features, n_labels, jax.random.key(seed))


class NumberedKeys(eqx.Module):
    """One key, with the number of the step folded in."""

    key: Key[Array, ""]

    def __getitem__(self, step: Int[Array, ""] | int, /) -> Key[Array, ""]:
        """The key to draw the batch of a step with."""
        return jax.random.fold_in(self.key, step)


def batch_keys(seed: int, steps: int) -> NumberedKeys:
    """The keys of the batches of a run, however long it is."""
    return NumberedKeys(jax.random.key(seed))


def evaluation_sets(sets: Mapping[SetName, Sampler], seed: int, size: int) -> dict[str, Episodes]:
    """So many episodes of each set."""
    key = jax.random.key(seed)
    return {
        name: sampler.sample(jax.random.fold_in(key, PLACES[name]), size)
        for name, sampler in sets.items()
    }
