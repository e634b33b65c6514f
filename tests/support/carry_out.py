"""Carries out a plan in a process of its own, and writes down what it trains while it does.

`python -m tests.support.carry_out STORE LOG TASK` where TASK is JSON: the ``specs``; the keys to
``retrain``, and ``since`` when; ``pause``, how many seconds to wait at every evaluation, so that
somebody has the time to come in between; and the key of a run to ``hang`` in, halfway. A line is
appended to LOG when the training of a run begins and when it ends; the outcome is printed as JSON.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import msgspec

from icl_repro.storage.files import append_line
from icl_repro.training import (
    LocalExecutor,
    Plan,
    Progress,
    RunSpec,
    RunStore,
    engine,
    local_executor,
)


class Task(msgspec.Struct):
    specs: list[RunSpec]
    retrain: frozenset[str] = frozenset()
    since: float | None = None
    pause: float = 0.0
    hang: str = ""


def carry_out(store: RunStore, log: Path, task: Task) -> dict:
    def note(what: str, key: str) -> None:
        append_line(log, f"{what} {key} {os.getpid()}")

    def train_and_note(specs, cache, on_step, load):
        def pausing_on_step(step: int) -> None:
            on_step(step)
            time.sleep(task.pause)
            if step > 0 and any(spec.key == task.hang for spec in specs):
                note("hangs", task.hang)
                time.sleep(600)

        for spec in specs:
            note("begins", spec.key)
        results = engine.train(specs, cache, pausing_on_step, load)
        for spec in specs:
            note("ends", spec.key)
        return results

    local_executor.train = train_and_note
    told: list[Progress] = []
    outcome = LocalExecutor(store).carry_out(
        Plan.of(task.specs), task.retrain, task.since, told.append
    )
    return {
        "trained": [spec.key for spec in outcome.trained],
        "reused": [spec.key for spec in outcome.reused],
        "failed": {spec.key: message for spec, message in outcome.failed.items()},
        "progress": msgspec.to_builtins(told),
    }


if __name__ == "__main__":
    warnings.simplefilter("error")
    store, log, task = sys.argv[1:]
    done = carry_out(RunStore(store), Path(log), msgspec.json.decode(task, type=Task))
    print(json.dumps(done))
