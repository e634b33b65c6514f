"""What a session collected, as plain data for whoever plans or explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

import msgspec
import pytest

from icl_repro.planning.suite import (
    Judged,
    PlannedClaim,
    PlannedControl,
    PlannedRun,
    StoredTime,
    Suite,
)
from icl_repro.plugin import library, trials
from icl_repro.plugin.declarations import site_of
from icl_repro.plugin.session import coverage_of, ledger_of, state_of
from icl_repro.plugin.stored_runs import StoredRuns, store_of
from icl_repro.plugin.trials import Draft
from icl_repro.verification import spreads
from icl_repro.verification.declare import Control
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import listed

Select = Callable[[list[PlannedClaim], str], Iterable[PlannedClaim]]
"""Takes all claims, as yet without their runs, and the name of the profile, and gives those that
are wanted.
"""

_OF_A_DECLARATION = (Exception, SystemExit, pytest.skip.Exception, pytest.fail.Exception)
"""What may be raised where a declaration says which runs it takes."""


def suite_of(config: pytest.Config, select: Select, *, with_published: bool = False) -> Suite:
    """All claims that were collected, and the runs of those that are selected.

    Runs that are chosen by what is measured on others are among them where the store has those
    others.

    Args:
        config: of a session that has collected.
        select: which claims are wanted.
        with_published: whether to look up the published values that the ledger names.

    Raises:
        UnusableLedger, UnusableSpreads, UnusableCoverage: a file beside the claims.
    """
    settings = state_of(config).settings
    drafts: dict[str, list[Draft]] = {}
    declared: dict[str, PlannedClaim] = {}
    for test in state_of(config).tests:
        draft = trials.draft_of(test)
        assert draft is not None
        drafts.setdefault(draft.case.claim.id, []).append(draft)
        declared.setdefault(draft.case.claim.id, _declared(test, draft))
    claims = {id_: _with_tests(one, drafts[id_]) for id_, one in declared.items()}
    wanted = [one.id for one in select(list(claims.values()), settings.profile.name)]
    runs = _Runs(config) if wanted else None
    if runs is not None:
        for id_ in wanted:
            claims[id_] = _with_runs(claims[id_], drafts[id_], runs)
    return Suite(
        claims=tuple(claims.values()),
        selected=frozenset(wanted),
        runs=runs.found if runs else {},
        unit=runs.unit if runs else "",
        profile=settings.profile.name,
        meaningful=settings.profile.meaningful,
        seeds=settings.seeds,
        store=settings.store,
        ledger=ledger_of(config),
        spreads=spreads.load(settings.spread),
        coverage=coverage_of(config),
        published=_published(config) if with_published else {},
        times=tuple(runs.times()) if runs else (),
        timing=runs.timing if runs else None,
    )


def selected_of(config: pytest.Config, items: Iterable[pytest.Item]) -> Suite:
    """The same of a session's own selection: the claims of which it would run some test."""
    ids = {draft.case.claim.id for item in items if (draft := trials.draft_of(item))}
    return suite_of(config, lambda claims, _: [one for one in claims if one.id in ids])


