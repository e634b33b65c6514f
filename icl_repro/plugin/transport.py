"""The scratch folder of a session: how workers hand the controller what is too large for a report.

One folder a session, on the machine that runs it, made by the controller (or by the only process)
and removed when it ends; the next session removes what a killed one left. Workers learn of it
through their ``workerinput``. Every file is JSON and appears whole or not at all, so that nothing
half-written is read after a worker was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import filelock
import msgspec

from icl_repro.storage.files import write_whole
from icl_repro.storage.locks import acquired
from icl_repro.verification.caught import Planted
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.plain_data import whole
from icl_repro.verification.record import Sample, Trial
from icl_repro.verification.selection import SelectedClaim

T = TypeVar("T")

_PREFIX = "icl-repro-session-"
_ALIVE = "alive.lock"
"""Locked while the session lives: the system lets go of it however the session ends."""
_LONGEST_WITHOUT_LOCK = 24 * 60 * 60
"""Seconds; a session that is killed before it has locked its folder leaves one without a lock."""


class Entry(msgspec.Struct, frozen=True):
    """One test that will run: of which claim and which control of it (empty: the claim itself), on
    which row and with which seed, or judged over which seeds at once; and under which planted fault
    (empty: none).
    """

    nodeid: str
    claim: str
    control: str
    row: str
    seed: int | None
    seeds: list[int] = []
    fault: str = ""


class Catalogue(msgspec.Struct, frozen=True):
    """What this session selected, and the ids of the claims that it collected but left out."""

    claims: list[SelectedClaim]
    entries: list[Entry]
    not_selected: list[str]


class TrainingNote(msgspec.Struct, frozen=True):
    """What one process did of the training: keys of runs, units of work, seconds it took.

    `planned` are all runs that the session needs, each with its description. `reused` are runs
    that were there or that other processes trained, `stale` those that were there, but made by
    other source or libraries. `sizes` are the units of work of planned runs, at most, `took` how
    many seconds those took that are there in the end, whoever trained them. `problem` says why the
    training broke off, where it did. `methods` are paragraphs on how all of them are made.
    """

    planned: dict[str, str]
    trained: list[str] = []
    reused: list[str] = []
    stale: list[str] = []
    units: int = 0
    unit: str = ""
    seconds: float = 0.0
    problem: str = ""
    methods: list[str] = []
    sizes: dict[str, int] = {}
    took: dict[str, float] = {}


class Specs(msgspec.Struct, frozen=True):
    """How the runs that one process plans are described, as JSON, by key."""

    by_key: dict[str, str]


class Notices(msgspec.Struct, frozen=True):
    """What one process told the user although nothing failed."""

    told: list[str]


class WorkerProgress(msgspec.Struct, frozen=True):
    """How far the training of one process is, in runs and in units of work; `unit` names these."""

    runs_done: int
    runs_total: int
    units_done: int
    units_total: int
    units_per_second: float
    current: str = ""
    unit: str = ""


class Scratch:
    """The scratch folder, with a method for each thing that travels through it."""

    def __init__(self, folder: Path, alive: filelock.BaseFileLock | None = None) -> None:
        self.folder = folder
        self._alive = alive

    @classmethod
    def create(cls) -> Scratch:
        """Make a scratch folder that only this user can read, and remove those of dead sessions."""
        _remove_abandoned()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        return cls(folder, acquired(folder / _ALIVE))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        if self._alive is not None:
            self._alive.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def put_catalogue(self, catalogue: Catalogue) -> None:
        """Store the catalogue; every worker stores the same."""
        self._put("catalogue", "catalogue", catalogue)

    def catalogue(self) -> Catalogue | None:
        """The catalogue, once a worker has stored it."""
        return next(iter(self._all("catalogue", Catalogue).values()), None)

    def put_trial(self, trial: Trial) -> None:
        """Store a trial under its node id; one that cannot be stored becomes an error."""
        name = _digest(trial.nodeid)
        try:
            self._put("trials", name, trial)
        except Exception as error:
            self._put("trials", name, _without_evidence(trial, "written", error))

    def put_planted(self, planted: Planted) -> None:
        """Store what a test came to under a fault, beside its trial."""
        self._put("planted", _digest(planted.nodeid), planted)

    def planted(self) -> dict[str, Planted]:
        """What tests came to under faults, by node id."""
        return {one.nodeid: one for one in self._all("planted", Planted).values()}

    def trials(self, entries: Iterable[Entry]) -> dict[str, Trial]:
        """The trials of tests that came to their end, by node id; one that cannot be read is an
        error.
        """
        found: dict[str, Trial] = {}
        for entry in entries:
            path = self._path("trials", _digest(entry.nodeid))
            try:
                found[entry.nodeid] = msgspec.json.decode(path.read_bytes(), type=Trial)
            except FileNotFoundError:
                continue
            except (OSError, msgspec.MsgspecError) as error:
                trial = Trial(entry.nodeid, "error", entry.seed, entry.row, seeds=entry.seeds)
                found[entry.nodeid] = _without_evidence(trial, "read", error)
        return found

    def ended(self, entries: Iterable[Entry]) -> set[str]:
        """The node ids of tests that came to their end, without reading what they left."""
        return {
            entry.nodeid
            for entry in entries
            if self._path("trials", _digest(entry.nodeid)).exists()
        }

    def put_note(self, process: str, note: TrainingNote) -> None:
        """Store what `process` trained."""
        self._put("training", process, note)

    def notes(self) -> list[TrainingNote]:
        """What the processes trained, of those that came to an end."""
        return list(self._all("training", TrainingNote).values())

    def put_specs(self, process: str, specs: dict[str, str]) -> None:
        """Store how the runs that `process` plans are described, as JSON, by key."""
        self._put("specs", process, Specs(specs))

    def specs(self) -> dict[str, str]:
        """How the runs of the session are described, as JSON, by key."""
        parts = self._all("specs", Specs).values()
        return {key: spec for part in parts for key, spec in part.by_key.items()}

    def put_progress(self, process: str, progress: WorkerProgress) -> None:
        """Store how far `process` is."""
        self._put("progress", process, progress)

    def progress(self) -> list[WorkerProgress]:
        """How far the processes are."""
        return list(self._all("progress", WorkerProgress).values())

    def put_notices(self, process: str, notices: list[str]) -> None:
        """Store what `process` has told the user so far."""
        self._put("notices", process, Notices(notices))

    def notices(self) -> list[str]:
        """What the processes told the user, each sentence once."""
        told = [text for notes in self._all("notices", Notices).values() for text in notes.told]
        return list(dict.fromkeys(told))

    def put_failure(self, name: str, said: str) -> None:
        """Store that something failed, whatever pytest is made to say of it."""
        self._put("failures", _digest(name), Notices([said]))

    def failures(self) -> list[str]:
        """What failed, in a sentence each."""
        return [text for notes in self._all("failures", Notices).values() for text in notes.told]

    def put_sample(self, sample: Sample) -> None:
        """Store pictures of what runs are trained on."""
        self._put("sample", "sample", sample)

    def sample(self) -> Sample | None:
        """The pictures, if a process stored some."""
        return next(iter(self._all("sample", Sample).values()), None)

    def take(self, name: str) -> bool:
        """Whether this process is the first in the session to ask for `name`."""
        folder = self._subfolder("taken")
        try:
            os.close(os.open(folder / _digest(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        return True

    def _subfolder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _path(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.json"

    def _put(self, kind: str, name: str, value: msgspec.Struct) -> None:
        write_whole(self._path(kind, name), msgspec.json.encode(value))

    def _all(self, kind: str, type_: type[T]) -> dict[str, T]:
        return {
            path.stem: msgspec.json.decode(path.read_bytes(), type=type_)
            for path in sorted((self.folder / kind).glob("*.json"))
        }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _without_evidence(trial: Trial, what: str, error: Exception) -> Trial:
    """An error in place of a trial, with what is left of its message."""
    reason = f"what it measured could not be {what}: {type(error).__name__}: {error}"
    return msgspec.structs.replace(
        trial,
        outcome="error",
        message="\n".join(filter(None, [whole(reason), whole(trial.message)])),
        evidence=EvidenceRecord(),
    )


def _remove_abandoned() -> None:
    """Remove the scratch folders of sessions that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Others' folders cannot be removed, and one that is just being made has no lock yet.
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    if not (folder / _ALIVE).is_file():
        return time.time() - folder.stat().st_mtime > _LONGEST_WITHOUT_LOCK
    lock = acquired(folder / _ALIVE)
    if lock is not None:
        lock.release()
    return lock is not None
