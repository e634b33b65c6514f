"""The executor that has the workers of a dask cluster train.

The key of a run is that of its task, so that a run is trained once in a cluster, whoever asks for
it, and how often. Which worker trains what, and what happens when one is lost, is left to dask. A
worker that has the folder of the store writes into it; else the run is fetched from the worker.

Only what is asked for without saying of whom is kept back by dask until a worker is free, and goes
to workers that join late. So a worker that joins late and does not fit may be sent runs, too. It
gives them back, and they are asked for again, of the workers that fit.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Set
from typing import Any, NamedTuple

import msgspec

from icl_repro.storage.notices import tell
from icl_repro.training import cluster, dask_worker, provenance
from icl_repro.training.altered_streams import recipe_of
from icl_repro.training.dask_worker import NotWanted, OtherCode, Request, Told, train_run
from icl_repro.training.executors import Choose, Executor, Outcome
from icl_repro.training.plan import Plan
from icl_repro.training.planned_work import POLL_SECONDS, PlannedWork
from icl_repro.training.spec import RunSpec
from icl_repro.training.store import LostLease, RunStore
from icl_repro.training.tasks import AnySpec

PREFIX = "icl-run"
MOST_TRIES = 3
"""How often a run is asked for that failed by no fault of its own: dask gave it up although it had
not begun each time that its worker died, since it was but waiting there; or its worker was taken
for one that nobody waits for, or was overtaken by another, or does not fit.
"""
FETCH_SECONDS = 30


class Lost(RuntimeError):
    """The cluster is gone, or has forgotten what it was asked for."""


class DaskExecutor(Executor):
    """Has the workers of a cluster train; sessions on the same cluster share them."""

    def __init__(self, store: RunStore, address: str) -> None:
        """`address` is where the scheduler of the cluster is, such as ``tcp://10.0.0.1:8786``."""
        self.store = store
        self.address = address

    def begin(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        choose: Choose | None = None,
    ) -> DaskWork:
        """See :class:`~icl_repro.training.executors.Executor`.

        Raises:
            NoCluster: there is none, or it cannot make these runs.
        """
        since = time.time() if since is None else since
        client = cluster.connected(self.address)
        try:
            fitness = cluster.Fitness(client, provenance.source_and_libraries())
            fitness.require()
            return DaskWork(client, fitness, self.store, plan, retrain, since, choose)
        except BaseException:
            client.close()
            raise


class _Asked:
    """A run that the cluster was asked for: what it gives, and what was heard of it."""

    def __init__(self, future: Any, tries: int, workers: list[str] | None) -> None:
        self.future = future
        self.tries = tries
        self.workers = workers
        self.begun = 0


class _Again(NamedTuple):
    """How a run is to be asked for that was asked for before: how many tries that makes, and
    whether only of workers that are known to fit.
    """

    tries: int
    only_fit: bool


