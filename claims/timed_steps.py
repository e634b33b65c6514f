"""What steps of training are timed on: a network at its start, and where batches come from."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from icl_repro.episodes import EpisodeSettings, Sampler, split
from icl_repro.network.transformer import ModelSettings, Transformer, initialise

N_FEATURES = 512
"""Of an exemplar, as the suite encodes them."""


@eqx.filter_jit
def beginning() -> tuple[Transformer, Sampler, PRNGKeyArray]:
    """The network of Section 3 at initialisation, its training sequences, and a key to draw them
    with; of random exemplars and always by our streams, because what a step costs under a clamp
    over what it costs without does not depend on them.
    """
    bank_key, model_key, batch_key = jax.random.split(jax.random.key(5), 3)
    settings = EpisodeSettings()
    bank = jax.random.normal(bank_key, (settings.classes, N_FEATURES))
    pairs = jnp.asarray(split(settings, settings.classes + settings.test_classes).training_pairs)
    model = initialise(ModelSettings(), N_FEATURES, settings.labels, model_key)
    return model, Sampler(bank, pairs), batch_key
