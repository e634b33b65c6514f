"""What is in a store: its entries of a kind and its folders, looked at without being read.

To look is no use of an entry: when it was last read stays what it was.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from icl_repro.storage.entry import MANIFEST, SPEC, Manifest

_ADDRESS = re.compile("[0-9a-f]{64}")
_GENERATION = re.compile(r"([0-9a-f]{12})\.([1-9][0-9]{0,8})")
_NOATIME = getattr(os, "O_NOATIME", 0)


@dataclass(frozen=True)
class Stored:
    """An entry as it lies there, damaged or not.

    Attributes:
        address, made, generation: those of its place, see :mod:`icl_repro.storage.entries`.
        counts: whether it is the newest of its address and make.
        size: bytes of its files.
        read: when it was last read, in seconds since the epoch, as far as the file system notes it.
        manifest: what is said of it; None if that cannot be read, or is not as it was written.
    """

    folder: Path
    address: str
    made: str
    generation: int
    counts: bool
    size: int
    read: float
    manifest: Manifest | None

    def spec(self) -> bytes:
        """What was asked for, as JSON.

        Raises:
            OSError: it cannot be read.
        """
        return quietly_read(self.folder / SPEC)


def entries(root: Path, kind: str) -> list[Stored]:
    """The entries of a kind, by their addresses."""
    found: list[Stored] = []
    for folder in sorted((root / kind).glob("??/*")):
        if not _ADDRESS.fullmatch(folder.name):
            continue
        named = [
            (match, place)
            for place in _listed(folder)
            if (match := _GENERATION.fullmatch(place.name))
        ]
        newest: dict[str, int] = {}
        for match, _ in named:
            newest[match[1]] = max(newest.get(match[1], 0), int(match[2]))
        for match, place in sorted(named, key=lambda one: one[1].name):
            made, generation = match[1], int(match[2])
            counts = newest[made] == generation
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                found.append(_stored(place, folder.name, made, generation, counts))
    return found


def files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files below a folder, with what the system knows of each."""
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(where) / name
            with contextlib.suppress(OSError):
                yield path, path.lstat()


def notes_reading(root: Path) -> bool:
    """Whether the file system notes when a file is read; some are told not to."""
    flag = getattr(os, "ST_NOATIME", 0)
    try:
        return bool(flag) and not os.statvfs(root).f_flag & flag
    except OSError:
        return False


def quietly_read(path: Path) -> bytes:
    """The content of a file, which does not count as reading it.

    Raises:
        OSError: it cannot be read.
    """
    before = path.stat()
    try:
        with open(os.open(path, os.O_RDONLY | _NOATIME), "rb") as file:
            return file.read()
    except PermissionError:  # of another user's file the system notes it whatever one asks
        content = path.read_bytes()
    with contextlib.suppress(OSError):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return content


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _stored(place: Path, address: str, made: str, generation: int, counts: bool) -> Stored:
    sizes = [known.st_size for _, known in files(place)]
    manifest, path = None, place / MANIFEST
    times = place.stat()
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        manifest = msgspec.json.decode(quietly_read(path), type=Manifest)
        times = path.stat()
        manifest = manifest if manifest == manifest.sealed() else None
    read = max(times.st_atime, times.st_mtime)
    return Stored(place, address, made, generation, counts, sum(sizes), read, manifest)
