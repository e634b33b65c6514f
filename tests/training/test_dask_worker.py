"""What workers do that do not fit, stood still, or were given up: no run is lost by it.

The cluster is real, but its workers are threads of this process; the training is made up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from icl_repro.storage.notices import told
from icl_repro.training import (
    Plan,
    Progress,
    RunSpec,
    RunStore,
    cluster,
    dask_executor,
    dask_worker,
    engine,
    provenance,
)
from icl_repro.training.dask_executor import DaskExecutor
from icl_repro.training.store import LostLease
from tests.support.notices import noticing
from tests.support.tiny import TINY, assert_same_run, made_up_run

pytest.importorskip("distributed")
from distributed import KilledWorker, LocalCluster, Worker, get_worker

LONGEST_SECONDS = 60
LATE = "late"


class Threads:
    """A scheduler and a worker in this process, and others that join."""

    def __init__(self) -> None:
        start: Any = LocalCluster
        self.cluster = start(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            memory_limit=0,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        )
        self.address: str = self.cluster.scheduler_address
        self.joined: list[Worker] = []

    def join(self, threads: int = 1) -> str:
        """Add a worker; gives its address."""

        async def start() -> Worker:
            return await Worker(self.address, name=LATE, nthreads=threads, memory_limit=0)

        self.joined.append(self.cluster.sync(start))
        return self.joined[-1].address

    def leave(self) -> None:
        """Take away the workers that have joined."""
        while self.joined:
            self.cluster.sync(self.joined.pop().close)

    def state_of(self, spec: RunSpec) -> str:
        """What the first worker makes of a run."""
        (worker,) = self.cluster.workers.values()
        for key, task in list(worker.state.tasks.items()):
            if spec.key in key:
                return task.state
        return ""

    def close(self) -> None:
        self.cluster.close()


@pytest.fixture(scope="module")
def one_cluster() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def threads(one_cluster: Threads) -> Iterator[Threads]:
    """The cluster; who joins leaves after the test."""
    yield one_cluster
    one_cluster.leave()


class Trainer:
    """Makes runs up, each by a worker that is noted; `then` happens first."""

    def __init__(self) -> None:
        self.then: Callable[[RunSpec, Callable[[int], None]], None] = lambda spec, on_step: None
        self.by: list[tuple[str, RunSpec]] = []

    def __call__(self, specs, cache, on_step, load):
        (spec,) = specs
        self.by.append((str(get_worker().name), spec))
        self.then(spec, on_step)
        return [made_up_run(spec, spec.init_seed)]


@pytest.fixture
def trainer(monkeypatch, tmp_path) -> Trainer:
    trainer = Trainer()
    monkeypatch.setattr(engine, "train", trainer)
    monkeypatch.setattr(dask_worker, "BUSY_SECONDS", 0.01)
    # Nothing is compiled; this process need not be told where to keep it.
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    return trainer


@pytest.fixture
def store(tmp_path) -> RunStore:
    return RunStore(tmp_path / "store")


def specs_of(test: int, count: int) -> list[RunSpec]:
    """Runs that no other test asks for."""
    return [TINY.with_(init_seed=seed, eval_seed=1000 + test) for seed in range(count)]


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def fingerprint_by_name(dask_worker: Any = None) -> str:
    """As if the worker that joins late had other libraries. Dask gives it the worker where it is
    not asked for by a task.
    """
    worker = dask_worker or get_worker()
    return "0" * 64 if worker.name == LATE else provenance.source_and_libraries()


@pytest.mark.parametrize(
    ("nthreads", "why"), [(1, "has other source or libraries"), (4, "has 4 threads")]
)
def test_a_late_worker_that_does_not_fit_is_named_once_and_no_run_is_lost_by_it(
    threads, trainer, store, monkeypatch, nthreads, why
):
    monkeypatch.setattr(dask_worker, "fingerprint", fingerprint_by_name)
    specs = specs_of(nthreads, 8)
    has_joined = threading.Event()
    trainer.then = lambda spec, on_step: has_joined.wait(LONGEST_SECONDS)
    with noticing() as notices, ThreadPoolExecutor(1) as session:
        outcome = session.submit(DaskExecutor(store, threads.address).carry_out, Plan.of(specs))
        try:
            wait_until(lambda: trainer.by)
            misfit = threads.join(nthreads)
            # It is sent what waits, and gives it back, before anything else is done.
            wait_until(told)
        finally:
            has_joined.set()
        outcome = outcome.result(LONGEST_SECONDS)
    assert outcome.failed == {}
    assert set(outcome.trained) == set(specs)
    assert {spec for _, spec in trainer.by} == set(specs)
    assert len(trainer.by) == len(specs)
    assert LATE not in {worker for worker, _ in trainer.by}
    assert [misfit in notice and why in notice for notice in notices] == [True]


def test_where_only_misfits_are_left_runs_wait_for_a_worker_that_fits(
    threads, trainer, store, monkeypatch
):
    (spec,) = specs_of(20, 1)
    said: list[str] = []
    fit = cluster.Fitness.fit

    def nobody_at_first(fitness: cluster.Fitness) -> list[str]:
        return fit(fitness) if "waiting for a worker: none that is there fits" in said else []

    monkeypatch.setattr(cluster.Fitness, "fit", nobody_at_first)
    monkeypatch.setattr(dask_executor, "train_run", refuses)

    def hear(progress: Progress) -> None:
        said.append(progress.current)
        monkeypatch.setattr(dask_executor, "train_run", dask_worker.train_run)

    outcome = DaskExecutor(store, threads.address).carry_out(Plan.of([spec]), on_progress=hear)
    assert outcome.trained == (spec,)


def refuses(request: bytes) -> dict[str, bytes]:
    raise dask_worker.OtherCode("a worker that has gone since")


def test_a_run_that_its_worker_gives_up_is_made_again_where_another_session_asks_just_then(
    threads, trainer, store
):
    (spec,) = specs_of(30, 1)
    gave_up, is_asked_for_again = threading.Event(), threading.Event()

    def until_given_up(spec: RunSpec, on_step: Callable[[int], None]) -> None:
        try:
            while len(trainer.by) == 1:
                on_step(1)
                time.sleep(0.01)
        except Exception:
            gave_up.set()
            assert is_asked_for_again.wait(LONGEST_SECONDS)
            raise

    trainer.then = until_given_up
    one = DaskExecutor(store, threads.address).begin(Plan.of([spec]))
    wait_until(lambda: trainer.by)
    one.close()
    assert gave_up.wait(LONGEST_SECONDS)
    other = DaskExecutor(store, threads.address).begin(Plan.of([spec]))
    try:
        wait_until(lambda: threads.state_of(spec) == "executing")
        is_asked_for_again.set()
        other.finish()
        assert other.outcome().failed == {}
        assert other.outcome().trained == (spec,)
    finally:
        is_asked_for_again.set()
        other.close()
    assert_same_run(store.load(spec), made_up_run(spec, spec.init_seed))


def take_over(root: Path, spec: RunSpec) -> Path:
    """Take the lease of a run, as another machine does that has not heard from its holder."""
    (file,) = (root / "locks" / "leases" / spec.key).iterdir()
    taken = file.with_name(str(int(file.name) + 1))
    taken.write_text('{"holder": "another", "machine": "another", "beats": 1}')
    file.unlink()
    return taken


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_worker_that_stood_still_leaves_its_run_to_who_has_taken_it_over(
    threads, trainer, store, is_slow
):
    (spec,) = specs_of(40 + is_slow, 1)
    elsewhere = RunStore(store.root)

    def stand_still(spec: RunSpec, on_step: Callable[[int], None]) -> None:
        taken = take_over(store.root, spec)

        def finish() -> None:
            elsewhere.save(made_up_run(spec, 77.0))
            taken.unlink()

        if is_slow:
            threading.Timer(0.5, finish).start()
        else:
            finish()

    trainer.then = stand_still
    outcome = DaskExecutor(store, threads.address).carry_out(Plan.of([spec]))
    assert outcome.failed == {}
    assert outcome.trained == ()
    assert outcome.reused == (spec,)
    assert len(trainer.by) == 1
    assert_same_run(store.load(spec), made_up_run(spec, 77.0))


def test_a_run_of_which_workers_die_before_it_begins_is_asked_for_of_those_that_fit(
    threads, trainer, store, monkeypatch
):
    monkeypatch.setattr(dask_worker, "fingerprint", fingerprint_by_name)
    monkeypatch.setattr(dask_executor, "train_run", fails_at_first)
    gone: Any = SimpleNamespace(address="tcp://gone")
    errors[:] = [KilledWorker("key", gone, 3)]
    (spec,) = specs_of(70, 1)
    work = DaskExecutor(store, threads.address).begin(Plan.of([spec]))
    misfit = threads.join()
    try:
        with noticing() as notices:
            work.finish()
    finally:
        work.close()
    assert work.outcome().trained == (spec,)
    assert [worker for worker, _ in trainer.by] != [LATE]
    assert [misfit in notice for notice in notices] == [True]


errors: list[Exception] = []


def fails_at_first(request: bytes) -> dict[str, bytes]:
    """What workers did before they handed such runs back by themselves."""
    if errors:
        raise errors.pop()
    return dask_worker.train_run(request)


@pytest.mark.parametrize("error", [LostLease("taken over"), dask_worker.NotWanted("given up")])
def test_what_workers_of_another_release_say_of_such_runs_is_not_final(
    threads, trainer, store, monkeypatch, error
):
    specs = specs_of(50 + isinstance(error, LostLease), 2)
    store.save(made_up_run(specs[1], 77.0))
    monkeypatch.setattr(dask_executor, "train_run", fails_at_first)
    errors[:] = [error] * 2
    outcome = DaskExecutor(store, threads.address).carry_out(Plan.of(specs))
    assert errors == []
    assert outcome.trained == (specs[0],)
    errors[:] = [error] * 9
    (bound,) = specs_of(60 + isinstance(error, LostLease), 1)
    outcome = DaskExecutor(store, threads.address).carry_out(Plan.of([bound]))
    assert outcome.failed == {bound: f"{type(error).__name__}: {error}"}
    assert len(errors) == 9 - dask_executor.MOST_TRIES
