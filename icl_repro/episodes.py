"""Few-shot episodes: splits, the sampler, and the full enumeration of the training set.

An episode is a 2-way 1-shot classification (Section 2.1): exemplar, label, exemplar, label, query;
or with more pairs in context, as many ways. Labels are drawn anew for every episode, so the label
of the query can only be found in context.

Arrays of episodes keep the episode axis last: that is the layout in which the transformer computes.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icl_repro.exemplars import ExemplarSource

N_CONTEXT = 2
"""Exemplar-label pairs in an episode of the paper (2-way 1-shot)."""


def n_positions(pairs: int) -> int:
    """How many tokens an episode has with so many pairs in context: theirs, and the query."""
    return 2 * pairs + 1


N_POSITIONS = n_positions(N_CONTEXT)
"""Tokens in an episode of the paper."""
LABEL_POSITIONS = (1, 3)
"""Where its two labels stand."""
QUERY_POSITION = N_POSITIONS - 1
"""Where its query stands, and the prediction is read."""


def label_positions(pairs: int) -> tuple[int, ...]:
    """Where the labels stand with so many pairs in context."""
    return tuple(range(1, 2 * pairs, 2))


MOST_ENUMERATED = 20_000_000
"""More episodes than this are not enumerated: they would not fit in memory."""


class EpisodeError(ValueError):
    """Settings of episodes that cannot be met."""


class EpisodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How episodes are drawn.

    Attributes:
        classes: classes trained on (the paper: 50).
        labels: labels to choose two from (5).
        exemplars_per_class: exemplars of each class (1). Each token draws its own.
        test_classes: classes kept for the test (exemplars) set (100).
        held_out_share: share of the unordered label pairs kept for the test (relabel) set (0.2).
        split_seed: seed of both splits.
        shuffled_labels: train on queries whose label is one of the two in context at random,
            whichever class the query is: a control, in which there is nothing to learn but the
            plateau. Evaluation sets are never shuffled.
        pairs: exemplar-label pairs in context, of as many classes and labels (2). With more, sets
            of so many labels are held out in place of label pairs.
    """

    classes: int = 50
    labels: int = 5
    exemplars_per_class: int = 1
    test_classes: int = 100
    held_out_share: float = 0.2
    split_seed: int = 0
    shuffled_labels: bool = False
    pairs: int = N_CONTEXT

    def __post_init__(self) -> None:
        for name, least in (
            ("classes", 2),
            ("labels", 2),
            ("exemplars_per_class", 1),
            ("test_classes", 2),
            ("pairs", 2),
        ):
            value = getattr(self, name)
            if value < least:
                raise EpisodeError(f"{name} is {value}, but must be at least {least}")
        for name in ("classes", "labels", "test_classes"):
            if getattr(self, name) < self.pairs:
                raise EpisodeError(
                    f"{name} is {getattr(self, name)}, but must be at least {self.pairs}, for as "
                    "many pairs in context"
                )
        if not 0 <= self.held_out_share < 1:
            raise EpisodeError(
                f"held_out_share is {self.held_out_share}, but must be at least 0 and below 1"
            )
        n_pairs = math.comb(self.labels, self.pairs)
        most = n_pairs - math.ceil(self.labels / self.pairs)
        held_out = self.n_held_out_pairs
        if held_out > most:
            raise EpisodeError(
                f"held_out_share {self.held_out_share} keeps {held_out} of the {n_pairs} "
                f"{self._sets} of {self.labels} labels out of training, but at most {most} can be "
                "spared if every label is to be seen in training: the largest share is "
                f"{most / n_pairs:.3g}"
            )
        if self.held_out_share > 0 and held_out == 0:
            raise EpisodeError(
                f"held_out_share {self.held_out_share} of the {n_pairs} {self._sets} of "
                f"{self.labels} labels is less than half a "
                f"{'pair' if self.pairs == N_CONTEXT else 'set'}, so that nothing would be held "
                "out: use more labels, or held_out_share=0 for no test (relabel) set"
            )

    @property
    def n_positions(self) -> int:
        """Number of tokens of an episode."""
        return n_positions(self.pairs)

    @property
    def _sets(self) -> str:
        """What is drawn of all labels for an episode, in words."""
        return "pairs" if self.pairs == N_CONTEXT else f"sets of {self.pairs}"

    @property
    def n_held_out_pairs(self) -> int:
        """How many unordered label pairs (or larger sets) are kept for test (relabel)."""
        return round(self.held_out_share * math.comb(self.labels, self.pairs))

    @property
    def dataset_size(self) -> int:
        """Number of distinct training episodes (Appendix C): 78,400 at the default settings.

        Ordered classes, ordered training labels, which of the classes is asked for, and an exemplar
        for each exemplar token.
        """
        label_sets = math.comb(self.labels, self.pairs) - self.n_held_out_pairs
        orders = math.factorial(self.pairs)
        exemplars = self.exemplars_per_class ** (self.pairs + 1)
        return math.perm(self.classes, self.pairs) * label_sets * orders * self.pairs * exemplars


