"""Arrays kept on disk under the content of their recipe, and checked when read.

A file is an ordinary float32 ``.npy`` file followed by the SHA-256 of its bytes (``numpy.load``
ignores what follows the array). It is written under another name and then renamed, so that a
reader sees a whole file or none; processes that compute the same array at once replace each other's
file with an equal one.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

_DIGEST_BYTES = hashlib.sha256().digest_size


class ExemplarCacheWarning(UserWarning):
    """The exemplar cache could not be used; the features were computed instead."""


class _Damaged(Exception):
    """A cache file is not what was written; the message says how it differs."""


def recall(
    directory: Path | None,
    *,
    name: str,
    key: object,
    shape: tuple[int, ...],
    compute: Callable[[], np.ndarray],
) -> np.ndarray:
    """The array that `compute` gives, from `directory` if it is kept there.

    A damaged file is set aside (its name gets ``.damaged`` at the end), warned about, and
    replaced. A file that cannot be written is warned about.

    Args:
        directory: where arrays are kept; none: `compute` is called and nothing is kept.
        name: what the array is, for the file name.
        key: JSON-encodable content of everything that decides the array.
        shape: the shape that the array must have.
        compute: gives the float32 array; called only when it is not kept.

    Raises:
        NotADirectoryError: `directory` is a file.
    """
    if directory is None:
        return compute()
    if directory.exists() and not directory.is_dir():
        raise NotADirectoryError(f"the exemplar cache must be a directory; {directory} is a file")
    path = directory / f"{name}-{hashlib.sha256(msgspec.json.encode(key)).hexdigest()}.npy"
    try:
        return _read(path, shape)
    except FileNotFoundError:
        pass
    except _Damaged as damage:
        _set_aside(path, damage)
    array = compute()
    try:
        _write(path, array)
    except OSError as error:
        warnings.warn(
            f"the exemplar cache could not keep {path}: {error}",
            ExemplarCacheWarning,
            stacklevel=2,
        )
    return array


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    content = path.read_bytes()
    payload, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise _Damaged(f"its checksum does not match its {len(content)} bytes")
    try:
        array = np.load(io.BytesIO(payload), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _Damaged(f"it is not a plain .npy file ({error})") from error
    if array.dtype != np.float32 or array.shape != shape:
        raise _Damaged(
            f"it holds {array.dtype} of shape {array.shape}; expected float32 of shape {shape}"
        )
    return array


def _set_aside(path: Path, damage: _Damaged) -> None:
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
        outcome = f"set aside as {aside.name}"
    except OSError as error:
        # Another process may have set it aside first; the directory may be read-only.
        outcome = f"could not be set aside ({error})"
    warnings.warn(
        f"the exemplar cache file {path} is damaged: {damage}; {outcome}, computing it again",
        ExemplarCacheWarning,
        stacklevel=3,
    )


def _write(path: Path, array: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    payload = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        partial.write_bytes(payload + hashlib.sha256(payload).digest())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
