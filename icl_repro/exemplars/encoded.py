"""Exemplars that are images through an encoder.

Encoding all of them may take minutes. With a folder to keep things in it happens once, for all
classes and exemplars, and later neither the images nor the encoder's libraries are needed.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from icl_repro.exemplars import cache as disk
from icl_repro.exemplars import checks
from icl_repro.exemplars.encoders import AnyEncoder, GaborEncoder
from icl_repro.exemplars.encoders.encoder import code_of
from icl_repro.exemplars.image_set import ImageSet, open_images
from icl_repro.exemplars.places import Place, place_of, remember, require_unchanged
from icl_repro.exemplars.source import ExemplarSource, Progress, UnusableExemplars
from icl_repro.storage import notices
from icl_repro.storage.locks import lock_of

_READING = ("image_set.py", "encoded.py")
"""The modules that decide what an encoder gets, and what is done to its features."""


class EncodedSource(ExemplarSource, frozen=True, kw_only=True):
    """Images of characters through an encoder.

    Args:
        encoder: what turns them into features.
    """

    encoder: AnyEncoder = GaborEncoder()

    @property
    def width(self) -> int:
        """Features of the encoder."""
        return self.encoder.width

    @abc.abstractmethod
    def image_set(self) -> ImageSet:
        """The images by class, in the order of classes, checked to be those described.

        Raises:
            UnusableExemplars: they are not here, or have changed.
        """

    def recipe(self) -> str:
        """The encoder's, and the code that reads images."""
        return f"{self.encoder.recipe()} {code_of(*_READING)}"

    def prepare(
        self, cache: Path | str | None = None, on_progress: Progress = lambda done, total: None
    ) -> None:
        """Encode all images, unless `cache` has their features; see :class:`ExemplarSource`.

        Raises:
            UnusableExemplars: the images or the encoder cannot be had, or the features not be kept.
        """
        if cache is None:
            return
        self._table(Path(cache), on_progress)
        if not disk.is_kept(Path(cache), name="encoded", key=self.fingerprint):
            raise UnusableExemplars(
                f"the encoded images cannot be kept in {cache}, so that every process would encode "
                f"them again{_told_why(Path(cache))}"
            )

    def compute_images(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...]
    ) -> Float[np.ndarray, "classes exemplars height width"]:
        """Read images: float32, 0 white paper to 1 ink."""
        selected = list(itertools.product(classes, exemplars))
        grey = np.stack(list(self.image_set().pictures(selected)))
        return (1 - grey.astype(np.float32) / 255).reshape(
            len(classes), len(exemplars), *grey.shape[1:]
        )

    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """Encode all images and keep their features in `cache`, or find them there; without one,
        encode the selected images.
        """
        if cache is not None:
            return self._table(cache)[np.ix_(classes, exemplars)]
        images = self.image_set()
        return self._encoded(images, classes, exemplars) * self._scale(images)

    def _table(
        self, cache: Path, on_progress: Progress = lambda done, total: None
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """The features of all images. One process at a time computes them."""

        def compute() -> Float[np.ndarray, "classes exemplars features"]:
            images = self.image_set()
            everything = range(self.n_classes), range(self.n_exemplars)
            features = self._encoded(images, *everything, on_progress)
            return features * self._scale(images, features[:, 0])

        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                stack.enter_context(lock_of(cache / f"encoded-{self.fingerprint}"))
            return disk.recall(
                cache,
                name="encoded",
                key=self.fingerprint,
                shape=(self.n_classes, self.n_exemplars, self.width),
                compute=functools.partial(_once, (self, cache), compute),
            )

    def _encoded(
        self,
        images: ImageSet,
        classes: Sequence[int],
        exemplars: Sequence[int],
        on_progress: Progress = lambda done, total: None,
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """Features as the encoder gives them."""
        selected = list(itertools.product(classes, exemplars))
        features = np.empty((len(selected), self.width), np.float32)
        done = 0
        on_progress(0, len(selected))
        for some in self.encoder.encode(images.pictures(selected)):
            features[done : done + len(some)] = some
            done += len(some)
            on_progress(done, len(selected))
        return features.reshape(len(classes), len(exemplars), self.width)

    def _scale(
        self, images: ImageSet, firsts: Float[np.ndarray, "classes features"] | None = None
    ) -> np.float32:
        """The factor that sets the mean norm of the features, if the encoder wants one."""
        wanted = self.encoder.mean_norm
        if wanted is None:
            return np.float32(1)
        if firsts is None:
            firsts = self._encoded(images, range(self.n_classes), [0])[:, 0]
        return np.float32(wanted / np.linalg.norm(firsts.astype(np.float64), axis=-1).mean())


class EncodedImages(EncodedSource, frozen=True, tag="images", kw_only=True):
    """Images of a folder or a zip file, known by their content, wherever they lie.

    Classes are in the sorted order of their folders.

    Args:
        encoder: what turns them into features.
        sha256: checksum of the image files (:meth:`ImageSet.content`).
        n_classes: how many classes there are.
        n_exemplars: how many images of each are used, the first.

    Raises:
        ValueError: that is no checksum, or a number below 1.
    """

    sha256: str
    n_classes: int  # pyright: ignore[reportIncompatibleMethodOverride]
    n_exemplars: int  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        checks.require_checksum("sha256", self.sha256)
        for name in ("n_classes", "n_exemplars"):
            checks.require_count(name, getattr(self, name))

    def image_set(self) -> ImageSet:
        """See :class:`EncodedSource`."""
        place = place_of(self.sha256, "images")
        images = open_images([place.path], self.n_exemplars)
        require_unchanged(self.sha256, images.content(), place, "images")
        return images


def encoded_images(path: Path, encoder: AnyEncoder, n_drawings: int | None = None) -> EncodedImages:
    """The source that a folder or zip file of images is.

    Args:
        path: the folder or zip file.
        encoder: what turns its images into features.
        n_drawings: how many of each class to use; by default all, and then every class must have
            equally many.

    Raises:
        UnusableExemplars: it cannot be read, or has no such images.
    """
    images = open_images([path], n_drawings)
    sha256 = images.content()
    remember(sha256, Place(path.absolute()))
    return EncodedImages(
        encoder=encoder,
        sha256=sha256,
        n_classes=images.n_classes,
        n_exemplars=images.n_exemplars,
    )


def _told_why(cache: Path) -> str:
    """Why a folder keeps nothing, where this process was told."""
    told = [text for text in notices.told() if str(cache) in text]
    return f": {told[-1]}" if told else ""


_computed: dict[object, np.ndarray] = {}
"""The features that this process computed last, in case they could not be kept on disk."""


def _once(key: object, compute: Callable[[], np.ndarray]) -> np.ndarray:
    if key not in _computed:
        features = compute()
        _computed.clear()
        _computed[key] = features
    return _computed[key]
