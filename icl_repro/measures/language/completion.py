"""Completion: how much likelier [A][B] … [A*] makes [B], by how similar A* is to A.

A sequence is random tokens, all different. One of them, A, stands in its middle or at another
distance from the end, with B after it; the last token is A*: A itself, or a vector of the same
length between A's embedding and that of a token which does not occur, with a given cosine to A's.
So a fuzzy A* has no other place in the text to be found at. With `both`, B is as fuzzy where it
stands, and the token that is asked for is B.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from icl_repro.measures.kept import kept
from icl_repro.nearest import nearest_number
from icl_repro.network.language_model import LanguageModel
from icl_repro.numbers import count
from icl_repro.optogenetics import Constant, Edit, Intervention
from icl_repro.optogenetics.arguments import as_shown, whole_number
from icl_repro.text import Text

LEAST_LENGTH = 3
"""A, B and A*: the shortest sequence."""
SEQUENCES = 256
EACH = 64
"""Sequences for each of several distances."""


def completion_probabilities(
    model: LanguageModel,
    length: int,
    similarities: Sequence[float],
    *,
    both: bool = False,
    seed: int = 0,
) -> Float[np.ndarray, " similarities"]:
    """Probability of B after A*, as a geometric mean over sequences, for each cosine of A* and A.

    Raises:
        ValueError: the vocabulary is too small for so many different tokens, a sequence of that
            length has no place for A, B and A*, or a similarity is no cosine.
        TypeError: the length is no whole number.
    """
    _require_length(model, length)
    cosines, distance = _numbers(similarities), jnp.asarray(length - 1 - length // 2)
    found = _probabilities(model, length, distance, cosines, both, seed, SEQUENCES)
    return np.asarray(found, np.float64)


def completion_by_distance(
    model: LanguageModel,
    length: int,
    distances: Sequence[int],
    similarities: Sequence[float],
    *,
    seed: int = 0,
) -> Float[np.ndarray, "distances similarities"]:
    """The same for each distance of A* from A, on fewer sequences each.

    Raises:
        ValueError: a sequence is too short for a distance, with B between; the vocabulary is too
            small; or a similarity is no cosine.
        TypeError: the length or a distance is no whole number.
    """
    _require_length(model, length)
    for distance in distances:
        if not 2 <= whole_number(distance, "distance") < length:
            raise ValueError(
                f"distance {distance} must be from 2 to {length - 1}, within {length} tokens "
                f"(nearest: {nearest_number(distance, 2, length - 1)})"
            )
    cosines = _numbers(similarities)
    found = [
        _probabilities(model, length, jnp.asarray(distance), cosines, False, seed, EACH)
        for distance in distances
    ]
    return np.asarray(found, np.float64).reshape(len(found), len(similarities))


def _require_length(model: LanguageModel, length: int) -> None:
    """Raise ValueError unless a sequence has places for A, B and A*, and tokens for all others."""
    if whole_number(length, "length") < LEAST_LENGTH:
        raise ValueError(
            f"length is {length}, but must be at least {LEAST_LENGTH}: A, B and then A* "
            f"(nearest: {LEAST_LENGTH})"
        )
    if model.vocabulary < length + 2:
        longest = model.vocabulary - 2
        nearest = f" (nearest length: {longest})" if longest >= LEAST_LENGTH else ""
        raise ValueError(
            f"the vocabulary has {count(model.vocabulary, 'token')}, but {length + 2} different "
            f"ones are needed{nearest}"
        )


def _numbers(similarities: Sequence[float]) -> Float[Array, " similarities"]:
    """As an array.

    Raises:
        ValueError: one is no cosine.
    """
    for cosine in similarities:
        known = isinstance(cosine, int | float | np.number) and not math.isnan(cosine)
        if not known or not -1 <= cosine <= 1:
            nearest = f" (nearest: {1 if cosine > 1 else -1})" if known else ""
            raise ValueError(
                f"similarity {as_shown(cosine)} must be a cosine, a number from -1 to 1{nearest}"
            )
    return jnp.asarray(similarities, jnp.float32)


@kept(np.ndarray)
@eqx.filter_jit
def _probabilities(
    model: LanguageModel,
    length: int,
    distance: Int[Array, ""],
    cosines: Float[Array, " similarities"],
    both: bool,
    seed: int,
    sequences: int,
) -> Float[Array, " similarities"]:
    drawn = jax.random.uniform(jax.random.key(seed), (model.vocabulary, sequences)).argsort(axis=0)
    place = length - 1 - distance
    a, b, other_a, other_b = drawn[place], drawn[place + 1], drawn[length], drawn[length + 1]
    tokens = jnp.concatenate([drawn[: length - 1], a[None], b[None]])
    text = Text(tokens, jnp.zeros(tokens.shape, bool))
    embedded = model.token_embedding[:, text.read]

    def of_cosine(cosine: Float[Array, ""]) -> Array:
        fuzzy = embedded.at[:, length - 1].set(_between(model, a, other_a, cosine))
        if both:
            fuzzy = fuzzy.at[:, place + 1].set(_between(model, b, other_b, cosine))
        edits = Intervention([Edit("embedding", Constant(fuzzy))])
        logits = edits.predict(model, text).logits[:, -1]
        of_b = jnp.take_along_axis(logits, b[None], axis=0)[0]
        return jnp.exp((of_b - jax.nn.logsumexp(logits, axis=0)).mean())

    return jax.lax.map(of_cosine, cosines)


def _between(
    model: LanguageModel,
    token: Int[Array, " sequences"],
    other: Int[Array, " sequences"],
    cosine: Float[Array, ""],
) -> Float[Array, "width sequences"]:
    """A vector as long as the embedding of a token, with a cosine to it, towards another's."""
    vector, towards = model.token_embedding[:, token], model.token_embedding[:, other]
    size = jnp.linalg.norm(vector, axis=0)
    along = vector / size
    across = towards - (towards * along).sum(axis=0) * along
    across = across / jnp.linalg.norm(across, axis=0)
    return size * (cosine * along + jnp.sqrt(1 - cosine**2) * across)
