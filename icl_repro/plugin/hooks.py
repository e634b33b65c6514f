"""The hooks that pytest and xdist call without a config; one object a session knows it for them."""

from __future__ import annotations

from typing import Any

import pytest

from icl_repro.plugin import collection, crashes, progress


class SessionHooks:
    """Hooks of one session; like those of the package they do nothing but call."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep modules of claims that cannot be collected on record."""
        collection.note_uncollected(self._config, report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Leave the terminal to the tests, and remember which of them started."""
        progress.pause(self._config)
        crashes.note_begun(self._config, nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Leave the terminal to the outcome of a test."""
        progress.pause(self._config)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count the tests that came to their end."""
        progress.test_finished(self._config, nodeid)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_newgateway(self) -> None:
        """Let xdist say that a worker is starting."""
        progress.pause(self._config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport, sched: Any) -> None:
        """Report the test of a dead worker as an error, or hand it to another worker."""
        crashes.handle(self._config, crashitem, report, sched)
