"""Locks between threads and processes of one machine.

The system lets go of a lock when the process that has it dies, however it dies.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import filelock


@contextlib.contextmanager
def lock_of(path: Path) -> Generator[Path]:
    """Wait until no other thread or process changes a file; yields the file behind any links.

    The lock lies in a folder of this user's, not beside the file, where it would be litter. There
    are 256 locks at most, so that some files share one: whoever holds one must not ask for another.
    """
    resolved = Path(os.path.realpath(path))
    slot = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:2]
    with filelock.FileLock(_lock_folder() / f"{slot}.lock", poll_interval=0.01):
        yield resolved


def device_lock(name: str) -> Path:
    """Where the lock of a device of this machine is, for :func:`acquired`."""
    return _lock_folder() / f"device-{hashlib.sha256(name.encode()).hexdigest()[:12]}.lock"


def acquired(path: Path) -> filelock.BaseFileLock | None:
    """The lock at `path`, to be released by the caller; None if somebody has it. Never waits.

    Raises:
        OSError: there can be no lock there.
    """
    lock = filelock.FileLock(path, blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        return None
    return lock


def _lock_folder() -> Path:
    """Where the locks of this user are: the same for all sessions, whatever their settings."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(cache).expanduser() / "icl-repro" / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        folder = Path(tempfile.gettempdir()) / f"icl-repro-locks-{user}"
        folder.mkdir(parents=True, exist_ok=True)
    return folder
