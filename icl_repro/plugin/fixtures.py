"""The fixtures of claims and controls: ``evidence``, ``runs``, ``seed`` and ``seeds``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from icl_repro.plugin import trials
from icl_repro.plugin.session import state_of
from icl_repro.verification.recorder import Evidence


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed that a claim or control runs with; the test is run for each seed of the session."""
    # Claims and controls are parametrized over seeds and never get here.
    return _refuse("seed")


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> tuple[int, ...]:
    """All seeds of the session, for a claim that is judged over them at once and not on each."""
    if trials.draft_of(request.node) is None:
        return _refuse("seeds")
    return state_of(request.config).settings.seeds


@pytest.fixture
def runs(request: pytest.FixtureRequest, seed: int | None) -> Mapping[Any, Any]:
    """The training runs that the marker's ``runs`` asks for, by name, read when looked up; for a
    test that takes ``seeds``, those of each seed by the seed.

    The test is skipped, and its claim not run, where the store does not hold them.
    """
    draft = trials.draft_of(request.node)
    if draft is None:
        return _refuse("runs")
    from icl_repro.plugin import stored_runs

    return stored_runs.runs_of(request.config, draft)


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """Takes what a claim or control measures: checks, quantities, figures and curves.

    The test is judged by it once its body ran to the end.
    """
    draft = trials.draft_of(request.node)
    if draft is None:
        return _refuse("evidence")
    # Imports NumPy, which a session without claims does not need.
    from icl_repro.plugin import curve_files

    draft.recorder = Evidence(curve_files.keeper(request, draft))
    return draft.recorder


def _refuse(name: str) -> Any:
    return pytest.fail(
        f"the fixture {name} is for tests marked with @pytest.mark.claim or @pytest.mark.control",
        pytrace=False,
    )
