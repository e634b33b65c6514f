"""Data sets in ``.npy``, ``.npz`` and ``.h5`` files: classes x exemplars x features.

Nothing is ever unpickled. `h5py` is imported when an ``.h5`` file is first read.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_repro.exemplars.source import UnusableExemplars
from icl_repro.nearest import nearest

FORMS = (".npy", ".npz", ".h5", ".hdf5")
"""The endings of the files that can be read."""
FEWEST_CLASSES = 2
_AXES = 3
_OBJECTS = "holds Python objects, which are never read: expected floating-point numbers"


def data_set(path: Path, name: str = "") -> tuple[str, Float[np.ndarray, "classes exemplars n"]]:
    """A data set of a file, with its name.

    Args:
        path: the file; its ending says what it is, one of :data:`FORMS`.
        name: which data set; without it, the only one that fits.

    Returns:
        Its name (none in an ``.npy`` file), and its numbers: float32, all of them finite.

    Raises:
        UnusableExemplars: the file cannot be read, or there is not one such data set.
    """
    arrays = dict(_arrays(path, name))
    if name:
        if name not in arrays:
            raise UnusableExemplars(f"{path} has no data set {name!r}: {nearest(name, arrays)}")
        chosen = name
    else:
        chosen = _only_fitting(path, arrays)
    return chosen, _numbers(f"{path}::{chosen}" if chosen else str(path), arrays[chosen])


def content(numbers: Float[np.ndarray, "classes exemplars n"]) -> str:
    """The checksum of numbers: 64 hexadecimal digits, whatever file they come from."""
    digest = hashlib.sha256(f"float32 {numbers.shape}".encode())
    digest.update(np.ascontiguousarray(numbers, "<f4").tobytes())
    return digest.hexdigest()


def _arrays(path: Path, name: str) -> Iterator[tuple[str, np.ndarray | str]]:
    """Every array of a file, or in its place what is wrong with it, by name."""
    try:
        if path.suffix.lower() == ".npy":
            yield "", np.load(path, allow_pickle=False)
        elif path.suffix.lower() == ".npz":
            yield from _of_npz(path)
        else:
            yield from _of_h5(path, name)
    except FileNotFoundError as error:
        raise UnusableExemplars(f"there is no file {path}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UnusableExemplars(f"{path} {_why(error)}") from error


def _why(error: Exception) -> str:
    if "Object arrays" in str(error):
        return _OBJECTS
    if "allow_pickle" in str(error):
        return "is no NumPy file, or damaged, or a pickle, which is never read"
    return f"cannot be read, it may be cut short or damaged: {error}"


def _of_npz(path: Path) -> Iterator[tuple[str, np.ndarray | str]]:
    # The file is opened here, as NumPy leaves it open where it is no whole zip.
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        for name in file.files:
            try:
                array: np.ndarray | str = file[name]
            except ValueError as error:
                array = _why(error)
            yield name, array


def _of_h5(path: Path, name: str) -> Iterator[tuple[str, np.ndarray | str]]:
    with h5py(path).File(path, "r") as file:
        found: dict[str, Any] = {}
        file.visititems(lambda key, item: found.update({key: item}) and None)
        for key, item in found.items():
            if hasattr(item, "dtype"):
                # What is not asked for and does not fit may be large: its shape is enough.
                wanted = key == name or (not name and not _misfit(item))
                yield key, item[()] if wanted else _misfit(item) or "is not asked for"


def h5py(path: Path) -> Any:
    """The library that reads ``.h5`` files.

    Raises:
        UnusableExemplars: it is not installed.
    """
    try:
        import h5py as library  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UnusableExemplars(
            f"h5py is needed to read {path} and cannot be imported ({error}): "
            "pip install 'icl-repro[h5]'"
        ) from error
    return library


def _misfit(array: Any) -> str:
    """Why something cannot be a data set, or nothing if it can."""
    if isinstance(array, str):
        return array
    if array.dtype.kind == "O":
        return _OBJECTS
    if array.dtype.kind != "f":
        return f"holds {array.dtype}: expected floating-point numbers"
    if len(array.shape) != _AXES:
        return (
            f"has shape {tuple(array.shape)}: expected three axes, classes x exemplars x features"
        )
    if array.shape[0] < FEWEST_CLASSES or 0 in array.shape:
        return (
            f"has shape {tuple(array.shape)}: expected {FEWEST_CLASSES} classes or more, and at "
            "least one exemplar and one feature"
        )
    return ""


def _only_fitting(path: Path, arrays: dict[str, np.ndarray | str]) -> str:
    fitting = [name for name, array in arrays.items() if not _misfit(array)]
    if len(fitting) == 1:
        return fitting[0]
    if len(arrays) == 1:
        return next(iter(arrays))  # what is wrong with it is said where it is read
    listed = "; ".join(f"{name} {_misfit(array) or 'fits'}" for name, array in arrays.items())
    if fitting:
        raise UnusableExemplars(
            f"{path} has {len(fitting)} data sets of exemplars, choose one by "
            f"{path.name}::NAME: {', '.join(fitting)}"
        )
    raise UnusableExemplars(f"{path} has no data set of exemplars: {listed or 'it is empty'}")


def _numbers(what: str, array: np.ndarray | str) -> Float[np.ndarray, "classes exemplars n"]:
    if misfit := _misfit(array):
        raise UnusableExemplars(f"{what} {misfit}")
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, np.float32)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        class_, exemplar, feature = wrong[0].tolist()
        value = np.asarray(array)[class_, exemplar, feature]
        raise UnusableExemplars(
            f"{what} has values that are no finite 32-bit numbers ({len(wrong):,}); the first is "
            f"feature {feature} of exemplar {exemplar} of class {class_}: {value}"
        )
    if len(numbers) > 1 and (numbers == numbers[:1]).all():
        raise UnusableExemplars(
            f"{what} has the same exemplars in every class: nothing to tell apart"
        )
    return numbers
