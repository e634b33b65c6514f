"""What every encoder offers."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from jaxtyping import Float, UInt8

from icl_repro.storage import fingerprint

IMAGES_AT_ONCE = 32
"""Images that are encoded together. Always as many, the last ones filled up, so that what an image
comes to does not depend on the number of the others by as much as a rounding.
"""
_EXEMPLARS = Path(__file__).parents[1]


class _AbstractStruct(msgspec.StructMeta, abc.ABCMeta):
    """Lets a struct have abstract methods."""


class Encoder(
    msgspec.Struct,
    frozen=True,
    tag_field="kind",
    forbid_unknown_fields=True,
    metaclass=_AbstractStruct,
):
    """A frozen encoder, as plain data: weights are known by their checksum."""

    mean_norm: ClassVar[float | None] = None
    """What to scale features to: their mean Euclidean norm over the first exemplar of every class.
    None leaves them as they come.
    """
    licence: ClassVar[str]
    """The licence of the code and the weights."""
    citation: ClassVar[str]
    """Where the encoder is from."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """A short name, for folders."""

    @property
    @abc.abstractmethod
    def width(self) -> int:
        """Features an image."""

    @abc.abstractmethod
    def recipe(self) -> str:
        """All that decides the features besides the fields."""

    @abc.abstractmethod
    def encode(
        self, images: Iterable[UInt8[np.ndarray, "height width"]]
    ) -> Iterator[Float[np.ndarray, "some features"]]:
        """Encode grey images, 0 black to 255 white, some at a time: float32.

        Raises:
            UnusableExemplars: the encoder cannot be had, or not encode such images.
        """


def code_of(*modules: str) -> str:
    """The fingerprint of the code that an encoder consists of.

    Args:
        modules: paths below the folder of exemplars.
    """
    return fingerprint.of_source(_EXEMPLARS, modules)


def batches(
    images: Iterable[UInt8[np.ndarray, "height width"]],
) -> Iterator[list[UInt8[np.ndarray, "height width"]]]:
    """The images in lists of :data:`IMAGES_AT_ONCE`; the last may be shorter."""
    remaining = iter(images)
    while some := list(islice(remaining, IMAGES_AT_ONCE)):
        yield some


def filled_up(
    images: list[UInt8[np.ndarray, "height width"]],
) -> list[UInt8[np.ndarray, "height width"]]:
    """As many images as always: the last is repeated."""
    return images + images[-1:] * (IMAGES_AT_ONCE - len(images))
