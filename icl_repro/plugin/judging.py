"""What happens around tests: the training of their runs before, judging after each.

A step of its own, so that sessions without claims never import what training and curves need.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from icl_repro.plugin import outcomes, planting, trials
from icl_repro.plugin import session as sessions
from icl_repro.plugin.declarations import NO_SUBTESTS, SUBTESTS


def prepare(session: pytest.Session) -> None:
    """Take up the training that the claims of this process's session need, if it has any."""
    if sessions.is_controller(session.config):
        return
    if any(trials.draft_of(item) for item in session.items):
        from icl_repro.plugin import training

        sessions.state_of(session.config).training = training.begin(session)


def call(item: pytest.Function) -> bool | None:
    """Call the test function of a control that gives it settings, or of a claim under a fault that
    changes measures, instead of pytest.
    """
    draft = trials.draft_of(item)
    fault = draft.case.fault if draft is not None else None
    if draft is not None and fault is not None and fault.measuring is not None:
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        with fault.in_measures():
            item.obj(**arguments)
        return True
    if draft is None or draft.case.control is None or not draft.case.control.given:
        return None
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    item.obj(**arguments, **draft.case.control.given)
    return True


def await_runs(item: pytest.Item) -> None:
    """Have the runs of a test trained, if it is of a claim or control."""
    training, draft = sessions.state_of(item.config).training, trials.draft_of(item)
    if training is not None and draft is not None:
        training.ensure(draft)


def finish(session: pytest.Session) -> None:
    """Train on, after the last test of this process, for the tests of others."""
    training = sessions.state_of(session.config).training
    if training is not None and not (session.shouldstop or session.shouldfail):
        training.finish()


def close(session: pytest.Session) -> None:
    """Give up what is still being trained for this process, however the session ends."""
    training = sessions.state_of(session.config).training
    if training is not None:
        training.close()


def judge(item: pytest.Item) -> None:
    """Judge a test, if it is of a claim or control: its curves, then its evidence.

    Raises:
        pytest.fail.Exception: the test does not pass, and why.
    """
    draft = trials.draft_of(item)
    if draft is None:
        return
    if not draft.attempt.skipped:  # else it did not come to all of its curves
        from icl_repro.plugin import curve_files

        curve_files.conclude(item, draft)
    config = item.config
    meaningful = sessions.state_of(config).settings.profile.meaningful

    def fails(said: str) -> None:
        sessions.scratch_of(config).put_failure(item.nodeid, said)

    if draft.attempt.recorder is not None:
        draft.attempt.recorder.close(f"{draft.case.name} was judged already", fails)
    try:
        outcomes.judge(draft, sessions.ledger_of(config), meaningful=meaningful)
    except pytest.xfail.Exception:  # a kind of failure for pytest
        raise
    except pytest.fail.Exception as failed:
        if draft.attempt.judged:  # else it may be repeated
            fails(str(failed).partition("\n")[0])
        raise


def judge_skipped(item: pytest.Item) -> None:
    """Judge a test that a fixture has skipped, which has no body to be judged after.

    Raises:
        pytest.fail.Exception, pytest.xfail.Exception: as for any test.
        pytest.skip.Exception: nothing that it stated fails.
    """
    draft = trials.draft_of(item)
    if draft is None:
        return
    if draft.attempt.skipped:
        judge(item)
        pytest.skip(draft.attempt.skipped)
    if draft.attempt.raised:
        judge(item)
        how = "stops with an error" if draft.attempt.stopped else "is caught"
        pytest.skip(f"{draft.case.name} {how}: {draft.attempt.raised}")


@contextmanager
def noticing_faults(item: pytest.Item) -> Generator[None, None, None]:
    """Take in that a test under a planted fault stops with an error."""
    with planting.noticing(trials.draft_of(item)):
        yield


@contextmanager
def leaving_open(item: pytest.Item) -> Generator[None, None, None]:
    """Have a test of a claim or control that breaks off by a skip judged by what it has stated.

    Raises:
        pytest.skip.Exception, unittest.SkipTest: the test is not run, see `trials.take_up_skip`.
    """
    try:
        yield
    except trials.skips() as skipped:
        if not trials.take_up_skip(item, skipped):
            raise


@contextmanager
def refusing_expected(item: pytest.Item) -> Generator[None, None, None]:
    """Let no test of a claim or control, nor a fixture of it, say that it is expected to fail.

    Raises:
        pytest.fail.Exception: it does, and where such things are said.
    """
    draft = trials.draft_of(item)
    marked = False
    try:
        yield
    except pytest.xfail.Exception as expected:
        if draft is None:
            raise
        _refuse(draft, f"calls pytest.xfail ({expected})")
    finally:
        if draft is not None and item.get_closest_marker("xfail") is not None:
            marked = True
            for node in item.listchain():  # else pytest would expect any failure
                node.own_markers = [mark for mark in node.own_markers if mark.name != "xfail"]
    if draft is not None and marked:
        _refuse(draft, "is marked xfail while it runs")


def refuse_subtests(fixture: str, request: pytest.FixtureRequest) -> None:
    """Let no test of a claim or control take subtests while it runs.

    Raises:
        pytest.fail.Exception: it asks for that fixture.
    """
    draft = trials.draft_of(request.node) if fixture == SUBTESTS else None
    if draft is not None:
        pytest.fail(f"{draft.case.name}: {NO_SUBTESTS}", pytrace=False)


def _refuse(draft: trials.Draft, what: str) -> NoReturn:
    where = "what is known to fail stands in the ledger, by check, seed and value"
    pytest.fail(f"{draft.case.name}: {what}; {where}", pytrace=False)
