"""The run store: a directory of finished runs, addressed by the content of their specs.

runs/        finished runs, see :mod:`icl_repro.storage.entries`; what they were made with is
the source and the libraries of :mod:`icl_repro.training.provenance`
exemplars/   encoded exemplars
"""

from __future__ import annotations

import contextlib
import functools
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from icl_repro.storage.entries import Entries, Name
from icl_repro.storage.entries import LostLease as LostLease
from icl_repro.storage.entries import UnusableEntry as UnusableEntry
from icl_repro.storage.entries import UnusableStore as UnusableStore
from icl_repro.storage.entry import MANIFEST, Entry, Manifest
from icl_repro.storage.files import update
from icl_repro.training import layout, provenance
from icl_repro.training.run import Run
from icl_repro.training.spec import RunSpec
from icl_repro.training.tasks import AnySpec, run_type

LARGEST_MEMORY = 200_000_000
"""How many bytes of runs a store keeps in memory, to give them again without reading them."""


class MissingRun(LookupError):
    """A run that the store does not hold."""


class DivergedRun(MissingRun):
    """A run that was tried and diverged; the message says at which step."""


class RunStore:
    """Finished runs under one directory, which is created when first written to."""

    def __init__(self, root: Path | str, *, leases: bool = False) -> None:
        """`leases` says that several machines share the directory, so that locks of the system do
        not do.
        """
        self.root = Path(root)
        self._entries = Entries(self.root, layout.RUNS, layout.FILES, leases=leases)
        self._loaded: OrderedDict[Path, Run] = OrderedDict()
        self._loading = threading.Lock()

    @property
    def exemplar_cache(self) -> Path:
        """Folder for encoded exemplars."""
        return self.root / "exemplars"

    def mark(self) -> str:
        """What tells this store from all others, for whoever has its folder: made when first asked
        for.

        Raises:
            OSError: it cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        update(self.root / layout.MARK, lambda there: there or f"{uuid.uuid4().hex}\n".encode())
        return layout.marked(self.root)

    def __contains__(self, spec: AnySpec) -> bool:
        """Whether the run is there, finished or known to diverge; does not look at checksums."""
        return self._entries.newest(_name(spec)) is not None

    def is_stale(self, spec: AnySpec) -> bool:
        """Whether the run is there only as other source or other libraries made it."""
        return self._entries.is_stale(_name(spec))

    def manifest(self, spec: AnySpec) -> Manifest | None:
        """What was written down about a run, or None if it is not there.

        A damaged run is set aside, which the user is told, and counts as absent.

        Raises:
            OSError: it cannot be told now.
        """
        stored = self._read(spec)
        return None if stored is None else stored.manifest

    def took(self, spec: AnySpec) -> float | None:
        """How many seconds it took to train a run, or None if it is not there or has no results.
        Nothing of it is checked.
        """
        told = None
        with contextlib.suppress(OSError):
            told = self._entries.manifest(_name(spec))
        return told.seconds if told is not None and told.diverged is None else None

    def load(self, spec: AnySpec) -> Run:
        """Read a run, or give the one that was read before: its arrays cannot be written to.

        Raises:
            DivergedRun: it was tried and has no results.
            MissingRun: it is not there, or damaged; then it is set aside. Or its networks are for
                exemplars of another width.
            OSError: it cannot be told now.
        """
        newest = self._entries.newest(_name(spec))
        with self._loading:
            if newest in self._loaded:
                self._loaded.move_to_end(newest)
                return self._loaded[newest]
        stored = self._read(spec)
        if stored is None:
            raise MissingRun(f"the store {self.root} has no run {spec.key[:12]}: {spec.describe()}")
        if stored.manifest.diverged is not None:
            raise DivergedRun(stored.manifest.diverged)
        weights = stored.arrays("weights")
        width = weights["exemplar_weight"].shape[-1] if "exemplar_weight" in weights else None
        if isinstance(spec, RunSpec) and width not in (None, spec.exemplars.width):
            raise MissingRun(
                f"the networks of the stored run {spec.key[:12]} are for exemplars of {width} "
                f"features, but its description has exemplars of {spec.exemplars.width}: remove "
                f"{stored.folder} to have it trained again"
            )
        run = run_type(spec)(
            spec=spec,  # pyright: ignore[reportArgumentType]
            curves=stored.arrays("curves"),
            checkpoint_sequences=weights.pop("checkpoint_sequences"),
            checkpoint_weights=weights,
            seconds=stored.manifest.seconds,
            cache=self.exemplar_cache,
        )
        self._remember(stored.folder, run)
        return run

    def save(self, run: Run) -> None:
        """Write a finished run, replacing an earlier one. Call it under the run's lock.

        Raises:
            UnusableStore: it could not be written.
            LostLease: another process has taken it over.
        """
        weights = {"checkpoint_sequences": run.checkpoint_sequences, **run.checkpoint_weights}
        arrays = {"curves": run.curves, "weights": weights}
        content = msgspec.json.encode(run.spec)
        self._entries.write(_name(run.spec), content, arrays, run.seconds)

    def save_divergence(self, spec: AnySpec, message: str) -> None:
        """Write down that a run diverges, so that it is not tried again and again.

        Raises:
            UnusableStore: it could not be written.
        """
        content = msgspec.json.encode(spec)
        self._entries.write(_name(spec), content, {}, 0.0, message)

    def packed(self, spec: AnySpec) -> dict[str, bytes] | None:
        """The files of a run as they are stored, to be taken up elsewhere; None if it is not there.

        Raises:
            OSError: it cannot be told now.
        """
        stored = self._read(spec)
        if stored is None:
            return None
        return stored.files | {MANIFEST: (stored.folder / MANIFEST).read_bytes()}

    def adopt(self, spec: AnySpec, files: Mapping[str, bytes]) -> None:
        """Take up a run that another store has packed, if every byte of it is as it was written.
        Call it under the run's lock.

        Raises:
            Damage: it is not.
            UnusableStore: it could not be written.
        """
        self._entries.adopt(_name(spec), files)

    def make_room(self, spec: AnySpec) -> None:
        """Make it possible to save a run: what is in its place is set aside.

        Raises:
            UnusableEntry: it cannot.
        """
        self._entries.make_room(_name(spec))

    def lock(self, spec: AnySpec) -> contextlib.AbstractContextManager[bool]:
        """Try to be the one who trains a run; gives whether this caller is. Never waits.

        Raises:
            UnusableStore: there can be no lock, because the store cannot be written to.
            UnusableEntry: this run can have none.
        """
        return self._entries.lock(spec.key)

    def training(self, specs: Iterable[AnySpec]) -> contextlib.AbstractContextManager[None]:
        """Let other processes see that runs are being trained, while one has their locks."""
        return self._entries.making(map(_name, specs))

    def in_training(self) -> frozenset[str]:
        """The keys of the runs that are being trained, or were when their process was killed."""
        return self._entries.being_made()

    def clear_abandoned(self) -> None:
        """Remove what killed processes left half-written, of whatever run."""
        self._entries.clear_abandoned()

    def _read(self, spec: AnySpec) -> Entry | None:
        return self._entries.read(_name(spec))

    def _remember(self, folder: Path, run: Run) -> None:
        """Keep a run in memory, and of the others those used last: entries never change."""
        for array in run.arrays():
            array.flags.writeable = False
        with self._loading:
            self._loaded[folder] = run
            while len(self._loaded) > 1 and sum(map(_size, self._loaded.values())) > LARGEST_MEMORY:
                self._loaded.popitem(last=False)


def _name(spec: AnySpec) -> Name:
    return _named(spec, provenance.source_and_libraries()[:12])


@functools.cache
def _named(spec: AnySpec, made: str) -> Name:
    about = f"the stored run {spec.key[:12]} ({spec.describe()})"
    return Name(spec.address, made, spec.key, about)


def _size(run: Run) -> int:
    return sum(array.nbytes for array in run.arrays())
