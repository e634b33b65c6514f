"""One entry of the run store: a folder of plain files, read only if every byte is as written.

    spec.json       what was run
    curves.npz      what was measured       (neither of these two
    weights.npz     the checkpoints          if the run diverged)
    manifest.json   checksums of the others and of itself

Nothing is pickled.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from icl_repro.training.spec import RunSpec

FORMAT = 1
MANIFEST = "manifest.json"
ARRAYS = ("curves", "weights")
_DAMAGE = (errno.EIO, errno.EISDIR, errno.ENOTDIR)

Arrays = Mapping[str, np.ndarray]


class Damage(Exception):
    """Why an entry cannot be trusted."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``manifest.json`` holds.

    Attributes:
        finished: when the run was finished, in seconds since the epoch.
        seconds: how long it took.
        checksums: SHA-256 of every other file.
        diverged: why the run has no results, if it diverged.
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
        """The arrays of ``curves`` or of ``weights``."""
        with np.load(io.BytesIO(self.files[f"{name}.npz"]), allow_pickle=False) as arrays:
            return dict(arrays)


def write(
    folder: Path,
    spec: RunSpec,
    arrays: Mapping[str, Arrays],
    seconds: float,
    diverged: str | None = None,
) -> None:
    """Write an entry into an empty folder, through to the disk, the manifest last.

    Args:
        folder: exists and is empty.
        spec: what was run.
        arrays: ``curves`` and ``weights``, each as arrays by name; empty if it diverged.
        seconds: how long it took.
        diverged: why it has no results, if it diverged.

    Raises:
        TypeError: an array is not of plain numbers.
        OSError: it could not be written.
    """
    files = {"spec.json": msgspec.json.format(msgspec.json.encode(spec))}
    files |= {f"{name}.npz": _packed(group) for name, group in arrays.items()}
    manifest = Manifest(
        format=FORMAT,
        key=spec.key,
        finished=time.time(),
        seconds=float(seconds),
        checksums={name: _checksum(content) for name, content in files.items()},
        diverged=diverged,
    )
    files[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest.sealed()))
    for name, content in files.items():
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path, key: str) -> Entry:
    """Read the entry of the run `key`, and check it.

    Raises:
        Damage: it is not as it was written; the message says what is wrong.
        OSError: it cannot be told, because this process may not read it.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if manifest != manifest.sealed():
            raise Damage(f"{MANIFEST} does not match its own checksum")
        if manifest.format != FORMAT or manifest.key != key:
            raise Damage(f"{MANIFEST} belongs to another run or format")
        results = () if manifest.diverged is not None else (f"{name}.npz" for name in ARRAYS)
        if manifest.checksums.keys() != {"spec.json", *results}:
            raise Damage(f"{MANIFEST} lists {', '.join(sorted(manifest.checksums)) or 'no files'}")
        files = {name: (folder / name).read_bytes() for name in manifest.checksums}
    except FileNotFoundError as error:
        raise Damage(f"{Path(error.filename).name} is missing") from error
    except msgspec.MsgspecError as error:
        raise Damage(f"{MANIFEST} is no manifest: {error}") from error
    except OSError as error:
        if error.errno not in _DAMAGE:
            raise
        raise Damage(str(error)) from error
    for name, content in files.items():
        if _checksum(content) != manifest.checksums[name]:
            raise Damage(f"{name} does not match its checksum")
    return Entry(folder, manifest, files)


def _packed(arrays: Arrays) -> bytes:
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"{name} is an array of Python objects, but must be of plain numbers")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
