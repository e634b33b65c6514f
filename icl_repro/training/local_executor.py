"""The executor that uses local processes.

Any number of processes may carry out the same plan on the same store, started together or not:
each takes the next run that nobody has trained or is training, until none is left, and then waits
for the others'. If one of them dies, its runs are taken over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence, Set

import jax

from icl_repro.storage.notices import tell
from icl_repro.training.engine import Diverged
from icl_repro.training.executors import Choose, Executor
from icl_repro.training.groups import is_out_of_memory, size_of
from icl_repro.training.plan import Plan
from icl_repro.training.planned_work import POLL_SECONDS, PlannedWork
from icl_repro.training.store import LostLease, RunStore, UnusableEntry
from icl_repro.training.tasks import AnySpec, program, train


class LocalExecutor(Executor):
    """Trains in this process; other processes with the same store take their share."""

    def __init__(
        self, store: RunStore, group_size: int | None = None, *, trains: bool = True
    ) -> None:
        """`group_size` runs that need the same program train together, vmapped; by default 1 on a
        CPU, whose cache a group would not fit, and on an accelerator as many as are fastest
        (:mod:`icl_repro.training.groups`). What does not fit the memory of the device trains in
        halves. With `trains` false, others train, and this one waits.
        """
        if group_size is not None and group_size < 1:
            raise ValueError(f"group_size is {group_size}, but must be at least 1")
        self.store = store
        self.group_size = group_size
        self.trains = trains

    def begin(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        choose: Choose | None = None,
    ) -> LocalWork:
        """See :class:`~icl_repro.training.executors.Executor`."""
        self.store.clear_abandoned()
        size = self.group_size or (0 if self.trains and jax.default_backend() != "cpu" else 1)
        since = time.time() if since is None else since
        work = LocalWork(self.store, size, plan, retrain, since, choose)
        work.trains = self.trains
        return work


class LocalWork(PlannedWork):
    """What is left of a plan for this process, which trains it itself."""

    def __init__(
        self,
        store: RunStore,
        group_size: int,
        plan: Plan,
        retrain: frozenset[str],
        since: float,
        choose: Choose | None,
    ) -> None:
        """With a `group_size` of 0 it is measured which one is best."""
        self.trains = True
        self._group_size = group_size
        self._programs: set[object] = set()
        self._most: dict[object, int] = {}
        super().__init__(store, plan, retrain, since, choose)

    def close(self) -> None:
        """Nothing is under way between two parts of the work."""

    def _advance(self, first: Set[AnySpec] = frozenset()) -> bool:
        """Train something, or find more to train, or wait a little for other processes."""
        if self._train_next(first) or self._add_chosen():
            return True
        if self._pending:
            self._tell("waiting for runs that other processes are training")
            time.sleep(POLL_SECONDS)
        return False

    def _train_next(self, first: Set[AnySpec]) -> bool:
        """Train the next runs that are free, `first` before others; False if other processes are
        training all that is left.

        Runs whose program another process is just compiling come last: two compilations of it take
        longer than to load it from the cache later.
        """
        for group in self._in_order(first) if self.trains else []:
            size = self._group_size or size_of(group, self._store.root)
            size = min(size, self._most.get(program(group[0]), size))
            with contextlib.ExitStack() as locks:
                mine: list[AnySpec] = []
                for spec in group:
                    try:
                        if self._may_train(spec, locks):
                            mine.append(spec)
                    except UnusableEntry as error:
                        self._fail(spec, str(error))
                    if len(mine) == size:
                        break
                if mine:
                    locks.enter_context(self._store.training(mine))
                    self._train_if_it_fits(mine)
                    return True
        return False

    def _may_train(self, spec: AnySpec, locks: contextlib.ExitStack) -> bool:
        """Whether a run is now for this process to train, under a lock; takes it off the list if
        it is done, or cannot be.
        """
        # Without the lock first: whoever holds one looks like somebody who trains.
        if self._is_done(spec) or self._awaits_source(spec):
            return False
        if not locks.enter_context(self._store.lock(spec)) or self._is_done(spec):
            return False
        self._store.make_room(spec)
        return not self._fails_for_its_source(spec)

    def _in_order(self, first: Set[AnySpec]) -> list[list[AnySpec]]:
        """What is left of each group, or of the part of it that comes first."""
        in_training = self._store.in_training()
        ranked: list[tuple[bool, bool, list[AnySpec]]] = []
        for group in self._plan.groups:
            waiting = [spec for spec in group if spec in self._pending]
            # Another process that trains the first run of a group compiles for it.
            later = (
                len(waiting) == len(group)
                and program(group[0]) not in self._programs
                and any(spec.key in in_training for spec in group)
            )
            wanted = [spec for spec in waiting if spec in first]
            others = [spec for spec in waiting if spec not in first]
            if wanted and self._group_size != 1:
                # On a card those that train with them cost next to nothing.
                wanted, others = wanted + others, []
            ranked += [(later, part is others, part) for part in (wanted, others) if part]
        return [part for _, _, part in sorted(ranked, key=lambda rank: rank[:2])]

    def _train_if_it_fits(self, specs: Sequence[AnySpec]) -> None:
        """Train a group, or know from now on that groups of this kind have to be smaller."""
        before = self._sequences_done
        try:
            self._train(specs)
            return
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            said = str(error).partition("\n")[0]
        # Not above, where the error still holds what is in the memory of the device.
        self._sequences_done = before
        if len(specs) == 1:
            self._fail(specs[0], f"the memory of the device does not do, for it alone: {said}")
            return
        half = len(specs) // 2
        self._most[program(specs[0])] = half
        tell(
            f"{len(specs)} runs as a group do not fit the memory of the device, and train "
            f"{half} at a time"
        )

    def _train(self, specs: Sequence[AnySpec]) -> None:
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

    def _speed(self, more_sequences: int = 0, more_seconds: float = 0.0) -> float:
        """Sequences a second so far, with those of runs under way."""
        seconds = self._seconds + more_seconds
        return (self._sequences_trained + more_sequences) / seconds if seconds > 0 else 0.0
