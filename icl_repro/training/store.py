"""The run store: a directory of finished runs, addressed by the content of their specs.

    runs/ab/abcd.../      by the address of its spec, a run as often as it was made otherwise:
      0123456789ab.1/     by source and libraries, see :mod:`icl_repro.training.provenance`; 2, 3,
                          ... if it was trained again: the highest number counts
    incoming/             runs being written, and replaced ones being removed
    damaged/              entries that are not as they were written, set aside
    locks/                one lock a run, so that no two processes train the same one
    exemplars/            encoded exemplars

An entry appears by one rename and is never changed, so that a reader sees all of it or nothing, and
a run that is trained again is there all the while. Locks belong to processes: the system lets go of
them when a process dies, however it dies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock

from icl_repro.training import entry
from icl_repro.training.entry import Arrays, Damage, Entry, Manifest
from icl_repro.training.provenance import source_and_libraries
from icl_repro.training.run import Run
from icl_repro.training.spec import RunSpec

LARGEST_MEMORY = 200_000_000
"""How many bytes of runs a store keeps in memory, to give them again without reading them."""


class MissingRun(LookupError):
    """A run that the store does not hold."""


class DivergedRun(MissingRun):
    """A run that was tried and diverged; the message says at which step."""


class DamagedRun(UserWarning):
    """A stored run did not match its checksums and was set aside."""


class UnusableStore(OSError):
    """A store that cannot be written to."""


class RunStore:
    """Finished runs under one directory, which is created when first written to."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._loaded: OrderedDict[Path, Run] = OrderedDict()

    @property
    def exemplar_cache(self) -> Path:
        """Folder for encoded exemplars."""
        return self.root / "exemplars"

    def __contains__(self, spec: RunSpec) -> bool:
        """Whether the run is there, finished or known to diverge; does not look at checksums."""
        return self._newest(spec) is not None

    def manifest(self, spec: RunSpec) -> Manifest | None:
        """What was written down about a run, or None if it is not there.

        A damaged entry is set aside with a :class:`DamagedRun` warning and counts as absent.
        """
        stored = self._read(spec)
        return None if stored is None else stored.manifest

    def load(self, spec: RunSpec) -> Run:
        """Read a run, or give the one that was read before: its arrays cannot be written to.

        Raises:
            DivergedRun: it was tried and has no results.
            MissingRun: it is not there, or damaged (then it is set aside, with a warning).
        """
        newest = self._newest(spec)
        if newest in self._loaded:
            self._loaded.move_to_end(newest)
            return self._loaded[newest]
        stored = self._read(spec)
        if stored is None:
            raise MissingRun(f"the store {self.root} has no run {spec.key[:12]}: {spec.describe()}")
        if stored.manifest.diverged is not None:
            raise DivergedRun(stored.manifest.diverged)
        weights = stored.arrays("weights")
        run = Run(
            spec=spec,
            curves=stored.arrays("curves"),
            checkpoint_sequences=weights.pop("checkpoint_sequences"),
            checkpoint_weights=weights,
            seconds=stored.manifest.seconds,
            cache=self.exemplar_cache,
        )
        self._remember(stored.folder, run)
        return run

    def _remember(self, folder: Path, run: Run) -> None:
        """Keep a run in memory, and of the others those used last: entries never change."""
        for array in run.arrays():
            array.flags.writeable = False
        self._loaded[folder] = run
        while len(self._loaded) > 1 and sum(map(_size, self._loaded.values())) > LARGEST_MEMORY:
            self._loaded.popitem(last=False)

    def save(self, run: Run) -> None:
        """Write a finished run, replacing an earlier one. Call it under the run's lock.

        Raises:
            UnusableStore: it could not be written.
        """
        weights = {"checkpoint_sequences": run.checkpoint_sequences, **run.checkpoint_weights}
        self._write(run.spec, {"curves": run.curves, "weights": weights}, run.seconds)

    def save_divergence(self, spec: RunSpec, message: str) -> None:
        """Write down that a run diverges, so that it is not tried again and again.

        Raises:
            UnusableStore: it could not be written.
        """
        self._write(spec, {}, 0.0, message)

    @contextlib.contextmanager
    def lock(self, spec: RunSpec) -> Iterator[bool]:
        """Try to be the one who trains a run; yields whether this process is. Never waits.

        Raises:
            UnusableStore: there can be no lock, because the store cannot be written to.
        """
        with self._lock(spec.key) as mine:
            yield mine

    def clear_abandoned(self) -> None:
        """Remove what killed processes left half-written, of whatever run."""
        leftovers = self._incoming.glob(f"{'?' * 64}.*")
        for key in sorted({path.name.partition(".")[0] for path in leftovers}):
            # A store that can only be read can still be read with leftovers in it.
            with contextlib.suppress(UnusableStore), self._lock(key):
                pass

    @property
    def _incoming(self) -> Path:
        return self.root / "incoming"

    def _folder(self, spec: RunSpec) -> Path:
        return self.root / "runs" / spec.address[:2] / spec.address

    def _entries(self, spec: RunSpec) -> list[str]:
        """The names of all entries of a run, whatever source and libraries they were made with."""
        try:
            return os.listdir(self._folder(spec))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _generations(self, spec: RunSpec) -> list[int]:
        """Numbers of the entries of a run that were made with this source and these libraries, in
        order; more than one only if a writer was killed.
        """
        parts = [name.partition(".") for name in self._entries(spec)]
        return sorted(int(n) for made, _, n in parts if made == _made() and n.isdecimal())

    def _entry(self, spec: RunSpec, generation: int) -> Path:
        return self._folder(spec) / f"{_made()}.{generation}"

    def _newest(self, spec: RunSpec) -> Path | None:
        generations = self._generations(spec)
        return self._entry(spec, generations[-1]) if generations else None

    def is_stale(self, spec: RunSpec) -> bool:
        """Whether the run is there only as other source or other libraries made it."""
        return bool(self._entries(spec)) and not self._generations(spec)

    def _read(self, spec: RunSpec) -> Entry | None:
        while (folder := self._newest(spec)) is not None:
            try:
                return entry.read(folder, spec.key)
            except Damage as damage:
                # Entries do not change, so it is damaged, unless it was replaced meanwhile.
                if folder == self._newest(spec) and not self._set_aside(folder, spec, damage):
                    return None
        return None

    def _set_aside(self, folder: Path, spec: RunSpec, damage: Damage) -> bool:
        """Move a damaged entry out of the way and warn; says whether it is gone."""
        aside = self.root / "damaged" / f"{spec.key}.{uuid.uuid4().hex[:8]}"
        gone, outcome = True, f"was moved to {aside}"
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
        except FileNotFoundError:
            return True  # another process was faster, and warned
        except OSError as error:
            gone, outcome = False, f"could not be moved aside ({error})"
        warnings.warn(
            f"the stored run {spec.key[:12]} ({spec.describe()}) is damaged: {damage}; it "
            f"{outcome} and counts as not trained",
            DamagedRun,
            stacklevel=4,
        )
        return gone

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[bool]:
        path = self.root / "locks" / f"{key}.lock"
        lock = filelock.FileLock(path, blocking=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._clear_leftovers(key)
            yield True
        finally:
            lock.release()

    def _clear_leftovers(self, key: str) -> None:
        """Remove what is being written of a run; under its lock, that was left by the killed."""
        with contextlib.suppress(OSError):  # they do no harm
            for leftover in self._incoming.glob(f"{key}.*"):
                shutil.rmtree(leftover, ignore_errors=True)

    def _write(
        self,
        spec: RunSpec,
        arrays: Mapping[str, Arrays],
        seconds: float,
        diverged: str | None = None,
    ) -> None:
        folder = self._incoming / f"{spec.key}.{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True)
            entry.write(folder, spec, arrays, seconds, diverged)
            self._publish(folder, spec)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _publish(self, folder: Path, spec: RunSpec) -> None:
        earlier = self._generations(spec)
        target = self._entry(spec, max(earlier, default=0) + 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        with contextlib.suppress(OSError):  # an earlier entry that stays does no harm
            for generation in earlier:
                replaced = folder.with_name(f"{folder.name}.{generation}")
                self._entry(spec, generation).rename(replaced)
                shutil.rmtree(replaced, ignore_errors=True)

    def _unusable(self, error: OSError) -> UnusableStore:
        return UnusableStore(
            f"the run store {self.root} cannot be written to: {error}. It must be a directory "
            "with room in it that this user may write to, or a path where one can be made"
        )


def _made() -> str:
    """What entries of runs made with this source and these libraries are called."""
    return source_and_libraries()[:12]


def _size(run: Run) -> int:
    return sum(array.nbytes for array in run.arrays())
