"""A real scheduler and real workers: what happens to runs when workers die, join late, or have not
the folder of the store; and when several sessions share them. The training itself is made up.
"""

import collections
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icl_repro.training import Plan, Progress, RunSpec, RunStore, Transplant
from icl_repro.training.cluster import NoCluster, connected
from icl_repro.training.dask_executor import DaskExecutor
from tests.support.made_up_training import HANGS_ONCE, KILLS, LASTS, WAITS
from tests.support.tiny import TINY, assert_same_run, made_up_run
from tests.training.test_executors import assert_consistent

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 120


def specs_of(test: int, count: int = 4) -> list[RunSpec]:
    """Runs that no other test asks for."""
    return [TINY.with_(init_seed=seed, eval_seed=test) for seed in range(count)]


class Cluster:
    """A scheduler and workers as processes of their own, and the log of what these train."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.log.touch()
        self.processes: list[subprocess.Popen] = []
        where = folder / "scheduler.json"
        self._start("scheduler", "--host=127.0.0.1", "--port=0", f"--scheduler-file={where}")
        self.wait_until(where.exists)
        self.address = ""
        self.wait_until(lambda: self._read(where))

    def _read(self, where: Path) -> bool:
        text = where.read_text()
        self.address = text.partition('"address": "')[2].partition('"')[0]
        return bool(self.address)

    def _start(self, what: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        settings = {
            "ICL_TEST_LOG": str(self.log),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error",
        }
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--no-dashboard"],
                cwd=ROOT,
                env=os.environ | settings,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)

    def add_workers(self, count: int) -> None:
        for _ in range(count):
            self._start(
                "worker",
                self.address,
                "--nthreads=1",
                "--no-nanny",
                "--memory-limit=0",
                f"--local-directory={self.folder}",
                "--preload=tests.support.made_up_training",
            )

    def wait_for_workers(self, count: int) -> None:
        with connected(self.address) as client:
            client.wait_for_workers(count, timeout=LONGEST_SECONDS)

    def count_workers(self) -> int:
        with connected(self.address) as client:
            return len(client.scheduler_info(n_workers=-1)["workers"])

    def wait_until(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while not happened():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in sorted(self.folder.glob("*.log")))

    def noted(self, what: str, specs: list[RunSpec]) -> dict[RunSpec, list[int]]:
        """The processes that the log says this of, by run."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        found = collections.defaultdict(list)
        for said, key, process in lines:
            found[said, key].append(int(process))
        return {spec: found[what, spec.key] for spec in specs if found[what, spec.key]}

    def times(self, what: str, specs: list[RunSpec]) -> list[int]:
        """How often the log says this of each run that it says it of."""
        return [len(processes) for processes in self.noted(what, specs).values()]

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.add_workers(2)
        cluster.wait_for_workers(2)
        yield cluster
    finally:
        cluster.end()


class Session(threading.Thread):
    """A session that carries out a plan on the cluster."""

    def __init__(self, cluster: Cluster, store: RunStore, specs: list[RunSpec]) -> None:
        super().__init__(daemon=True)
        self.executor = DaskExecutor(store, cluster.address)
        self.plan = Plan.of(specs)
        self.told: list[Progress] = []
        self.start()

    def run(self) -> None:
        self.outcome = self.executor.carry_out(self.plan, on_progress=self.told.append)

    def result(self):
        self.join(LONGEST_SECONDS)
        assert not self.is_alive()
        return self.outcome


class Elsewhere(RunStore):
    """A store whose folder no worker has."""

    def mark(self) -> str:
        super().mark()
        return "a store on another machine"


def test_the_runs_of_a_worker_that_is_killed_are_done_elsewhere_and_who_joins_late_helps(
    cluster, tmp_path
):
    hangs = TINY.with_(data_seed=HANGS_ONCE, eval_seed=1, sequences=1280)
    specs = [hangs, *(spec.with_(data_seed=WAITS) for spec in specs_of(1, 16))]
    session = Session(cluster, RunStore(tmp_path / "store"), specs)
    cluster.wait_until(lambda: cluster.noted("begins", [hangs]))
    (victim,) = cluster.noted("begins", [hangs])[hangs]
    cluster.add_workers(1)
    cluster.wait_for_workers(3)
    os.kill(victim, signal.SIGKILL)
    cluster.wait_until(lambda: cluster.count_workers() == 2)
    cluster.log.with_suffix(".go").touch()
    outcome = session.result()
    assert set(outcome.trained) == set(specs)
    assert outcome.failed == {}
    assert cluster.times("ends", specs) == [1] * len(specs)
    assert len(cluster.noted("begins", [hangs])[hangs]) == 2
    assert sum(cluster.times("begins", specs)) == len(specs) + 1
    for spec in specs:
        assert_same_run(session.executor.store.load(spec), made_up_run(spec, spec.init_seed))
    assert_consistent(session.told)
    took_part = {process for known in cluster.noted("ends", specs).values() for process in known}
    assert len(took_part) == 2
    assert victim not in took_part


