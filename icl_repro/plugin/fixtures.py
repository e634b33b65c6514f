"""The fixtures of claims: ``evidence``, runs, ``as_trained``, ``seed`` and ``seeds``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from icl_repro.plugin import trials
from icl_repro.plugin.session import state_of
from icl_repro.plugin.trials import Draft, NotTrained
from icl_repro.verification.basis import Misfit
from icl_repro.verification.recorder import Evidence


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed that a claim runs with; its test is run for each seed of the session."""
    # Claims are parametrized over seeds and never get here.
    return _refuse("seed")


@pytest.fixture
def seeds(request: pytest.FixtureRequest, seed: None) -> tuple[int, ...]:
    """All seeds of the session, for a claim that is judged over them at once and not on each."""
    _draft(request, "seeds")
    return state_of(request.config).settings.seeds


@pytest.fixture
def run(request: pytest.FixtureRequest, seed: int | None) -> Any:
    """The trained network of a claim that declares one; that of each seed by the seed, for a test
    that takes ``seeds``.

    The test is skipped, and its claim not run, where the store does not hold it.
    """
    draft = _draft(request, "run")
    from icl_repro.plugin import stored_runs

    return stored_runs.run_of(request.config, draft)


@pytest.fixture
def runs(request: pytest.FixtureRequest, seed: int | None) -> Mapping[Any, Any]:
    """The trained networks of a claim that declares several, by name, read when looked up; those of
    each seed by the seed, for a test that takes ``seeds``.

    The test is skipped, and its claim not run, where the store does not hold them.
    """
    draft = _draft(request, "runs")
    from icl_repro.plugin import stored_runs

    return stored_runs.runs_of(request.config, draft)


@pytest.fixture
def as_trained(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Takes a spec and returns it as this session trains it, made of what was chosen for it. For a
    claim that measures, without a run, what runs are made of.

    The test is skipped, and its claim not run, where the spec cannot be had on these.
    """
    _draft(request, "as_trained")
    settings = state_of(request.config).settings

    def adapted(spec: Any) -> Any:
        try:
            return settings.adapted({"": spec})[""]
        except Misfit as misfit:
            raise NotTrained(f"not run: {misfit}") from misfit

    return adapted


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Takes what a claim measures: checks, quantities, figures and curves.

    The test is judged by it once its body ran to the end.
    """
    draft = _draft(request, "evidence")
    # Imports NumPy, which a session without claims does not need.
    from icl_repro.plugin import curve_files

    published = request.config.hook.pytest_icl_published
    draft.attempt.recorder = Evidence(
        curve_files.keeper(request, draft), lambda name: published(name=name)
    )
    return draft.attempt.recorder


def _draft(request: pytest.FixtureRequest, fixture: str) -> Draft:
    return trials.draft_of(request.node) or _refuse(fixture)


def _refuse(name: str) -> Any:
    return pytest.fail(
        f"the fixture {name} is for claims: tests that icl_repro.claim declares", pytrace=False
    )
