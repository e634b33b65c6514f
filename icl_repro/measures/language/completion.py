"""Completion: how much likelier [A][B] … [A] makes [B], by how similar tokens are to A and B.

A sequence is random tokens, all different. One of them, A, stands in its middle or at another
distance from the end, with B after it; the last token is A again. `where` says which of the three
are fuzzy: vectors as long as the token's embedding, between that and the embedding of a token which
does not occur, with a given cosine to the first. So a fuzzy token has no other place in the text to
be found at. The places are named by what they are to an induction head:

- `"query"`, the last token: [A][B] … [A*], as usual;
- `"key"`, A in the context: [A*][B] … [A];
- `"value"`, B in the context; the token that is asked for is B itself.

So `("key", "value")` is [A*][B*] … [A]. Where both query and key are fuzzy, they are one vector.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from icl_repro.measures.kept import kept
from icl_repro.nearest import nearest, nearest_number
from icl_repro.network.language_model import LanguageModel
from icl_repro.numbers import count
from icl_repro.optogenetics import Constant, Edit, Intervention
from icl_repro.optogenetics.arguments import as_shown, whole_number
from icl_repro.text import Text
from icl_repro.training.spec import require_seeds

Place = Literal["query", "key", "value"]
"""The last token, A in the context, and B in the context."""
PLACES: tuple[Place, ...] = get_args(Place)
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
    where: Sequence[Place] = ("query",),
    seed: int = 0,
) -> Float[np.ndarray, " similarities"]:
    """Probability of B, as a geometric mean over sequences, for each cosine of fuzzy tokens.

    Args:
        model: reads the sequences.
        length: tokens of a sequence.
        similarities: cosines of what stands at the fuzzy places to A or B.
        where: the fuzzy places.
        seed: of the sequences.

    Raises:
        ValueError: the vocabulary is too small for so many different tokens, a sequence of that
            length has no place for A, B and A*, a similarity is no cosine, a seed is none, or
            `where` has something that is no place, or nothing.
        TypeError: the length or the seed is no whole number.
    """
    _require_length(model, length)
    places = _places(where)
    require_seeds(seed=whole_number(seed, "seed"))
    cosines, distance = _numbers(similarities), jnp.asarray(length - 1 - length // 2)
    found = _probabilities(model, length, distance, cosines, places, seed, SEQUENCES)
    return np.asarray(found, np.float64)


def completion_by_distance(
    model: LanguageModel,
    length: int,
    distances: Sequence[int],
    similarities: Sequence[float],
    *,
    seed: int = 0,
) -> Float[np.ndarray, "distances similarities"]:
    """The same for each distance of A* from A, with a fuzzy query, on fewer sequences each.

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
    require_seeds(seed=whole_number(seed, "seed"))
    cosines = _numbers(similarities)
    found = [
        _probabilities(model, length, jnp.asarray(distance), cosines, ("query",), seed, EACH)
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
    if np.ndim(similarities) != 1:
        raise ValueError(
            f"similarities are {as_shown(similarities)}, but must be a sequence of cosines, such "
            "as [0.0, 1.0]"
        )
    for given in similarities:
        cosine = given.item() if isinstance(given, np.generic | jax.Array) else given
        known = isinstance(cosine, int | float) and not math.isnan(cosine)
        if not known or not -1 <= cosine <= 1:
            nearest = f" (nearest: {1 if cosine > 1 else -1})" if known else ""
            raise ValueError(
                f"similarity {as_shown(cosine)} must be a cosine, a number from -1 to 1{nearest}"
            )
    return jnp.asarray(similarities, jnp.float32)


def _places(where: Sequence[Place]) -> tuple[Place, ...]:
    """Fuzzy places, each once, in the order of :data:`PLACES`.

    Raises:
        ValueError: one is no place, or there is none.
    """
    named = tuple(where) if isinstance(where, Iterable) and not isinstance(where, str) else (where,)
    for place in named:
        if place not in PLACES:
            raise ValueError(
                f"no token {as_shown(place)} can be fuzzy: {nearest(str(place), PLACES)}"
            )
    if not named:
        raise ValueError(f"no token is to be fuzzy: {nearest('', PLACES)}")
    return tuple(place for place in PLACES if place in named)


@kept(np.ndarray)
@eqx.filter_jit
def _probabilities(
    model: LanguageModel,
    length: int,
    distance: Int[Array, ""],
    cosines: Float[Array, " similarities"],
    where: tuple[Place, ...],
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
        fuzzy_a, fuzzy = _between(model, a, other_a, cosine), embedded
        if "query" in where:
            fuzzy = fuzzy.at[:, length - 1].set(fuzzy_a)
        if "key" in where:
            fuzzy = fuzzy.at[:, place].set(fuzzy_a)
        if "value" in where:
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
