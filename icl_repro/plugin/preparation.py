"""What runs are made from, made ready before any test or worker starts."""

from __future__ import annotations

import pytest

from icl_repro.plugin import progress
from icl_repro.plugin.session import is_worker, runs_tests, state_of


def prepare(config: pytest.Config) -> None:
    """Compute once what all processes of the session need, if it is to run tests, and look at what
    there is to tell about it while it is there.

    Raises:
        pytest.UsageError: it cannot be had.
    """
    state = state_of(config)
    settings = state.settings
    label = settings.made_of.label
    if is_worker(config) or not runs_tests(config) or not label:
        return
    try:
        with progress.preparing(config, label) as report:
            settings.made_of.prepare(settings.store, report)
        state.basis = settings.made_of.basis(settings.store)
    except ValueError as error:
        raise pytest.UsageError(f"{label}: {error}") from error
