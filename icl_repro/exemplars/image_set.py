"""Images of characters by class, from folders or zip files; nothing is unpacked.

A folder that holds images is a class, however deep it lies; classes and the drawings of one are in
the sorted order of their paths.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.numbers import count

ENDINGS = (".png", ".jpg", ".jpeg")
"""The endings of the files that are taken for images."""
_FEWEST_CLASSES = 2
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What reading a file of a damaged or locked zip, or of a failing disk, comes to."""

_Read = Callable[[str], bytes]


class Drawing(NamedTuple):
    """One image file: the folder or zip it is in, and its name there, with slashes."""

    container: Path
    name: str

    def __str__(self) -> str:
        return f"{self.container}/{self.name}"


class ImageSet(NamedTuple):
    """The image files of every class, in order: as many for each."""

    classes: tuple[tuple[Drawing, ...], ...]

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @property
    def n_exemplars(self) -> int:
        """How many images each class has."""
        return len(self.classes[0])

    def in_order(self, order: Sequence[int]) -> ImageSet:
        """The classes in another order: which class stands where."""
        return ImageSet(tuple(self.classes[index] for index in order))

    def content(self) -> str:
        """The checksum of all files in order: 64 hexadecimal digits, whatever they are called.

        Raises:
            UnusableExemplars: a file cannot be read.
        """
        digest = hashlib.sha256(f"{self.n_classes} x {self.n_exemplars} images".encode())
        for file in _contents(drawing for drawings in self.classes for drawing in drawings):
            digest.update(hashlib.sha256(file).digest())
        return digest.hexdigest()

    def pictures(
        self, selected: Sequence[tuple[int, int]]
    ) -> Iterator[UInt8[np.ndarray, "height width"]]:
        """Grey images of the selected (class, exemplar), 0 black to 255 white, one by one.

        Raises:
            UnusableExemplars: one cannot be read, or is not as large as the first of the set.
        """
        drawings = [self.classes[class_][exemplar] for class_, exemplar in selected]
        first = _decoded(self.classes[0][0], next(_contents([self.classes[0][0]])))
        for drawing, file in zip(drawings, _contents(drawings), strict=True):
            image = _decoded(drawing, file)
            if image.shape != first.shape:
                raise UnusableExemplars(
                    f"{drawing} is {_size(image)} pixels, but all images must be as large as the "
                    f"first, {_size(first)}"
                )
            yield image


def open_images(
    containers: Sequence[Path], n_drawings: int | None = None, n_classes: int | None = None
) -> ImageSet:
    """The images of some folders or zip files, one after the other.

    Args:
        containers: the folders or zip files.
        n_drawings: take the first so many of each class, which must have as many; by default all,
            and then every class must have equally many.
        n_classes: how many classes there must be, if that is known.

    Raises:
        UnusableExemplars: they cannot be read, or do not have that.
    """
    found: list[tuple[Drawing, ...]] = []
    for container in containers:
        found += _classes(container)
    names = " and ".join(map(str, containers))
    if n_classes is not None and len(found) != n_classes:
        raise UnusableExemplars(
            f"{names} has {len(found)} class folders with images, but must have {n_classes}: some "
            "are missing or too many"
        )
    if len(found) < _FEWEST_CLASSES:
        raise UnusableExemplars(
            f"{names} has {len(found)} class folders with images, but there must be at least "
            f"{_FEWEST_CLASSES}: expected CLASS/IMAGE.png or ALPHABET/CLASS/IMAGE.png"
        )
    least = min(found, key=len)
    wanted = max(map(len, found)) if n_drawings is None else n_drawings
    if len(least) < wanted:
        class_ = least[0].name.rpartition("/")[0]
        expected = "others have" if n_drawings is None else "there must be"
        advice = f", or take the first {len(least)} of each by ::{len(least)}"
        raise UnusableExemplars(
            f"class {class_} of {names} has {count(len(least), 'image')}, but {expected} "
            f"{wanted}: add what is missing{advice if n_drawings is None else ''}"
        )
    return ImageSet(tuple(drawings[:wanted] for drawings in found))


def _classes(container: Path) -> list[tuple[Drawing, ...]]:
    """The drawings of each class of a container, both in order."""
    folders: dict[tuple[str, ...], list[str]] = {}
    for name in _names(container):
        path = PurePosixPath(name)
        if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
            continue
        if name.endswith("/"):
            folders.setdefault(path.parts, [])
        elif path.suffix.lower() in ENDINGS:
            folders.setdefault(path.parent.parts, []).append(name)
    inner = {parts[:depth] for parts in folders for depth in range(len(parts))}
    for parts, names in folders.items():
        if not names and parts not in inner:
            raise UnusableExemplars(f"the class folder {container}/{'/'.join(parts)} has no images")
        if names and not parts:
            raise UnusableExemplars(
                f"{container} has images outside any class folder, such as {min(names)}: expected "
                "CLASS/IMAGE.png or ALPHABET/CLASS/IMAGE.png"
            )
    return [
        tuple(Drawing(container, name) for name in sorted(names))
        for _, names in sorted(folders.items())
        if names
    ]


def _names(container: Path) -> list[str]:
    """All that is in a folder or a zip file, with slashes; folders end with one."""
    try:
        if container.is_dir():
            return [
                path.relative_to(container).as_posix() + ("/" if path.is_dir() else "")
                for path in container.rglob("*")
            ]
        with zipfile.ZipFile(container) as file:
            return file.namelist()
    except FileNotFoundError as error:
        raise UnusableExemplars(f"there is no {container}") from error
    except _DAMAGE as error:
        raise UnusableExemplars(_unreadable(container, error)) from error


def _contents(drawings: Sequence[Drawing] | Iterator[Drawing]) -> Iterator[bytes]:
    """The files of drawings, one by one."""
    with contextlib.ExitStack() as stack:
        readers: dict[Path, _Read] = {}
        for drawing in drawings:
            container, name = drawing
            try:
                if container not in readers:
                    readers[container] = _reader(container, stack)
                file = readers[container](name)
            except (*_DAMAGE, KeyError) as error:
                raise UnusableExemplars(_unreadable(drawing, error)) from error
            yield file


def _reader(container: Path, stack: contextlib.ExitStack) -> _Read:
    if container.is_dir():
        return lambda name: (container / name).read_bytes()
    return stack.enter_context(zipfile.ZipFile(container)).read


def _decoded(drawing: Drawing, file: bytes) -> UInt8[np.ndarray, "height width"]:
    from PIL import Image  # here: who has features already needs no pictures

    try:
        with Image.open(io.BytesIO(file)) as image:
            return np.asarray(image.convert("L"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnusableExemplars(_unreadable(drawing, error)) from error


def _unreadable(what: object, error: Exception) -> str:
    return f"{what} cannot be read, it may be cut short or damaged: {error}"


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
