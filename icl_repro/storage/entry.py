"""One entry: a folder of plain files, read only if every byte is as it was written.

    spec.json       what was asked for
    *.npz           what came of it, as arrays (none if nothing came of it)
    manifest.json   checksums of the others and of itself

Nothing is pickled.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

FORMAT = 1
SPEC, MANIFEST = "spec.json", "manifest.json"
DAMAGE = (errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM)
"""Errors that an intact entry does not give: trying again would not help."""

Arrays = Mapping[str, np.ndarray]


class Damage(Exception):
    """Why an entry cannot be trusted."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``manifest.json`` holds.

    Attributes:
        key: which entry it is.
        finished: when it was made, in seconds since the epoch.
        seconds: how long it took.
        checksums: SHA-256 of every other file.
        diverged: why there are no arrays, if there are none.
        seal: SHA-256 of all the rest of the manifest.
    """

    format: int
    key: str
    finished: float
    seconds: float
    checksums: dict[str, str]
    diverged: str | None = None
    seal: str = ""

    def sealed(self) -> Manifest:
        """The same with its seal set."""
        unsealed = msgspec.json.encode(msgspec.structs.replace(self, seal=""))
        return msgspec.structs.replace(self, seal=_checksum(unsealed))


class Entry(msgspec.Struct, frozen=True):
    """An entry that was read and found intact: its folder, its manifest, and the content of its
    files.
    """

    folder: Path
    manifest: Manifest
    files: dict[str, bytes]

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of one of its files."""
        with np.load(io.BytesIO(self.files[f"{name}.npz"]), allow_pickle=False) as arrays:
            return dict(arrays)


def write(
    folder: Path,
    key: str,
    spec: bytes,
    arrays: Mapping[str, Arrays],
    seconds: float,
    diverged: str | None = None,
) -> None:
    """Write an entry into an empty folder, through to the disk, the manifest last.

    Args:
        folder: exists and is empty.
        key: which entry it is.
        spec: what was asked for, as JSON.
        arrays: the arrays of each file, by name.
        seconds: how long it took.
        diverged: why there are no arrays, if there are none.

    Raises:
        TypeError: an array is not of plain numbers.
        OSError: it could not be written.
    """
    files = {SPEC: msgspec.json.format(spec)}
    files |= {f"{name}.npz": _packed(group) for name, group in arrays.items()}
    manifest = Manifest(
        format=FORMAT,
        key=key,
        finished=time.time(),
        seconds=float(seconds),
        checksums={name: _checksum(content) for name, content in files.items()},
        diverged=diverged,
    )
    files[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest.sealed()))
    put(folder, files)


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into an empty folder, through to the disk, in their order.

    Raises:
        OSError: it could not be written.
    """
    for name, content in files.items():
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path, key: str, names: Iterable[str]) -> Entry:
    """Read the entry `key`, and check it; `names` are those of its files of arrays.

    Raises:
        Damage: it is not as it was written; the message says what is wrong.
        OSError: it cannot be told now.
    """
    manifest = read_manifest(folder, key)
    results = () if manifest.diverged is not None else (f"{name}.npz" for name in names)
    if manifest.checksums.keys() != {SPEC, *results}:
        raise Damage(f"{MANIFEST} lists {', '.join(sorted(manifest.checksums)) or 'no files'}")
    files = {name: _content(folder / name) for name in manifest.checksums}
    for name, content in files.items():
        if _checksum(content) != manifest.checksums[name]:
            raise Damage(f"{name} does not match its checksum")
    return Entry(folder, manifest, files)


def read_manifest(folder: Path, key: str) -> Manifest:
    """Read what is said of the entry `key`, without a look at the rest of it.

    Raises:
        Damage, OSError: as :func:`read` does.
    """
    try:
        manifest = msgspec.json.decode(_content(folder / MANIFEST), type=Manifest)
    except msgspec.MsgspecError as error:
        raise Damage(f"{MANIFEST} is no manifest: {error}") from error
    if manifest != manifest.sealed():
        raise Damage(f"{MANIFEST} does not match its own checksum")
    if manifest.format != FORMAT or manifest.key != key:
        raise Damage(f"{MANIFEST} belongs to another entry or format")
    return manifest


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise Damage(f"{file.name} is missing") from error
    except OSError as error:
        if error.errno not in DAMAGE:
            raise
        raise Damage(str(error)) from error


def _packed(arrays: Arrays) -> bytes:
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"{name} is an array of Python objects, but must be of plain numbers")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
