"""Putting the verification record together from what the processes of a session left."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pytest

from icl_repro.plugin import environment
from icl_repro.plugin.session import SessionState
from icl_repro.plugin.transport import Catalogue, Entry, TrainingNote
from icl_repro.verification.declare import Claim, Control
from icl_repro.verification.record import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    Profile,
    Training,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.verdict import judge_claim, judge_control

_NOT_REACHED = "the session ended before it was run"


def assemble(
    config: pytest.Config, state: SessionState, catalogue: Catalogue
) -> VerificationRecord:
    """The record of this session."""
    settings = state.settings
    assert state.scratch is not None
    trials = all_trials(catalogue, state.scratch.trials(), state.crashed)
    meaningful = settings.profile.meaningful
    controls = {
        control.id: control_record(control, trials[control.id], meaningful)
        for control in catalogue.controls
    }
    claims = [
        claim_record(claim, trials[claim.id], controls, meaningful) for claim in catalogue.claims
    ]
    return VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title=settings.title,
        paper=settings.paper,
        started=datetime.fromtimestamp(state.started_at, UTC).isoformat(timespec="seconds"),
        duration=time.time() - state.started_at,
        command=shlex.join(["pytest", *map(str, config.invocation_params.args)]),
        profile=Profile(settings.profile.name, list(settings.seeds), meaningful),
        environment=environment.describe(config.rootpath, state.workers),
        training=training(state.scratch.notes()),
        runs=runs(state.scratch.notes()),
        claims=[*claims, *state.uncollected],
        exemplars=state.scratch.exemplars(),
        not_selected=catalogue.not_selected,
    )


def all_trials(
    catalogue: Catalogue, finished: Mapping[str, Trial], crashed: Mapping[str, str]
) -> dict[str, list[Trial]]:
    """The trials of every claim and control by its id, also of tests that did not come to an end.

    A test whose worker crashed is an error; one that the session did not reach is not run.
    """
    trials: dict[str, list[Trial]] = {
        subject.id: [] for subject in (*catalogue.claims, *catalogue.controls)
    }
    for entry in catalogue.entries:
        trials[entry.id].append(_trial(entry, finished, crashed))
    return trials


def control_record(control: Control, trials: list[Trial], meaningful: bool) -> ControlRecord:
    """The record of a control."""
    return ControlRecord(
        id=control.id,
        statement=control.statement,
        must_fail=list(control.must_fail),
        verdict=judge_control(trials, meaningful=meaningful),
        trials=trials,
    )


def claim_record(
    claim: Claim, trials: list[Trial], controls: Mapping[str, ControlRecord], meaningful: bool
) -> ClaimRecord:
    """The record of a claim with its controls, those that were not selected included."""
    mine = [controls.get(id_) or _absent(id_) for id_ in claim.controls]
    judged = judge_claim(trials, mine, meaningful=meaningful)
    return ClaimRecord(
        id=claim.id,
        family=claim.family,
        statement=claim.statement,
        source=claim.source,
        verdict=judged.verdict,
        reason=judged.reason,
        trials=trials,
        controls=mine,
        seeds_held=judged.held,
        seeds_judged=judged.judged,
        share=judged.share,
        finding=claim.finding,
    )


def training(notes: Iterable[TrainingNote]) -> Training:
    """What the processes trained, together."""
    parts = list(notes)
    planned = {key for note in parts for key in note.planned}
    trained = {key for note in parts for key in note.trained}
    reused = {key for note in parts for key in note.reused} - trained
    return Training(
        runs_planned=len(planned),
        runs_trained=len(trained),
        runs_reused=len(reused),
        sequences_trained=sum(note.sequences for note in parts),
        seconds=max((note.seconds for note in parts), default=0.0),
    )


def runs(notes: Iterable[TrainingNote]) -> dict[str, str]:
    """What each run of the session is, by its key."""
    described = {key: words for note in notes for key, words in note.planned.items()}
    return dict(sorted(described.items(), key=lambda run: run[1]))


def _trial(entry: Entry, finished: Mapping[str, Trial], crashed: Mapping[str, str]) -> Trial:
    if entry.nodeid in crashed:
        return Trial(entry.nodeid, "error", entry.seed, crashed[entry.nodeid])
    if entry.nodeid in finished:
        return finished[entry.nodeid]
    return Trial(entry.nodeid, "not run", entry.seed, _NOT_REACHED)


def _absent(control: str) -> ControlRecord:
    return ControlRecord(
        id=control,
        statement="Not selected in this session.",
        must_fail=[],
        verdict="not run",
        trials=[],
    )
