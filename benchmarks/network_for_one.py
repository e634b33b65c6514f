"""The transformer as one would write it first: for one sequence, with a token a row.

Most networks in JAX are written so and mapped over the batch. This one takes the weights of the
package's own, which computes a whole batch at once with episodes last, and gives the same logits.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from icl_repro.episodes import Episodes
from icl_repro.network.normalisation import NORM_EPSILON
from icl_repro.network.rotary import ROTARY_BASE
from icl_repro.network.transformer import Attention, LayerNorm, Norm, Transformer


def predict(model: Transformer, episodes: Episodes) -> Float[Array, "labels episodes"]:
    """Logits at the query of each episode."""
    exemplars = episodes.bank[episodes.exemplars]
    mapped = jax.vmap(logits_of_one, in_axes=(None, 1, 1), out_axes=1)
    return mapped(model, exemplars, episodes.labels[:2])


def logits_of_one(
    model: Transformer, exemplars: Float[Array, "3 features"], labels: Int[Array, " 2"]
) -> Float[Array, " labels"]:
    """Logits at the query of one sequence."""
    shown = exemplars @ model.exemplar_weight.T + model.exemplar_bias
    named = model.label_embedding.T[labels]
    tokens = jnp.stack([shown[0], named[0], shown[1], named[1], shown[2]])
    for layer in model.layers:
        tokens = tokens + attention(layer, normalise(layer.norm, tokens))
    final = normalise(model.norm, tokens[-1])
    return model.unembedding_weight @ final + model.unembedding_bias


def attention(layer: Attention, tokens: Float[Array, "5 width"]) -> Float[Array, "5 width"]:
    """Causal attention with rotary positions."""

    def by_head(weight: Float[Array, "width width"]) -> Float[Array, "5 heads channels"]:
        return (tokens @ weight.T).reshape(len(tokens), layer.heads, -1)

    queries, keys, values = (
        rotate(by_head(layer.query)),
        rotate(by_head(layer.key)),
        by_head(layer.value),
    )
    scores = jnp.einsum("qhc,khc->hqk", queries, keys) / np.sqrt(queries.shape[-1])
    causal = np.tri(len(tokens), dtype=bool)
    pattern = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf), axis=-1)
    mixed = jnp.einsum("hqk,khc->qhc", pattern, values)
    return mixed.reshape(len(tokens), -1) @ layer.output.T


def normalise(norm: Norm, x: Float[Array, "... width"]) -> Float[Array, "... width"]:
    """LayerNorm over the last axis, which the network has."""
    assert isinstance(norm, LayerNorm)
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = jnp.square(centred).mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + NORM_EPSILON) * norm.weight + norm.bias


def rotate(x: Float[Array, "5 heads channels"]) -> Float[Array, "5 heads channels"]:
    """Rotary positions."""
    channels = x.shape[-1]
    rate = ROTARY_BASE ** (-np.arange(0, channels, 2) / channels)
    angle = np.outer(np.arange(len(x)), rate)[:, None]
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    even, odd = x[..., ::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)
