"""The products inside attention, in the form that is fastest for few positions and channels.

Heads have 8 channels and episodes 5 positions: as batched matrix products these are all overhead.
Written out as sums over the channel or the position, with episodes last, each is one vectorised
loop, several times as fast on a CPU. Each function's gradient is a sum of the same kind, which
automatic differentiation would not find by itself; so it is stated. They have no forward mode.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Vectors = Float[Array, "heads channels positions episodes"]
Pairs = Float[Array, "heads queries keys episodes"]


def _over_channels(queries: Vectors, keys: Vectors) -> Pairs:
    channels = range(queries.shape[1])
    return reduce(add, (queries[:, c, :, None] * keys[:, c, None] for c in channels))


def _over_keys(weights: Pairs, values: Vectors) -> Vectors:
    keys = range(weights.shape[2])
    return reduce(add, (weights[:, None, :, k] * values[:, :, None, k] for k in keys))


def _over_queries(weights: Pairs, vectors: Vectors) -> Vectors:
    queries = range(weights.shape[1])
    return reduce(add, (weights[:, None, q] * vectors[:, :, q, None] for q in queries))


@jax.custom_vjp
def compare(queries: Vectors, keys: Vectors) -> Pairs:
    """Inner product of every query with every key of its head and episode."""
    return _over_channels(queries, keys)


def _compare_forward(queries: Vectors, keys: Vectors) -> tuple[Pairs, tuple[Vectors, Vectors]]:
    return _over_channels(queries, keys), (queries, keys)


def _compare_backward(saved: tuple[Vectors, Vectors], gradient: Pairs) -> tuple[Vectors, Vectors]:
    queries, keys = saved
    return _over_keys(gradient, keys), _over_queries(gradient, queries)


compare.defvjp(_compare_forward, _compare_backward)


@jax.custom_vjp
def mix(pattern: Pairs, values: Vectors) -> Vectors:
    """Sum of the values of its head and episode that each query attends to, by weight."""
    return _over_keys(pattern, values)


def _mix_forward(pattern: Pairs, values: Vectors) -> tuple[Vectors, tuple[Pairs, Vectors]]:
    return _over_keys(pattern, values), (pattern, values)


def _mix_backward(saved: tuple[Pairs, Vectors], gradient: Vectors) -> tuple[Pairs, Vectors]:
    pattern, values = saved
    return _over_channels(gradient, values), _over_queries(pattern, gradient)


mix.defvjp(_mix_forward, _mix_backward)


@jax.custom_vjp
def softmax_over_keys(scores: Pairs) -> Pairs:
    """Attention pattern of each query: non-negative, summing to 1 over the keys.

    Scores of minus infinity get no weight; each query needs a key with a finite score.
    """
    keys = range(scores.shape[2])
    largest = reduce(jnp.maximum, (scores[:, :, k] for k in keys))
    raised = jnp.exp(scores - largest[:, :, None])
    total = reduce(add, (raised[:, :, k] for k in keys))
    return raised * (1 / total)[:, :, None]


def _softmax_forward(scores: Pairs) -> tuple[Pairs, Pairs]:
    pattern = softmax_over_keys(scores)
    return pattern, pattern


def _softmax_backward(pattern: Pairs, gradient: Pairs) -> tuple[Pairs]:
    weighted = pattern * gradient
    total = reduce(add, (weighted[:, :, k] for k in range(pattern.shape[2])))
    return (weighted - pattern * total[:, :, None],)


softmax_over_keys.defvjp(_softmax_forward, _softmax_backward)
