"""Measurements over a whole set of episodes, such as all 78,400 training sequences."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_repro.episodes import Episodes
from icl_repro.optogenetics import Intervention
from icl_repro.training.evaluation import correct, losses, query_attention
from icl_repro.transformer import Transformer

LARGEST_CHUNK = 10_000
"""Episodes evaluated at once: more would leave the cache."""


class Performance(eqx.Module):
    """How a network does on a set of episodes.

    Attributes:
        loss: mean cross-entropy at the query, in nats.
        accuracy: share of episodes in which the right label has the largest logit.
        induction_strength: of each head of the last layer (Section 3): attention from the query to
            the label of its class less that to the other label.
    """

    loss: Float[Array, ""]
    accuracy: Float[Array, ""]
    induction_strength: Float[Array, " heads"]


@eqx.filter_jit
def performance(
    model: Transformer, episodes: Episodes, intervention: Intervention | None = None
) -> Performance:
    """Evaluate a network on every episode, under an intervention if one is given."""
    edits = Intervention() if intervention is None else intervention
    last = model.n_layers - 1

    def evaluate(part: tuple[Array, Array, Array]) -> Performance:
        chunk = Episodes(episodes.bank, part[0].T, part[1].T, part[2])
        trace = edits.predict(model, chunk)
        strength = query_attention(trace, last, chunk.correct_position) - query_attention(
            trace, last, chunk.incorrect_position
        )
        return Performance(
            losses(trace.logits, chunk).mean(), correct(trace.logits, chunk).mean(), strength
        )

    # Equal chunks, so that the mean of their means is the mean.
    size = next(
        n for n in range(min(LARGEST_CHUNK, episodes.size), 0, -1) if episodes.size % n == 0
    )
    parts = jax.tree.map(
        lambda x: x.reshape(-1, size, *x.shape[1:]),
        (episodes.exemplars.T, episodes.labels.T, episodes.matching),
    )
    return jax.tree.map(lambda x: jnp.mean(x, axis=0), jax.lax.map(evaluate, parts))
