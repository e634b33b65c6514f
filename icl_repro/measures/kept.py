"""Measurements that are kept on disk, so that nothing is measured twice that cannot have changed.

    0123456789abcdef/   by the circumstances: the source of this package, the versions and settings
                        of the libraries that compute, the kind of processor and device
      ab/cdef...        by the question: the function and its arguments, bit by bit; for a function
                        of another package, such as a suite of claims, the source of that, too

A folder of other circumstances that nobody has used for some days is removed whole.

Whatever is not plainly data or made of this package's own types (a function or an edit of the
user's, whose source is not part of the address) is measured anew each time, and so is what a
function measures that is of no package, and what was kept but is not as it was written.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import equinox as eqx
import jax
import jax.core
import msgspec
import numpy as np
from jax.tree_util import default_registry
from jaxtyping import PyTree

import icl_repro
from icl_repro.storage import sealed
from icl_repro.storage.notices import tell
from icl_repro.storage.programs import processor

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

LIBRARIES = ("jax", "jaxlib", "equinox", "numpy", "scipy")
DAYS_UNUSED = 14
"""How long what was measured under other circumstances is kept after its last use."""
_SETTINGS = ("JAX_", "XLA_")
"""How the names of settings in the environment begin."""
_TRUSTED = {"icl_repro", "builtins", "jax", "jaxlib", "equinox", "numpy"}
"""Packages whose types an address describes completely."""

_CIRCUMSTANCES = re.compile("[0-9a-f]{16}|[0-9a-f]{2}")
"""Names of folders of ours: circumstances, and what was kept before they had folders."""

_folder: Path | None = None


def keep_in(folder: Path | None) -> None:
    """From now on, keep measurements below a folder; None keeps none."""
    global _folder
    _folder = folder


def kept(
    result: type[Result],
) -> Callable[[Callable[Parameters, Any]], Callable[Parameters, Result]]:
    """Make a function's results be kept, which have to follow from its arguments.

    Args:
        result: what the function returns: an array, a module of arrays, or plain data. Arrays come
            as NumPy's, kept or not.

    A function outside of this package may call what is in its own package, in this one and in
    :data:`LIBRARIES`, whose source or version is part of where its results are kept; files that it
    reads are not.
    """

    def keeping(measure: Callable[Parameters, Any]) -> Callable[Parameters, Result]:
        @functools.wraps(measure)
        def measured(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
            if _is_traced((arguments, named)):
                return measure(*arguments, **named)
            place = _place(measure, (arguments, named))
            if place is None:
                return _on_the_host(measure(*arguments, **named))
            with contextlib.suppress(OSError, sealed.Damaged):
                return _unpacked(result, sealed.read(place))
            found = _on_the_host(measure(*arguments, **named))
            try:
                sealed.write(place, msgspec.msgpack.encode(found, enc_hook=_plain))
            except OSError as error:
                tell(f"measurements cannot be kept in {_folder}: {error.strerror}")
            return found

        return measured

    return keeping


def _plain(array: object) -> tuple[str, tuple[int, ...], bytes]:
    if not isinstance(array, np.ndarray | np.generic):
        raise TypeError(f"{type(array).__name__} is neither plain data nor an array")
    return array.dtype.str, array.shape, array.tobytes()


def _array(kind: type, plain: Any) -> np.ndarray:
    dtype, shape, content = plain
    return np.frombuffer(content, dtype).reshape(shape)


def _unpacked(result: type[Result], content: bytes) -> Result:
    if issubclass(result, eqx.Module):
        arrays = msgspec.msgpack.decode(content, type=dict[str, np.ndarray], dec_hook=_array)
        return result(**arrays)
    return msgspec.msgpack.decode(content, type=result, dec_hook=_array)


def _is_traced(arguments: PyTree) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(arguments))


def _on_the_host(result: Result) -> Result:
    if not any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(result)):
        return result
    return jax.tree.map(np.asarray, result)


def _place(measure: Callable, arguments: PyTree) -> Path | None:
    """Where a measurement is kept; None if none are, or if its arguments do not tell all."""
    if _folder is None:
        return None
    leaves, structure = jax.tree.flatten(arguments)
    arrays = [np.asarray(leaf) for leaf in leaves]
    described = str(structure)
    if (
        any(array.dtype.hasobject for array in arrays)
        or any(kind.__module__.split(".")[0] not in _TRUSTED for kind in _types(arguments))
        # The description of an object by its place in memory says nothing about it.
        or " at 0x" in described
    ):
        return None
    source = _source_beside(measure.__module__.partition(".")[0])
    if source is None:
        return None
    digest = hashlib.sha256(f"{measure.__module__}.{measure.__qualname__} {described}".encode())
    digest.update(source)
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    address = digest.hexdigest()
    return _home(_folder, _circumstances()) / address[:2] / address[2:]


def _types(tree: PyTree) -> Iterator[type]:
    """The types of all inner nodes."""
    level = default_registry.flatten_one_level(tree)
    if level is not None:
        yield type(tree)
        for child in level[0]:
            yield from _types(child)


@functools.cache
def _home(folder: Path, circumstances: str) -> Path:
    """Where measurements under these circumstances are, noted as in use; old ones are removed."""
    home = folder / circumstances
    with contextlib.suppress(OSError):  # to tidy up is not what was asked for
        home.mkdir(parents=True, exist_ok=True)
        os.utime(home)
        oldest = time.time() - DAYS_UNUSED * 24 * 3600
        for other in folder.iterdir():
            if _CIRCUMSTANCES.fullmatch(other.name) and other.stat().st_mtime < oldest:
                # Whoever may still be reading there measures again what is gone.
                shutil.rmtree(other, ignore_errors=True)
    return home


@functools.cache
def _source_beside(package: str) -> bytes | None:
    """A digest of the source of the package that a function is in, empty for this one, which is
    among the circumstances; None if it is in no package, so that what it calls is unknown.
    """
    if package == icl_repro.__name__:
        return b""
    file = getattr(sys.modules.get(package), "__file__", None)
    if file is None or Path(file).name != "__init__.py":
        return None
    return _source_below(Path(file).parent)


def _source_below(root: Path) -> bytes:
    """A digest of all modules in a folder and those below it."""
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.digest()


@functools.cache
def _circumstances() -> str:
    """A digest of what is the same for all measurements of a process."""
    digest = hashlib.sha256(_source_below(Path(icl_repro.__file__).parent))
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    settings = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith(_SETTINGS)]
    devices = [processor(), jax.devices()[0].device_kind]
    digest.update("\n".join([*versions, *settings, *devices]).encode())
    return digest.hexdigest()[:16]
