"""Removing from a store what nobody needs, beside sessions that use it.

What is removed of an entry is first renamed out of the way, under its lock, so that no reader meets
half of it. A reader that comes later finds nothing there, as if it had never been made.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from icl_repro.storage import locks, survey
from icl_repro.storage.leases import Leases
from icl_repro.storage.survey import Stored

INCOMING, DAMAGED = "incoming", "damaged"


@dataclass(frozen=True)
class Candidate:
    """Something that may be removed.

    Attributes:
        path: a file, or a folder that goes whole.
        why: for what reason, the same words for all that go for the same one.
        size: in bytes.
        key: of which lock has to be had for it; empty for none.
    """

    path: Path
    why: str
    size: int
    key: str = ""


@dataclass(frozen=True)
class Rules:
    """What may go.

    Attributes:
        made: what counts, the 12 digits of what entries are made with now.
        unused_since: seconds since the epoch: what was read after that is in use.
        kept: keys of entries that stay, whatever they were made with.
        unneeded: whether entries that count go too, if they are not in `kept`.
        key_of: the key of an entry that counts, by its address.
    """

    made: str
    unused_since: float
    kept: Collection[str]
    unneeded: bool
    key_of: Callable[[str], str]


def of_entries(entries: Iterable[Stored], rules: Rules) -> Iterator[Candidate]:
    """The entries that may go: replaced ones, those made with something else, unneeded ones."""
    for one in entries:
        if one.made == rules.made:
            key = rules.key_of(one.address)
        else:
            key = one.manifest.key if one.manifest else ""
        if not one.counts:
            yield Candidate(one.folder, "replaced by newer ones", one.size, key)
        elif key in rules.kept or one.read > rules.unused_since:
            continue
        elif one.made != rules.made:
            yield Candidate(one.folder, "stale: made by other source or libraries", one.size, key)
        elif rules.unneeded:
            yield Candidate(one.folder, "in none of the records that are to be kept", one.size, key)


def of_leftovers(root: Path, unused_since: float) -> Iterator[Candidate]:
    """What killed processes left half-made, and what was set aside as damaged."""
    for path in sorted((root / INCOMING).glob("*")):
        key, _, rest = path.name.partition(".")
        if rest:
            yield Candidate(path, "left half-made by killed processes", _size(path), key)
    for path in sorted((root / DAMAGED).glob("*")):
        if path.lstat().st_mtime <= unused_since:
            yield Candidate(path, "damaged, and set aside", _size(path))


def of_homes(folder: Path, unused_since: float) -> Iterator[Candidate]:
    """Folders below one that note their last use by their time, all but the one used last."""
    homes = sorted(
        (path for path in folder.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for home in homes[:-1]:
        if home.stat().st_mtime <= unused_since:
            yield Candidate(home, f"{folder.name} under other circumstances, not used", _size(home))


def of_files(folder: Path, unused_since: float) -> Iterator[Candidate]:
    """Files below a folder that nobody has read."""
    for path, known in survey.files(folder):
        if max(known.st_atime, known.st_mtime) <= unused_since:
            yield Candidate(path, f"{folder.name}, not read", known.st_size)


def remove(root: Path, candidates: Iterable[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Remove what may go; what somebody is making is left.

    Returns:
        What was removed, and what was left because it is in use or could not be removed.
    """
    removed: list[Candidate] = []
    left: list[Candidate] = []
    for one in candidates:
        done = False
        with contextlib.suppress(OSError):
            done = _remove(root, one)
        (removed if done else left).append(one)
    return removed, left


def _remove(root: Path, one: Candidate) -> bool:
    if not one.key:
        return _gone(one.path)
    (root / "locks").mkdir(exist_ok=True)
    lock = locks.acquired(root / "locks" / f"{one.key}.lock")
    if lock is None:
        return False
    try:
        if Leases(root / "locks" / "leases").is_held(one.key, locked_here=True):
            return False
        if one.path.parent.name == INCOMING:
            return _gone(one.path)
        aside = root / INCOMING / f"{one.key}.{uuid.uuid4().hex}"
        aside.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            one.path.rename(aside)
        return _gone(aside)
    finally:
        lock.release()


def _gone(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    path.unlink(missing_ok=True)
    return True


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(known.st_size for _, known in survey.files(path))
    return path.lstat().st_size
