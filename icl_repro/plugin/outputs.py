"""The end of a session: its record, the documents made of it, and its exit status.

Exit statuses are pytest's own (0: nothing is red, 1: something is, 2: interrupted, 3: an internal
error, 4: a usage error, 5: no tests), and `NOTHING_JUDGED`, 10: tests of claims were selected, but
no claim was judged, as with ``--icl-no-train`` on an empty store, or where only controls were
selected. Nothing was verified then.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from icl_repro.plugin import junit, seed_list
from icl_repro.plugin.options import shown
from icl_repro.plugin.session import (
    SessionState,
    is_controller,
    is_worker,
    ledger_of,
    process_name,
    runs_tests,
    scratch_of,
    state_of,
)
from icl_repro.plugin.transport import Catalogue, Scratch
from icl_repro.storage import notices
from icl_repro.verification import caught
from icl_repro.verification.plain_data import whole
from icl_repro.verification.record import (
    Seeds,
    Trial,
    VerificationRecord,
    sealed,
    write_record,
)

NOTHING_JUDGED = 10


def finish(session: pytest.Session) -> None:
    """Write the record and the report of a session that had claims to judge.

    A report that cannot be written makes the session fail, but takes nothing else down.
    """
    config = session.config
    state = state_of(config)
    if notices.told():
        scratch_of(config).put_notices(process_name(config), notices.told())
    if is_worker(config) or state.usage_error or not state.entered or not runs_tests(config):
        return
    catalogue = scratch_of(config).catalogue() if is_controller(config) else state.catalogue
    if catalogue is None and not state.uncollected:
        return
    from icl_repro.plugin import assembly, comparing, guards  # a session without claims needs none

    catalogue = catalogue or Catalogue([], [], [])
    scratch = scratch_of(config)
    record = assembly.assemble(config, state, catalogue)
    state.record = msgspec.structs.replace(record, seeds=_seeds(state, record))
    state.problems += [
        f"training broke off: {note.problem}" for note in scratch.notes() if note.problem
    ]
    if record.profile.meaningful:
        state.problems += assembly.contradictions(catalogue, record, ledger_of(config))
        state.problems += guards.unguarded_checks(catalogue, record, ledger_of(config))
        state.problems += caught.unnoticed(record.faults)
        state.notices += caught.unnoticed(record.faults, red=False)
    state.problems += _undue_success(session, state, catalogue, scratch)
    comparing.compare(config, state, state.record)
    state.record = msgspec.structs.replace(state.record, red=_red(state, scratch))
    state.notices += scratch.notices()
    _note_in_history(state)
    junit.add_verdicts(config, state.record)
    if state.settings.report is not None:
        _write(config, state, catalogue)
    if session.exitstatus == pytest.ExitCode.OK:
        if state.problems or _has_errors(state.record):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif catalogue.entries and not any(_measured(one.trials) for one in state.record.claims):
            session.exitstatus = NOTHING_JUDGED
            only = any(map(_measured, _trials(state.record).values()))
            why = "only controls were judged" if only else "no claim was judged"
            state.notices.append(f"nothing was verified: {why}")


@contextmanager
def own_status(session: pytest.Session) -> Generator[None, None, None]:
    """Let no test that ends the session give it the status of one that judged nothing.

    Raises:
        pytest.exit.Exception: with the status of failed tests in place of such a one.
    """
    try:
        yield
    except pytest.exit.Exception as ended:
        status, state = ended.returncode, state_of(session.config)
        unjudged = (pytest.ExitCode.NO_TESTS_COLLECTED, NOTHING_JUDGED)
        if status is not None and status in unjudged and state.catalogue is not None:
            ended.returncode = pytest.ExitCode.TESTS_FAILED
            state.problems.append(
                f"a test ended the session with exit status {int(status)}, as if there had been "
                "nothing to judge"
            )
        raise


def _undue_success(
    session: pytest.Session, state: SessionState, catalogue: Catalogue, scratch: Scratch
) -> list[str]:
    """What is wrong with a session that ended well although its tests did not.

    A test may end it by ``pytest.exit``, with an exit status of its own choice, and a hook may
    change what pytest counts.
    """
    if session.exitstatus != pytest.ExitCode.OK:
        return []
    failures = [f"failed, though pytest was made to say otherwise: {f}" for f in scratch.failures()]
    came = scratch.ended(catalogue.entries) | state.crashed.keys()
    missing = [entry.nodeid for entry in catalogue.entries if entry.nodeid not in came]
    if not missing:
        return failures
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    broke_off = f"the session broke off without an error, before the end of {missing[0]}{more}"
    return [*failures, broke_off]


def _red(state: SessionState, scratch: Scratch) -> list[str]:
    """What makes the session fail: tests that do or raise an error, and what is wrong with all."""
    assert state.record is not None
    told = sorted(scratch.failures())
    for claim in state.record.claims:
        trials = {"": claim.trials, **{f", control {of.id}": of.trials for of in claim.controls}}
        told += [
            f"{claim.id}{of}: {trial.message.partition(chr(10))[0]}"
            for of, each in trials.items()
            for trial in each
            if trial.outcome == "error"
        ]
    told = [one for one in told if not any(one in problem for problem in state.problems)]
    return [whole(one) for one in dict.fromkeys([*told, *state.problems])]


def _seeds(state: SessionState, record: VerificationRecord) -> Seeds:
    """The seeds of the session beside those that were fixed, remembered for the next one."""
    settings = state.settings
    try:
        earlier = seed_list.earlier_sessions(settings.store)
    except OSError as error:
        state.notices.append(f"which seeds were judged before cannot be read: {error}")
        earlier = []
    found = seed_list.compared(settings, _trials(record), earlier)
    if found.judged and settings.profile.meaningful:
        started = datetime.fromtimestamp(state.started_at, UTC).isoformat(timespec="seconds")
        entry = seed_list.Session(
            settings.profile.name,
            list(settings.fixed_seeds),
            found.judged,
            started,
            settings.neighbour,
            settings.made_of.label,
        )
        try:
            seed_list.remember(settings.store, entry)
        except OSError as error:
            state.notices.append(f"which seeds were judged is not remembered: {error}")
    return found


def _note_in_history(state: SessionState) -> None:
    """Add a line on the session to the history, and what those before it tell to the record."""
    from icl_repro.history import file, line, trends
    from icl_repro.verification import spreads

    path, record = state.settings.history, state.record
    assert record is not None
    if path is None or line.why_left_out(record):
        return
    this = line.line_of(record, spreads.load(state.settings.spread))
    try:
        told = file.append(path, this)
        found = file.read(path)
    except (file.UnreadableHistory, OSError) as error:
        state.problems.append(f"the session could not be added to the history: {error}")
        return
    state.notices += [*filter(None, [told]), *found.damaged]
    # Sessions that began after this one may have ended before it.
    before = [one for one in found.lines if one.started <= this.started and one != this]
    state.record = msgspec.structs.replace(record, past=trends.past([*before, this]))


def _trials(record: VerificationRecord) -> dict[str, list[Trial]]:
    """The trials of the claims by their ids, or where only controls ran, those of the controls."""
    own = {claim.id: claim.trials for claim in record.claims}
    if any(own.values()):
        return own
    return {
        claim.id: [trial for control in claim.controls for trial in control.trials]
        for claim in record.claims
    }


def _measured(trials: list[Trial]) -> bool:
    """Whether any of them measured something; one that was skipped may have stated nothing."""
    return any(trial.outcome in seed_list.MEASURED and trial.evidence.checks for trial in trials)


def _has_errors(record: VerificationRecord) -> bool:
    """Whether a test of a claim or control is an error, also one of which pytest knows nothing."""
    return any(
        trial.outcome == "error"
        for claim in record.claims
        for one in (claim, *claim.controls)
        for trial in one.trials
    )


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


def _write(config: pytest.Config, state: SessionState, catalogue: Catalogue) -> None:
    folder, record = state.settings.report, state.record
    assert folder is not None
    assert record is not None
    documents = {suffix: folder / f"verification.{suffix}" for suffix in WRITERS}
    started = state.begun.intersection(entry.nodeid for entry in catalogue.entries)
    nothing = not any(
        trial.outcome == "error" or _measured([trial])
        for trials in _trials(record).values()
        for trial in trials
    )
    if (not started or nothing) and documents["json"].exists():
        where = shown(documents["json"], config.rootpath)
        state.notices.append(
            f"no claim was judged, so that {where} stays that of an earlier session"
        )
        return
    from icl_repro.plugin import assembly

    # Last of all: the checksum is that of what is written.
    record = state.record = sealed(record, assembly.seal_of(config, state, catalogue))
    for suffix, path in documents.items():
        try:
            WRITERS[suffix](record, path)
        except Exception as error:
            traceback.print_exc()
            state.problems.append(f"{path} could not be written: {type(error).__name__}: {error}")
        else:
            state.written.append(path)
