"""The executor that uses local processes.

Any number of processes may carry out the same plan on the same store, started together or not:
each takes the next run that nobody has trained or is training, until none is left, and then waits
for the others'. If one of them dies, its runs are taken over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Sequence, Set

import jax

from icl_repro.training.engine import Diverged, program, train
from icl_repro.training.executors import Choose, More, Outcome, Progress, Report, ignore
from icl_repro.training.plan import Plan, with_sources
from icl_repro.training.spec import RunSpec
from icl_repro.training.store import LostLease, RunStore, UnusableEntry

POLL_SECONDS = 0.2


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

    def begin(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        choose: Choose | None = None,
    ) -> LocalWork:
        """See :class:`~icl_repro.training.executors.Executor`."""
        self.store.clear_abandoned()
        size = self.group_size or (1 if jax.default_backend() == "cpu" else 32)
        since = time.time() if since is None else since
        return LocalWork(self.store, size, plan, retrain, since, choose)

    def carry_out(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        on_progress: Report = ignore,
        choose: Choose | None = None,
    ) -> Outcome:
        """Carry out a whole plan at once, see :class:`~icl_repro.training.executors.Executor`."""
        work = self.begin(plan, retrain, since, choose)
        work.finish(on_progress)
        return work.outcome()


class LocalWork:
    """What is left of a plan for this process, and what it has done: a
    :class:`~icl_repro.training.executors.Work`.
    """

    def __init__(
        self,
        store: RunStore,
        group_size: int,
        plan: Plan,
        retrain: frozenset[str],
        since: float,
        choose: Choose | None,
    ) -> None:
        self._store, self._group_size = store, group_size
        self._plan, self._retrain, self._since, self._choose = plan, retrain, since, choose
        self._pending = dict.fromkeys(plan.specs)
        self._trained: list[RunSpec] = []
        self._programs: set[object] = set()
        self._failed: dict[RunSpec, str] = {}
        self._report: Report = ignore
        self._sequences_done = 0
        self._sequences_trained = 0
        self._seconds = 0.0
        for spec in plan.specs:
            self._is_done(spec)
        self._sequences_total = sum(spec.sequences for spec in self._pending)

    def ensure(self, wanted: Iterable[RunSpec], on_progress: Report = ignore) -> None:
        """See :class:`~icl_repro.training.executors.Work`."""
        self._report = on_progress
        first = frozenset(with_sources(wanted).values())
        if unknown := first - set(self._plan.specs):
            raise ValueError(f"not a run of the plan: {next(iter(unknown)).describe()}")
        while not all(spec not in self._pending or self._is_done(spec) for spec in first):
            self._advance(first)

    def finish(self, on_progress: Report = ignore) -> None:
        """See :class:`~icl_repro.training.executors.Work`."""
        self._report = on_progress
        while self._advance() or self._pending:
            pass
        if self._sequences_total:
            self._tell("done", self._speed())

    def add(self, more: More) -> None:
        """See :class:`~icl_repro.training.executors.Work`."""
        self._retrain |= more.retrain
        known = set(self._plan.specs)
        new = [spec for spec in more.plan.specs if spec not in known]
        self._plan = Plan.of([*self._plan.specs, *new])
        self._pending |= dict.fromkeys(new)
        for spec in new:
            self._is_done(spec)
        self._sequences_total += sum(spec.sequences for spec in new if spec in self._pending)

    def _advance(self, first: Set[RunSpec] = frozenset()) -> bool:
        """Train something, or find more to train, or wait a little for other processes; says
        whether there was anything to do.
        """
        if self._train_next(first):
            return True
        more = self._choose(self._pending.keys()) if self._choose is not None else None
        if more is not None:
            self.add(more)
            return True
        if self._pending:
            self._tell("waiting for runs that other processes are training")
            time.sleep(POLL_SECONDS)
        return False

    def _train_next(self, first: Set[RunSpec]) -> bool:
        """Train the next runs that are free, `first` before others; False if other processes are
        training all that is left.

        Runs whose program another process is just compiling come last: two compilations of it take
        longer than to load it from the cache later.
        """
        for group in self._in_order(first):
            with contextlib.ExitStack() as locks:
                mine = []
                for spec in group:
                    try:
                        if self._may_train(spec, locks):
                            mine.append(spec)
                    except UnusableEntry as error:
                        self._fail(spec, str(error))
                    if len(mine) == self._group_size:
                        break
                if mine:
                    locks.enter_context(self._store.training(mine))
                    self._train(mine)
                    return True
        return False

    def _may_train(self, spec: RunSpec, locks: contextlib.ExitStack) -> bool:
        """Whether a run is now for this process to train, under a lock; takes it off the list if
        it is done, or cannot be.
        """
        # Without the lock first: whoever holds one looks like somebody who trains.
        if self._is_done(spec) or self._awaits_source(spec):
            return False
        if not locks.enter_context(self._store.lock(spec)) or self._is_done(spec):
            return False
        self._store.make_room(spec)
        source = spec.transplant and spec.transplant.source
        if source not in self._failed:
            return True
        reason = f"the run it takes weights from has no results: {self._failed[source]}"
        if source in self._store:
            self._store.save_divergence(spec, reason)
        self._fail(spec, reason)
        return False

    def _in_order(self, first: Set[RunSpec]) -> list[list[RunSpec]]:
        """What is left of each group, or of the part of it that comes first."""
        in_training = self._store.in_training()
        ranked: list[tuple[bool, bool, list[RunSpec]]] = []
        for group in self._plan.groups:
            waiting = [spec for spec in group if spec in self._pending]
            # Another process that trains the first run of a group compiles for it.
            later = (
                len(waiting) == len(group)
                and program(group[0]) not in self._programs
                and any(spec.key in in_training for spec in group)
            )
            for is_first in (True, False):
                part = [spec for spec in waiting if (spec in first) == is_first]
                ranked += [(later, not is_first, part)] if part else []
        return [part for _, _, part in sorted(ranked, key=lambda rank: rank[:2])]

    def _train(self, specs: Sequence[RunSpec]) -> None:
        batch = specs[0].optimiser.batch
        names = specs[0].describe() if len(specs) == 1 else f"{len(specs)} runs as a group"
        self._programs.add(program(specs[0]))
        before = self._sequences_done
        started = time.perf_counter()

        def on_step(step: int) -> None:
            so_far = step * batch * len(specs)
            self._sequences_done = before + so_far
            self._tell(names, self._speed(so_far, time.perf_counter() - started))

        results = train(specs, self._store.exemplar_cache, on_step, self._store.load)
        self._seconds += time.perf_counter() - started
        for spec, result in zip(specs, results, strict=True):
            # Whatever the clock and the disk say: what this process has trained, it has trained.
            self._trained.append(spec)
            self._pending.pop(spec)
            try:
                if isinstance(result, Diverged):
                    self._sequences_trained += result.step * batch
                    self._failed[spec] = str(result)
                    self._store.save_divergence(spec, str(result))
                else:
                    self._sequences_trained += int(result.sequences[-1])
                    self._store.save(result)
            except UnusableEntry as error:
                self._fail(spec, str(error))
            except LostLease:
                # Somebody else is at it since this process stood still.
                self._trained.pop()
                self._failed.pop(spec, None)
                self._pending[spec] = None
        self._sequences_done = before + sum(spec.sequences for spec in specs)
        self._tell(names, self._speed())

    def _is_done(self, spec: RunSpec) -> bool:
        """Whether a run is in the store, or known to fail; if so, takes it off the list."""
        if spec in self._failed:
            return True
        try:
            stored = self._store.manifest(spec)
        except OSError as error:
            self._fail(spec, f"what the store has of it cannot be read: {error}")
            return True
        if stored is None or (spec.key in self._retrain and stored.finished < self._since):
            return False
        self._pending.pop(spec, None)
        if stored.diverged is not None:
            self._failed[spec] = stored.diverged
        return True

    def _fail(self, spec: RunSpec, reason: str) -> None:
        """Take a run off the list that cannot be trained, while the others can."""
        self._pending.pop(spec, None)
        self._failed[spec] = reason

    def _awaits_source(self, spec: RunSpec) -> bool:
        """Whether the run that it takes weights from is still to be trained."""
        source = spec.transplant and spec.transplant.source
        return source in self._pending and not self._is_done(source)

    def _speed(self, more_sequences: int = 0, more_seconds: float = 0.0) -> float:
        """Sequences a second so far, with those of runs under way."""
        seconds = self._seconds + more_seconds
        return (self._sequences_trained + more_sequences) / seconds if seconds > 0 else 0.0

    def _tell(self, current: str, speed: float = 0.0) -> None:
        self._report(
            Progress(
                runs_done=len(self._plan.specs) - len(self._pending),
                runs_total=len(self._plan.specs),
                units_done=self._sequences_done,
                units_total=self._sequences_total,
                units_per_second=speed,
                current=current,
            )
        )

    def outcome(self) -> Outcome:
        """See :class:`~icl_repro.training.executors.Work`."""
        trained = set(self._trained)
        return Outcome(
            trained=tuple(self._trained),
            reused=tuple(
                spec
                for spec in self._plan.specs
                if spec not in trained and spec not in self._failed and spec not in self._pending
            ),
            failed=self._failed,
            units=self._sequences_trained,
            seconds=self._seconds,
        )
