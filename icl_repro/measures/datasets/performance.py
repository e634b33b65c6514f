"""Measurements over a whole set of episodes, such as all 78,400 training sequences."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from icl_repro.episodes import Episodes
from icl_repro.measures.datasets.chunks import over_chunks
from icl_repro.measures.kept import kept
from icl_repro.network.transformer import Transformer
from icl_repro.optogenetics import Intervention
from icl_repro.training.evaluation import (
    attention_to_others,
    correct,
    losses,
    query_attention,
)

LARGEST_CHUNK = 200
"""Episodes evaluated at once: 1,000 leave the cache and take 1.2 times as long."""


class Performance(eqx.Module):
    """How a network does on a set of episodes, or several times under as many interventions.

    Attributes:
        loss: mean cross-entropy at the query, in nats.
        accuracy: share of episodes in which the right label has the largest logit.
        induction_strength: of each head of the last layer (Section 3): attention from the query to
            the label of its class less that to the other label (the mean of several others).
    """

    loss: Float[Array | np.ndarray, "*choices"]
    accuracy: Float[Array | np.ndarray, "*choices"]
    induction_strength: Float[Array | np.ndarray, "*choices heads"]


@kept(Performance)
@eqx.filter_jit
def performance(
    model: Transformer, episodes: Episodes, intervention: Intervention | None = None
) -> Performance:
    """Evaluate a network on every episode, under an intervention if one is given."""
    edits = Intervention() if intervention is None else intervention
    return _mean_over_chunks(episodes, lambda chunk: _evaluate(model, chunk, edits))


@kept(Performance)
@eqx.filter_jit
def performances(
    model: Transformer,
    episodes: Episodes,
    build: Callable[..., Intervention],
    *axes: Shaped[Array | np.ndarray, "_ ..."],
) -> Performance:
    """Evaluate a network on every episode under every combination of interventions.

    One compiled program for all of them. What does not depend on an axis is computed once for all
    choices along it, so that the axis that acts earliest in the network should come first.

    Args:
        model: the network.
        episodes: what to evaluate it on.
        build: makes an intervention from one choice of each axis (such as masks of heads); a
            function of a module, so that it is compiled once.
        axes: the choices, stacked along their first axis.

    Returns:
        The performance, with one leading axis for each of `axes`.
    """

    def evaluate(chunk: Episodes) -> Performance:
        of_choices = lambda *choices: _evaluate(model, chunk, build(*choices))  # noqa: E731
        for axis in reversed(range(len(axes))):
            mapped = [0 if other == axis else None for other in range(len(axes))]
            of_choices = jax.vmap(of_choices, in_axes=mapped)
        return of_choices(*axes)

    return _mean_over_chunks(episodes, evaluate)


def _evaluate(model: Transformer, episodes: Episodes, edits: Intervention) -> Performance:
    trace = edits.predict(model, episodes)
    last = model.n_layers - 1
    return Performance(
        loss=losses(trace.logits, episodes).mean(),
        accuracy=correct(trace.logits, episodes).mean(),
        induction_strength=query_attention(trace, last, episodes.correct_position)
        - attention_to_others(trace, last, episodes),
    )


def _mean_over_chunks(
    episodes: Episodes, evaluate: Callable[[Episodes], Performance]
) -> Performance:
    # The chunks are equal, so that the mean of their means is the mean.
    means = over_chunks(episodes, evaluate, LARGEST_CHUNK)
    return jax.tree.map(lambda x: jnp.mean(x, axis=0), means)
