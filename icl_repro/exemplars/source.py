"""What every source of exemplars offers, and the checks on what is asked of it."""

from __future__ import annotations

import abc
import functools
import hashlib
import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, SupportsIndex, TypeAlias

import msgspec
import numpy as np
from jaxtyping import Float, Integer

from icl_repro.exemplars import cache as disk
from icl_repro.nearest import nearest_number

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how much of how much is done."""
REMEMBERED_REQUESTS = 4
"""How many requests for features a process keeps in memory."""


class InvalidSelection(ValueError):
    """Classes or exemplars that a source cannot give; the message names those it can."""


class UnusableExemplars(ValueError):
    """Exemplars that cannot be had: a choice that means none, a file that is missing, damaged or
    not what it was, or something that is not installed. The message says what to do about it.
    """


class _AbstractStruct(msgspec.StructMeta, abc.ABCMeta):
    """Lets a struct have abstract methods."""


class ExemplarSource(
    msgspec.Struct,
    frozen=True,
    tag_field="kind",
    forbid_unknown_fields=True,
    metaclass=_AbstractStruct,
):
    """A fixed supply of exemplars: `n_classes` classes with `n_exemplars` exemplars each.

    A source is plain data: hashable, written to JSON under the tag ``kind``, and equal to another
    exactly when both describe the same exemplars. What it gives for one exemplar never depends on
    which others are asked for.

    A new source derives from this class with a `tag`, gives the four abstract members below, and
    joins :data:`icl_repro.exemplars.registry.AnySource` and :func:`icl_repro.exemplars.about`. In
    the paper the exemplars are Omniglot images through a frozen ResNet18 (Section 2.1).
    """

    has_pictures: ClassVar[bool] = True
    """Whether :meth:`images` can show what the features are of."""

    @property
    def width(self) -> int:
        """Values in one feature vector: 512 unless a source says otherwise, as of a ResNet18."""
        return 512

    @property
    @abc.abstractmethod
    def n_classes(self) -> int:
        """How many classes there are."""

    @property
    @abc.abstractmethod
    def n_exemplars(self) -> int:
        """How many exemplars each class has."""

    @abc.abstractmethod
    def recipe(self) -> str:
        """All that decides the features besides the fields: a version and the constants used."""

    @abc.abstractmethod
    def compute_images(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Float[np.ndarray, "classes exemplars height width"]:
        """Draw or load the images of a selection that was checked already."""

    @abc.abstractmethod
    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """Compute the features of a selection that was checked already.

        `cache` is for intermediate results that are dear to compute; the features themselves are
        kept by :meth:`features`.
        """

    def prepare(
        self, cache: Path | str | None = None, on_progress: Progress = lambda done, total: None
    ) -> None:
        """Compute what is dear and needed for any selection, if this source has such a thing, so
        that it happens at a time of the caller's choice and can be watched.

        Args:
            cache: as for :meth:`features`.
            on_progress: called with how many images are encoded, and how many there are.

        Raises:
            UnusableExemplars: the exemplars cannot be had.
        """

    @property
    def fingerprint(self) -> str:
        """64 hex digits. Sources with the same fingerprint give the same features.

        Unlike equality it also changes when the code that makes the features does, as far as
        :meth:`recipe` tells.
        """
        return hashlib.sha256(msgspec.json.encode((self, self.recipe()))).hexdigest()

    def features(
        self,
        classes: Sequence[SupportsIndex] | Integer[np.ndarray, " classes"],
        exemplars: Sequence[SupportsIndex] | Integer[np.ndarray, " exemplars"],
        cache: Path | str | None = None,
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """The feature vectors of every given exemplar of every given class, in the given order.

        Args:
            classes: numbers of classes, 0 to ``n_classes - 1``, without repetition.
            exemplars: numbers of exemplars, 0 to ``n_exemplars - 1``, without repetition.
            cache: a directory that keeps features between processes; made if it is not there.
                The values are the same with and without it, or if it cannot be used.

        Returns:
            float32, the caller's own copy.

        Raises:
            InvalidSelection: no classes, repeated ones, or ones that the source does not have;
                the same for exemplars.
            UnusableExemplars: they are not kept in `cache`, and cannot be had.
        """
        selection = self._checked(classes, exemplars)
        return _remembered_features(self, *selection, None if cache is None else Path(cache)).copy()

    def images(
        self,
        classes: Sequence[SupportsIndex] | Integer[np.ndarray, " classes"],
        exemplars: Sequence[SupportsIndex] | Integer[np.ndarray, " exemplars"],
    ) -> Float[np.ndarray, "classes exemplars height width"]:
        """The pictures behind the features: float32, 0 for white paper to 1 for ink.

        Raises:
            InvalidSelection: as for :meth:`features`.
            UnusableExemplars: they cannot be had, or there are none (:attr:`has_pictures`).
        """
        return self.compute_images(*self._checked(classes, exemplars))

    def _checked(
        self,
        classes: Sequence[SupportsIndex] | Integer[np.ndarray, " classes"],
        exemplars: Sequence[SupportsIndex] | Integer[np.ndarray, " exemplars"],
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (
            _checked_numbers(f"classes of {self}", classes, self.n_classes),
            _checked_numbers(f"exemplars of {self}", exemplars, self.n_exemplars),
        )


def forget_features() -> None:
    """Drop the features kept in this process's memory; those on disk stay."""
    _remembered_features.cache_clear()


@functools.lru_cache(maxsize=REMEMBERED_REQUESTS)
def _remembered_features(
    source: ExemplarSource,
    classes: tuple[int, ...],
    exemplars: tuple[int, ...],
    cache: Path | None,
) -> Float[np.ndarray, "classes exemplars features"]:
    return disk.recall(
        cache,
        name="features",
        key=(source.fingerprint, classes, exemplars),
        shape=(len(classes), len(exemplars), source.width),
        compute=lambda: source.compute_features(classes, exemplars, cache),
    )


def _checked_numbers(
    what: str, asked: Sequence[SupportsIndex] | Integer[np.ndarray, " numbers"], count: int
) -> tuple[int, ...]:
    """`asked` as a tuple of Python integers from 0 to `count` - 1, without repetition."""
    valid = f"valid are 0 to {count - 1}"
    if isinstance(asked, str) or not (isinstance(asked, Sequence) or hasattr(asked, "__array__")):
        raise InvalidSelection(f"{what}: expected a sequence of whole numbers, got {asked!r}")
    numbers = tuple(_whole_number(what, number) for number in asked)
    if not numbers:
        raise InvalidSelection(f"{what}: none asked for; {valid}")
    seen: set[int] = set()
    for number in numbers:
        if not 0 <= number < count:
            near = nearest_number(number, 0, count - 1)
            raise InvalidSelection(f"{what}: there is no {number}; {valid} (nearest: {near})")
        if number in seen:
            raise InvalidSelection(f"{what}: {number} is asked for more than once")
        seen.add(number)
    return numbers


def _whole_number(what: str, number: Any) -> int:
    # A bool passes for an index in Python, but a mask given as numbers is always a mistake.
    if isinstance(number, (bool, np.bool_)):
        raise InvalidSelection(f"{what}: expected whole numbers, got {number!r}; a mask?")
    try:
        return operator.index(number)
    except TypeError:
        raise InvalidSelection(f"{what}: expected whole numbers, got {number!r}") from None
