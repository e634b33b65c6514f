"""Workers that die: in a test, whose claim is an error then, or between tests."""

from __future__ import annotations

from typing import Any

import pytest

from icl_repro.plugin.session import state_of

_AGAIN = "icl_repro_again"


def note_begun(config: pytest.Config, nodeid: str) -> None:
    """Take in that a test started."""
    state_of(config).begun.add(nodeid)


def handle(config: pytest.Config, nodeid: str, report: pytest.TestReport, sched: Any) -> None:
    """Deal with the test that xdist thinks a dead worker was running.

    A worker that dies while it trains for a test has not started it: that one is handed to another
    worker. A test that had started may have brought the worker down and is not repeated.
    """
    state = state_of(config)
    if nodeid not in state.begun:
        try:
            sched.mark_test_pending(nodeid)
        except NotImplementedError:
            # Not every way of distributing tests can do this; some do it by themselves.
            if not _comes_again(sched, nodeid):
                state.crashed[nodeid] = f"{report.longrepr} or before it started"
                return
        report.outcome = "rerun"  # type: ignore[assignment]
        setattr(report, _AGAIN, True)
        return
    state.crashed[nodeid] = str(report.longrepr)


def _comes_again(sched: Any, nodeid: str) -> bool:
    """Whether a scheduler that hands out tests by file or class has the test still to do."""
    waiting = getattr(sched, "workqueue", {}).values()
    assigned = getattr(sched, "assigned_work", {}).values()
    units = [*waiting, *(unit for units in assigned for unit in units.values())]
    return any(unit.get(nodeid) is False for unit in units)


def status(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Keep a test that is handed to another worker out of pytest's own counts."""
    return ("", "", "") if getattr(report, _AGAIN, False) else None