def test_two_sessions_train_each_run_once_whether_or_not_they_share_a_store(cluster, tmp_path):
    specs = [*specs_of(2), TINY.with_(sequences=1280, transplant=Transplant(0, specs_of(2)[0]))]
    stores = [RunStore(tmp_path / "one"), RunStore(tmp_path / "one"), Elsewhere(tmp_path / "other")]
    sessions = [Session(cluster, store, specs) for store in stores]
    outcomes = [session.result() for session in sessions]
    assert cluster.times("ends", specs) == [1] * len(specs)
    trained = [spec for outcome in outcomes for spec in outcome.trained]
    assert sorted(spec.key for spec in trained) == sorted(spec.key for spec in specs)
    assert sum(outcome.units for outcome in outcomes) == sum(spec.sequences for spec in specs)
    for store, outcome, session in zip(stores, outcomes, sessions, strict=True):
        assert {*outcome.trained, *outcome.reused} == set(specs)
        assert_consistent(session.told)
        for spec in specs:
            assert_same_run(store.load(spec), made_up_run(spec, spec.init_seed))
    again = Session(cluster, stores[0], specs).result()
    assert again.trained == ()
    assert cluster.times("ends", specs) == [1] * len(specs)


def test_runs_are_trained_again_once_whatever_the_clocks_of_workers_say(cluster, tmp_path):
    store, specs = RunStore(tmp_path / "store"), specs_of(6, 2)
    for spec in specs:
        store.save(made_up_run(spec, 99.0))
    keys = frozenset(spec.key for spec in specs)
    outcome = DaskExecutor(store, cluster.address).carry_out(
        Plan.of(specs), retrain=keys, since=time.time() + 3600
    )
    assert set(outcome.trained) == set(specs)
    assert cluster.times("ends", specs) == [1, 1]
    for spec in specs:
        assert_same_run(store.load(spec), made_up_run(spec, spec.init_seed))


def test_without_a_shared_folder_workers_send_what_they_trained(cluster, tmp_path):
    store, source = Elsewhere(tmp_path / "store"), specs_of(3)[0]
    store.save(made_up_run(source, source.init_seed))
    specs = [*specs_of(3), TINY.with_(sequences=1280, transplant=Transplant(0, source))]
    outcome = Session(cluster, store, specs).result()
    assert set(outcome.trained) == {*specs} - {source}
    assert outcome.reused == (source,)
    for spec in specs:
        assert_same_run(store.load(spec), made_up_run(spec, spec.init_seed))
    used = {path.stem for path in cluster.folder.rglob("icl-repro/locks/*.lock")}
    assert {spec.key for spec in outcome.trained} <= used, "folders of the workers' own"
    kept = [path for path in cluster.folder.rglob("runs/*/*") if path.is_dir()]
    assert kept == [], "nothing is left with the workers"


def test_who_gives_up_stops_what_nobody_else_wants(cluster, tmp_path):
    lasting = [TINY.with_(data_seed=LASTS, eval_seed=5, init_seed=seed) for seed in range(6)]

    def interrupt(progress: Progress) -> None:
        if len(cluster.noted("begins", lasting)) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DaskExecutor(RunStore(tmp_path / "store"), cluster.address).carry_out(
            Plan.of(lasting), on_progress=interrupt
        )
    begun = cluster.noted("begins", lasting)
    cluster.wait_until(lambda: cluster.noted("gives-up", lasting).keys() == begun.keys())
    # What comes next need not wait for the rest of it.
    specs = specs_of(5)
    assert set(Session(cluster, RunStore(tmp_path / "store"), specs).result().trained) == set(specs)
    assert cluster.noted("begins", lasting) == begun


def test_a_run_that_kills_its_workers_is_told_of_and_others_are_trained(cluster, tmp_path):
    cluster.add_workers(1)
    cluster.wait_for_workers(3)
    killer = TINY.with_(data_seed=KILLS, eval_seed=4, sequences=1280)
    specs = [killer, *specs_of(4, 8)]
    outcome = Session(cluster, RunStore(tmp_path / "store"), specs).result()
    assert set(outcome.trained) == set(specs) - {killer}
    assert outcome.failed.keys() == {killer}
    assert "2 workers died while they trained it" in outcome.failed[killer]
    assert cluster.times("begins", [killer]) == [2]
    assert killer not in RunStore(tmp_path / "store"), "another session may try it again"


def test_where_nobody_answers_one_sentence_says_what_to_start(tmp_path, monkeypatch):
    monkeypatch.setattr("icl_repro.training.cluster.CONNECT_SECONDS", 0.2)
    with pytest.raises(
        NoCluster, match=r"no scheduler answers at tcp://127\.0\.0\.1:9 .*dask sched"
    ):
        DaskExecutor(RunStore(tmp_path), "tcp://127.0.0.1:9").begin(Plan.of([TINY]))
