"""The runs that tests read from the store, by the names that their markers gave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import library
from icl_repro.plugin.session import state_of
from icl_repro.plugin.trials import Draft


class StoredRuns(Mapping[str, Any]):
    """The runs of one test and seed by the names that its marker gave them, each read when looked
    up.
    """

    def __init__(self, store: Any, draft: Draft, seed: int | None) -> None:
        self._store = store
        self._draft = draft
        self._seed = seed

    def __getitem__(self, name: str) -> Any:
        """The run of that name; ends the test if it is missing or has no results."""
        specs = self._draft.specs(self._seed)
        if name not in specs:
            raise KeyError(f"the marker asks for no run named {name!r}; {nearest(name, specs)}")
        run = self._load(specs[name])
        self._draft.runs_read.add(specs[name].key)
        return run

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft.specs(self._seed))

    def __len__(self) -> int:
        return len(self._draft.specs(self._seed))

    def _load(self, spec: Any) -> Any:
        kinds = library.engine()
        try:
            return self._store.load(spec)
        except kinds.DivergedRun as error:
            pytest.fail(f"a run has no results: {error} ({spec.describe()})", pytrace=False)
        except kinds.MissingRun as error:
            pytest.skip(f"not run: {error}")


def store_of(config: pytest.Config) -> Any:
    """The session's store: one a process, because it remembers what it has read."""
    state = state_of(config)
    if state.store is None:
        state.store = library.engine().RunStore(state.settings.store)
    return state.store


def choose(config: pytest.Config, draft: Draft) -> None:
    """Have a test's marker choose further runs by those that it names.

    Raises:
        Exception: whatever the callable in the marker raises.
        pytest.skip.Exception, pytest.fail.Exception: it reads a run that is not there.
    """
    draft.choose(partial(StoredRuns, store_of(config), draft))


def runs_of(config: pytest.Config, draft: Draft) -> Mapping[Any, Any]:
    """The runs that a test needs: by name, or by seed and name if it takes all seeds.

    Raises:
        pytest.skip.Exception: the store lacks some of them.
        pytest.fail.Exception: it lacks some because the training broke off.
    """
    store = store_of(config)
    missing = _missing(draft, store)
    if not missing and draft.has_to_choose:
        choose(config, draft)
        missing = _missing(draft, store)
    problem = state_of(config).training_problem
    if missing and problem:
        pytest.fail(f"the training broke off: {problem}", pytrace=False)
    if missing:
        pytest.skip(f"not run: the store has no run of {'; '.join(missing)}")
    of_seed = {seed: StoredRuns(store, draft, seed) for seed in draft.seeds}
    return of_seed if draft.takes_seeds else of_seed[draft.seed]


def _missing(draft: Draft, store: Any) -> list[str]:
    """Descriptions of the runs that a test needs and the store does not hold."""
    return [spec.describe() for spec in draft.all_specs() if spec not in store]
