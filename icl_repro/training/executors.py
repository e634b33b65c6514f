"""Executors carry out a plan: what every one of them can do, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import Protocol

import msgspec

from icl_repro.training.plan import Plan
from icl_repro.training.tasks import AnySpec

UNIT = "sequences"
"""What the size of a run is counted in."""


class Progress(msgspec.Struct, frozen=True):
    """How far one process is with a plan.

    Attributes:
        runs_total: runs of the plan; runs_done: how many of them are finished, by whomever.
        units_total: sequences of the runs that were not finished at the start.
        units_done: sequences of the runs that this process has trained, as far as it is with
            them; a run that diverged counts as done in full.
        units_per_second: of this process, averaged over its training; 0 while it waits.
        current: what it is training, or what it is waiting for.
        unit: what units are, so that whoever shows progress need not know.
    """

    runs_done: int
    runs_total: int
    units_done: int
    units_total: int
    units_per_second: float
    current: str
    unit: str = UNIT


class Outcome(msgspec.Struct, frozen=True):
    """What one process did about a plan, so far.

    Attributes:
        trained: runs that it trained, those that diverged included; reused: runs with results
            that were there, or that others trained.
        failed: why a run has no results, by its spec: it diverged, here or elsewhere, or its place
            in the store cannot be used.
        units: sequences that this process has trained on, in `seconds`; `unit` says so.
    """

    trained: tuple[AnySpec, ...]
    reused: tuple[AnySpec, ...]
    failed: dict[AnySpec, str]
    units: int
    seconds: float
    unit: str = UNIT


class More(msgspec.Struct, frozen=True):
    """Runs that were chosen by what others gave, and the keys of those to train again."""

    plan: Plan
    retrain: frozenset[str] = frozenset()


Choose = Callable[[Set[AnySpec]], More | None]
"""Takes the runs that are not finished yet, and gives further ones chosen by those that are."""


Report = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """What is done with progress that nobody asked for."""


class Work(Protocol):
    """A plan that this process is carrying out, a part at a time."""

    def ensure(self, wanted: Iterable[AnySpec], on_progress: Report = ignore) -> None:
        """Return when some runs of the plan are in the store, or known to fail.

        Until then they are trained here, or if other processes are training them, others are.

        Args:
            wanted: the runs; the rest of the plan may be left for later.
            on_progress: called often while training, and while waiting.

        Raises:
            ValueError: one of them is no run of the plan.
        """
        ...

    def finish(self, on_progress: Report = ignore) -> None:
        """Return when all runs of the plan are in the store, or known to fail."""
        ...

    def add(self, more: More) -> None:
        """Add runs to the plan."""
        ...

    def outcome(self) -> Outcome:
        """What was done so far."""
        ...

    def close(self) -> None:
        """Do no more of it, whatever is under way."""
        ...


class Executor(Protocol):
    """Whatever can carry out a plan."""

    def begin(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        choose: Choose | None = None,
    ) -> Work:
        """Take up a plan, to see that every run of it is in the store or known to fail.

        Args:
            plan: the runs.
            retrain: keys of runs to train again even if they are stored,
            since: unless they were stored after this time (seconds since the epoch; by default,
                the time of the call). Processes that share a plan give the same time, so that each
                run is trained again once.
            choose: called whenever there is nothing of the plan that this process could start, so
                that it need not wait while there is more to do; it gives every run once.
        """
        ...

    def carry_out(
        self,
        plan: Plan,
        retrain: frozenset[str] = frozenset(),
        since: float | None = None,
        on_progress: Report = ignore,
        choose: Choose | None = None,
    ) -> Outcome:
        """Carry out a whole plan at once; see :meth:`begin` and :meth:`Work.finish`."""
        work = self.begin(plan, retrain, since, choose)
        try:
            work.finish(on_progress)
            return work.outcome()
        finally:
            work.close()