def require_classes(settings: EpisodeSettings, n_source_classes: int) -> None:
    """Make sure that a source has enough classes.

    Raises:
        EpisodeError: it has not.
    """
    needed = settings.classes + settings.test_classes
    if needed > n_source_classes:
        raise EpisodeError(
            f"{settings.classes} training and {settings.test_classes} test classes need {needed} "
            f"classes, but the exemplar source has {n_source_classes}"
        )


class Split(msgspec.Struct, frozen=True):
    """Which classes and label pairs are trained on, and which are held out.

    Attributes:
        training_classes: class numbers of the source, shape (classes,).
        test_classes: class numbers of the source, shape (test_classes,).
        training_pairs: unordered label pairs, smaller label first, shape (pairs, 2); with more
            pairs in context, sets of so many labels.
        held_out_pairs: the rest, shape (held-out pairs, 2) or likewise.
    """

    training_classes: np.ndarray
    test_classes: np.ndarray
    training_pairs: np.ndarray
    held_out_pairs: np.ndarray


def split(settings: EpisodeSettings, n_source_classes: int) -> Split:
    """Split the source's classes and the label pairs, determined by ``settings.split_seed``.

    The test classes depend on the seed alone, so that settings with more training classes are
    tested on the same ones. Every label appears in at least one training pair.

    Raises:
        EpisodeError: the source has too few classes.
    """
    require_classes(settings, n_source_classes)
    class_rng, pair_rng = (
        np.random.default_rng([settings.split_seed, stream]) for stream in range(2)
    )
    classes = class_rng.permutation(n_source_classes)

    cover = pair_rng.permutation(settings.labels)
    size = settings.pairs
    cover = np.append(cover, cover[: -len(cover) % size])
    kept = {tuple(sorted(pair)) for pair in cover.reshape(-1, size).tolist()}
    pairs = [*itertools.combinations(range(settings.labels), size)]
    spare = [pair for pair in pairs if pair not in kept]
    drawn = pair_rng.permutation(len(spare))[: settings.n_held_out_pairs]
    held_out = {spare[index] for index in drawn}
    return Split(
        training_classes=classes[settings.test_classes :][: settings.classes],
        test_classes=classes[: settings.test_classes],
        training_pairs=np.array([p for p in pairs if p not in held_out]).reshape(-1, size),
        held_out_pairs=np.array([p for p in pairs if p in held_out]).reshape(-1, size),
    )


def with_rows(bank: Float[Array, "exemplars features"], rows: int) -> Float[Array, "rows features"]:
    """A bank filled up with zeros, which no episode names: banks of one shape need one program."""
    return jnp.pad(bank, [(0, rows - bank.shape[0]), (0, 0)])


