"""The end of a session: its record, and the documents made of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_repro.plugin import assembly, junit
from icl_repro.plugin.session import SessionState, is_controller, is_worker, scratch_of, state_of
from icl_repro.plugin.transport import Catalogue
from icl_repro.verification.record import VerificationRecord, write_record


def finish(session: pytest.Session) -> None:
    """Write the record and the report of a session that had claims to judge.

    A report that cannot be written makes the session fail, but takes nothing else down.
    """
    config = session.config
    if is_worker(config) or config.option.collectonly or state_of(config).usage_error:
        return
    state = state_of(config)
    catalogue = scratch_of(config).catalogue() if is_controller(config) else state.catalogue
    if catalogue is None and not state.uncollected:
        return
    scratch = scratch_of(config)
    state.record = assembly.assemble(config, state, catalogue or Catalogue([], [], []))
    state.problems += [
        f"training broke off: {note.problem}" for note in scratch.notes() if note.problem
    ]
    junit.add_verdicts(config, state.record)
    if state.settings.report is not None:
        _write(state, state.record, state.settings.report)
    if state.problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _html(record: VerificationRecord, path: Path) -> None:
    from icl_repro.report import write_html

    write_html(record, path)


def _markdown(record: VerificationRecord, path: Path) -> None:
    from icl_repro.report import write_markdown

    write_markdown(record, path)


WRITERS: dict[str, Callable[[VerificationRecord, Path], None]] = {
    "json": write_record,
    "html": _html,
    "md": _markdown,
}
"""What writes ``verification.<suffix>``, by suffix; the record first, the others are made of it."""


def _write(state: SessionState, record: VerificationRecord, folder: Path) -> None:
    for suffix, write in WRITERS.items():
        path = folder / f"verification.{suffix}"
        try:
            write(record, path)
        except Exception as error:
            traceback.print_exc()
            state.problems.append(f"{path} could not be written: {type(error).__name__}: {error}")
        else:
            state.written.append(path)
