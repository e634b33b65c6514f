"""The products inside attention, in the form that is fastest for few positions and channels.

Heads have 8 channels and episodes 5 positions: as batched matrix products these are all overhead.
Written out as sums over the channel or the position, with episodes last, each is one vectorised
loop, several times as fast on a CPU. Each function's gradient is a sum of the same kind, which
automatic differentiation would not find by itself; so it is stated. They have no forward mode.

The sums are stacked position by position, although one sum over arrays could give them all: a stack
is written to memory once, where the compiler would work a sum out anew for every product that reads
it, and it is a vectorised loop also where the compiler joins positions and episodes into one axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Vectors = Float[Array, "heads channels positions episodes"]
Pairs = Float[Array, "heads queries keys episodes"]

MOST_WRITTEN_OUT = 8
"""Sequences of more positions take batched products: written out, they would be long programs."""


def _is_short(n_positions: int) -> bool:
    return n_positions <= MOST_WRITTEN_OUT


def _over_channels(
    queries: Float[Array, "heads channels queries episodes"],
    keys: Float[Array, "heads channels keys episodes"],
) -> Pairs:
    if not _is_short(keys.shape[2]):
        return jnp.moveaxis(jnp.einsum("hcqe,hcke->heqk", queries, keys), 1, 3)
    channels = range(queries.shape[1])
    return _stack(
        reduce(add, (queries[:, c] * keys[:, c, None, k] for c in channels))
        for k in range(keys.shape[2])
    )


def _over_keys(
    weights: Pairs, values: Float[Array, "heads channels keys episodes"]
) -> Float[Array, "heads channels queries episodes"]:
    if not _is_short(weights.shape[2]):
        return jnp.einsum("hqke,hcke->hcqe", weights, values)
    keys = range(weights.shape[2])
    return _stack(
        reduce(add, (weights[:, None, q, k] * values[:, :, k] for k in keys))
        for q in range(weights.shape[1])
    )


def _over_queries(
    weights: Pairs, vectors: Float[Array, "heads channels queries episodes"]
) -> Float[Array, "heads channels keys episodes"]:
    if not _is_short(weights.shape[2]):
        return jnp.einsum("hqke,hcqe->hcke", weights, vectors)
    queries = range(weights.shape[1])
    return _stack(
        reduce(add, (weights[:, None, q, k] * vectors[:, :, q] for q in queries))
        for k in range(weights.shape[2])
    )


def _stack(parts: Iterable[Float[Array, "heads n episodes"]]) -> Float[Array, "heads n m episodes"]:
    """The parts along axis 2."""
    return jnp.stack(list(parts), axis=2)


@jax.custom_vjp
def compare(
    queries: Float[Array, "heads channels queries episodes"],
    keys: Float[Array, "heads channels keys episodes"],
) -> Pairs:
    """Inner product of every query with every key of its head and episode."""
    return _over_channels(queries, keys)


def _compare_forward(queries: Array, keys: Array) -> tuple[Pairs, tuple[Array, Array]]:
    return _over_channels(queries, keys), (queries, keys)


def _compare_backward(saved: tuple[Array, Array], gradient: Pairs) -> tuple[Array, Array]:
    queries, keys = saved
    return _over_keys(gradient, keys), _over_queries(gradient, queries)


compare.defvjp(_compare_forward, _compare_backward)


@jax.custom_vjp
def mix(
    pattern: Pairs, values: Float[Array, "heads channels keys episodes"]
) -> Float[Array, "heads channels queries episodes"]:
    """Sum of the values of its head and episode that each query attends to, by weight."""
    return _over_keys(pattern, values)


def _mix_forward(pattern: Pairs, values: Vectors) -> tuple[Array, tuple[Pairs, Array]]:
    return _over_keys(pattern, values), (pattern, values)


def _mix_backward(saved: tuple[Pairs, Array], gradient: Vectors) -> tuple[Pairs, Array]:
    pattern, values = saved
    return _over_channels(gradient, values), _over_queries(pattern, gradient)


mix.defvjp(_mix_forward, _mix_backward)


@jax.custom_vjp
def softmax_over_keys(scores: Pairs) -> Pairs:
    """Attention pattern of each query: non-negative, summing to 1 over the keys.

    Scores of minus infinity get no weight; each query needs a key with a finite score.
    """
    if not _is_short(scores.shape[2]):
        # In the order of axes in which batched products give and take them.
        return jnp.moveaxis(jax.nn.softmax(jnp.moveaxis(scores, 3, 1), axis=3), 1, 3)
    keys = range(scores.shape[2])
    largest = reduce(jnp.maximum, (scores[:, :, k] for k in keys))
    raised = jnp.exp(scores - largest[:, :, None])
    share = 1 / reduce(add, (raised[:, :, k] for k in keys))
    return _stack(raised[:, :, k] * share for k in keys)


def _softmax_forward(scores: Pairs) -> tuple[Pairs, Pairs]:
    pattern = softmax_over_keys(scores)
    return pattern, pattern


def _softmax_backward(pattern: Pairs, gradient: Pairs) -> tuple[Pairs]:
    if not _is_short(pattern.shape[2]):
        pattern, gradient = jnp.moveaxis(pattern, 3, 1), jnp.moveaxis(gradient, 3, 1)
        along = pattern * gradient
        change = along - pattern * along.sum(axis=3, keepdims=True)
        return (jnp.moveaxis(change, 1, 3),)
    weighted = pattern * gradient
    total = reduce(add, (weighted[:, :, k] for k in range(pattern.shape[2])))
    return (weighted - pattern * total[:, :, None],)


softmax_over_keys.defvjp(_softmax_forward, _softmax_backward)
