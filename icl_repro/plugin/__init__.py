"""The pytest plugin: claims of a paper as tests, judged by their evidence.

Hooks do nothing but call. Modules that need NumPy or JAX are imported where they are used, so that
a session without claims starts as fast as without the plugin.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from icl_repro.plugin import (
    cases,
    cluster,
    collection,
    comparing,
    contents,
    crashes,
    declared_options,
    devices,
    filters,
    hookspecs,
    judging,
    options,
    outputs,
    plan,
    preparation,
    progress,
    signals,
    summary,
    trials,
)
from icl_repro.plugin import session as sessions
from icl_repro.plugin.fixtures import as_trained, evidence, run, runs, seed, seeds
from icl_repro.plugin.hooks import SessionHooks

__all__ = ["as_trained", "evidence", "run", "runs", "seed", "seeds"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    declared_options.add(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Refuse options that nobody declares, once each conftest has declared its own."""
    result = yield
    declared_options.refuse_unknown(parser, args)
    return result


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that a suite of claims may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Resolve the options, declare the markers and keep some warnings from being errors."""
    for marker in cases.MARKERS:
        config.addinivalue_line("markers", marker)
    for line in filters.WARNING_FILTERS:
        config.addinivalue_line("filterwarnings", line)
    sessions.begin(config, options.resolve(config))
    plan.prepare(config)
    config.pluginmanager.register(SessionHooks(config), "icl_repro_session")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the scratch folder, and end what was started."""
    sessions.remove_scratch(config)
    if sessions.has_state(config):
        cluster.close(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Prepare what all processes need, before xdist starts any."""
    comparing.prepare(session.config)
    preparation.prepare(session.config)
    devices.require(session.config)
    cluster.prepare(session.config)


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the options came to."""
    return options.header(sessions.state_of(config).settings, config.rootpath)


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Generator[None, object, object]:
    """Take in what claims a module declares, and which tests that makes."""
    sessions.state_of(collector.config).found.note(collector, name, obj)
    made = yield
    collection.note_cases(collector.config, made)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Take in which modules were collected, to know of claims in them that pytest did not see."""
    report = yield
    sessions.state_of(collector.config).found.note_module(collector)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None, object, object]:
    """Run claims in all their cases, outermost, and on every seed, innermost."""
    cases.parametrize_cases(metafunc)
    result = yield
    cases.parametrize_seeds(metafunc)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the declarations and select claims."""
    collection.modify(config, items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down what will run; before xdist tells the controller what there is to run."""
    collection.finish(session)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Write the contents of the paper where tests are only listed."""
    return contents.lines(config, items)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Take up the training, or watch the workers train; train on for them after the last test."""
    sessions.state_of(session.config).entered = True
    config = session.config
    with (
        signals.heeding_termination(config),
        progress.watching(config),
        outputs.own_status(session),
    ):
        try:
            judging.prepare(session)
            result = yield
            judging.finish(session)
        finally:
            judging.close(session)
    sessions.raise_usage_error(session.config)
    return result


@pytest.hookimpl(specname="pytest_runtestloop", tryfirst=True)
def pytest_plan_instead(session: pytest.Session) -> bool | None:
    """Plan in place of running tests, if only that is asked for."""
    return plan.instead(session)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Train what a test needs before it starts, so that no time limit or crash counts as its."""
    judging.await_runs(item)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Begin an attempt at a test; whatever an earlier one left is forgotten."""
    trials.begin_attempt(item)
    result = None
    with (
        judging.noticing_faults(item),
        judging.leaving_open(item),
        judging.refusing_expected(item),
    ):
        result = yield
    judging.judge_skipped(item)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Refuse fixtures that would keep from the verdict what fails in a test."""
    judging.refuse_subtests(fixturedef.argname, request)


@pytest.hookimpl(specname="pytest_runtest_setup")
def pytest_note_past_marks(item: pytest.Item) -> None:
    """Note that no mark skips a test; before its fixtures are set up."""
    trials.pass_marks(item)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Give a test the settings of its control."""
    return judging.call(pyfuncitem)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge the evidence after the body of a test, before pytest looks for marks that it set."""
    result = None
    with (
        judging.noticing_faults(item),
        judging.leaving_open(item),
        judging.refusing_expected(item),
    ):
        result = yield
    judging.judge(item)
    return result


@pytest.hookimpl(specname="pytest_runtest_call", wrapper=True, tryfirst=True)
def pytest_note_end_of_body(item: pytest.Item) -> Generator[None, object, object]:
    """Note that the body of a test is over, whatever else is done around it."""
    try:
        return (yield)
    finally:
        trials.end_body(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Let fixtures say no more at the end than at the start."""
    with judging.refusing_expected(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take in how a phase of a test went."""
    trials.note_phase(item, call)
    return (yield)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Keep tests that are handed to another worker out of the counts."""
    return crashes.status(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record and the report."""
    outputs.finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the verdicts, or the plan."""
    summary.write(terminalreporter, config)
    plan.write(terminalreporter, config)


@pytest.hookimpl(specname="pytest_terminal_summary", wrapper=True, tryfirst=True)
def pytest_terminal_outcome(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, object, object]:
    """Write the outcome last, where it is seen below all that failed or was known to fail."""
    try:
        return (yield)
    finally:
        summary.write_last(terminalreporter, config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what it shares with the others."""
    sessions.prepare_worker(node.config, node.workerinput)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Count the workers that have collected."""
    workers = node.workerinput["workercount"]
    progress.worker_collected(node.config, node.gateway.id, workers, set(ids))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodeready(node: Any) -> None:
    """Let xdist say that a worker is ready."""
    progress.pause(node.config)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker leaves behind."""
    progress.pause(node.config)
    sessions.hear_worker(node.config, getattr(node, "workeroutput", None))
