"""What a session knows, kept in ``config.stash``, and which process of it this one is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from icl_repro.plugin.declarations import Found
from icl_repro.plugin.declared_options import MADE_OF_INPUT
from icl_repro.plugin.options import Settings
from icl_repro.plugin.transport import Catalogue, Scratch
from icl_repro.verification.basis import Basis
from icl_repro.verification.faults import Fault
from icl_repro.verification.record import ClaimRecord, VerificationRecord

if TYPE_CHECKING:
    from icl_repro.verification.coverage import Coverage
    from icl_repro.verification.ledger import Ledger

_SCRATCH_INPUT = "icl_repro_scratch"
_STARTED_INPUT = "icl_repro_started_at"
_SCHEDULER_INPUT = "icl_repro_scheduler"
_USAGE_OUTPUT = "icl_repro_usage_error"

CaseKey = tuple[str, str, int | None]
"""What tells the cases of a claim apart: control, row and seed."""


@dataclass
class SessionState:
    """The state of one session in one process.

    Attributes:
        started_at: when the session started, in seconds since the epoch; the same in all of its
            processes.
        found: the declarations that it came across.
        declared: ids of all claims that were collected, selected or not; cases_declared: the tests
            that each of them has, by control, row and seed.
        tests: all tests of claims that were collected, selected or not, in order.
        usage_error: why the session runs nothing.
        training_problem: why the training in this process broke off.
        without_results: why runs have no results, by key, as far as this process knows.
        cluster: the cluster that this process has started, if any; scheduler: where the scheduler
            is of the cluster that trains for the session; empty if none does.
        entered: whether the session came to the point where it runs its tests.
        begun: node ids of tests that started, as the controller hears of it.
        crashed: what is known of tests whose worker died, by node id.
        uncollected: a record for each module of claims that could not be collected.
        record, written: the verification record, and the files made of it.
        store: the run store, once this process has looked into it.
        training: what this process trains for the tests, if any.
        ledger: the ledger, once it was read.
        coverage: the coverage table, once it was read.
        faults: all faults of the suite, once it was asked for them.
        basis: what there is to tell of what runs are made from, where it is not the usual.
        earlier: the record to compare with, if any, once it was read.
        problems: sentences for the terminal about what is wrong with the session; it fails.
        notices: sentences for the terminal that a user should know although nothing failed.
        workers: how many processes run tests.
        plan: what the session would do, where it was only asked for that.
    """

    settings: Settings
    started_at: float = field(default_factory=time.time)
    scratch: Scratch | None = None
    found: Found = field(default_factory=Found)
    declared: list[str] = field(default_factory=list[str])
    cases_declared: dict[str, set[CaseKey]] = field(default_factory=dict[str, set[CaseKey]])
    tests: list[pytest.Function] = field(default_factory=list[pytest.Function])
    catalogue: Catalogue | None = None
    usage_error: str = ""
    training_problem: str = ""
    without_results: dict[str, str] = field(default_factory=dict[str, str])
    cluster: Any = None
    scheduler: str = ""
    entered: bool = False
    crashed: dict[str, str] = field(default_factory=dict[str, str])
    begun: set[str] = field(default_factory=set[str])
    uncollected: list[ClaimRecord] = field(default_factory=list[ClaimRecord])
    record: VerificationRecord | None = None
    written: list[Path] = field(default_factory=list[Path])
    problems: list[str] = field(default_factory=list[str])
    notices: list[str] = field(default_factory=list[str])
    workers: int = 1
    store: Any = None
    training: Any = None
    ledger: Any = None
    coverage: Any = None
    faults: tuple[Fault, ...] | None = None
    basis: Basis | None = None
    earlier: VerificationRecord | None = None
    plan: Any = None


_STATE = pytest.StashKey[SessionState]()


def begin(config: pytest.Config, settings: Settings) -> None:
    """Start the state of this process."""
    state = SessionState(settings)
    if is_worker(config):
        state.scratch = Scratch(Path(_worker(config).workerinput[_SCRATCH_INPUT]))
        state.started_at = _worker(config).workerinput[_STARTED_INPUT]
        state.scheduler = _worker(config).workerinput[_SCHEDULER_INPUT]
    config.stash[_STATE] = state


def state_of(config: pytest.Config) -> SessionState:
    """The state of this process."""
    return config.stash[_STATE]


def has_state(config: pytest.Config) -> bool:
    """Whether :func:`begin` was reached."""
    return _STATE in config.stash


def ledger_of(config: pytest.Config) -> Ledger:
    """The ledger of thresholds and known failures, read once a process."""
    state = state_of(config)
    if state.ledger is None:
        from icl_repro.verification import ledger, spreads

        measured = spreads.load(state.settings.spread)
        basis = state.settings.made_of.label
        state.ledger = ledger.load(state.settings.ledger, measured, basis)
    return state.ledger


def coverage_of(config: pytest.Config) -> Coverage:
    """The coverage table, read once a process."""
    state = state_of(config)
    if state.coverage is None:
        from icl_repro.verification import coverage

        state.coverage = coverage.load(state.settings.coverage)
    return state.coverage


def is_worker(config: pytest.Config) -> bool:
    """Whether this is a worker of xdist."""
    return hasattr(config, "workerinput")


def is_controller(config: pytest.Config) -> bool:
    """Whether this process hands the tests to workers and runs none itself."""
    return not is_worker(config) and config.pluginmanager.has_plugin("dsession")


def _worker(config: pytest.Config) -> Any:
    """The config of a worker, with what xdist has put there."""
    return config


def runs_tests(config: pytest.Config) -> bool:
    """Whether the session runs tests, and does not only list or plan them or what they set up."""
    asked = ("collectonly", "setupplan", "setuponly", "icl_plan")
    return not any(config.getoption(option, False) for option in asked)


def process_name(config: pytest.Config) -> str:
    """The name of this process in the session, such as ``gw0``."""
    return _worker(config).workerinput["workerid"] if is_worker(config) else "main"


def process_number(config: pytest.Config) -> int:
    """The number of this process in the session, from 0."""
    return int(process_name(config).removeprefix("gw").replace("main", "0"))


def processes_of(config: pytest.Config) -> int:
    """With how many processes that run tests the session began."""
    return int(_worker(config).workerinput["workercount"]) if is_worker(config) else 1


def scratch_of(config: pytest.Config) -> Scratch:
    """The scratch folder of the session, made when first asked for."""
    state = state_of(config)
    if state.scratch is None:
        state.scratch = Scratch.create()
    return state.scratch


def remove_scratch(config: pytest.Config) -> None:
    """Remove the scratch folder, in the process that made it."""
    if has_state(config) and not is_worker(config):
        scratch = state_of(config).scratch
        if scratch is not None:
            scratch.remove()


def prepare_worker(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """Tell a worker that is about to start what it shares with the others."""
    workerinput[_SCRATCH_INPUT] = str(scratch_of(config).folder)
    workerinput[_STARTED_INPUT] = state_of(config).started_at
    workerinput[_SCHEDULER_INPUT] = state_of(config).scheduler
    workerinput[MADE_OF_INPUT] = state_of(config).settings.made_of.handed_on()
    state_of(config).workers = int(str(workerinput["workercount"]))


def refuse(config: pytest.Config, items: list[pytest.Item], message: str) -> None:
    """End the session with a usage error.

    A worker that raised one would be taken for crashed and started anew; it runs nothing instead
    and leaves the message to the controller.

    Raises:
        pytest.UsageError: with `message`, unless this is a worker.
    """
    state_of(config).usage_error = message
    if not is_worker(config):
        raise pytest.UsageError(message)
    items.clear()
    _worker(config).workeroutput[_USAGE_OUTPUT] = message


def hear_worker(config: pytest.Config, workeroutput: dict[str, object] | None) -> None:
    """Keep the usage error of a worker that ended, if it had one."""
    message = (workeroutput or {}).get(_USAGE_OUTPUT)
    if message:
        state_of(config).usage_error = str(message)


def raise_usage_error(config: pytest.Config) -> None:
    """Raise the usage error that a worker left, if one did."""
    message = state_of(config).usage_error
    if message and is_controller(config):
        raise pytest.UsageError(message)
