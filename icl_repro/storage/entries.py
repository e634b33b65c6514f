"""Entries in a folder, addressed by what was asked for and by what they were made with.

    <kind>/ab/abcd.../    by the address of what was asked for, an entry as often as it was made
      0123456789ab.1/     otherwise: by what it was made with, and 2, 3, ... if it was made again;
                          the highest number counts
    incoming/             entries being made, and replaced ones being removed
    damaged/              what is not as it was written, set aside
    locks/                one lock an entry, so that no two processes make the same one; and where
                          machines share the folder, one lease (:mod:`icl_repro.storage.leases`),
                          which all respect, whether or not they take one themselves

An entry appears by one rename and is never changed, so that a reader sees all of it or nothing, and
one that is made again is there all the while. What is damaged is set aside, and the user is
told so (:mod:`icl_repro.storage.notices`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

import msgspec

from icl_repro.storage import entry, locks
from icl_repro.storage.entry import Arrays, Damage, Entry, Manifest
from icl_repro.storage.leases import Lease, Leases
from icl_repro.storage.notices import tell

_MAKING = "making"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, None)
"""What locking says where the file system has no locks."""


class UnusableStore(OSError):
    """A store that cannot be written to."""


class UnusableEntry(UnusableStore):
    """A place in a store that can be neither used nor cleared; other entries are not affected."""


class LostLease(Exception):
    """What this process made is not written: while it stood still, another took its lease."""


class Name(msgspec.Struct, frozen=True):
    """What an entry is called.

    Attributes:
        address: 64 hexadecimal digits for what was asked for.
        made: 12 for what it was made with.
        key: 64 for both.
        about: what it is, for people.
    """

    address: str
    made: str
    key: str
    about: str


class Entries:
    """Entries of one kind under a root, which is created when first written to."""

    def __init__(
        self, root: Path, kind: str, files: tuple[str, ...], *, leases: bool = False
    ) -> None:
        """`files` are the names of an entry's files of arrays; `leases` says to take a lease with
        every lock, for a root that several machines share.
        """
        self._root, self._kind, self._files = root, kind, files
        self._takes_leases = leases
        self._leases = Leases(root / "locks" / "leases")
        self._taken: dict[str, Lease] = {}

    def newest(self, name: Name) -> Path | None:
        """The folder of the entry that counts, which is not checked; None if there is none."""
        generations = self._generations(name)
        return self._entry(name, generations[-1]) if generations else None

    def is_stale(self, name: Name) -> bool:
        """Whether there are entries of that address, but all were made with something else."""
        made = {made for made, _ in self._listed(name)}
        return bool(made) and name.made not in made

    def manifest(self, name: Name) -> Manifest | None:
        """What is said of an entry, without a look at the rest of it; None if nobody can tell."""
        newest = self.newest(name)
        with contextlib.suppress(Damage, OSError):
            return newest and entry.read_manifest(newest, name.key)
        return None

    def read(self, name: Name) -> Entry | None:
        """Read an entry; None if there is none that is intact. Damaged ones are set aside.

        Raises:
            OSError: it cannot be told now.
        """
        while (folder := self.newest(name)) is not None:
            try:
                return entry.read(folder, name.key, self._files)
            except Damage as damage:
                # Entries do not change, so it is damaged, unless it was replaced meanwhile.
                if folder == self.newest(name) and not self._set_aside(folder, name, damage):
                    return None
        return None

    def make_room(self, name: Name) -> None:
        """Make it possible to write an entry: what is in its place is set aside.

        Raises:
            UnusableEntry: it is not.
        """
        folder = self._folder(name)
        try:
            _make_usable(folder)
        except OSError as error:
            place = folder if folder.parent.is_dir() else folder.parent
            if error.errno in (*entry.DAMAGE, errno.EEXIST) and os.path.lexists(place):
                self._set_aside(place, name, error)
            try:
                _make_usable(folder)
            except OSError as again:
                raise UnusableEntry(f"{folder} cannot be used: {again}") from again

    def write(
        self,
        name: Name,
        spec: bytes,
        arrays: Mapping[str, Arrays],
        seconds: float,
        diverged: str | None = None,
    ) -> None:
        """Write an entry, replacing an earlier one, see :func:`icl_repro.storage.entry.write`.

        Call it under the entry's lock.

        Raises:
            UnusableStore: it could not be written.
            UnusableEntry: only this one could not.
            LostLease: another process has taken over.
        """
        with self._placing(name) as folder:
            entry.write(folder, name.key, spec, arrays, seconds, diverged)

    def adopt(self, name: Name, files: Mapping[str, bytes]) -> None:
        """Take up an entry that was made elsewhere, if every byte of it is as it was written.

        Call it under the entry's lock.

        Args:
            name: what it is.
            files: its files with their content, the manifest included.

        Raises:
            Damage: it is not.
            UnusableStore, UnusableEntry, LostLease: as for :meth:`write`.
        """
        with self._placing(name) as folder:
            entry.put(folder, files)
            whole = entry.read(folder, name.key, self._files)
            if others := files.keys() - {*whole.files, entry.MANIFEST}:
                raise Damage(f"{min(others)} is not in its {entry.MANIFEST}")

    @contextlib.contextmanager
    def _placing(self, name: Name) -> Generator[Path]:
        """Give an empty folder to fill, which then becomes the entry that counts.

        Raises:
            UnusableStore: it could not be written.
            UnusableEntry: only this one could not.
        """
        folder = self._incoming / f"{name.key}.{uuid.uuid4().hex}"
        try:
            try:
                folder.mkdir(parents=True)
                yield folder
            except OSError as error:
                self._require_lease(name)  # who took it has cleared the folder away
                raise self._unusable(error) from error
            self._require_lease(name)
            self.make_room(name)
            self._publish(folder, name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def lock(self, key: str) -> Generator[bool]:
        """Try to be the one who makes an entry; yields whether this caller is. Never waits.

        Raises:
            UnusableStore: there can be no lock, because the store cannot be written to.
            UnusableEntry: this entry can have none.
        """
        path = self._root / "locks" / f"{key}.lock"
        with contextlib.ExitStack() as held:
            try:
                for folder in (path.parent, self._incoming):
                    folder.mkdir(parents=True, exist_ok=True)
                is_mine = self._locked(path, held) and self._leased(key, held)
            except OSError as error:
                if os.path.lexists(path):
                    raise UnusableEntry(f"{path} cannot be used as a lock: {error}") from error
                raise self._unusable(error) from error
            if is_mine:
                self._clear_leftovers(key)
            yield is_mine

    def _locked(self, path: Path, held: contextlib.ExitStack) -> bool:
        """Whether this process has a lock of the system, until `held` is closed; where there are
        none, but leases, these have to do.
        """
        try:
            lock = locks.acquired(path)
        except (OSError, NotImplementedError) as error:
            if self._takes_leases and getattr(error, "errno", None) in _NO_LOCKS:
                return True
            raise
        if lock is not None:
            held.callback(lock.release)
        return lock is not None

    def _leased(self, key: str, held: contextlib.ExitStack) -> bool:
        """Whether nobody else has the lease of an entry whose lock this process has; take it until
        `held` is closed, if leases are taken.
        """
        if not self._takes_leases:
            return not self._leases.is_held(key, locked_here=True)
        lease = self._leases.acquire(key, locked_here=True)
        if lease is None:
            return False
        self._taken[key] = lease
        held.callback(lease.release)
        held.callback(self._taken.pop, key)
        return True

    def _require_lease(self, name: Name) -> None:
        if name.key in self._taken and self._taken[name.key].is_lost():
            raise LostLease(f"{name.about} was taken over by another process")

    @contextlib.contextmanager
    def making(self, names: Iterable[Name]) -> Generator[None]:
        """Let other processes see that entries are being made, while one has their locks."""
        marks = [self._incoming / f"{name.key}.{_MAKING}" for name in names]
        # They only tell others to do something else first.
        with contextlib.suppress(OSError):
            for mark in marks:
                mark.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            for mark in marks:
                with contextlib.suppress(OSError):
                    mark.rmdir()

    def being_made(self) -> frozenset[str]:
        """The keys of the entries that are being made, or were when their maker was killed."""
        try:
            parts = [name.partition(".") for name in os.listdir(self._incoming)]
        except OSError:
            return frozenset()
        return frozenset(key for key, _, what in parts if what == _MAKING)

    def clear_abandoned(self) -> None:
        """Remove what killed processes left half-made, of whatever entry."""
        leftovers = self._incoming.glob(f"{'?' * 64}.*")
        for key in sorted({path.name.partition(".")[0] for path in leftovers}):
            # A store that can only be read can still be read with leftovers in it.
            with contextlib.suppress(UnusableStore), self.lock(key):
                pass

    @property
    def _incoming(self) -> Path:
        return self._root / "incoming"

    def _folder(self, name: Name) -> Path:
        return self._root / self._kind / name.address[:2] / name.address

    def _entry(self, name: Name, generation: int) -> Path:
        return self._folder(name) / f"{name.made}.{generation}"

    def _listed(self, name: Name) -> list[tuple[str, int]]:
        """What the entries of an address were made with, and their numbers; where that cannot be
        read, there is nothing to read.
        """
        try:
            parts = [listed.partition(".") for listed in os.listdir(self._folder(name))]
        except OSError:
            return []
        return [(made, int(number)) for made, _, number in parts if number.isdecimal()]

    def _generations(self, name: Name) -> list[int]:
        """Numbers of the entries of that name, in order; more than one only if a writer was
        killed.
        """
        return sorted(number for made, number in self._listed(name) if made == name.made)

    def _set_aside(self, path: Path, name: Name, reason: Exception) -> bool:
        """Move something damaged out of the way; says whether it is gone."""
        aside = self._root / "damaged" / f"{name.key}.{uuid.uuid4().hex[:8]}"
        gone, outcome = True, f"was moved to {aside}"
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            path.rename(aside)
        except FileNotFoundError:
            return True  # another process was faster, and told
        except OSError as error:
            gone, outcome = False, f"could not be moved aside ({error})"
        tell(f"{name.about} is damaged: {reason}; it {outcome} and counts as not there")
        return gone

    def _clear_leftovers(self, key: str) -> None:
        """Remove what is being made of an entry; under its lock, that was left by the killed."""
        with contextlib.suppress(OSError):  # they do no harm
            for leftover in self._incoming.glob(f"{key}.*"):
                shutil.rmtree(leftover, ignore_errors=True)

    def _publish(self, folder: Path, name: Name) -> None:
        earlier = self._generations(name)
        target = self._entry(name, max(earlier, default=0) + 1)
        try:
            folder.rename(target)
        except OSError as error:
            raise UnusableEntry(f"{target} cannot be written: {error}") from error
        with contextlib.suppress(OSError):  # an earlier entry that stays does no harm
            for generation in earlier:
                replaced = folder.with_name(f"{folder.name}.{generation}")
                self._entry(name, generation).rename(replaced)
                shutil.rmtree(replaced, ignore_errors=True)

    def _unusable(self, error: OSError) -> UnusableStore:
        return UnusableStore(
            f"the store {self._root} cannot be written to: {error}. It must be a directory "
            "with room in it that this user may write to, or a path where one can be made"
        )


def _make_usable(folder: Path) -> None:
    """Make a folder, and see that it can be read."""
    folder.mkdir(parents=True, exist_ok=True)
    os.listdir(folder)
