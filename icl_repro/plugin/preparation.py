"""What runs are made from, made ready before any test or worker starts."""

from __future__ import annotations

import pytest

from icl_repro.plugin import progress
from icl_repro.plugin.session import is_worker, runs_tests, state_of


def prepare(config: pytest.Config) -> None:
    """Compute once what all processes of the session need, if it is to run tests.

    Raises:
        pytest.UsageError: it cannot be had.
    """
    settings = state_of(config).settings
    label = settings.made_of.label
    if is_worker(config) or not runs_tests(config) or not label:
        return
    try:
        with progress.preparing(config, label) as report:
            settings.made_of.prepare(settings.store, report)
    except ValueError as error:
        raise pytest.UsageError(f"{label}: {error}") from error
