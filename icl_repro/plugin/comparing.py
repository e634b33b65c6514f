"""The record that a session is compared with: read before anything is trained, held against the
session's own at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from icl_repro.plugin.declared_options import (
    COMPARE_FAIL_ON_FLAG,
    COMPARE_FLAG,
    COMPARE_MARGIN_FLAG,
)
from icl_repro.plugin.options import Settings, shown
from icl_repro.plugin.session import SessionState, is_worker, runs_tests, state_of
from icl_repro.verification.record import UnreadableRecord, VerificationRecord, read_record

if TYPE_CHECKING:
    from collections.abc import Collection

    from icl_repro.verification.compared import ChangeKind, Comparison


def prepare(config: pytest.Config) -> None:
    """Read the record to compare with, in the process that writes the session's own.

    Raises:
        pytest.UsageError: it cannot be read, or is none of this release; or nothing could be
            compared with it; or what is to fail, or the margin, is not what it has to be.
    """
    state = state_of(config)
    path = state.settings.compare
    if path is None or is_worker(config) or not runs_tests(config):
        return
    _fail_on(state.settings)
    _margin(state.settings)
    why = _pointless(state.settings)
    if why and state.settings.compare_by_user:
        raise pytest.UsageError(f"{COMPARE_FLAG}: {why}, so that nothing can be compared")
    if why:  # what the ini file says for all sessions stands in the way of none
        state.notices.append(f"nothing is compared with {path}: {why}")
        return
    try:
        state.earlier = read_record(path)
    except OSError as error:
        raise pytest.UsageError(
            f"{COMPARE_FLAG}: cannot read {path}: {error.strerror or error}"
        ) from error
    except UnicodeDecodeError as error:
        raise pytest.UsageError(
            f"{COMPARE_FLAG}: {path} is not a verification record: it is not UTF-8 text"
        ) from error
    except UnreadableRecord as error:
        raise pytest.UsageError(f"{COMPARE_FLAG}: {error}") from error
    if not state.earlier.profile.meaningful or state.earlier.faults:
        what = "planted faults" if state.earlier.faults else "runs that were cut short"
        raise pytest.UsageError(
            f"{COMPARE_FLAG}: {path} is a record of {what}, so that nothing can be compared with it"
        )


def _pointless(settings: Settings) -> str:
    """Why nothing of the session can be compared; empty if it can."""
    if not settings.profile.meaningful:
        return f"the {settings.profile.name} profile cuts runs short"
    return "the session plants faults" if settings.faults else ""


def _fail_on(settings: Settings) -> Collection[ChangeKind]:
    from icl_repro import comparison
    from icl_repro.verification.compared import DEFAULT_FAIL_ON

    if not settings.compare_fail_on:
        return DEFAULT_FAIL_ON
    try:
        return comparison.parse_kinds(settings.compare_fail_on)
    except comparison.UnknownKind as error:
        raise pytest.UsageError(f"{COMPARE_FAIL_ON_FLAG}: {error}") from error


def _margin(settings: Settings) -> float | None:
    from icl_repro.comparison.values import require_margin

    if not settings.compare_margin:
        return None
    try:
        margin = float(settings.compare_margin)
    except ValueError:
        raise pytest.UsageError(
            f"{COMPARE_MARGIN_FLAG}: {settings.compare_margin!r} is not a number; write a share of "
            "the distance to the threshold, as 0.1"
        ) from None
    try:
        require_margin(margin)
    except ValueError as error:
        raise pytest.UsageError(f"{COMPARE_MARGIN_FLAG}: {error}") from error
    return margin


def compare(config: pytest.Config, state: SessionState, record: VerificationRecord) -> None:
    """Put into the record of the session what changed since the earlier one, and make a regression
    a problem.
    """
    if state.earlier is None:
        return
    from icl_repro import comparison
    from icl_repro.verification import spreads

    known = spreads.load(state.settings.spread)
    found = comparison.compare(
        state.earlier,
        record,
        spreads=known,
        margin=_margin(state.settings),
        fail_on=_fail_on(state.settings),
    )
    state.record = msgspec.structs.replace(record, compared=found)
    if found.failing():
        path = state.settings.compare
        assert path is not None
        state.problems.append(_problem(found, shown(path, config.rootpath)))


def _problem(found: Comparison, path: str) -> str:
    return f"regressed in {' and '.join(found.failing())} since {path}"
