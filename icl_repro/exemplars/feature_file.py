"""Exemplars from a file of features that somebody else has computed."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from icl_repro.exemplars import checks, data_sets
from icl_repro.exemplars.places import Place, place_of, remember, require_unchanged
from icl_repro.exemplars.source import ExemplarSource, UnusableExemplars


class FeatureFile(ExemplarSource, frozen=True, tag="features", kw_only=True):
    """Features as a file has them, known by their content, wherever the file lies.

    Args:
        sha256: checksum of the numbers as float32 (:func:`icl_repro.exemplars.data_sets.content`).
        n_classes: how many classes there are.
        n_exemplars: how many exemplars each has.
        width: values in one feature vector.

    Raises:
        ValueError: that is no checksum, or a number below 1.
    """

    sha256: str
    n_classes: int  # pyright: ignore[reportIncompatibleMethodOverride]
    n_exemplars: int  # pyright: ignore[reportIncompatibleMethodOverride]
    width: int  # pyright: ignore[reportIncompatibleMethodOverride]

    has_pictures: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checks.require_checksum("sha256", self.sha256)
        for name in ("n_classes", "n_exemplars", "width"):
            checks.require_count(name, getattr(self, name))

    def recipe(self) -> str:
        """Nothing else decides the features: the checksum is of the numbers themselves."""
        return "float32, as in the file"

    def compute_images(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Float[np.ndarray, "classes exemplars height width"]:
        """Refuse: a file of features has no pictures."""
        raise UnusableExemplars("a file of features holds no pictures of the exemplars")

    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """Read the file, and check that it holds what it did when it was chosen."""
        place = place_of(self.sha256, "features")
        _, numbers = data_sets.data_set(*place)
        require_unchanged(self.sha256, data_sets.content(numbers), place, "features")
        described = (self.n_classes, self.n_exemplars, self.width)
        if numbers.shape != described:
            raise UnusableExemplars(
                f"{place} has features of shape {numbers.shape}, but the run is described with "
                f"{described} (classes, exemplars, features)"
            )
        return numbers[np.ix_(classes, exemplars)]


def feature_file(path: Path, name: str = "") -> FeatureFile:
    """The source that a file of features is.

    Args:
        path: an ``.npy``, ``.npz`` or ``.h5`` file.
        name: which of its data sets; without it, the only one that fits.

    Raises:
        UnusableExemplars: the file cannot be read, or has no such data set.
    """
    name, numbers = data_sets.data_set(path, name)
    sha256 = data_sets.content(numbers)
    remember(sha256, Place(path.absolute(), name))
    n_classes, n_exemplars, width = numbers.shape
    return FeatureFile(sha256=sha256, n_classes=n_classes, n_exemplars=n_exemplars, width=width)
