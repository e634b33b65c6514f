"""What a worker of a dask cluster does: it trains one run, which it is asked for as plain data.

Nothing heavy is imported before a run is asked for, so that a worker starts at once, and its
libraries find the one thread that it is to use.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from icl_repro import threads
from icl_repro.training import devices

if TYPE_CHECKING:
    from icl_repro.training.store import RunStore
    from icl_repro.training.tasks import AnySpec

TOPIC = "icl-repro-runs"
"""Under which the workers of a cluster tell everybody how far they are, as :class:`Told`."""
TOLD_EVERY_SECONDS = 1.0
BUSY_SECONDS = 1.0
"""How long a worker waits before it hands back a run that is trained outside of the cluster, or
that it cannot make: it is soon sent the next, and must not have been sent all of them.
"""

_ONE_AT_A_TIME = threading.Lock()


class Request(msgspec.Struct, frozen=True):
    """What a session asks for.

    Attributes:
        key: that of the run, where it is asked for: a worker with other code has another.
        made: the fingerprint of who asks: source and libraries.
        spec: what to train, as JSON.
        asked_by: the client that asks. Where several ask for one run, the first counts.
        store: the folder of its store, and `store_mark`, what is written in the store so that
            whoever has that folder, too, can tell.
        since: train it again unless it was stored after this time, in seconds since the epoch.
        source: the files of the run that it takes weights from.
    """

    key: str
    made: str
    spec: str
    asked_by: str
    store: str
    store_mark: str
    since: float = 0.0
    source: dict[str, bytes] | None = None


class Told(msgspec.Struct, frozen=True):
    """What a worker tells of a run.

    Attributes:
        key: that of the run.
        asked_by: who asked for it first.
        worker: the address of the worker.
        units: sequences trained on so far, in `seconds`.
        what: `begun`, `under way`, or `trained`; nothing is told of a run that was there.
    """

    key: str
    asked_by: str
    worker: str
    units: int
    seconds: float
    what: str


class OtherCode(RuntimeError):
    """A worker cannot make what was asked for: its code or libraries are others, or it has several
    threads.
    """


class NotWanted(RuntimeError):
    """A run that nobody waits for any more was given up."""


def train_run(request: bytes) -> dict[str, bytes]:
    """Train a run, unless it is there, and store it where whoever asks finds it, if possible.

    Args:
        request: a :class:`Request`, as MessagePack.

    Returns:
        The files of the stored run. They stay with the worker unless somebody fetches them.

    Raises:
        OtherCode: it would be another run here.
        distributed.Reschedule: somebody outside of the cluster is training it, or has taken it
            over; or it was given up here, and somebody may want it again by now.
    """
    from distributed import Reschedule

    from icl_repro.training.store import LostLease

    threads.use_one()
    devices.take(sys.maxsize)
    task = _Task(msgspec.msgpack.decode(request, type=Request))
    task.require_fit()
    with _ONE_AT_A_TIME:
        try:
            return task.carry_out()
        except (NotWanted, LostLease) as error:
            raise Reschedule from error


def fingerprint() -> str:
    """What decides runs here: source and libraries."""
    from icl_repro.training import provenance

    return provenance.source_and_libraries()


class _Task:
    """One run, in the worker that trains it."""

    def __init__(self, asked: Request) -> None:
        from distributed import get_worker

        self._asked = asked
        self._worker: Any = get_worker()
        self._key = self._worker.get_current_task()
        self._told_at = 0.0

    def require_fit(self) -> None:
        """Require that this worker makes the run that was asked for.

        Raises:
            OtherCode: it does not.
        """
        worker, threads = self._worker.address, self._worker.state.nthreads
        if threads == 1 and fingerprint() == self._asked.made and self._is_same_run():
            return
        time.sleep(BUSY_SECONDS)
        if threads != 1:
            raise OtherCode(f"the worker {worker} has {threads} threads, and has to have one")
        raise OtherCode(
            f"the worker {worker} has other source or libraries than the session (fingerprint "
            f"{fingerprint()[:12]}): install the same there, exact versions included "
            "(constraints.txt)"
        )

    def _is_same_run(self) -> bool:
        """Whether what is described is here what it is where it is asked for."""
        try:
            return self._spec().key == self._asked.key
        except (msgspec.MsgspecError, ValueError, TypeError):
            return False

    def carry_out(self) -> dict[str, bytes]:
        from distributed import Reschedule

        spec = self._spec()
        store, is_shared = self._store()
        with ExitStack() as held:
            if not self._is_stored(store, spec):
                if not held.enter_context(store.lock(spec)):
                    time.sleep(BUSY_SECONDS)
                    raise Reschedule
                if not self._is_stored(store, spec):
                    self._train(store, spec)
            files = store.packed(spec)
        if files is None:
            raise OSError(f"the run {self._asked.key[:12]} was stored, but cannot be read back")
        if not is_shared:
            shutil.rmtree(store.root / "runs", ignore_errors=True)
        return files

    def _spec(self) -> AnySpec:
        from icl_repro.training.tasks import read_spec

        return read_spec(self._asked.spec.encode())

    def _store(self) -> tuple[RunStore, bool]:
        """The store of whoever asks, if it can be reached; else one of this worker's own."""
        from icl_repro.storage.programs import reuse_compiled_programs
        from icl_repro.training import layout
        from icl_repro.training.store import RunStore

        root = Path(self._asked.store)
        is_shared = layout.marked(root) == self._asked.store_mark and os.access(root, os.W_OK)
        if not is_shared:
            root = Path(self._worker.local_directory) / "icl-repro"
        reuse_compiled_programs(root / layout.COMPILED)
        return RunStore(root, leases=is_shared), is_shared

    def _is_stored(self, store: RunStore, spec: AnySpec) -> bool:
        manifest = store.manifest(spec)
        return manifest is not None and manifest.finished >= self._asked.since

    def _train(self, store: RunStore, spec: AnySpec) -> None:
        from icl_repro.training.engine import Diverged
        from icl_repro.training.tasks import train

        self._take_up_source(store, spec)
        store.make_room(spec)
        self._tell("begun", 0, 0.0)
        started = time.perf_counter()
        batch = spec.optimiser.batch

        def on_step(step: int) -> None:
            if not self._is_wanted():
                raise NotWanted(f"nobody waits for the run {self._asked.key[:12]} any more")
            now = time.monotonic()
            if now - self._told_at >= TOLD_EVERY_SECONDS:
                self._told_at = now
                self._tell("under way", step * batch, time.perf_counter() - started)

        with store.training([spec]):
            (result,) = train([spec], store.exemplar_cache, on_step, store.load)
            if isinstance(result, Diverged):
                units = result.step * batch
                store.save_divergence(spec, str(result))
            else:
                units = int(result.sequences[-1])
                store.save(result)
        self._tell("trained", units, time.perf_counter() - started)

    def _take_up_source(self, store: RunStore, spec: AnySpec) -> None:
        source = spec.transplant and spec.transplant.source
        if source is None or source in store:
            return
        assert self._asked.source is not None, "whoever asks for a run has its source"
        with store.lock(source) as is_mine:
            if is_mine:
                store.adopt(source, self._asked.source)

    def _is_wanted(self) -> bool:
        """Whether the scheduler still wants this run from this worker."""
        task = self._worker.state.tasks.get(self._key)
        return task is not None and task.state == "executing"

    def _tell(self, what: str, units: int, seconds: float) -> None:
        asked = self._asked
        told = Told(asked.key, asked.asked_by, self._worker.address, units, seconds, what)
        self._worker.log_event(TOPIC, msgspec.to_builtins(told))
