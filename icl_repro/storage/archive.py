"""Archives: zip files that can be made twice alike, and read without trusting who made them.

Nothing is unpacked by the names that an archive gives, before they are known to be plain relative
paths, and nothing in it is pickled.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from icl_repro.storage.files import replacing

LARGEST = 4 * 2**30
"""How many bytes the files of an archive may come to, unpacked."""

_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_REGULAR = 0o100000 << 16
_KIND = 0o170000 << 16
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""What reading an archive raises that is cut short, or not of plain files."""


class UnusableArchive(ValueError):
    """A file that is no archive, or one that cannot be trusted; the message says why."""


@contextmanager
def writing(path: Path) -> Generator[zipfile.ZipFile]:
    """Write an archive, which appears whole or not at all; fill it with :func:`put`.

    Raises:
        OSError: it could not be written; what was there before is still there.
    """
    with replacing(path) as partial, zipfile.ZipFile(partial, "w", allowZip64=True) as archive:
        yield archive


def put(archive: zipfile.ZipFile, name: str, content: bytes, level: int = 6) -> None:
    """Add a file; the same files in the same order give the same archive, whenever it is made."""
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = 3  # as on Unix, wherever it is made
    info.external_attr = _REGULAR | _MODE
    archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=level)


@contextmanager
def reading(path: Path) -> Generator[tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]]:
    """Open an archive; gives it with its files by name.

    Raises:
        UnusableArchive: it is no zip file or is cut short, or it has a name that is absolute, leads
            out of it or stands twice, something else than plain files, or too much.
        OSError: it cannot be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise UnusableArchive(f"{path} is no whole zip archive: {error}") from error
    with archive:
        yield archive, _files(path, archive.infolist())


def content_of(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The content of a file of an archive.

    Raises:
        UnusableArchive: it is damaged.
    """
    try:
        return archive.read(info)
    except (*_BROKEN, OSError) as error:  # places in it may lead before its start
        raise UnusableArchive(f"{path}: {info.filename} in it is damaged: {error}") from error


def is_plain(name: str) -> bool:
    """Whether a name is a plain relative path, on any system."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and PurePosixPath(*parts).as_posix() == name
        and not name.startswith("/")
        and not any(part in (".", "..") or "\\" in part or ":" in part for part in parts)
        and name.isprintable()
    )


def _files(path: Path, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        if not is_plain(name):
            raise UnusableArchive(
                f"{path} has a file {name!r}, but names must be plain relative paths"
            )
        if name in found:
            raise UnusableArchive(f"{path} has two files {name!r}")
        if info.external_attr & _KIND not in (0, _REGULAR):
            raise UnusableArchive(f"{path} has {name!r}, which is no plain file")
        found[name] = info
    size = sum(info.file_size for info in infos)
    if size > LARGEST:
        raise UnusableArchive(f"{path} unpacks to {size:,} bytes, more than {LARGEST:,}")
    return found
