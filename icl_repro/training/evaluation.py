"""What is measured on each evaluation set while a network trains."""

from __future__ import annotations

from functools import reduce
from operator import add, or_

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from icl_repro.episodes import Episodes
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention, Trace

WHOLE = "train"
"""The set on which everything is measured."""
LARGEST_CHUNK = 100
"""Episodes that a processor evaluates together: their activations stay in the cache of a core."""
MOST_AT_ONCE = 2**16
"""Episodes of all runs of a group that other devices evaluate together: enough to keep them busy,
and little more than 1 GiB, because each takes some 20 KiB with the paper's network."""


def largest_chunk(platform: str, n_runs: int) -> int:
    """How many episodes of each run to evaluate together on a device of that platform."""
    return LARGEST_CHUNK if platform == "cpu" else max(1, MOST_AT_ONCE // n_runs)


def is_target(episodes: Episodes, n_labels: int) -> Bool[Array, "labels episodes"]:
    """Mask of the label to predict."""
    return jnp.arange(n_labels)[:, None] == episodes.targets


def losses(
    logits: Float[Array, "labels episodes"], episodes: Episodes
) -> Float[Array, " episodes"]:
    """Cross-entropy at the query of each episode, in nats."""
    # A sum over a mask, not a gather: the copy clamp has logits of minus infinity elsewhere.
    of_target = jnp.where(is_target(episodes, logits.shape[0]), logits, 0).sum(axis=0)
    return jax.nn.logsumexp(logits, axis=0) - of_target


def correct(
    logits: Float[Array, "labels episodes"], episodes: Episodes
) -> Bool[Array, " episodes"]:
    """Whether the label to predict has the largest logit."""
    return logits.argmax(axis=0) == episodes.targets


def context_label_probability(
    logits: Float[Array, "labels episodes"], episodes: Episodes
) -> Float[Array, " episodes"]:
    """Probability on the labels in context together."""
    labels = jnp.arange(logits.shape[0])[:, None]
    shown = reduce(or_, (labels == episodes.labels[pair] for pair in range(episodes.pairs)))
    return jnp.where(shown, jax.nn.softmax(logits, axis=0), 0).sum(axis=0)


def query_attention(trace: Trace, layer: int, positions: Array) -> Float[Array, " heads"]:
    """Mean attention from the query to one position of each episode, for each head of a layer."""
    from_query = trace[f"layers.{layer}.attention.pattern"][:, -1]
    there = jnp.arange(from_query.shape[1])[:, None] == positions
    return jnp.where(there, from_query, 0).sum(axis=1).mean(axis=-1)


def attention_to_others(trace: Trace, layer: int, episodes: Episodes) -> Float[Array, " heads"]:
    """Mean attention from the query to a label of another class, for each head of a layer; of
    several the mean, so that a head that cannot tell labels apart attends to both kinds alike.
    """
    to_each = [query_attention(trace, layer, there) for there in episodes.incorrect_positions]
    return to_each[0] if len(to_each) == 1 else reduce(add, to_each) / len(to_each)


def previous_token_attention(trace: Trace, layer: int) -> Float[Array, " heads"]:
    """Mean attention from the label tokens to the token before, for each head of a layer.

    Raises:
        ValueError: the trace has that layer's pattern for the query only.
    """
    pattern = trace[f"layers.{layer}.attention.pattern"]
    n_positions = pattern.shape[2]
    if pattern.shape[1] != n_positions:
        raise ValueError(
            f"the pattern of layer {layer} covers {pattern.shape[1]} position, not all "
            f"{n_positions}: take the trace with Intervention.trace, which covers all"
        )
    to_previous = [pattern[:, label, label - 1] for label in range(1, n_positions, 2)]
    return jnp.stack(to_previous).mean(axis=(0, 2))


def evaluate(
    model: Transformer,
    intervention: Intervention,
    sets: dict[str, Episodes],
    largest_chunk: int = LARGEST_CHUNK,
) -> dict[str, Float[Array, "..."]]:
    """Measure a network under an intervention, at most `largest_chunk` episodes at once.

    Returns:
        ``SET.loss`` and ``SET.accuracy`` for each set (scalars). On the training set also
        ``context_label_probability`` (scalar), ``attention.correct`` and ``attention.incorrect``
        (layers, heads): attention from the query to the label of its class and to the other one
        (the mean of several),
        and ``attention.previous`` (layers but the last, heads): from the labels to the token
        before.
    """
    measured = {}
    for name, episodes in sets.items():
        measured |= of_set(name, evaluate_set(model, intervention, episodes, largest_chunk))
    return measured


def of_set(name: str, found: dict[str, Array]) -> dict[str, Array]:
    """What is kept of what was measured on a set, by the names that curves have."""
    named = {f"{name}.{measure}": found[measure] for measure in ("loss", "accuracy")}
    if name != WHOLE:
        return named
    return named | {key: value for key, value in found.items() if key not in ("loss", "accuracy")}


def evaluate_set(
    model: Transformer,
    intervention: Intervention,
    episodes: Episodes,
    largest_chunk: int = LARGEST_CHUNK,
) -> dict[str, Float[Array, "..."]]:
    """Loss and accuracy on a set, and all the rest that :func:`evaluate` measures on one of them,
    at most `largest_chunk` episodes at once.

    The rest takes a thirtieth of the time, and a program of its own without it half a second of a
    compiler, which no run is long enough to be worth.
    """
    size = chunk_size(episodes.size, largest_chunk)

    def of_chunk(chosen: tuple[Array, ...]) -> dict[str, Array]:
        chunk = Episodes(episodes.bank, *chosen)
        trace = intervention.predict(model, chunk)
        return {
            "loss": losses(trace.logits, chunk).mean(),
            "accuracy": correct(trace.logits, chunk).mean(),
            **_attention(model, trace, chunk),
            "context_label_probability": context_label_probability(trace.logits, chunk).mean(),
        }

    chunks = tuple(
        jnp.moveaxis(array.reshape(*array.shape[:-1], -1, size), -2, 0)
        for array in (episodes.exemplars, episodes.labels, episodes.matching)
    )
    return jax.tree.map(lambda parts: parts.mean(axis=0), jax.lax.map(of_chunk, chunks))


def chunk_size(n_episodes: int, largest: int) -> int:
    """The largest size of equal chunks, or all episodes if there is none worth it."""
    size = max(n for n in range(1, min(largest, n_episodes) + 1) if n_episodes % n == 0)
    return size if 2 * size > largest else n_episodes


def _attention(model: Transformer, trace: Trace, episodes: Episodes) -> dict[str, Array]:
    layers = range(model.n_layers)
    return {
        "attention.correct": jnp.stack(
            [query_attention(trace, layer, episodes.correct_position) for layer in layers]
        ),
        "attention.incorrect": jnp.stack(
            [attention_to_others(trace, layer, episodes) for layer in layers]
        ),
        "attention.previous": jnp.stack(
            [previous_token_attention(trace, layer) for layer in layers[:-1]]
            or [jnp.zeros((0, model.n_heads))]
        ).reshape(-1, model.n_heads),
    }
