"""Doubles of the training for tests of the plugin: specs, a store and an executor of small files.

Runs "train" by writing a file and, on purpose, diverge, take their time, break the executor or kill
the process. ``trained.log`` in the working directory has a line for each run that was trained.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace


@dataclass(frozen=True)
class Spec:
    """A run; `mode` says what goes wrong with it."""

    name: str
    seed: int = 5
    sequences: int = 1000
    mode: str = ""

    @property
    def key(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def describe(self) -> str:
        return f"{self.name}, seed {self.seed}, {self.sequences} sequences"

    def shortened(self) -> Spec:
        return replace(self, sequences=10)


class MissingRun(LookupError):
    pass


class DivergedRun(MissingRun):
    pass


class Store:
    """A folder with a file a run."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def __contains__(self, spec: Spec) -> bool:
        return self.path(spec).is_file()

    def path(self, spec: Spec) -> Path:
        return self.root / spec.key

    def load(self, spec: Spec) -> SimpleNamespace:
        if spec not in self:
            raise MissingRun(f"the store has no run {spec.describe()}")
        if spec.mode == "diverges":
            raise DivergedRun("loss is nan at step 7")
        return SimpleNamespace(spec=spec, text=self.path(spec).read_text())


class Plan:
    def __init__(self, specs: list[Spec]) -> None:
        self.specs = specs

    @classmethod
    def of(cls, specs: Iterable[Spec]) -> Plan:
        return cls(sorted(set(specs), key=lambda spec: (-spec.sequences, spec.key)))


class Executor:
    """Trains what no other process has taken, then waits for the others."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def carry_out(
        self, plan: Plan, retrain=frozenset(), since=0.0, on_progress=None, choose=lambda _: None
    ):
        trained: list[Spec] = []
        while True:
            pending = [s for s in plan.specs if not self._there(s, retrain, since)]
            if not pending:
                more = choose(set())
                if more is None:
                    break
                plan = Plan.of([*plan.specs, *more.plan.specs])
                retrain |= more.retrain
                continue
            spec = next((spec for spec in pending if self._take(spec, since)), None)
            if spec is None:
                time.sleep(0.02)
                continue
            self._train(spec, since)
            trained.append(spec)
            self._tell(on_progress, plan, trained, spec)
        reused = [spec for spec in plan.specs if spec not in trained]
        return SimpleNamespace(
            trained=trained,
            reused=reused,
            failed={},
            sequences=sum(spec.sequences for spec in trained),
            seconds=0.5,
        )

    def _there(self, spec: Spec, retrain: frozenset[str], since: float) -> bool:
        if spec not in self.store:
            return False
        return spec.key not in retrain or self.store.path(spec).stat().st_mtime >= since

    def _taken(self, spec: Spec, since: float) -> Path:
        return self.store.root / f"{spec.key}.{since}.taken"

    def _take(self, spec: Spec, since: float) -> bool:
        self.store.root.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(self._taken(spec, since), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    def _train(self, spec: Spec, since: float) -> None:
        if spec.mode == "kills once" and not Path("killed").exists():
            Path("killed").touch()
            self._taken(spec, since).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if spec.mode == "breaks":
            self._taken(spec, since).unlink()
            raise OSError("no space left")
        if spec.mode == "slow":
            time.sleep(1)
        with Path("trained.log").open("a") as log:
            log.write(f"{spec.name} {spec.seed} {spec.sequences}\n")
        partial = self.store.path(spec).with_suffix(".partial")
        partial.write_text(f"{spec.name} {spec.seed}")
        partial.replace(self.store.path(spec))

    def _tell(self, on_progress, plan: Plan, trained: list[Spec], spec: Spec) -> None:
        if on_progress is not None:
            done = sum(spec in self.store for spec in plan.specs)
            sequences = sum(spec.sequences for spec in trained)
            total = sum(spec.sequences for spec in plan.specs)
            on_progress(
                SimpleNamespace(
                    runs_done=done,
                    runs_total=len(plan.specs),
                    sequences_done=sequences,
                    sequences_total=total,
                    sequences_per_second=100.0,
                    current=spec.describe(),
                )
            )


def engine() -> SimpleNamespace:
    """What `icl_repro.plugin.training.engine` returns, made of doubles."""
    return SimpleNamespace(
        LocalExecutor=Executor,
        More=lambda plan, retrain: SimpleNamespace(plan=plan, retrain=retrain),
        Plan=Plan,
        with_sources=lambda specs: {spec.key: spec for spec in specs},
        RunStore=Store,
        MissingRun=MissingRun,
        DivergedRun=DivergedRun,
        reuse_compiled_programs=lambda folder: None,
        keep_measurements_in=lambda folder: None,
    )