class DaskWork(PlannedWork):
    """What is left of a plan, which a cluster trains."""

    def __init__(
        self,
        client: Any,
        fitness: cluster.Fitness,
        store: RunStore,
        plan: Plan,
        retrain: frozenset[str],
        since: float,
        choose: Choose | None,
    ) -> None:
        super().__init__(store, plan, retrain, since, choose)
        self._client = client
        self._fitness = fitness
        self._mark = store.mark()
        self._asked: dict[AnySpec, _Asked] = {}
        self._again: dict[AnySpec, _Again] = {}
        self._by_key: dict[str, AnySpec] = {}
        self._kept: list[Any] = []
        self._so_far: dict[AnySpec, int] = {}
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._news = threading.Event()
        self._may_choose = True
        self._started = time.monotonic()
        client.subscribe_topic(dask_worker.TOPIC, self._hear)
        self._ask()

    def outcome(self) -> Outcome:
        """See :class:`~icl_repro.training.executors.Work`."""
        self._take_in_told()
        return super().outcome()

    def close(self) -> None:
        """Give up what the cluster was asked for and has not done; others may still want it."""
        self._client.close()

    def _advance(self, first: Set[AnySpec] = frozenset()) -> bool:
        """Take in what the cluster has done, ask for more, or wait a little."""
        self._news.clear()
        self._take_in_told()
        before = len(self._pending)
        for spec, asked in list(self._asked.items()):
            self._look_at(spec, asked)
        self._drop_lost()
        self._drop_stranded()
        if len(self._pending) < before:
            self._may_choose = True
        if self._may_choose:
            self._may_choose = self._add_chosen()
        self._ask()
        if self._pending:
            self._tell(self._current(), self._speed())
            self._news.wait(POLL_SECONDS)
        return self._may_choose

    def _ask(self) -> None:
        """Ask for every run that can be trained now, of whomever; of those that are asked for of
        workers that fit, one of each of these, so that others that join later have a part in them.
        """
        fit = self._fit_workers() if any(again.only_fit for again in self._again.values()) else []
        room = len(fit) - sum(asked.workers is not None for asked in self._asked.values())
        for rank, spec in enumerate(self._plan.spread):
            if spec in self._asked or spec not in self._pending or self._awaits_source(spec):
                continue
            if self._fails_for_its_source(spec):
                continue
            if isinstance(spec, RunSpec) and recipe_of(spec.streams):
                self._fail(spec, "what alters its streams is known to this process alone: train it"
                                 " with --icl-executor local")  # fmt: skip
                continue
            again = self._again.get(spec, _Again(tries=1, only_fit=False))
            if again.only_fit and room <= 0:
                continue
            room -= again.only_fit
            self._again.pop(spec, None)
            self._ask_for(spec, rank, again.tries, fit if again.only_fit else None)

    def _ask_for(self, spec: AnySpec, rank: int, tries: int, workers: list[str] | None) -> None:
        retrained = self._since if spec.key in self._retrain else 0.0
        source = spec.transplant and self._store.packed(spec.transplant.source)
        request = Request(
            key=spec.key,
            made=provenance.source_and_libraries(),
            spec=msgspec.json.encode(spec).decode(),
            asked_by=self._client.id,
            store=str(self._store.root.resolve()),
            store_mark=self._mark,
            since=retrained,
            source=source,
        )
        name = [PREFIX, spec.key]
        name += [f"{retrained:.6f}"] if retrained else []
        name += [f"again{tries}"] if tries > 1 else []
        future = self._client.submit(
            train_run,
            msgspec.msgpack.encode(request),
            key="-".join(name),
            priority=-rank,
            workers=workers,
        )
        future.add_done_callback(self._wake)
        self._asked[spec] = _Asked(future, tries, workers)
        self._by_key[spec.key] = spec

    def _look_at(self, spec: AnySpec, asked: _Asked) -> None:
        """See what became of a run."""
        status = asked.future.status
        if status == "finished":
            if self._is_done(spec) or self._fetch(spec, asked):
                self._keep(spec)
        elif status == "error":
            self._keep(spec)
            self._fail_or_ask_again(spec, asked, asked.future.exception())
        elif status in ("cancelled", "lost") or self._client.status == "closed":
            raise Lost(
                f"the scheduler at {self._client.scheduler.address} is gone, or has dropped the "
                f"run {spec.key[:12]}"
            )

    def _fetch(self, spec: AnySpec, asked: _Asked) -> bool:
        """Take a run up into the store from the worker that trained it; False if another process
        is doing so, or has taken over, or the worker was lost meanwhile.
        """
        with self._store.lock(spec) as is_mine:
            if not is_mine:
                return False
            if not self._is_done(spec):
                try:
                    self._store.adopt(spec, asked.future.result(FETCH_SECONDS))
                except (TimeoutError, LostLease):
                    return False
        # Whatever the clock of the worker says: what was asked for now was trained now.
        self._retrain -= {spec.key}
        return self._is_done(spec)

    def _keep(self, spec: AnySpec) -> None:
        """Let the cluster keep what became of a run, for other sessions that ask later, until this
        one ends.
        """
        self._kept.append(self._asked.pop(spec).future)

    def _drop_lost(self) -> None:
        """Let go of what was lost with a worker: this session has it, and it need not be made
        again.
        """
        for future in [kept for kept in self._kept if kept.status not in ("finished", "error")]:
            self._kept.remove(future)
            future.release()

    def _drop_stranded(self) -> None:
        """Ask anew for what was asked for only of workers that have gone."""
        if all(asked.workers is None for asked in self._asked.values()):
            return
        there = self._client.scheduler_info(n_workers=-1)["workers"].keys()
        for spec, asked in list(self._asked.items()):
            is_kept_for = asked.workers if asked.future.status == "pending" else None
            if is_kept_for is not None and there.isdisjoint(is_kept_for):
                self._asked.pop(spec).future.release()
                self._again[spec] = _Again(asked.tries + 1, only_fit=True)

    def _fail_or_ask_again(self, spec: AnySpec, asked: _Asked, error: BaseException) -> None:
        from distributed import KilledWorker

        if self._is_done(spec):
            return
        may_try_again, again = asked.tries < MOST_TRIES, _Again(asked.tries + 1, only_fit=False)
        if not isinstance(error, KilledWorker):
            if may_try_again and isinstance(error, (NotWanted, LostLease)):
                self._again[spec] = again
            elif may_try_again and asked.workers is None and self._may_be_a_misfit(error):
                self._again[spec] = again._replace(only_fit=True)
            else:
                self._fail(spec, f"{type(error).__name__}: {error}")
            return
        deaths = error.allowed_failures + 1
        if asked.begun < deaths and may_try_again:
            # Workers without this package die of what they are sent, before it begins.
            is_suspect = not asked.begun and self._may_be_a_misfit(error)
            only_fit = is_suspect or asked.workers is not None
            self._again[spec] = again._replace(only_fit=only_fit)
            return
        self._fail(
            spec,
            f"{deaths} workers died while they trained it, the last of them "
            f"{error.last_worker.address}, and it is not tried again; the logs of the workers may "
            "say why (memory, most often)",
        )

    def _may_be_a_misfit(self, error: BaseException) -> bool:
        """Whether a run may have failed only because its worker does not fit; if one does not, the
        user is told which.
        """
        try:
            misfits = self._fitness.misfits()
        except (OSError, ValueError):
            misfits: dict[str, str] = {}  # nobody can tell now
        for why in misfits.values():
            tell(f"{why}; runs that it was sent are asked for again elsewhere")
        # What a misfit said may be heard after it has gone.
        return bool(misfits) or isinstance(error, (OtherCode, ImportError))

    def _fit_workers(self) -> list[str]:
        try:
            return self._fitness.fit()
        except (OSError, ValueError):
            return []  # nobody can tell now

    def _wake(self, future: Any) -> None:
        """Look what became of a run; in the thread of the client."""
        self._news.set()

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take what a worker tells; in the thread of the client."""
        self._heard.put(event[1])
        self._news.set()

    def _take_in_told(self) -> None:
        while True:
            try:
                told = msgspec.convert(self._heard.get_nowait(), Told)
            except queue.Empty:
                return
            spec = self._by_key.get(told.key)
            if spec is None:
                continue
            asked = self._asked.get(spec)
            if asked is not None and told.what == "begun":
                asked.begun += 1
            if told.asked_by != self._client.id:
                continue
            # What is trained again elsewhere has come less far than it was.
            self._so_far[spec] = max(self._so_far.get(spec, 0), told.units)
            if told.what == "trained":
                self._so_far[spec] = spec.sequences
                self._trained.append(spec)
                self._sequences_trained += told.units
                self._seconds += told.seconds
            self._sequences_done = sum(self._so_far.values())

    def _current(self) -> str:
        """What is being trained, or what is waited for."""
        under_way = [spec for spec in self._asked if spec in self._so_far]
        if under_way:
            others = f", and {len(under_way) - 1} more" if len(under_way) > 1 else ""
            return under_way[0].describe() + others
        if not self._client.scheduler_info(n_workers=1)["workers"]:
            return "waiting for a worker: the cluster has none"
        if self._again and not self._asked:
            return "waiting for a worker: none that is there fits"
        return "waiting for runs that others have asked for"

    def _speed(self) -> float:
        """Sequences a second that the cluster has trained for this process, on average."""
        seconds = time.monotonic() - self._started
        return self._sequences_done / seconds if seconds > 0 else 0.0
