"""Leases: locks that lapse unless their holder keeps them alive, for folders that several machines
share.

Locks of the system are not to be trusted there: many network file systems keep them on one machine
only, or for ever after a machine was lost. A lease is a numbered file, made by whoever is the first
to make that number, and written again every few seconds by a thread of its holder. Others take it
for lapsed when it has not changed for a while by their own clock, so that no two clocks need agree,
and make the next number; the highest counts. A holder that stood still, and finds a higher number
when it wakes, has lost its lease.
"""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import threading
import time
import uuid
from pathlib import Path

import msgspec

BEAT_SECONDS = 5.0
LAPSE_SECONDS = 60.0
"""After how long without a beat a lease counts for nothing: twelve beats, so that a holder which
compiles, or a file server that is slow, does not look dead.
"""


_LENGTH = 512
"""Bytes of the file of a lease: one write, of which nobody sees a part."""


class _Beat(msgspec.Struct, frozen=True):
    """What the file of a lease holds: who has it, on which machine, and how often it beat."""

    holder: str = ""
    machine: str = ""
    beats: int = 0


class Lease:
    """A lease that this process has until it is released, or lost."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._holder = uuid.uuid4().hex
        self._beats = 0

    def is_lost(self) -> bool:
        """Whether somebody else has taken it, because this process stood still for too long."""
        if max(_numbers(self._file.parent), default=0) > int(self._file.name):
            return True
        try:
            return _read(self._file.read_bytes()).holder != self._holder
        except OSError:
            return True

    def release(self) -> None:
        """Let go of it."""
        _HEART.forget(self)
        if not self.is_lost():
            with contextlib.suppress(OSError):  # it lapses by itself
                self._file.unlink()
                self._file.parent.rmdir()

    def beat(self) -> None:
        """Show that its holder lives."""
        self._beats += 1
        content = msgspec.json.encode(_Beat(self._holder, this_machine(), self._beats))
        # Into the file that is there: one that was removed meanwhile is not made again. Opened and
        # closed each time, which is when network file systems show others what was written.
        with contextlib.suppress(OSError), self._file.open("r+b") as file:
            if _read(file.read()).holder in ("", self._holder):
                file.seek(0)
                file.write(content.ljust(_LENGTH))


class Leases:
    """The leases in a folder, as one process sees them."""

    def __init__(self, folder: Path, lapse_seconds: float = LAPSE_SECONDS) -> None:
        self._folder = folder
        self._lapse_seconds = lapse_seconds
        self._seen: dict[Path, tuple[bytes, float]] = {}

    def acquire(self, name: str, *, locked_here: bool) -> Lease | None:
        """The lease of that name; None if somebody has it. Never waits.

        Args:
            name: of the lease.
            locked_here: whether the caller has what is also locked on this machine by whoever has
                the lease: then a lease of this machine is one that a killed process left.

        Raises:
            OSError: there can be no lease there.
        """
        folder = self._folder / name
        number = self._next_number(folder, locked_here)
        if number is None:
            return None
        for _ in range(3):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                (folder / str(number)).open("xb").close()
            except FileExistsError:
                return None
            except FileNotFoundError:
                continue  # its folder has gone with a lease that was released just now
            lease = Lease(folder / str(number))
            lease.beat()
            _HEART.keep(lease)
            for earlier in _numbers(folder) - {number}:
                if earlier < number:
                    with contextlib.suppress(OSError):
                        (folder / str(earlier)).unlink()
            return lease
        return None

    def is_held(self, name: str, *, locked_here: bool) -> bool:
        """Whether somebody has the lease of that name; `locked_here` as for :meth:`acquire`."""
        return self._next_number(self._folder / name, locked_here) is None

    def _next_number(self, folder: Path, locked_here: bool) -> int | None:
        """The number of the next lease; None while the last one lives."""
        newest = max(_numbers(folder), default=0)
        if newest and not self._has_lapsed(folder / str(newest), locked_here):
            return None
        return newest + 1

    def _has_lapsed(self, file: Path, locked_here: bool) -> bool:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return True
        if locked_here and _read(content).machine == this_machine():
            return True
        before, since = self._seen.get(file, (None, 0.0))
        now = time.monotonic()
        if content != before:
            self._seen[file] = content, now
            return False
        return now - since > self._lapse_seconds


class _Heart:
    """The thread of this process that keeps its leases alive, while it has any."""

    def __init__(self) -> None:
        self._leases: set[Lease] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, lease: Lease) -> None:
        with self._guard:
            self._leases.add(lease)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._beat, daemon=True, name="icl-leases")
                self._thread.start()

    def forget(self, lease: Lease) -> None:
        with self._guard:
            self._leases.discard(lease)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            with self._guard:
                leases = list(self._leases)
                if not leases:
                    self._thread = None
                    return
            for lease in leases:
                lease.beat()


_HEART = _Heart()


@functools.cache
def this_machine() -> str:
    """A name for this machine since it was started; no other machine has it."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    with contextlib.suppress(OSError):
        return f"{platform.node()} {boot.read_text().strip()}"
    return f"{platform.node()} {uuid.getnode():x}"


def _read(content: bytes) -> _Beat:
    try:
        return msgspec.json.decode(content.strip() or b"{}", type=_Beat)
    except msgspec.MsgspecError:
        return _Beat()  # nobody can tell


def _numbers(folder: Path) -> set[int]:
    try:
        return {int(name) for name in os.listdir(folder) if name.isdecimal()}
    except (FileNotFoundError, NotADirectoryError):
        return set()
