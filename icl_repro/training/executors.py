"""Executors carry out a plan: the small interface, and the one that uses local processes.

Any number of processes may carry out the same plan on the same store, started together or not:
each takes the next run that nobody has trained or is training, until none is left, and then waits
for the others'. If one of them dies, its runs are taken over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence, Set
from typing import Protocol

import jax
import msgspec

from icl_repro.training.engine import Diverged, program, train
from icl_repro.training.plan import Plan
from icl_repro.training.spec import RunSpec
from icl_repro.training.store import RunStore

POLL_SECONDS = 0.2


class Progress(msgspec.Struct, frozen=True):
    """How far one process is with a plan.

    Attributes:
        runs_total: runs of the plan; runs_done: how many of them are finished, by whomever.
        sequences_total: sequences of the runs that were not finished at the start.
        sequences_done: sequences of the runs that this process has trained, as far as it is with
            them; a run that diverged counts as done in full.
        sequences_per_second: of this process, averaged over its training; 0 while it waits.
        current: what it is training, or what it is waiting for.
    """

    runs_done: int
    runs_total: int
    sequences_done: int
    sequences_total: int
    sequences_per_second: float
    current: str


class Outcome(msgspec.Struct, frozen=True):
    """What one process did about a plan.

    Attributes:
        trained: runs that it trained, those that diverged included; reused: runs with results
            that were there, or that others trained.
        failed: why a run has no results, by its spec (it diverged, here or elsewhere).
        sequences: trained on by this process, in `seconds`.
    """

    trained: tuple[RunSpec, ...]
    reused: tuple[RunSpec, ...]
    failed: dict[RunSpec, str]
    sequences: int
    seconds: float


class More(msgspec.Struct, frozen=True):
    """Runs that were chosen by what others gave, and the keys of those to train again."""

    plan: Plan
    retrain: frozenset[str] = frozenset()


Choose = Callable[[Set[RunSpec]], More | None]
"""Takes the runs that are not finished yet, and gives further ones chosen by those that are."""


class Executor(Protocol):
    """Whatever can carry out a plan."""

    def carry_out(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        choose: Choose | None = None,
    ) -> Outcome:
        """See that every run of the plan is in the store, or known to fail.

        Args:
            plan: the runs.
            retrain: keys of runs to train again even if they are stored,
            since: unless they were stored after this time (seconds since the epoch; by default,
                the time of the call). Processes that share a plan give the same time, so that each
                run is trained again once.
            on_progress: called often while training, and while waiting.
            choose: called whenever there is nothing of the plan that this process could start, so
                that it need not wait while there is more to do; it gives every run once.
        """
        ...


class LocalExecutor:
    """Trains in this process; other processes with the same store take their share."""

    def __init__(self, store: RunStore, group_size: int | None = None) -> None:
        """`group_size` runs that need the same program train together, vmapped; by default 1 on a
        CPU, whose cache a group would not fit, and 32 on an accelerator.
        """
        if group_size is not None and group_size < 1:
            raise ValueError(f"group_size is {group_size}, but must be at least 1")
        self.store = store
        self.group_size = group_size

    def carry_out(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        choose: Choose | None = None,
    ) -> Outcome:
        """See :class:`Executor`."""
        self.store.clear_abandoned()
        work = _Work(self.store, plan, retrain, time.time() if since is None else since)
        work.report = on_progress or (lambda progress: None)
        size = self.group_size or (1 if jax.default_backend() == "cpu" else 32)
        more = True
        while work.pending or more:
            if self._take_turn(work, size):
                continue
            more = choose is not None and work.take_on(choose(work.pending.keys()))
            if work.pending and not more:
                work.tell("waiting for runs that other processes are training")
                time.sleep(POLL_SECONDS)
        if work.sequences_total:
            work.tell("done", work.speed())
        return work.outcome()

    def _take_turn(self, work: _Work, size: int) -> bool:
        """Train the next runs that are free; False if others are training all that is left.

        Runs whose program another process is just compiling come last: two compilations of it take
        longer than to load it from the cache later.
        """
        for group in sorted(work.plan.groups, key=lambda g: self._is_being_compiled(g, work)):
            waiting = [spec for spec in group if spec in work.pending]
            with contextlib.ExitStack() as locks:
                mine = []
                for spec in waiting:
                    if work.awaits_source(spec):
                        continue
                    if not locks.enter_context(self.store.lock(spec)) or work.settle(spec):
                        continue
                    if reason := work.hopeless(spec):
                        self.store.save_divergence(spec, reason)
                        work.settle(spec)
                    else:
                        mine.append(spec)
                    if len(mine) == size:
                        break
                if mine:
                    self._train(mine, work)
                    return True
        return False

    def _is_being_compiled(self, group: tuple[RunSpec, ...], work: _Work) -> bool:
        """Whether another process is training the first run of a group, and so compiles for it."""
        waiting = [spec for spec in group if spec in work.pending]
        if len(waiting) < len(group) or program(group[0]) in work.programs:
            return False
        for spec in waiting:
            with self.store.lock(spec) as is_free:
                if not is_free:
                    return True
        return False

    def _train(self, specs: Sequence[RunSpec], work: _Work) -> None:
        batch = specs[0].optimiser.batch
        names = specs[0].describe() if len(specs) == 1 else f"{len(specs)} runs as a group"
        work.programs.add(program(specs[0]))
        before = work.sequences_done
        started = time.perf_counter()

        def on_step(step: int) -> None:
            so_far = step * batch * len(specs)
            work.sequences_done = before + so_far
            work.tell(names, work.speed(so_far, time.perf_counter() - started))

        results = train(specs, self.store.exemplar_cache, on_step, self.store.load)
        work.seconds += time.perf_counter() - started
        for spec, result in zip(specs, results, strict=True):
            if isinstance(result, Diverged):
                self.store.save_divergence(spec, str(result))
                work.failed[spec] = str(result)
                work.sequences_trained += result.step * batch
            else:
                self.store.save(result)
                work.sequences_trained += int(result.sequences[-1])
            work.trained.append(spec)
            # Whatever the clock and the disk say: what this process has trained, it has trained.
            work.pending.pop(spec)
        work.sequences_done = before + sum(spec.sequences for spec in specs)
        work.tell(names, work.speed())


class _Work:
    """What is left of a plan for this process, and what it has done."""

    def __init__(self, store: RunStore, plan: Plan, retrain: frozenset[str], since: float) -> None:
        self.store, self.plan, self.retrain, self.since = store, plan, retrain, since
        self.pending = dict.fromkeys(plan.specs)
        self.trained: list[RunSpec] = []
        self.programs: set[object] = set()
        self.failed: dict[RunSpec, str] = {}
        self.report: Callable[[Progress], None] = lambda progress: None
        self.sequences_done = 0
        self.sequences_trained = 0
        self.seconds = 0.0
        for spec in plan.specs:
            self.settle(spec)
        self.sequences_total = sum(spec.sequences for spec in self.pending)

    def take_on(self, more: More | None) -> bool:
        """Add runs to the plan; says whether there were any."""
        if more is None:
            return False
        self.retrain |= more.retrain
        known = set(self.plan.specs)
        new = [spec for spec in more.plan.specs if spec not in known]
        self.plan = Plan.of([*self.plan.specs, *new])
        self.pending |= dict.fromkeys(new)
        for spec in new:
            self.settle(spec)
        self.sequences_total += sum(spec.sequences for spec in new if spec in self.pending)
        return True

    def settle(self, spec: RunSpec) -> bool:
        """Take a run off the list if it is in the store; says whether it is."""
        stored = self.store.manifest(spec)
        if stored is None or (spec.key in self.retrain and stored.finished < self.since):
            return False
        self.pending.pop(spec, None)
        if stored.diverged is not None:
            self.failed[spec] = stored.diverged
        return True

    def awaits_source(self, spec: RunSpec) -> bool:
        """Whether the run that it takes weights from is still to be trained."""
        source = spec.transplant and spec.transplant.source
        return source in self.pending and not self.settle(source)

    def hopeless(self, spec: RunSpec) -> str:
        """Why it cannot be trained, or an empty text: the run that it takes weights from has no
        results.
        """
        reason = self.failed.get(spec.transplant.source) if spec.transplant else None
        return f"the run it takes weights from has no results: {reason}" if reason else ""

    def speed(self, more_sequences: int = 0, more_seconds: float = 0.0) -> float:
        """Sequences a second so far, with those of runs under way."""
        seconds = self.seconds + more_seconds
        return (self.sequences_trained + more_sequences) / seconds if seconds > 0 else 0.0

    def tell(self, current: str, speed: float = 0.0) -> None:
        self.report(
            Progress(
                runs_done=len(self.plan.specs) - len(self.pending),
                runs_total=len(self.plan.specs),
                sequences_done=self.sequences_done,
                sequences_total=self.sequences_total,
                sequences_per_second=speed,
                current=current,
            )
        )

    def outcome(self) -> Outcome:
        trained = set(self.trained)
        return Outcome(
            trained=tuple(self.trained),
            reused=tuple(
                spec for spec in self.plan.specs if spec not in trained and spec not in self.failed
            ),
            failed=self.failed,
            sequences=self.sequences_trained,
            seconds=self.seconds,
        )