class Episodes(eqx.Module):
    """A batch of episodes.

    Attributes:
        bank: exemplar vectors that the episodes draw from.
        exemplars: rows of `bank`: first in context, second in context, query.
        labels: first in context, second in context, and the query's, which is to be predicted.
        matching: which of those in context (0 or 1, or more) is of the query's class.
    """

    bank: Float[Array, "exemplars features"]
    exemplars: Int[Array, "shown episodes"]
    labels: Int[Array, "shown episodes"]
    matching: Int[Array, " episodes"]

    @property
    def size(self) -> int:
        """Number of episodes."""
        return self.labels.shape[1]

    @property
    def n_positions(self) -> int:
        """Number of tokens of each."""
        return n_positions(self.pairs)

    @property
    def pairs(self) -> int:
        """How many exemplar-label pairs are in context."""
        return self.exemplars.shape[0] - 1

    @property
    def label_positions(self) -> tuple[int, ...]:
        """Where the labels stand."""
        return label_positions(self.pairs)

    @property
    def targets(self) -> Int[Array, " episodes"]:
        """The label to predict at the query."""
        return self.labels[self.pairs]

    @property
    def correct_position(self) -> Int[Array, " episodes"]:
        """Position of the label that belongs to the query's class: 1 or 3, or further on."""
        return 2 * self.matching + 1

    @property
    def incorrect_position(self) -> Int[Array, " episodes"]:
        """Position of the other label of two: 3 or 1.

        Raises:
            EpisodeError: there are several others.
        """
        if self.pairs != N_CONTEXT:
            raise EpisodeError(
                f"of {self.pairs} labels in context {self.pairs - 1} are incorrect: ask for "
                "incorrect_positions"
            )
        return 3 - 2 * self.matching

    @property
    def incorrect_positions(self) -> tuple[Int[Array, " episodes"], ...]:
        """Positions of the other labels, in a ring from that of the query's class on."""
        if self.pairs == N_CONTEXT:
            return (self.incorrect_position,)
        return tuple(2 * ((self.matching + step) % self.pairs) + 1 for step in range(1, self.pairs))


class Sampler(eqx.Module):
    """Draws episodes uniformly from classes and label pairs.

    Attributes:
        bank: the exemplars, class by class.
        pairs: the unordered label pairs to draw from; or sets of more labels, of which as many
            pairs in context are made.
        exemplars_per_class: how many rows of `bank` belong to each class.
        shuffled_labels: see :class:`EpisodeSettings`.
        drawn_classes: how many classes are drawn from, where `bank` has further rows; else None.
    """

    bank: Float[Array, "exemplars features"]
    pairs: Int[Array, "pairs in_context"]
    exemplars_per_class: int = eqx.field(static=True, default=1)
    shuffled_labels: Bool[Array, ""] | bool = False
    drawn_classes: Int[Array, ""] | None = None

    @property
    def n_classes(self) -> int:
        """How many classes the bank holds, those that are filled up with zeros too."""
        return self.bank.shape[0] // self.exemplars_per_class

    @property
    def in_context(self) -> int:
        """How many pairs an episode has in context."""
        return self.pairs.shape[1]

    def with_rows(self, rows: int) -> Sampler:
        """The same, which draws the same, with a bank filled up as by :func:`with_rows`: how many
        classes there are is then a number of a compiled program and not a shape.
        """
        n_classes = jnp.asarray(self.n_classes, jnp.int32)
        bank = with_rows(self.bank, rows)
        return dataclasses.replace(self, bank=bank, drawn_classes=n_classes)

    def sample(self, key: Key[Array, ""], size: int) -> Episodes:
        """Draw `size` independent episodes."""
        n = self.in_context
        n_classes = self.n_classes if self.drawn_classes is None else self.drawn_classes
        left = [n_classes - taken for taken in range(n)]
        ranges = [*left, *self._ways, n, n] + [self.exemplars_per_class] * (n + 1)
        # One draw for all choices: separate random calls would cost more than the rest of it.
        scale = jnp.array(ranges, jnp.float32)[:, None]
        unit = jax.random.uniform(key, (len(ranges), size))
        drawn = [*jnp.minimum(unit * scale, scale - 1).astype(jnp.int32)]
        set_, order, matching, coin = drawn[n : n + 4]
        return self._assemble(
            jnp.stack(_different(drawn[:n])),
            self.pairs[set_],
            order,
            matching,
            jnp.stack(drawn[n + 4 :]),
            jnp.where(self.shuffled_labels, coin, matching),
        )

    @property
    def _ways(self) -> list[int]:
        """Among how many the labels are chosen, and then their order."""
        return [self.pairs.shape[0], math.factorial(self.in_context)]

    def _assemble(
        self,
        classes: Int[Array, "in_context episodes"],
        pairs: Int[Array, "episodes in_context"],
        order: Int[Array, " episodes"],
        matching: Int[Array, " episodes"],
        which: Int[Array, "shown episodes"],
        answer: Int[Array, " episodes"],
    ) -> Episodes:
        places = range(self.in_context)
        query = _picked(matching, self.in_context, lambda place: classes[place])
        exemplars = (
            jnp.stack([*(classes[place] for place in places), query]) * self.exemplars_per_class
            + which
        )
        orders = [*itertools.permutations(places)]
        labels = [
            _picked(order, len(orders), lambda number, at=place: pairs[:, orders[number][at]])
            for place in places
        ]
        target = _picked(answer, self.in_context, lambda place: labels[place])
        return Episodes(self.bank, exemplars, jnp.stack([*labels, target]), matching)

    def enumerate(self) -> Episodes:
        """Every episode exactly once.

        Raises:
            EpisodeError: there are more than 20 million; draw a sample of them instead.
        """
        n = self.in_context
        left = range(self.n_classes, self.n_classes - n, -1)
        shape = (*left, *self._ways, n, *[self.exemplars_per_class] * (n + 1))
        total = math.prod(shape)
        if total > MOST_ENUMERATED:
            raise EpisodeError(
                f"there are {total:,} episodes, more than the {MOST_ENUMERATED:,} that can be "
                "enumerated: draw a sample of them instead"
            )
        chosen = [jnp.asarray(one, jnp.int32) for one in np.unravel_index(np.arange(total), shape)]
        set_, order, matching = chosen[n : n + 3]
        return self._assemble(
            jnp.stack(_different(chosen[:n])),
            self.pairs[set_],
            order,
            matching,
            jnp.stack(chosen[n + 3 :]),
            matching,
        )


