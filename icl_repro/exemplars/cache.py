"""Arrays kept on disk under the content of their recipe, and checked when read.

A file is an ordinary float32 ``.npy`` file with its checksum at the end, which ``numpy.load``
ignores. Processes that compute the same array at once replace each other's file with an equal one.

A recipe is written by hand and may be forgotten where the code changes. The code that draws and the
version of NumPy are therefore part of every address, so that what a changed encoder gives is never
mistaken for what the old one gave. The encoders of images have their code in their recipe.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from icl_repro.storage import fingerprint, sealed
from icl_repro.storage.notices import tell

NOT_COMPUTING = (
    "__init__.py",
    "about.py",
    "cache.py",
    "checks.py",
    "choice.py",
    "data_sets.py",
    "encoded.py",
    "feature_file.py",
    "image_set.py",
    "omniglot.py",
    "pictures.py",
    "places.py",
    "registry.py",
    "source.py",
)
"""The modules of this folder that decide no array that is drawn: they check, read, keep, show and
hand on. What images and files come to is in the recipes of their sources.
"""


def recall(
    directory: Path | None,
    *,
    name: str,
    key: object,
    shape: tuple[int, ...],
    compute: Callable[[], np.ndarray],
) -> np.ndarray:
    """The array that `compute` gives, from `directory` if it is kept there.

    A damaged file is set aside (its name gets ``.damaged`` at the end) and replaced. The user is
    told so, and where an array could not be kept (:mod:`icl_repro.storage.notices`).

    Args:
        directory: where arrays are kept; none: `compute` is called and nothing is kept.
        name: what the array is, for the file name.
        key: JSON-encodable content of everything that decides the array, but for the code.
        shape: the shape that the array must have.
        compute: gives the float32 array; called only when it is not kept.
    """
    if directory is None:
        return compute()
    path = _path(directory, name, key)
    try:
        return _unpacked(sealed.read(path), shape)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, sealed.Damaged) as damage:
        _set_aside(path, damage)
    array = compute()
    try:
        sealed.write(path, _packed(array))
    except OSError as error:
        tell(f"the exemplar cache could not keep {path}: {error}")
    return array


def is_kept(directory: Path, *, name: str, key: object) -> bool:
    """Whether an array is there; arguments as those of :func:`recall`."""
    return _path(directory, name, key).exists()


def _path(directory: Path, name: str, key: object) -> Path:
    address = hashlib.sha256(msgspec.json.encode((key, code_and_numpy()))).hexdigest()
    return directory / f"{name}-{address}.npy"


@functools.cache
def code_and_numpy() -> tuple[str, str]:
    """The fingerprint of the code that draws and encodes, and the version of NumPy."""
    folder = Path(__file__).parent
    modules = sorted(file.name for file in folder.glob("*.py") if file.name not in NOT_COMPUTING)
    return fingerprint.of_source(folder, modules), np.__version__


def _unpacked(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise sealed.Damaged(f"it is not a plain .npy file ({error})") from error
    if array.dtype != np.float32 or array.shape != shape:
        raise sealed.Damaged(
            f"it holds {array.dtype} of shape {array.shape}; expected float32 of shape {shape}"
        )
    return array


def _packed(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _set_aside(path: Path, damage: Exception) -> None:
    aside = path.with_name(path.name + ".damaged")
    try:
        os.replace(path, aside)
        outcome = f"set aside as {aside.name}"
    except OSError as error:
        # Another process may have set it aside first; the directory may be read-only.
        outcome = f"could not be set aside ({error})"
    tell(f"the exemplar cache file {path} is damaged: {damage}; {outcome}, computing it again")
