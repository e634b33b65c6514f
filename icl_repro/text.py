"""Text for language models: tokens with bigram structure, in which segments come again.

A sequence is a chain of tokens: each is drawn by the token before, from a vocabulary in which few
tokens are frequent (Zipf's law). Now and then a segment of the sequence itself comes again, at a
random place and distance. What follows the first token of a repeat cannot be known by heart, only
from the sequence.

Arrays keep the axis of sequences last: that is the layout in which the transformer computes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from icl_repro.nearest import nearest_number

USUAL_SEGMENT = (8, 32)


class TextError(ValueError):
    """Settings of text that cannot be met."""


class TextSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How sequences are drawn.

    Attributes:
        vocabulary: tokens to choose from.
        length: tokens that a model reads; each sequence has one more, the last to be predicted.
        repeats: share of the tokens of an endless sequence that would repeat earlier ones, if
            segments were never cut short and a new token stood before each repeat; 0 for none. The
            usual 0.75 comes to 0.59 of all tokens of a sequence, at the begin of which there is
            little to repeat, to 0.74 of its second half, and to 0.77 of a sequence of 1,000.
        segment: the least and the most tokens of a segment that comes again. One is no longer than
            it is far from the first time.
        multiple: segments of the training text come again at distances that are multiples of this,
            from the shortest segment on. So are repeats of repeats, and any two repeats of one
            segment: nothing but chance repeats a token at another distance. All others are kept for
            the test.
        bigram: share of the tokens that are drawn by the token before, the others by how frequent
            they are.
        exponent: of Zipf's law.
        chain_seed: seed of what follows what.
        shuffled: repeats have tokens drawn from the segment at random, with replacement: a control,
            in which a token says nothing about the next.

    Raises:
        TextError: a value of the wrong type or out of range, or one that would do nothing.
    """

    vocabulary: int = 64
    length: int = 64
    repeats: float = 0.75
    segment: tuple[int, int] = USUAL_SEGMENT
    multiple: int = 2
    bigram: float = 0.5
    exponent: float = 1.0
    chain_seed: int = 0
    shuffled: bool = False

    def __post_init__(self) -> None:
        for name, least in (("vocabulary", 2), ("length", 4), ("multiple", 2), ("chain_seed", 0)):
            value = getattr(self, name)
            if not _is_whole(value):
                raise TextError(
                    f"{name} is {value!r}, but must be a whole number"
                    + _nearest_whole(value, least, USUAL[name])
                )
            if value < least:
                raise TextError(
                    f"{name} is {value}, but must be at least {least} (nearest: {least})"
                )
        for name in ("repeats", "bigram", "exponent"):
            value = getattr(self, name)
            if not _is_number(value):
                raise TextError(f"{name} is {value!r}, but must be a number, such as {USUAL[name]}")
            msgspec.structs.force_setattr(self, name, float(value))
        for name in ("repeats", "bigram"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                near = 0.0 if share < 0 else 0.9 if share >= 1 else USUAL[name]
                raise TextError(
                    f"{name} is {share}, but must be at least 0 and below 1, such as {near}"
                )
        if not 0 <= self.exponent < float("inf"):
            near = 0.0 if self.exponent < 0 else USUAL["exponent"]
            raise TextError(
                f"exponent is {self.exponent}, but must be at least 0 and finite, such as {near}"
            )
        if not isinstance(self.shuffled, bool):
            raise TextError(f"shuffled is {self.shuffled!r}, but must be True or False")
        _require_segment(self.segment)
        msgspec.structs.force_setattr(self, "segment", tuple(map(int, self.segment)))
        for name in ("vocabulary", "length", "multiple", "chain_seed"):
            msgspec.structs.force_setattr(self, name, int(getattr(self, name)))
        low, high = self.segment
        if not 1 <= low <= high <= self.length:
            raise TextError(
                f"segment is {(low, high)}, but must be a least and a most number from 1 to the "
                f"length, {self.length} (nearest: {self._nearest_segment})"
            )
        if 2 * self.vocabulary < self.length:
            raise TextError(
                f"vocabulary is {self.vocabulary}, but must be at least half of the length, "
                f"{self.length}: the held-out random tokens are all different until they repeat "
                f"(nearest: {math.ceil(self.length / 2)})"
            )
        for distances, use in ((self.distances, "train"), (self.held_out_distances, "test")):
            if not len(distances):
                raise TextError(
                    f"multiple is {self.multiple}, which leaves no distance to {use} on from the "
                    f"shortest segment, {low}, to the length, {self.length}{self._nearest_multiple}"
                )
        self._require_effect()

    def _require_effect(self) -> None:
        """Raise TextError where a setting would do nothing, or less than it says."""
        low, high = self.segment
        # One token in between is the least: more cannot be asked for than a repeat after each.
        most = (low + high) / (low + high + 2)
        if self.repeats > most:
            nearest = math.floor(1000 * most) / 1000
            raise TextError(
                f"repeats is {self.repeats}, but must be at most {nearest} for segments of {low} "
                f"to {high} tokens, one of which then follows each new token (nearest: {nearest})"
            )
        if self.repeats and self.distances[0] + low > self.length + 1:
            raise TextError(
                f"multiple is {self.multiple}, but no segment of {low} tokens comes again whole as "
                f"far from the first time as {self.distances[0]} within the {self.length + 1} "
                f"tokens of a sequence{self._nearest_multiple}"
            )
        if self.bigram and not self.exponent:
            raise TextError(
                f"bigram is {self.bigram}, but exponent is 0, so that after every token all tokens "
                "are as frequent and the one before decides nothing (nearest: bigram 0)"
            )
        if self.chain_seed and not self.bigram:
            raise TextError(
                f"chain_seed is {self.chain_seed}, but bigram is 0, so that no token is drawn by "
                "the one before, which is all that it decides (nearest: chain_seed 0)"
            )
        if self.shuffled and not self.repeats:
            raise TextError(
                "shuffled is True, but repeats is 0, so that there is nothing to shuffle (nearest: "
                "shuffled False)"
            )

    @property
    def _nearest_segment(self) -> tuple[int, int]:
        """The nearest to the segment that there can be, its numbers in order."""
        low, high = sorted(nearest_number(tokens, 1, self.length) for tokens in self.segment)
        return low, high

    @property
    def _nearest_multiple(self) -> str:
        """The nearest with which a shortest segment comes again whole, and not at every distance,
        in brackets; nothing where none does.
        """
        low, last = self.segment[0], self.length + 1 - self.segment[0]
        fit = [n for n in range(2, self.length + 1) if low <= max(1, -(-low // n)) * n <= last]
        if not fit:
            return ""
        return f" (nearest: {min(fit, key=lambda n: abs(n - self.multiple))})"

    @property
    def distances(self) -> Int[np.ndarray, " distances"]:
        """The distances at which segments of the training text come again."""
        return self._fitting[self._fitting % self.multiple == 0]

    @property
    def held_out_distances(self) -> Int[np.ndarray, " distances"]:
        """The distances kept for the test."""
        return self._fitting[self._fitting % self.multiple != 0]

    @property
    def _fitting(self) -> Int[np.ndarray, " distances"]:
        """Those from the shortest segment to the length."""
        return np.arange(self.segment[0], self.length + 1)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_whole(value) or isinstance(value, float | np.floating)


def _nearest_whole(value: object, least: int, usual: object) -> str:
    """The nearest that there is, in brackets; of what is no number, the usual one."""
    if not isinstance(value, float | np.floating) or not math.isfinite(value):
        return f", such as {usual}"
    return f" (nearest: {max(least, round(float(value)))})"


def _require_segment(segment: Any) -> None:
    """Raise TextError unless it is two whole numbers."""
    is_pair = isinstance(segment, tuple | list) and len(segment) == 2
    if not is_pair or not all(map(_is_whole, segment)):
        raise TextError(
            f"segment is {segment!r}, but must be two whole numbers, such as {USUAL_SEGMENT}"
        )


USUAL = {field.name: field.default for field in msgspec.structs.fields(TextSettings)}
"""What settings are unless they are named."""


class Text(eqx.Module):
    """A batch of sequences.

    Attributes:
        tokens: of each sequence, one more than a model reads.
        repeated: which of them repeat earlier ones as parts of a segment.
    """

    tokens: Int[Array, "tokens sequences"]
    repeated: Bool[Array, "tokens sequences"]

    @property
    def size(self) -> int:
        """Number of sequences."""
        return self.tokens.shape[1]

    @property
    def n_positions(self) -> int:
        """Number of tokens that a model reads of each."""
        return self.tokens.shape[0] - 1

    @property
    def read(self) -> Int[Array, "positions sequences"]:
        """What a model reads."""
        return self.tokens[:-1]

    @property
    def targets(self) -> Int[Array, "positions sequences"]:
        """The token to predict at each position: the one that comes next."""
        return self.tokens[1:]


def chain(settings: TextSettings) -> Float[np.ndarray, "before vocabulary"]:
    """How probable each token is after each token, determined by ``settings.chain_seed``.

    A mixture of how frequent tokens are and of what follows a token: the same law, with the tokens
    in an order of its own for each.
    """
    size = settings.vocabulary
    frequency = np.arange(1, size + 1) ** -settings.exponent
    frequency /= frequency.sum()
    rng = np.random.default_rng(settings.chain_seed)
    following = np.stack([frequency[rng.permutation(size)] for _ in range(size)])
    return (1 - settings.bigram) * frequency + settings.bigram * following


class TextSampler(eqx.Module):
    """Draws sequences of a chain in which segments come again.

    Attributes:
        cumulative: probability of each token or an earlier one, after each token.
        start: probability that a repeat starts at a token outside of one.
        distances: that a repeat can have, in order.
        segment, length, shuffled: see :class:`TextSettings`.
    """

    cumulative: Float[Array, "before vocabulary"]
    start: Float[Array, ""]
    distances: Int[Array, " distances"]
    segment: tuple[int, int] = eqx.field(static=True)
    length: int = eqx.field(static=True)
    shuffled: bool = eqx.field(static=True)

    def sample(self, key: Key[Array, ""], size: int) -> Text:
        """Draw `size` independent sequences."""
        n_tokens = self.length + 1
        chances = jax.random.uniform(key, (n_tokens, 5, size))
        zeros = jnp.zeros(size, jnp.int32)
        begin = jnp.zeros((n_tokens, size), jnp.int32), zeros, zeros, zeros
        steps = jnp.arange(n_tokens), chances
        (tokens, *_), repeated = jax.lax.scan(lambda *of: self._step(*of), begin, steps)
        return Text(tokens, repeated)

    def _step(self, state: tuple, given: tuple) -> tuple[tuple, Bool[Array, " sequences"]]:
        """Append a token. Of the segment that is being repeated, `first` is its first token and
        `extent` how long it is; `done` of its tokens have come again, all where none is repeated.
        """
        tokens, first, extent, done = state
        place, (starts, where, how_long, which, next_) = given
        fitting = (self.distances <= place).sum()
        is_start = (done >= extent) & (starts < self.start) & (fitting > 0)
        distance = self.distances[_pick(where, fitting)]
        low, high = self.segment
        drawn_extent = jnp.minimum(low + _pick(how_long, high - low + 1), distance)
        first = jnp.where(is_start, place - distance, first)
        extent = jnp.where(is_start, drawn_extent, extent)
        done = jnp.where(is_start, 0, done)

        repeats = done < extent
        source = first + (_pick(which, extent) if self.shuffled else done)
        again = jnp.take_along_axis(tokens, source[None], axis=0)[0]
        before = tokens[jnp.maximum(place - 1, 0)]
        # The first token follows the most frequent one.
        new = (self.cumulative[jnp.where(place == 0, 0, before)] <= next_[:, None]).sum(axis=1)
        token = jnp.where(repeats, again, jnp.minimum(new, self.cumulative.shape[1] - 1))
        tokens = tokens.at[place].set(token.astype(jnp.int32))
        return (tokens, first, extent, jnp.where(repeats, done + 1, done)), repeats


def _pick(
    chance: Float[Array, " sequences"], n: Int[Array, "..."] | int
) -> Int[Array, " sequences"]:
    """A number from 0 to below `n` for each chance."""
    return jnp.clip((chance * n).astype(jnp.int32), 0, jnp.maximum(n - 1, 0))


class RepeatedTokens(eqx.Module):
    """Draws random tokens, all different, that come again in the same order until the end: nothing
    of them can be known by heart (Olsson et al., 2022).
    """

    vocabulary: int = eqx.field(static=True)
    length: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.vocabulary < self.period:
            raise TextError(
                f"random tokens, of which {self.period} come before the first comes again, need "
                f"a vocabulary of at least {self.period}, not {self.vocabulary} (nearest: "
                f"{self.period})"
            )

    @property
    def period(self) -> int:
        """How many tokens come before the first one comes again."""
        return self.length // 2

    def sample(self, key: Key[Array, ""], size: int) -> Text:
        """Draw `size` independent sequences."""
        drawn = jax.random.uniform(key, (self.vocabulary, size)).argsort(axis=0)
        place = np.arange(self.length + 1)
        again = jnp.broadcast_to(place[:, None] >= self.period, (self.length + 1, size))
        return Text(drawn[place % self.period].astype(jnp.int32), again)


TextSetName = Literal["train", "repeated", "new_distances", "no_repeats"]
"""The sets that a model is evaluated on: text like that trained on; random tokens repeated; repeats
at distances that training has not; no repeats."""

TEXT_SETS: tuple[TextSetName, ...] = get_args(TextSetName)


def text_samplers(settings: TextSettings) -> Mapping[TextSetName, TextSampler | RepeatedTokens]:
    """The samplers of the evaluation sets; `train` is also what is trained on.

    Evaluation sets other than `train` are never shuffled; `new_distances` has repeats even where
    the training text has none.
    """
    usual = TextSettings()
    cumulative = jnp.asarray(np.cumsum(chain(settings), axis=1), jnp.float32)

    def sampler(share: float, distances: np.ndarray, shuffled: bool = False) -> TextSampler:
        low, high = settings.segment
        start = min(1.0, share / ((1 - share) * (low + high) / 2))
        return TextSampler(
            cumulative,
            jnp.asarray(start, jnp.float32),
            jnp.asarray(distances, jnp.int32),
            settings.segment,
            settings.length,
            shuffled,
        )

    trained = settings.distances
    return {
        "train": sampler(settings.repeats, trained, settings.shuffled),
        "repeated": RepeatedTokens(settings.vocabulary, settings.length),
        "new_distances": sampler(settings.repeats or usual.repeats, settings.held_out_distances),
        "no_repeats": sampler(0.0, trained),
    }
