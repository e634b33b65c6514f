"""The training before claims are judged, and the runs that it leaves for them in the store."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from icl_repro.plugin import pictures, threads, trials
from icl_repro.plugin.collection import wanted_ids
from icl_repro.plugin.options import ALL
from icl_repro.plugin.progress import reporting
from icl_repro.plugin.session import process_name, scratch_of, state_of
from icl_repro.plugin.transport import Scratch, TrainingNote
from icl_repro.plugin.trials import Draft
from icl_repro.verification.nearest import nearest


def engine() -> Any:
    """What trains runs and stores them, imported when first needed because it is heavy."""
    threads.use_one()
    from icl_repro.measures.kept import keep_in
    from icl_repro.training.compilation import reuse_compiled_programs
    from icl_repro.training.executors import LocalExecutor, More
    from icl_repro.training.plan import Plan, with_sources
    from icl_repro.training.store import DivergedRun, MissingRun, RunStore

    return SimpleNamespace(
        LocalExecutor=LocalExecutor,
        More=More,
        Plan=Plan,
        with_sources=with_sources,
        RunStore=RunStore,
        MissingRun=MissingRun,
        DivergedRun=DivergedRun,
        reuse_compiled_programs=reuse_compiled_programs,
        keep_measurements_in=keep_in,
    )


def before_tests(session: pytest.Session) -> None:
    """Train what the selected claims and controls need and nobody has trained yet.

    Every process of the session comes here with the same plan; each trains a part of it.
    """
    config = session.config
    drafts = [draft for item in session.items if (draft := trials.draft_of(item))]
    if not drafts or not _tests_will_run(session):
        return
    specs = _needed(drafts)
    if not specs:
        return
    engine().reuse_compiled_programs(state_of(config).settings.store / "compiled")
    engine().keep_measurements_in(state_of(config).settings.store / "measured")
    with _warnings_passed_on(config):
        if state_of(config).settings.no_train:
            note = _without_training(config, specs, drafts)
        else:
            note = _trained(config, specs, drafts)
        if scratch_of(config).take("exemplars"):
            _picture_exemplars(scratch_of(config), specs)
    state_of(config).training_problem = note.problem
    scratch_of(config).put_note(process_name(config), note)


def _ready(draft: Draft, pending: Set[Any]) -> bool:
    """Whether a marker has runs to choose and those that it chooses by are done."""
    with suppress(Exception):
        return draft.has_to_choose and not any(spec in pending for spec in draft.all_specs())
    return False


def _choose(config: pytest.Config, drafts: Iterable[Draft]) -> dict[str, Any]:
    """The specs, by key, of the runs that markers choose by their first runs.

    Every process chooses for itself; the same runs are there for all, so that all choose alike.
    """
    store = _store(config)
    chosen = []
    for draft in drafts:
        # Not lost: the test's own runs fixture tries again, where pytest reports what is wrong.
        with suppress(Exception, pytest.skip.Exception, pytest.fail.Exception):
            draft.choose(partial(StoredRuns, store, draft, engine()))
            chosen.append(draft)
    return _needed(chosen)


def _store(config: pytest.Config) -> Any:
    """The session's store: one a process, because it remembers what it has read."""
    state = state_of(config)
    if state.store is None:
        state.store = engine().RunStore(state.settings.store)
    return state.store