PerEpisode = Int[Array, " episodes"]


def _different(drawn: Sequence[PerEpisode]) -> list[PerEpisode]:
    """Numbers that differ, each drawn by its place among those that are left."""
    found: list[PerEpisode] = []
    for one in drawn:
        for earlier in jnp.sort(jnp.stack(found), axis=0) if len(found) > 1 else found:
            one = one + (one >= earlier)
        found.append(one)
    return found


def _picked(which: PerEpisode, count: int, option: Callable[[int], PerEpisode]) -> PerEpisode:
    """Of each episode the option of a number, of so many."""

    def from_(number: int) -> PerEpisode:
        if number == count - 1:
            return option(number)
        return jnp.where(which == number, option(number), from_(number + 1))

    return from_(0)


SetName = Literal["train", "test_exemplars", "test_relabel"]
"""The evaluation sets of the paper: training classes and label pairs, test (exemplars) on unseen
classes, test (relabel) on held-out label pairs (Section 2.1)."""


def samplers(
    settings: EpisodeSettings,
    source: ExemplarSource,
    cache: Path | None = None,
    *,
    split: Callable[[EpisodeSettings, int], Split] = split,
    kind: type[Sampler] = Sampler,
) -> dict[SetName, Sampler]:
    """The samplers of the evaluation sets; `train` is also what is trained on, unless shuffled.

    Args:
        settings: how episodes are drawn.
        source: of the exemplars.
        cache: folder for encoded exemplars.
        split: gives the split of the settings, for a source of so many classes.
        kind: of the samplers.

    Raises:
        EpisodeError: the source has too few classes or exemplars for the settings.
    """
    if settings.exemplars_per_class > source.n_exemplars:
        raise EpisodeError(
            f"exemplars_per_class is {settings.exemplars_per_class}, but the exemplar source has "
            f"{source.n_exemplars} a class"
        )
    parts = split(settings, source.n_classes)
    exemplars = range(settings.exemplars_per_class)

    def bank(classes: np.ndarray) -> Float[Array, "exemplars features"]:
        features = source.features(classes.tolist(), exemplars, cache=cache)
        return jnp.asarray(features.reshape(-1, features.shape[-1]))

    def sampler(classes_bank: Array, pairs: np.ndarray) -> Sampler:
        return kind(classes_bank, jnp.asarray(pairs, jnp.int32), settings.exemplars_per_class)

    training = bank(parts.training_classes)
    sets: dict[SetName, Sampler] = {
        "train": sampler(training, parts.training_pairs),
        "test_exemplars": sampler(bank(parts.test_classes), parts.training_pairs),
    }
    if len(parts.held_out_pairs):
        sets["test_relabel"] = sampler(training, parts.held_out_pairs)
    return sets
