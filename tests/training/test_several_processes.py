"""Several processes that share a plan and a store train each run once, and some are killed."""

import collections
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from icl_repro.training import Progress, local_executor
from tests.support.tiny import DIVERGES, TINY, store_with_exemplars
from tests.training.test_executors import assert_consistent, leftovers

SPECS = tuple(TINY.with_(init_seed=seed) for seed in (5, 6, 7))
LONG = TINY.with_(sequences=1280)


class Processes:
    """Processes that share a store, and the log of what they train."""

    def __init__(self, folder: Path, compiled: Path) -> None:
        self.store = store_with_exemplars(folder / "store")
        self.log = folder / "log"
        self.log.touch()
        self.compiled = compiled
        self.running: list[subprocess.Popen] = []

    def start(self, specs, **task) -> subprocess.Popen:
        message = msgspec.json.encode({"specs": specs, **task})
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.carry_out", self.store.root, self.log, message],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Compiled with few optimisations; what one has compiled, the others only load.
            env=os.environ
            | {
                "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
                "JAX_COMPILATION_CACHE_DIR": str(self.compiled),
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            },
        )
        self.running.append(process)
        return process

    def outcome(self, process: subprocess.Popen) -> dict:
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert errors == ""
        return json.loads(out)

    def noted(self, what: str) -> collections.Counter:
        """How often the log says this of each key."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return collections.Counter(key for said, key, _ in lines if said == what)

    def wait_until_noted(self, what: str) -> None:
        deadline = time.monotonic() + 100
        while not self.noted(what):
            assert time.monotonic() < deadline, f"nobody {what}"
            assert any(process.poll() is None for process in self.running)
            time.sleep(0.02)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """A folder with the compiled programs of tiny runs."""
    folder = tmp_path_factory.mktemp("compiled")
    first = Processes(tmp_path_factory.mktemp("first"), folder)
    first.outcome(first.start([TINY]))
    return folder


@pytest.fixture
def processes(tmp_path, compiled) -> Iterator[Processes]:
    processes = Processes(tmp_path, compiled)
    yield processes
    for process in processes.running:
        process.kill()
        process.communicate()


def keys(specs) -> set[str]:
    return {spec.key for spec in specs}


def test_two_processes_share_a_plan_and_train_each_run_once(processes):
    specs = [*SPECS, TINY.with_(init_seed=8), LONG, DIVERGES]
    both = [processes.start(specs, pause=0.2) for _ in range(2)]
    one, other = (processes.outcome(process) for process in both)

    assert processes.noted("begins") == processes.noted("ends") == dict.fromkeys(keys(specs), 1)
    assert {*one["trained"], *other["trained"]} == keys(specs)
    assert one["trained"], "both took part"
    assert other["trained"], "both took part"
    for outcome in (one, other):
        assert {*outcome["trained"], *outcome["reused"], *outcome["failed"]} == keys(specs)
        assert "not finite at step 1 (32 sequences)" in outcome["failed"][DIVERGES.key]
        told = [Progress(**progress) for progress in outcome["progress"]]
        assert_consistent(told)
    done = [outcome["progress"][-1] for outcome in (one, other)]
    assert sum(last["units_done"] for last in done) == sum(spec.sequences for spec in specs)
    for spec in specs[:-1]:
        assert processes.store.load(spec).sequences[-1] == spec.sequences
    assert leftovers(processes.store) == []

    again = processes.outcome(processes.start(specs))
    assert again["trained"] == []
    assert again["failed"].keys() == {DIVERGES.key}


def test_runs_of_a_killed_process_are_taken_over_and_no_others_trained_again(processes):
    victim = processes.start([*SPECS, LONG], hang=LONG.key)
    processes.wait_until_noted("hangs")
    heir = processes.start([*SPECS, LONG])
    # It trains all that is free, and then has to wait for the run that the other one is in.
    while len(processes.noted("ends")) < 3:
        assert heir.poll() is None
        time.sleep(0.02)
    time.sleep(3 * local_executor.POLL_SECONDS)
    assert heir.poll() is None
    assert processes.noted("begins")[LONG.key] == 1
    victim.send_signal(signal.SIGKILL)

    outcome = processes.outcome(heir)
    assert {*outcome["trained"]} == keys([*SPECS, LONG])
    assert processes.noted("begins") == {**dict.fromkeys(keys(SPECS), 1), LONG.key: 2}
    assert processes.noted("ends") == dict.fromkeys(keys([*SPECS, LONG]), 1)
    for spec in [*SPECS, LONG]:
        assert processes.store.load(spec).sequences[-1] == spec.sequences
    assert leftovers(processes.store) == []
    assert not (processes.store.root / "damaged").exists()
    waits = [p for p in outcome["progress"] if p["current"].startswith("waiting")]
    assert waits


def test_two_processes_retrain_each_run_once(processes):
    specs = [*SPECS, DIVERGES]
    processes.outcome(processes.start(specs))
    before = {spec.key: processes.store.manifest(spec).finished for spec in specs}
    task = {"retrain": sorted(keys(specs)), "since": time.time(), "pause": 0.1}
    both = [processes.start(specs, **task) for _ in range(2)]
    outcomes = [processes.outcome(process) for process in both]
    assert processes.noted("ends") == dict.fromkeys(keys(specs), 2)
    assert sorted(outcomes[0]["trained"] + outcomes[1]["trained"]) == sorted(keys(specs))
    for spec in specs:
        assert processes.store.manifest(spec).finished > before[spec.key]
    assert leftovers(processes.store) == []
