"""``--icl-plan``: a session that tells what it would train and could show, and runs no test."""

from __future__ import annotations

from typing import Any

import pytest

from icl_repro.plugin.session import has_state, is_worker, state_of


def prepare(config: pytest.Config) -> None:
    """Have a session that only plans collect in this process, and remember its workers."""
    if not asked(config):
        return
    state_of(config).workers = int(getattr(config.option, "numprocesses", None) or 1)
    if hasattr(config.option, "numprocesses"):  # of xdist, if that is there
        config.option.numprocesses = 0
        config.option.dist = "no"
        config.option.tx = []


def asked(config: pytest.Config) -> bool:
    """Whether the session only plans."""
    return bool(config.getoption("icl_plan", False)) and not is_worker(config)


def instead(session: pytest.Session) -> bool | None:
    """Plan in place of running tests; None where the session runs them, or has to break off."""
    goes_on = session.config.option.continue_on_collection_errors
    if not asked(session.config) or (session.testsfailed and not goes_on):
        return None
    state = state_of(session.config)
    if session.config.option.collectonly or not state.tests:
        return True
    from icl_repro.planning.plan import planned
    from icl_repro.planning.timing import times_of
    from icl_repro.plugin.suite import selected_of

    suite = selected_of(session.config, session.items)
    times = times_of(suite, take=not state.settings.no_train, tell=state.notices.append)
    state.plan = planned(suite, times, state.workers)
    return True


def write(reporter: Any, config: pytest.Config) -> None:
    """Write the plan, if there is one."""
    if not has_state(config) or state_of(config).plan is None:
        return
    from icl_repro.planning.table import lines

    reporter.write_sep("=", "plan")
    for notice in state_of(config).notices:
        reporter.write_line(notice, yellow=True)
    for line in lines(state_of(config).plan):
        reporter.write_line(line)