class _Runs:
    """The runs that claims take, noted as they are found."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kinds = library.engine()
        store = state_of(config).settings.store
        self._kinds.reuse_compiled_programs(store / "compiled")
        self._kinds.keep_measurements_in(store / "measured")
        self.found: dict[str, PlannedRun] = {}
        self.specs: dict[str, Any] = {}
        self._choices: dict[tuple[object, ...], Mapping[str, Any]] = {}
        self.unit = ""

    def times(self) -> Iterator[StoredTime]:
        """How long runs of the store took."""
        for one in self._kinds.times_in(state_of(self._config).settings.store):
            yield StoredTime(one.units, one.seconds, one.same, one.alike)

    def timing(self, key: str, seconds: float) -> float:
        """Train a run for so many seconds, not to its end, and say how many units a second that
        takes; compiling comes on top.
        """
        folder = store_of(self._config).exemplar_cache
        return self._kinds.units_per_second(self.specs[key], folder, seconds)

    def of(self, draft: Draft) -> Iterator[tuple[str, str]]:
        """The names and keys of the runs of a case, chosen ones as far as they can be chosen."""
        for seed in draft.case.seeds:
            for name, spec in {**draft.wanted.specs(seed), **self._chosen(draft, seed)}.items():
                for key, one in self._kinds.with_sources([spec]).items():
                    self._note(key, one, seed)
                yield name, spec.key

    def chooses(self, draft: Draft) -> bool:
        """Whether further runs of a case are still to be chosen."""
        return draft.wanted.has_to_choose and any(
            not self._chosen(draft, seed) for seed in draft.case.seeds
        )

    def _chosen(self, draft: Draft, seed: int | None) -> Mapping[str, Any]:
        """The runs that are chosen by what is measured on the first ones; none as long as they
        cannot be. Controls and claims that choose alike choose once.
        """
        networks, first = draft.case.networks, draft.wanted.specs(seed)
        store = store_of(self._config)
        if networks is None or networks.then is None or seed is None:
            return {}
        if not all(spec in store for spec in first.values()):
            return {}
        asked = (networks.then, seed, *(spec.key for spec in first.values()))
        if asked not in self._choices:
            self._choices[asked] = {}
            with suppress(*_OF_A_DECLARATION):  # the session tells why they cannot be chosen
                found = networks.then(seed, StoredRuns(store, draft, seed))
                self._choices[asked] = state_of(self._config).settings.adapted(found)
        return self._choices[asked]

    def _note(self, key: str, spec: Any, seed: int | None) -> None:
        if key in self.found:
            return
        work, store = self._kinds.work_of(spec), store_of(self._config)
        self.unit = work.unit
        self.specs[key] = spec
        self.found[key] = PlannedRun(
            key=key,
            about=work.about,
            seed=seed,
            units=work.units,
            same=work.same,
            alike=work.alike,
            after=work.after,
            stored=spec in store,
            stale=store.is_stale(spec),
        )


def _declared(test: pytest.Function, draft: Draft) -> PlannedClaim:
    case, site = draft.case, site_of(test)
    return PlannedClaim(
        claim=case.claim,
        place=case.declaration.place,
        file=site.module,
        test=site.name,
        judged=_judged(draft),
        controls=tuple(
            PlannedControl(
                id=control.id,
                statement=control.statement,
                how=_how(control),
                only=control.only,
                undefined=control.undefined,
            )
            for control in case.declaration.controls
        ),
        profiles=case.declaration.profiles,
    )


def _with_tests(claim: PlannedClaim, drafts: list[Draft]) -> PlannedClaim:
    rows = tuple(dict.fromkeys(draft.case.row for draft in drafts if draft.case.row))
    return msgspec.structs.replace(claim, rows=rows)


def _with_runs(claim: PlannedClaim, drafts: list[Draft], runs: _Runs) -> PlannedClaim:
    names: dict[str, dict[str, None]] = {}
    of_controls: dict[str, dict[str, None]] = {}
    problem = ""
    for draft in drafts:
        try:
            for name, key in runs.of(draft):
                if draft.case.control is None:
                    names.setdefault(name, {})[key] = None
                else:
                    of_controls.setdefault(draft.case.control_id, {})[key] = None
        except _OF_A_DECLARATION as error:
            problem = f"{type(error).__name__}: {error}"
    return msgspec.structs.replace(
        claim,
        controls=tuple(
            msgspec.structs.replace(control, runs=tuple(of_controls.get(control.id, ())))
            for control in claim.controls
        ),
        names={name: list(keys) for name, keys in names.items()},
        chooses=not problem and any(runs.chooses(draft) for draft in drafts),
        problem=problem,
    )


def _judged(draft: Draft) -> Judged:
    if draft.case.over_seeds:
        return "over all seeds"
    return "without seeds" if draft.case.seed is None else "seed by seed"


def _how(control: Control) -> str:
    """What a control changes, in words."""
    said: list[str] = []
    if control.on is not None:
        said.append("other networks")
    said += [f"{new} in place of {old}" for old, new in control.swap.items()]
    transform = control.transform
    if isinstance(transform, Mapping):
        altered = cast("Mapping[str, object]", transform)
        said += [f"{name} altered by {_name(alter)}" for name, alter in altered.items()]
    elif transform is not None:
        said.append(f"every network altered by {_name(transform)}")
    said += [f"with {name}={_setting(value)}" for name, value in control.given.items()]
    return listed(said)


def _setting(value: object) -> str:
    """A setting as it is written; of a function its name, as its address says nothing."""
    return _name(value) if callable(value) else repr(value)


def _name(function: object) -> str:
    name = str(getattr(function, "__name__", "<lambda>"))
    return "a function" if name == "<lambda>" else name.strip("_").replace("_", " ")


def _published(config: pytest.Config) -> dict[str, Reported]:
    """The published values that the ledger names by id; one that is not there is left out, as the
    claim itself tells of it.
    """
    found: dict[str, Reported] = {}
    for known in ledger_of(config).thresholds.values():
        if isinstance(known.published, str) and known.published not in found:
            with suppress(Exception):
                value = config.hook.pytest_icl_published(name=known.published)
                if value is not None:
                    found[known.published] = value
    return found
