"""The runs that tests read from the store, by the names that their declaration gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import library
from icl_repro.plugin.planting import NotAffected, TrainingBrokeOff
from icl_repro.plugin.session import state_of
from icl_repro.plugin.trials import Draft, NotTrained
from icl_repro.verification.basis import Misfit
from icl_repro.verification.declare import ONE, Control
from icl_repro.verification.faults import Fault


class StoredRuns(Mapping[str, Any]):
    """The runs of one case and seed by name, each read when looked up."""

    def __init__(self, store: Any, draft: Draft, seed: int | None) -> None:
        self._store = store
        self._draft = draft
        self._seed = seed

    def __getitem__(self, name: str) -> Any:
        """The run of that name; ends the test if it is missing or has no results."""
        specs = self._draft.wanted.specs(self._seed)
        if name not in specs:
            raise KeyError(f"there is no run named {name!r}; {nearest(str(name), specs)}")
        run = self._load(specs[name])
        self._draft.attempt.runs_read.add(specs[name].key)
        return run

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft.wanted.specs(self._seed))

    def __len__(self) -> int:
        return len(self._draft.wanted.specs(self._seed))

    def _load(self, spec: Any) -> Any:
        kinds = library.engine()
        try:
            return self._store.load(spec)
        except kinds.DivergedRun as error:
            pytest.fail(f"a run has no results: {error} ({spec.describe()})", pytrace=False)
        except kinds.MissingRun as error:
            raise NotTrained(f"not run: {error}") from error


class OfControl(Mapping[str, Any]):
    """The runs as a control shows them to the test: exchanged, altered, or one for all names."""

    def __init__(self, stored: StoredRuns, control: Control, *, one_for_all: bool) -> None:
        """`one_for_all` has the control's single run stand in for every run of the claim.

        Raises:
            ValueError: the control names a run that is not there.
        """
        self._stored = stored
        self._control = control
        self._one_for_all = one_for_all
        self._altered: dict[str, Any] = {}
        if not one_for_all:
            named = [*control.swap, *control.swap.values(), *_named(control)]
            for name in named:
                if name not in list(stored):
                    raise ValueError(
                        f"control {control.id!r} names a run {name!r}, but there is none; "
                        f"{nearest(str(name), list(stored))}"
                    )

    def __getitem__(self, name: str) -> Any:
        """The run that the control gives where the test asks for that name."""
        if name not in self._altered:
            run = self._stored[ONE if self._one_for_all else self._control.swap.get(name, name)]
            transform = self._control.transform
            alter = transform.get(name) if isinstance(transform, Mapping) else transform
            self._altered[name] = alter(run) if alter else run
        return self._altered[name]

    def __iter__(self) -> Iterator[str]:
        self._refuse_if_one_for_all()
        return iter(self._stored)

    def __len__(self) -> int:
        self._refuse_if_one_for_all()
        return len(self._stored)

    def _refuse_if_one_for_all(self) -> None:
        if self._one_for_all:
            raise TypeError(
                f"control {self._control.id!r} gives one network in place of several, whatever "
                "their names: ask for runs by name, or give the control as many networks"
            )


class UnderFault(Mapping[str, Any]):
    """The runs as a fault shows them to the test."""

    def __init__(self, stored: StoredRuns, fault: Fault, others: StoredRuns) -> None:
        """`others` are the runs of the other seed, where the fault gives one."""
        self._stored = stored
        self._fault = fault
        self._others = others
        self._shown: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """What the test sees of the run of that name."""
        if name not in self._shown:
            run = self._stored[name]
            self._shown[name] = self._fault.shown(run, self._others[self._in_its_place(name)])
        return self._shown[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def _in_its_place(self, name: str) -> str:
        """The name of the other run: the same, or where names tell seeds, the one of its place."""
        names = list(self._others)
        return name if name in names else names[list(self._stored).index(name)]


def store_of(config: pytest.Config) -> Any:
    """The session's store: one a process, because it remembers what it has read."""
    state = state_of(config)
    if state.store is None:
        options = {"leases": True} if state.settings.leases else {}
        state.store = library.engine().RunStore(state.settings.store, **options)
    return state.store


def choose(config: pytest.Config, draft: Draft) -> None:
    """Choose further runs of a case by those that it has.

    Raises:
        Exception: whatever the callable of the declaration raises.
        NotTrained, pytest.fail.Exception: it reads a run that is not there.
    """
    draft.wanted.choose(partial(StoredRuns, store_of(config), draft))


def runs_of(config: pytest.Config, draft: Draft) -> Mapping[Any, Any]:
    """The runs that a test takes: by name, or by seed and name if it takes all seeds.

    Raises:
        NotTrained: the store lacks some of them, or they cannot be had on the basis of the session.
        NotAffected: the fault that it is judged under changes none of them.
        TrainingBrokeOff: it lacks some because the training, or that of a run, broke off.
    """
    store = store_of(config)
    try:
        missing = _missing(draft, store)
        if not missing and draft.wanted.has_to_choose:
            choose(config, draft)
            missing = _missing(draft, store)
    except Misfit as misfit:
        raise NotTrained(f"not run: {misfit}") from misfit
    state = state_of(config)
    if missing and state.training_problem:
        raise TrainingBrokeOff(f"the training broke off: {state.training_problem}", pytrace=False)
    for spec in draft.wanted.all_specs() if missing else []:
        if spec.key in state.without_results and spec not in store:
            why = f"{state.without_results[spec.key]} ({spec.describe()})"
            raise TrainingBrokeOff(f"a run has no results: {why}", pytrace=False)
    fault = draft.case.fault
    if fault is not None and not fault.changes_measures and not draft.wanted.is_changed:
        draft.attempt.affected = False
        raise NotAffected(f"not affected: {fault.unaffected}")
    if missing:
        raise NotTrained(f"not run: the store has no run of {'; '.join(missing)}")
    of_seed = {seed: _shown(store, draft, seed) for seed in draft.case.seeds}
    return of_seed if draft.case.over_seeds else of_seed[draft.case.seed]


def run_of(config: pytest.Config, draft: Draft) -> Any:
    """The one run that a test takes, or that of each seed by seed if it takes all seeds.

    Raises:
        NotTrained, pytest.fail.Exception: as for several runs.
    """
    runs = runs_of(config, draft)
    if draft.case.over_seeds:
        return {seed: runs[seed][ONE] for seed in draft.case.seeds}
    return runs[ONE]


def _shown(store: Any, draft: Draft, seed: int | None) -> Mapping[str, Any]:
    stored, case = StoredRuns(store, draft, seed), draft.case
    fault = case.fault
    if fault is not None and fault.run is not None:
        assert fault.other_seed is not None
        assert seed is not None
        return UnderFault(stored, fault, StoredRuns(store, draft, fault.other_seed(seed)))
    if case.control is None:
        return stored
    own = case.declaration.on
    one_for_all = (
        case.networks is not None
        and case.networks.is_single
        and own is not None
        and not own.is_single
    )
    return OfControl(stored, case.control, one_for_all=one_for_all)


def _named(control: Control) -> list[str]:
    return list(control.transform) if isinstance(control.transform, Mapping) else []


def _missing(draft: Draft, store: Any) -> list[str]:
    """Descriptions of the runs that a test needs and the store does not hold."""
    return [spec.describe() for spec in draft.wanted.all_specs() if spec not in store]
