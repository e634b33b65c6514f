"""The default exemplars: characters that the package draws itself.

The paper uses Omniglot images through an ImageNet ResNet18 (Section 2.1). These need neither a
download nor a network: made-up handwritten characters, through a frozen bank of Gabor filters. As
with real images, features of different classes have much in common; independent random vectors do
not, and an induction circuit trained on those does not generalise to new classes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from jaxtyping import Float

from icl_repro.exemplars import cache as disk
from icl_repro.exemplars.gabor import GaborBank, encode
from icl_repro.exemplars.pen import Pen, ink
from icl_repro.exemplars.source import ExemplarSource
from icl_repro.exemplars.strokes import Hand, characters, redraws

VERSION = 1
"""Raise it by hand when the code changes so that features do; constants are watched by themselves.
"""
SIDE = 105
"""Pixels a side of an image, as in Omniglot."""
MEAN_NORM = 27.0
"""Mean Euclidean norm of the features over the first exemplar of every class."""
HAND, PEN, BANK = Hand(), Pen(), GaborBank()

_LARGEST_SEED = 2**63 - 1
_IMAGES_AT_ONCE = 32


class Glyphs(ExemplarSource, frozen=True, tag="glyphs"):
    """Drawn characters: 1,623 classes (as many as Omniglot has) of 20 exemplars.

    Each class is two to four cubic Bezier strokes, each exemplar a jittered redraw, 105 x 105
    pixels. What is drawn depends on `seed`, class and exemplar alone, and is the same on every
    machine up to rounding.

    Features are multiplied by one constant, the same for all, that gives those of exemplar 0 of all
    1,623 classes the mean norm :data:`MEAN_NORM`.

    Args:
        seed: 0 to 2**63 - 1; another seed is another set of characters.

    Raises:
        ValueError: `seed` is not such a number.
    """

    n_classes: ClassVar[int] = 1623
    n_exemplars: ClassVar[int] = 20

    seed: int = 0

    def __post_init__(self) -> None:
        whole = isinstance(self.seed, int) and not isinstance(self.seed, bool)
        if not whole or not 0 <= self.seed <= _LARGEST_SEED:
            raise ValueError(
                f"the seed of glyphs must be a whole number from 0 to 2**63 - 1, got {self.seed!r}"
            )

    def recipe(self) -> str:
        """The version and every constant of drawing and encoding, as JSON."""
        return msgspec.json.encode((VERSION, SIDE, MEAN_NORM, HAND, PEN, BANK)).decode()

    def compute_images(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Float[np.ndarray, "classes exemplars 105 105"]:
        """Draw every given exemplar of every given class; float32, 0 paper to 1 ink."""
        images = np.concatenate(list(self._drawn(classes, exemplars)))
        return images.reshape(len(classes), len(exemplars), SIDE, SIDE)

    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> Float[np.ndarray, "classes exemplars 512"]:
        """Draw and encode every given exemplar of every given class; float32."""
        return _scale(self, cache) * self.unscaled_features(classes, exemplars)

    def unscaled_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Float[np.ndarray, "classes exemplars 512"]:
        """The features as the filters give them, before the mean norm is set."""
        features = np.concatenate(
            [encode(images, BANK) for images in self._drawn(classes, exemplars)]
        )
        return features.reshape(len(classes), len(exemplars), BANK.width)

    def _drawn(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Iterator[Float[np.ndarray, "images 105 105"]]:
        """The images, class by class and exemplar by exemplar, some at a time to save memory."""
        made = characters(self.seed, classes, HAND)
        strokes = np.concatenate(
            [
                redraws(self.seed, character, class_, exemplars, HAND)
                for class_, character in zip(classes, made.strokes, strict=True)
            ]
        )
        drawn = np.repeat(made.drawn, len(exemplars), axis=0)
        for start in range(0, len(strokes), _IMAGES_AT_ONCE):
            some = slice(start, start + _IMAGES_AT_ONCE)
            yield ink(strokes[some], drawn[some], SIDE, PEN)


@functools.lru_cache(maxsize=8)
def _scale(source: Glyphs, cache: Path | None) -> Float[np.ndarray, " 1"]:
    """The factor that sets the mean norm over exemplar 0 of every class of `source`."""

    def compute() -> Float[np.ndarray, " 1"]:
        unscaled = source.unscaled_features(tuple(range(source.n_classes)), (0,))
        norms = np.linalg.norm(unscaled.astype(np.float64), axis=-1)
        return np.array([MEAN_NORM / norms.mean()], np.float32)

    return disk.recall(cache, name="scale", key=source.fingerprint, shape=(1,), compute=compute)
