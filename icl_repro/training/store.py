"""The run store: a directory of finished runs, addressed by the content of their specs.

    runs/ab/abcd.../    one finished run: spec.json, curves.npz, weights.npz, manifest.json
    incoming/           runs being written; renamed into place when complete
    damaged/            entries whose checksums did not match, set aside
    locks/              one lock a run, so that no two processes train the same one
    exemplars/          encoded exemplars

A run appears by one rename, so that a reader never sees half of it. Locks belong to processes: the
system lets go of them when a process dies, however it dies. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import filelock
import msgspec
import numpy as np

from icl_repro.training.run import Run
from icl_repro.training.spec import RunSpec

FORMAT = 1


class MissingRun(LookupError):
    """A run that the store does not hold."""


class DivergedRun(MissingRun):
    """A run that was tried and diverged; the message says at which step."""


class DamagedRun(UserWarning):
    """A stored run did not match its checksums and was set aside."""


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``manifest.json`` holds: the checksum of every other file, when the run was finished
    (seconds since the epoch), how long it took, and why it has no results if it diverged.
    """

    format: int
    key: str
    finished: float
    seconds: float
    checksums: dict[str, str]
    diverged: str | None = None


class RunStore:
    """Finished runs under one directory, which is created when first written to."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    @property
    def exemplar_cache(self) -> Path:
        """Folder for encoded exemplars."""
        return self.root / "exemplars"

    def __contains__(self, spec: RunSpec) -> bool:
        """Whether the run is there, finished or known to diverge."""
        return (self._folder(spec) / "manifest.json").is_file()

    def holds_intact(self, spec: RunSpec, since: float = 0.0) -> bool:
        """Whether the run is there, matches its checksums, and was finished after `since`.

        A damaged entry is set aside with a :class:`DamagedRun` warning and counts as absent.
        """
        folder = self._folder(spec)
        if spec not in self:
            return False
        try:
            return self._checked_manifest(folder, spec).finished >= since
        except _Damage as damage:
            aside = self._set_aside(folder)
            warnings.warn(
                f"the stored run {spec.key[:12]} ({spec.describe()}) is damaged: {damage}; it was "
                f"moved to {aside} and will be trained again",
                DamagedRun,
                stacklevel=2,
            )
            return False

    def divergence(self, spec: RunSpec) -> str | None:
        """Why a stored run has no results, or None if it has."""
        return self._checked_manifest(self._folder(spec), spec).diverged

    def load(self, spec: RunSpec) -> Run:
        """Read a run.

        Raises:
            DivergedRun: it was tried and has no results.
            MissingRun: it is not there, or damaged (then it is set aside, with a warning).
        """
        if not self.holds_intact(spec):
            raise MissingRun(f"the store {self.root} has no run {spec.key[:12]}: {spec.describe()}")
        folder = self._folder(spec)
        manifest = self._checked_manifest(folder, spec)
        if manifest.diverged is not None:
            raise DivergedRun(manifest.diverged)
        curves = _read_arrays(folder / "curves.npz")
        stored = _read_arrays(folder / "weights.npz")
        return Run(
            spec=spec,
            curves=curves,
            checkpoint_sequences=stored.pop("checkpoint_sequences"),
            checkpoint_weights=stored,
            seconds=manifest.seconds,
            cache=self.exemplar_cache,
        )

    def save(self, run: Run) -> None:
        """Write a finished run, replacing an earlier one. Call it under the run's lock."""
        weights = {"checkpoint_sequences": run.checkpoint_sequences, **run.checkpoint_weights}
        with self._incoming(run.spec) as folder:
            np.savez(folder / "curves.npz", **run.curves)
            np.savez(folder / "weights.npz", **weights)
            self._publish(folder, run.spec, run.seconds, diverged=None)

    def save_divergence(self, spec: RunSpec, message: str) -> None:
        """Write down that a run diverges, so that it is not tried again and again."""
        with self._incoming(spec) as folder:
            self._publish(folder, spec, 0.0, diverged=message)

    @contextlib.contextmanager
    def lock(self, spec: RunSpec) -> Iterator[bool]:
        """Try to be the one who trains a run; yields whether this process is. Never waits."""
        path = self.root / "locks" / f"{spec.key}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path, blocking=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        try:
            self._clear_leftovers(spec)
            yield True
        finally:
            lock.release()

    def _folder(self, spec: RunSpec) -> Path:
        return self.root / "runs" / spec.key[:2] / spec.key

    @contextlib.contextmanager
    def _incoming(self, spec: RunSpec) -> Iterator[Path]:
        folder = self.root / "incoming" / f"{spec.key}.{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _clear_leftovers(self, spec: RunSpec) -> None:
        """Remove what a killed writer of this run left; under its lock, nobody is writing it."""
        for leftover in (self.root / "incoming").glob(f"{spec.key}.*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _publish(
        self, folder: Path, spec: RunSpec, seconds: float, *, diverged: str | None
    ) -> None:
        (folder / "spec.json").write_bytes(msgspec.json.format(msgspec.json.encode(spec)))
        manifest = _Manifest(
            format=FORMAT,
            key=spec.key,
            finished=time.time(),
            seconds=seconds,
            checksums={path.name: _checksum(path) for path in sorted(folder.iterdir())},
            diverged=diverged,
        )
        (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        for path in folder.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        target = self._folder(spec)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            replaced = folder.with_name(f"{folder.name}.replaced")
            target.rename(replaced)
            folder.rename(target)
            shutil.rmtree(replaced)
        else:
            folder.rename(target)

    def _checked_manifest(self, folder: Path, spec: RunSpec) -> _Manifest:
        try:
            manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=_Manifest)
            if manifest.format != FORMAT or manifest.key != spec.key:
                raise _Damage("its manifest belongs to another run or format")
            expected = {"spec.json"} | (
                set() if manifest.diverged else {"curves.npz", "weights.npz"}
            )
            if missing := expected - manifest.checksums.keys():
                raise _Damage(f"its manifest does not list {', '.join(sorted(missing))}")
            for name, checksum in manifest.checksums.items():
                if _checksum(folder / name) != checksum:
                    raise _Damage(f"{name} does not match its checksum")
        except (OSError, msgspec.MsgspecError) as error:
            raise _Damage(str(error)) from error
        return manifest

    def _set_aside(self, folder: Path) -> Path:
        aside = self.root / "damaged" / f"{folder.name}.{uuid.uuid4().hex[:8]}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        # Another process may have set it aside first; then there is nothing left to do.
        with contextlib.suppress(FileNotFoundError):
            folder.rename(aside)
        return aside


class _Damage(Exception):
    """Why an entry cannot be trusted."""


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
