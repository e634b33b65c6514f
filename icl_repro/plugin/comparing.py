"""The record that a session is compared with: read before anything is trained, held against the
session's own at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from icl_repro.plugin.options import COMPARE_FLAG, shown
from icl_repro.plugin.session import SessionState, is_worker, runs_tests, state_of
from icl_repro.verification.record import UnreadableRecord, VerificationRecord, read_record

if TYPE_CHECKING:
    from icl_repro.verification.compared import Comparison


def prepare(config: pytest.Config) -> None:
    """Read the record to compare with, in the process that writes the session's own.

    Raises:
        pytest.UsageError: it cannot be read, or is none of this release.
    """
    state = state_of(config)
    path = state.settings.compare
    if path is None or is_worker(config) or not runs_tests(config):
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


def compare(config: pytest.Config, state: SessionState, record: VerificationRecord) -> None:
    """Put into the record of the session what changed since the earlier one, and make a regression
    a problem.
    """
    if state.earlier is None:
        return
    from icl_repro import comparison
    from icl_repro.verification import spreads

    known = spreads.load(state.settings.spread)
    found = comparison.compare(state.earlier, record, spreads=known)
    state.record = msgspec.structs.replace(record, compared=found)
    if found.failing():
        path = state.settings.compare
        assert path is not None
        state.problems.append(_problem(found, shown(path, config.rootpath)))


def _problem(found: Comparison, path: str) -> str:
    return f"regressed in {' and '.join(found.failing())} since {path}"
