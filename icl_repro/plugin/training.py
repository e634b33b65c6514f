"""The training that a session does for its claims: each test's runs before the test, and what is
left for other processes after the last.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Set
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from msgspec.json import encode

from icl_repro.plugin import devices, library, pictures, trials
from icl_repro.plugin.collection import matches
from icl_repro.plugin.declared_options import ALL
from icl_repro.plugin.progress import reporting
from icl_repro.plugin.session import process_name, runs_tests, scratch_of, state_of
from icl_repro.plugin.stored_runs import choose, store_of
from icl_repro.plugin.transport import Scratch, TrainingNote
from icl_repro.plugin.trials import Draft

_OF_A_TEST = (Exception, SystemExit, pytest.skip.Exception, pytest.fail.Exception)
"""What a test may raise without ending the session, and so what chooses its runs."""


def begin(session: pytest.Session) -> Training | None:
    """Take up what the selected claims and controls need and nobody has trained yet, if anything.

    Every process of the session does so with the same plan; each trains a part of it.
    """
    config = session.config
    drafts = [draft for item in session.items if (draft := trials.draft_of(item))]
    if not _tests_will_run(session):
        return None
    specs = _needed(drafts)
    if not specs:
        return None
    library.engine().reuse_compiled_programs(state_of(config).settings.store / "compiled")
    library.engine().keep_measurements_in(state_of(config).settings.store / "measured")
    return Training(config, drafts, specs)


class Training:
    """What one process of the session does of the training."""

    def __init__(
        self, config: pytest.Config, drafts: list[Draft], specs: Mapping[str, Any]
    ) -> None:
        self._config = config
        self._drafts = drafts
        self._waiting = list(drafts)
        self._planned: dict[str, Any] = {}
        self._encoded: dict[str, str] = {}
        self._in_words: dict[str, str] = {}
        self._stale: set[str] = set()
        self._took: dict[str, float] = {}
        self._runs_done = 0
        self._work: Any = None
        self._is_noted = False
        self._trains = devices.take(config, to_train=self._has_to_train(specs))
        self._plan(specs)
        if not state_of(config).settings.no_train:
            self._guarded(self._begin)
        self._note()

    def ensure(self, draft: Draft) -> None:
        """Return when the runs of a test are there, or known to fail.

        Where something goes wrong, the test itself finds out, and pytest reports it there.
        """
        with suppress(*_OF_A_TEST):
            self._ensure(draft.wanted.all_specs())
            if draft.wanted.has_to_choose:
                choose(self._config, draft)
                self._add(_needed([draft]))
                self._ensure(draft.wanted.all_specs())
        if not self._is_noted:
            self._note()

    def finish(self) -> None:
        """Train what is left, which tests of other processes wait for."""
        if self._goes_on:
            self._guarded(lambda report: self._work.finish(report))
        store = store_of(self._config)
        seconds = {key: store.took(spec) for key, spec in self._planned.items()}
        self._took = {key: one for key, one in seconds.items() if one is not None}
        self._note()
        if scratch_of(self._config).take("sample"):
            _picture_sample(scratch_of(self._config), self._planned)

    def close(self) -> None:
        """Give up whatever is under way."""
        if self._work is not None:
            self._work.close()

    def _has_to_train(self, specs: Mapping[str, Any]) -> bool:
        """Whether the session begins with runs to train."""
        if state_of(self._config).settings.no_train:
            return False
        store = store_of(self._config)
        return bool(self._anew()) or not all(spec in store for spec in specs.values())

    @property
    def _goes_on(self) -> bool:
        """Whether this process trains, and nothing has gone wrong."""
        return self._work is not None and not state_of(self._config).training_problem

    def _begin(self, report: Callable[[Any], None]) -> None:
        kinds, state = library.engine(), state_of(self._config)
        store = store_of(self._config)
        if state.scheduler:
            executor = kinds.DaskExecutor(store, state.scheduler)
        elif self._trains:
            executor = kinds.LocalExecutor(store)
        else:
            executor = kinds.LocalExecutor(store, trains=False)
        self._work = executor.begin(
            kinds.Plan.of(self._planned.values()),
            retrain=self._anew(),
            since=state.started_at,
            choose=self._choose,
        )

    def _ensure(self, specs: list[Any]) -> None:
        if self._goes_on and specs:
            self._guarded(lambda report: self._work.ensure(specs, report))

    def _add(self, specs: Mapping[str, Any]) -> None:
        """Plan runs that a test has chosen, most of which others have before it."""
        if specs.keys() <= self._planned.keys() and not self._anew():
            return
        self._plan(specs)
        if self._goes_on:
            self._work.add(self._more(specs))

    def _plan(self, specs: Mapping[str, Any]) -> None:
        store = store_of(self._config)
        self._stale |= {key for key, spec in specs.items() if store.is_stale(spec)}
        new = {key: spec for key, spec in specs.items() if key not in self._planned}
        self._planned |= new
        self._encoded |= {key: encode(spec).decode() for key, spec in new.items()}
        self._in_words |= {key: spec.describe() for key, spec in new.items()}
        self._is_noted = False
        scratch_of(self._config).put_specs(process_name(self._config), self._encoded)

    def _more(self, specs: Mapping[str, Any]) -> Any:
        kinds = library.engine()
        return kinds.More(kinds.Plan.of(specs.values()), self._anew())

    def _choose(self, pending: Set[Any]) -> Any:
        """The runs that markers choose by runs that are done; None if there are no more.

        Every process chooses for itself; the same runs are there for all, so that all choose alike.
        """
        ready: list[Draft] = []
        later: list[Draft] = []
        for draft in self._waiting:
            (ready if _ready(draft, pending) else later).append(draft)
        self._waiting = later
        chosen: list[Draft] = []
        for draft in ready:
            # Not lost: the test's own fixture tries again, where pytest reports what is wrong.
            with suppress(*_OF_A_TEST):
                choose(self._config, draft)
                chosen.append(draft)
        specs = _needed(chosen)
        self._plan(specs)
        return self._more(specs) if specs else None

    def _anew(self) -> frozenset[str]:
        """The keys of the runs to train again: those of the claims that the user named."""
        patterns = state_of(self._config).settings.retrain
        if not patterns:
            return frozenset()
        chosen = self._drafts
        if ALL not in patterns:
            chosen = [draft for draft in chosen if matches(draft.case.claim.id, patterns)]
        return frozenset(_needed(chosen))

    def _guarded(self, part: Callable[[Callable[[Any], None]], None]) -> None:
        """Do a part of the work; where it breaks off, train no more in this process.

        Claims whose runs are there can still be judged; the others say why theirs are not.
        """
        try:
            with _warnings_passed_on(self._config), reporting(self._config) as report:

                def heard(progress: Any) -> None:
                    report(progress)
                    self._is_noted = False
                    if progress.runs_done != self._runs_done:
                        # At once, so that it is known also if this process is killed next.
                        self._runs_done = progress.runs_done
                        self._note()

                part(heard)
        except Exception as error:
            traceback.print_exc()
            state_of(self._config).training_problem = f"{type(error).__name__}: {error}"

    def _note(self) -> None:
        """Write down what was done so far."""
        stale = sorted(self._stale)
        sizes = {key: spec.units for key, spec in self._planned.items() if hasattr(spec, "units")}
        problem = state_of(self._config).training_problem
        methods: list[str] = []
        if self._planned:
            methods = library.engine().methods(self._planned.values())
        if self._work is None:
            there = [key for key, spec in self._planned.items() if spec in store_of(self._config)]
            note = TrainingNote(
                planned=self._in_words,
                reused=there,
                stale=stale,
                unit=library.engine().UNIT if sizes else "",
                problem=problem,
                sizes=sizes,
                took=self._took,
                methods=methods,
            )
        else:
            done = self._work.outcome()
            failed = {spec.key: why for spec, why in done.failed.items()}
            state_of(self._config).without_results.update(failed)
            note = TrainingNote(
                planned=self._in_words,
                trained=[spec.key for spec in done.trained],
                reused=[spec.key for spec in done.reused],
                stale=stale,
                units=done.units,
                unit=done.unit,
                seconds=done.seconds,
                problem=problem,
                sizes=sizes,
                took=self._took,
                methods=methods,
            )
        scratch_of(self._config).put_note(process_name(self._config), note)
        self._is_noted = True


def _ready(draft: Draft, pending: Set[Any]) -> bool:
    """Whether a marker has runs to choose and those that it chooses by are done."""
    with suppress(*_OF_A_TEST):
        return draft.wanted.has_to_choose and not any(
            spec in pending for spec in draft.wanted.all_specs()
        )
    return False


def _tests_will_run(session: pytest.Session) -> bool:
    goes_on = session.config.option.continue_on_collection_errors
    return runs_tests(session.config) and (not session.testsfailed or goes_on)


def _needed(drafts: Iterable[Draft]) -> dict[str, Any]:
    """The specs that the drafts need, by key, with those that they take weights from."""
    specs: list[Any] = []
    for draft in drafts:
        # Not lost: the test's own fixture raises it again, where pytest reports it.
        with suppress(*_OF_A_TEST):
            specs += draft.wanted.all_specs()
    return library.engine().with_sources(specs) if specs else {}


def _picture_sample(scratch: Scratch, specs: Mapping[str, Any]) -> None:
    try:
        sample = pictures.sample(specs.values())
    except Exception as error:
        # The pictures adorn the report; the verdicts do without.
        warnings.warn(
            f"the report has no pictures of what runs are trained on: {error!r}", stacklevel=1
        )
        return
    if sample is not None:
        scratch.put_sample(sample)


@contextmanager
def _warnings_passed_on(config: pytest.Config) -> Generator[None, None, None]:
    """Have pytest report warnings that come up outside of any test."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default", UserWarning)
        yield
    for warning in caught:
        config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warning,
                "when": "runtest",
                "nodeid": "training",
                "location": None,
            }
        )