class StoredRuns(Mapping[str, Any]):
    """The runs of one test and seed by the names that its marker gave them, each read when looked
    up.
    """

    def __init__(self, store: Any, draft: Draft, kinds: Any, seed: int | None) -> None:
        self._store = store
        self._draft = draft
        self._kinds = kinds
        self._seed = seed
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The run of that name; ends the test if it is missing or has no results."""
        specs = self._draft.specs(self._seed)
        if name not in specs:
            raise KeyError(f"the marker asks for no run named {name!r}; {nearest(name, specs)}")
        if name not in self._loaded:
            self._loaded[name] = self._load(specs[name])
            self._draft.runs_read.append(specs[name].key)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft.specs(self._seed))

    def __len__(self) -> int:
        return len(self._draft.specs(self._seed))

    def _load(self, spec: Any) -> Any:
        try:
            return self._store.load(spec)
        except self._kinds.DivergedRun as error:
            pytest.fail(f"a run has no results: {error} ({spec.describe()})", pytrace=False)
        except self._kinds.MissingRun as error:
            pytest.skip(f"not run: {error}")


def runs_of(config: pytest.Config, draft: Draft) -> Mapping[Any, Any]:
    """The runs that a test needs: by name, or by seed and name if it takes all seeds.

    Raises:
        pytest.skip.Exception: the store lacks some of them.
        pytest.fail.Exception: it lacks some because the training broke off.
    """
    kinds = engine()
    state = state_of(config)
    store = _store(config)
    missing = _missing(draft, store)
    if not missing and draft.has_to_choose:
        draft.choose(partial(StoredRuns, store, draft, kinds))
        missing = _missing(draft, store)
    if missing and state.training_problem:
        pytest.fail(f"the training broke off: {state.training_problem}", pytrace=False)
    if missing:
        pytest.skip(f"not run: the store has no run of {'; '.join(missing)}")
    of_seed = {seed: StoredRuns(store, draft, kinds, seed) for seed in draft.seeds}
    return of_seed if draft.takes_seeds else of_seed[draft.seed]


def _missing(draft: Draft, store: Any) -> list[str]:
    """Descriptions of the runs that a test needs and the store does not hold."""
    return [spec.describe() for spec in draft.all_specs() if spec not in store]


def _tests_will_run(session: pytest.Session) -> bool:
    option = session.config.option
    if option.collectonly or session.config.getoption("setupplan", False):
        return False
    return not session.testsfailed or option.continue_on_collection_errors


def _needed(drafts: Iterable[Draft]) -> dict[str, Any]:
    """The specs that the drafts need, by key, with those that they take weights from."""
    specs: list[Any] = []
    for draft in drafts:
        # Not lost: the test's own runs fixture raises it again, where pytest reports it.
        with suppress(Exception):
            specs += draft.all_specs()
    return engine().with_sources(specs) if specs else {}


def _without_training(
    config: pytest.Config, specs: Mapping[str, Any], drafts: Iterable[Draft]
) -> TrainingNote:
    store = _store(config)
    missing = {spec for spec in specs.values() if spec not in store}
    ready = [draft for draft in drafts if _ready(draft, missing)]
    wanted = {**specs, **_choose(config, ready)}
    return TrainingNote(
        planned={key: spec.describe() for key, spec in wanted.items()},
        reused=[key for key, spec in wanted.items() if spec in store],
    )


def _trained(
    config: pytest.Config, specs: Mapping[str, Any], drafts: Iterable[Draft]
) -> TrainingNote:
    state = state_of(config)
    kinds = engine()

    waiting = list(drafts)

    def choose(pending: Set[Any]) -> Any:
        ready, later = [], []
        for draft in waiting:
            (ready if _ready(draft, pending) else later).append(draft)
        waiting[:] = later
        chosen = _choose(config, ready)
        if not chosen:
            return None
        return kinds.More(kinds.Plan.of(chosen.values()), _anew(state.settings.retrain, drafts))

    try:
        with reporting(config) as on_progress:
            outcome = kinds.LocalExecutor(_store(config)).carry_out(
                kinds.Plan.of(specs.values()),
                retrain=_anew(state.settings.retrain, drafts),
                since=state.started_at,
                on_progress=on_progress,
                choose=choose,
            )
    except Exception as error:
        # Claims whose runs are there can still be judged; the others say why theirs are not.
        traceback.print_exc()
        return TrainingNote(
            planned={key: spec.describe() for key, spec in specs.items()},
            problem=f"{type(error).__name__}: {error}",
        )
    return TrainingNote(
        planned={
            spec.key: spec.describe()
            for spec in (*outcome.trained, *outcome.reused, *outcome.failed)
        },
        trained=[spec.key for spec in outcome.trained],
        reused=[spec.key for spec in outcome.reused],
        sequences=outcome.sequences,
        seconds=outcome.seconds,
    )


def _picture_exemplars(scratch: Scratch, specs: Mapping[str, Any]) -> None:
    try:
        sample = pictures.sample(specs.values())
    except Exception as error:
        # The pictures adorn the report; the verdicts do without.
        warnings.warn(f"the report has no pictures of exemplars: {error!r}", stacklevel=1)
        return
    if sample is not None:
        scratch.put_exemplars(sample)


def _anew(patterns: tuple[str, ...], drafts: Iterable[Draft]) -> frozenset[str]:
    """The keys of the runs to train again: those of the claims that match one of `patterns`."""
    chosen = list(drafts)
    if not patterns:
        return frozenset()
    if ALL not in patterns:
        wanted = wanted_ids([draft.subject for draft in chosen], patterns)
        chosen = [draft for draft in chosen if draft.subject.id in wanted]
    return frozenset(_needed(chosen))


@contextmanager
def _warnings_passed_on(config: pytest.Config) -> Iterator[None]:
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
