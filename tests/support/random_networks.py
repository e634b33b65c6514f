"""Small networks with random weights, and random episodes: for what holds whatever the weights.

Every weight is random, biases and LayerNorms too, so that no term is zero by accident.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import ModelSettings, Transformer, initialise

SMALL = ModelSettings(layers=2, width=16, heads=4)
N_FEATURES = 6
N_LABELS = 5


def random_network(seed: int, settings: ModelSettings = SMALL) -> Transformer:
    rng = np.random.default_rng(seed)
    shapes = eqx.filter_eval_shape(initialise, settings, N_FEATURES, N_LABELS, jax.random.key(0))

    def filled(shape: jax.ShapeDtypeStruct) -> jax.Array:
        scale = 0.4 if len(shape.shape) == 1 else 1.5 / np.sqrt(shape.shape[1])
        values = scale * rng.standard_normal(shape.shape)
        return jnp.asarray(values, jnp.float32)

    return jax.tree.map(filled, shapes)


def random_episodes(
    seed: int, n_episodes: int = 12, n_exemplars: int = 7, pairs: int = 2
) -> Episodes:
    """Two different exemplars (or more), one of them again as the query, and as many different
    labels.
    """
    rng = np.random.default_rng(seed)
    shown = np.stack([rng.permutation(n_exemplars)[:pairs] for _ in range(n_episodes)])
    labels = np.stack([rng.permutation(N_LABELS)[:pairs] for _ in range(n_episodes)])
    matching = rng.integers(0, pairs, n_episodes)
    asked = np.arange(n_episodes), matching
    return Episodes(
        jnp.asarray(rng.standard_normal((n_exemplars, N_FEATURES)), jnp.float32),
        jnp.asarray(np.column_stack([shown, shown[asked]]).T, jnp.int32),
        jnp.asarray(np.column_stack([labels, labels[asked]]).T, jnp.int32),
        jnp.asarray(matching, jnp.int32),
    )
