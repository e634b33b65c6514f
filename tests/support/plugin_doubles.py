"""Doubles of the training for tests of the plugin: specs, a store and an executor of small files.

Runs "train" by writing a file and, on purpose, diverge, take their time, break the executor or kill
the process. ``trained.log`` in the working directory has a line for each run that was trained, and
``processes.log`` the process that did.
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
    neighbour: int = 0
    source: str = ""
    streams: str = "ours"

    @property
    def key(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def units(self) -> int:
        return self.sequences

    def describe(self) -> str:
        return f"{self.name}, seed {self.seed}, {self.sequences} sequences"

    def shortened(self) -> Spec:
        return replace(self, sequences=10)

    def made_of(self, source) -> Spec:
        return replace(self, source=source.fingerprint)

    def misfit(self) -> str:
        return "so many are not there" if self.mode == "needs many" else ""

    def drawn_by(self, streams: str) -> Spec:
        if self.mode == "another split":
            raise ValueError("there is no other split")
        return replace(self, streams=streams)

    def neighbours(self, number: int) -> Spec:
        return replace(self, neighbour=number)


class MissingRun(LookupError):
    pass


class DivergedRun(MissingRun):
    pass


class Store:
    """A folder with a file a run."""

    def __init__(self, root: Path, leases: bool = False) -> None:
        self.root = Path(root)
        self.exemplar_cache = self.root / "exemplars"

    def __contains__(self, spec: Spec) -> bool:
        return self.path(spec).is_file()

    def path(self, spec: Spec) -> Path:
        return self.root / spec.key

    def is_stale(self, spec: Spec) -> bool:
        return spec not in self and bool(list(self.root.glob(f"{spec.key}.stale")))

    def took(self, spec: Spec) -> float | None:
        return 0.25 if spec in self else None

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

    def begin(self, plan: Plan, retrain, since: float, choose) -> Executor:
        self.plan, self.retrain, self.since, self.choose = plan, retrain, since, choose
        self.trained: list[Spec] = []
        return self

    def ensure(self, wanted, on_progress) -> None:
        while first := [spec for spec in wanted if not self._there(spec)]:
            rest = [spec for spec in self.plan.specs if spec not in first]
            self._take_turn([*first, *rest], on_progress)

    def finish(self, on_progress) -> None:
        while True:
            if not all(map(self._there, self.plan.specs)):
                self._take_turn(self.plan.specs, on_progress)
            elif (more := self.choose(set())) is not None:
                self.add(more)
            else:
                return

    def add(self, more) -> None:
        self.plan = Plan.of([*self.plan.specs, *more.plan.specs])
        self.retrain |= more.retrain

    def outcome(self) -> SimpleNamespace:
        there = filter(self._there, self.plan.specs)
        return SimpleNamespace(
            trained=self.trained,
            reused=[spec for spec in there if spec not in self.trained],
            failed={},
            units=sum(spec.sequences for spec in self.trained),
            unit="sequences",
            seconds=0.5 if self.trained else 0.0,
        )

    def close(self) -> None:
        pass

    def _take_turn(self, specs, on_progress) -> None:
        pending = [spec for spec in specs if not self._there(spec)]
        spec = next((spec for spec in pending if self._take(spec)), None)
        if spec is None:
            time.sleep(0.02)
            return
        self._train(spec)
        self.trained.append(spec)
        self._tell(on_progress, spec)

    def _there(self, spec: Spec) -> bool:
        if spec not in self.store:
            return False
        return spec.key not in self.retrain or self.store.path(spec).stat().st_mtime >= self.since

    def _taken(self, spec: Spec) -> Path:
        return self.store.root / f"{spec.key}.{self.since}.taken"

    def _take(self, spec: Spec) -> bool:
        self.store.root.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(self._taken(spec), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    def _train(self, spec: Spec) -> None:
        if spec.mode == "kills once" and not Path("killed").exists():
            Path("killed").touch()
            self._taken(spec).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if spec.mode == "interrupts":
            is_worker = "PYTEST_XDIST_WORKER" in os.environ
            os.kill(os.getppid() if is_worker else os.getpid(), signal.SIGTERM)
            time.sleep(30)
        if spec.mode == "breaks":
            self._taken(spec).unlink()
            raise OSError("no space left")
        if spec.mode == "slow":
            time.sleep(1)
        with Path("trained.log").open("a") as log:
            log.write(f"{spec.name} {spec.seed} {spec.sequences}\n")
        with Path("processes.log").open("a") as log:
            log.write(f"{os.getpid()}\n")
        partial = self.store.path(spec).with_suffix(".partial")
        partial.write_text(f"{spec.name} {spec.seed}")
        partial.replace(self.store.path(spec))

    def _tell(self, on_progress, spec: Spec) -> None:
        on_progress(
            SimpleNamespace(
                runs_done=sum(spec in self.store for spec in self.plan.specs),
                runs_total=len(self.plan.specs),
                units_done=sum(spec.sequences for spec in self.trained),
                units_total=sum(spec.sequences for spec in self.plan.specs),
                units_per_second=100.0,
                current=spec.describe(),
                unit="sequences",
            )
        )


def _work(spec: Spec) -> SimpleNamespace:
    return SimpleNamespace(
        units=spec.sequences,
        about=spec.name,
        same=spec.name,
        alike="all",
        after="",
        unit="sequences",
    )


def engine() -> SimpleNamespace:
    """What `icl_repro.plugin.library.engine` returns, made of doubles."""
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
        work_of=_work,
        times_in=lambda root: [],
        UNIT="sequences",
        methods=lambda specs: [f"{len(list(specs))} runs were made."],
        units_per_second=lambda spec, cache, seconds: 10.0,
    )
