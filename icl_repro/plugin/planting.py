"""Faults planted in a session: which, on which claims, and what tests under them come to.

A test of a claim under a fault is the claim's own test with other runs. It passes for pytest
whatever it comes to, because a claim that fails there does what it should; the record tells who
caught which fault, and a fault that nobody caught makes the session fail.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin.declared_options import ALL, CHEAP
from icl_repro.plugin.session import state_of
from icl_repro.verification import faults
from icl_repro.verification.faults import BrokenFault, Fault

if TYPE_CHECKING:
    from icl_repro.plugin.trials import Draft
    from icl_repro.verification.declare import Declaration


class TrainingBrokeOff(pytest.fail.Exception):
    """A test lacks runs because the training broke off, which is not the fault's doing."""


class NotAffected(pytest.skip.Exception):
    """A test reads nothing that its fault changes, so that there is nothing to judge anew."""


def declared(config: pytest.Config) -> tuple[Fault, ...]:
    """All faults of the suite, asked for once a process."""
    state = state_of(config)
    if state.faults is None:
        state.faults = tuple(config.hook.pytest_icl_faults() or ())
    return state.faults


def chosen(config: pytest.Config) -> tuple[Fault, ...]:
    """The faults of the session, in the order in which they are declared."""
    asked = state_of(config).settings.faults
    if not asked:
        return ()
    every = ALL in asked or CHEAP in asked
    return tuple(fault for fault in declared(config) if every or fault.id in asked)


def on_claim(config: pytest.Config, declaration: Declaration) -> list[Fault]:
    """The faults under which a claim is judged."""
    cheap = CHEAP in state_of(config).settings.faults
    return [
        fault
        for fault in chosen(config)
        if declaration.on is not None and (not cheap or _is_enough(fault, declaration.claim.id))
    ]


def wrong(config: pytest.Config) -> list[str]:
    """What is wrong with the faults that were declared or asked for, a sentence each."""
    asked = state_of(config).settings.faults
    if not asked:
        return []
    known = [fault.id for fault in declared(config)]
    unknown = [id_ for id_ in asked if id_ not in (*known, ALL, CHEAP)]
    found = [f"there is no fault {id_!r}; {nearest(id_, known)}" for id_ in unknown]
    if not known and not found:
        found = ["there are no faults to plant; give some by the hook pytest_icl_faults"]
    if config.getoption("update_snapshots", False):
        found.append("--snapshot-update stores no curves of faulty runs; leave out --icl-faults")
    if config.getoption("icl_plan", False):
        found.append("--icl-plan plans no faulty runs; leave out --icl-faults")
    return [*faults.problems(declared(config)), *found]


@contextmanager
def noticing(draft: Draft | None) -> Generator[None, None, None]:
    """Take in that a test under a fault fails without a check, which is a way to catch it, or stops
    with an error, which tells nothing unless the fault declares it.

    Raises:
        BrokenFault, TrainingBrokeOff: nobody has caught anything.
    """
    try:
        yield
    except (BrokenFault, TrainingBrokeOff, pytest.xfail.Exception):
        raise
    except (Exception, pytest.fail.Exception) as error:
        if draft is None or draft.case.fault is None:
            raise
        said = str(error).strip().partition("\n")[0]
        name = "" if isinstance(error, pytest.fail.Exception) else type(error).__name__
        draft.attempt.raised = ": ".join(filter(None, [name, said])) or "it says no more"
        stated = (pytest.fail.Exception, *draft.case.fault.errors)
        draft.attempt.stopped = not isinstance(error, stated)
        draft.attempt.outcome = "error"
        draft.attempt.messages = [draft.attempt.raised]


def judge(draft: Draft) -> None:
    """Take down how a test under a fault came out; it passes for pytest."""
    attempt = draft.attempt
    attempt.judged = True
    if attempt.raised:
        return
    evidence = attempt.evidence
    failed = [check.name for check in evidence.failed()]
    attempt.outcome = "failed" if failed else "inconclusive" if evidence.undecided else "passed"
    attempt.messages = [*failed, *attempt.drift, *filter(None, [evidence.undecided])]


def _is_enough(fault: Fault, claim: str) -> bool:
    return not fault.enough or any(fnmatchcase(claim, pattern) for pattern in fault.enough)
