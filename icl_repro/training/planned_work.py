"""What all executors have in common: a plan of which more and more is done."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Set

from icl_repro.training.executors import Choose, More, Outcome, Progress, Report, ignore
from icl_repro.training.plan import Plan, with_sources
from icl_repro.training.store import RunStore
from icl_repro.training.tasks import AnySpec

POLL_SECONDS = 0.2


class PlannedWork(abc.ABC):
    """What is left of a plan for this process, and what it has done: a
    :class:`~icl_repro.training.executors.Work`.
    """

    def __init__(
        self,
        store: RunStore,
        plan: Plan,
        retrain: frozenset[str],
        since: float,
        choose: Choose | None,
    ) -> None:
        self._store = store
        self._plan, self._retrain, self._since, self._choose = plan, retrain, since, choose
        self._pending = dict.fromkeys(plan.specs)
        self._trained: list[AnySpec] = []
        self._failed: dict[AnySpec, str] = {}
        self._report: Report = ignore
        self._sequences_done: int = 0
        self._sequences_trained: int = 0
        self._seconds: float = 0.0
        for spec in plan.specs:
            self._is_done(spec)
        self._sequences_total = sum(spec.sequences for spec in self._pending)

    def ensure(self, wanted: Iterable[AnySpec], on_progress: Report = ignore) -> None:
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

    @abc.abstractmethod
    def close(self) -> None:
        """See :class:`~icl_repro.training.executors.Work`."""

    @abc.abstractmethod
    def _advance(self, first: Set[AnySpec] = frozenset()) -> bool:
        """Do a part of the work, what has to do with `first` before others, or wait a little; says
        whether there was anything to do.
        """

    @abc.abstractmethod
    def _speed(self) -> float:
        """Sequences a second so far."""

    def _add_chosen(self) -> bool:
        """Add runs that are chosen by those that are done; says whether there were any."""
        more = self._choose(self._pending.keys()) if self._choose is not None else None
        if more is None:
            return False
        self.add(more)
        return True

    def _is_done(self, spec: AnySpec) -> bool:
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

    def _fail(self, spec: AnySpec, reason: str) -> None:
        """Take a run off the list that cannot be trained, while the others can."""
        self._pending.pop(spec, None)
        self._failed[spec] = reason

    def _awaits_source(self, spec: AnySpec) -> bool:
        """Whether the run that it takes weights from is still to be trained."""
        source = spec.transplant and spec.transplant.source
        return source in self._pending and not self._is_done(source)

    def _fails_for_its_source(self, spec: AnySpec) -> bool:
        """Whether the run that it takes weights from has no results; then it has none either."""
        source = spec.transplant and spec.transplant.source
        if source not in self._failed:
            return False
        reason = f"the run it takes weights from has no results: {self._failed[source]}"
        if source in self._store:
            self._store.save_divergence(spec, reason)
        self._fail(spec, reason)
        return True

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
