"""Going through many episodes in chunks that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable

import jax
from jaxtyping import Array, PyTree

from icl_repro.episodes import Episodes


def over_chunks(
    episodes: Episodes, evaluate: Callable[[Episodes], PyTree[Array]], largest: int
) -> PyTree[Array]:
    """Evaluate equal chunks of episodes one after the other, inside one compiled loop.

    Args:
        episodes: all of them.
        evaluate: what to do with a chunk.
        largest: most episodes in a chunk; it is the largest divisor of their number up to that.

    Returns:
        What `evaluate` returns, with a leading axis for the chunks, in the order of the episodes.
    """
    size = next(n for n in range(min(largest, episodes.size), 0, -1) if episodes.size % n == 0)
    parts = jax.tree.map(
        lambda x: x.reshape(-1, size, *x.shape[1:]),
        (episodes.exemplars.T, episodes.labels.T, episodes.matching),
    )
    return jax.lax.map(
        lambda part: evaluate(Episodes(episodes.bank, part[0].T, part[1].T, part[2])), parts
    )
