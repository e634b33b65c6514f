"""Putting the verification record together from what the processes of a session left."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import environment, seed_list
from icl_repro.plugin.session import SessionState, coverage_of, ledger_of
from icl_repro.plugin.transport import (
    Catalogue,
    Entry,
    SelectedClaim,
    SelectedControl,
    TrainingNote,
)
from icl_repro.verification import controls, correction, margins, verdict
from icl_repro.verification.basis import Basis
from icl_repro.verification.by_seed import all_stated, condition_names, names
from icl_repro.verification.declare import Control
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.plain_data import whole
from icl_repro.verification.record import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    Profile,
    TrainingDone,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.same_checks import differences_between_seeds
from icl_repro.verification.wording import on_seeds

_NOT_REACHED = "the session ended before it was run"

Trials = Mapping[tuple[str, str], list[Trial]]
"""The trials of each claim and control, by the id of the claim and that of the control."""


def assemble(
    config: pytest.Config, state: SessionState, catalogue: Catalogue
) -> VerificationRecord:
    """The record of this session."""
    settings = state.settings
    assert state.scratch is not None
    trials = all_trials(catalogue, state.scratch.trials(catalogue.entries), state.crashed)
    meaningful = settings.profile.meaningful
    ledger = ledger_of(config)
    notes = state.scratch.notes()
    runs_made = runs(notes)
    judged = [claim_record(selected, trials, ledger, meaningful) for selected in catalogue.claims]
    claims, comparisons = correction.correct(judged)
    return VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title=whole(settings.title),
        paper=whole(settings.paper),
        basis=(state.basis or settings.made_of.basis(settings.store)) if runs_made else Basis(),
        started=datetime.fromtimestamp(state.started_at, UTC).isoformat(timespec="seconds"),
        duration=time.time() - state.started_at,
        command=whole(shlex.join(["pytest", *map(str, config.invocation_params.args)])),
        profile=Profile(
            settings.profile.name, list(settings.seeds), meaningful, settings.neighbour
        ),
        environment=environment.describe(config.rootpath, state.workers),
        training=training(notes),
        runs=runs_made,
        run_sizes={key: size for note in notes for key, size in sorted(note.sizes.items())},
        claims=[*claims, *state.uncollected],
        comparisons=comparisons,
        findings=ledger.findings_of(claims),
        retired=list(ledger.retired),
        sample=state.scratch.sample(),
        not_selected=catalogue.not_selected,
        coverage=list(coverage_of(config).rows),
    )


def all_trials(
    catalogue: Catalogue, finished: Mapping[str, Trial], crashed: Mapping[str, str]
) -> dict[tuple[str, str], list[Trial]]:
    """The trials of every claim and control, also of tests that did not come to an end.

    A test whose worker crashed is an error; one that the session did not reach is not run.
    """
    trials: dict[tuple[str, str], list[Trial]] = {}
    for entry in catalogue.entries:
        trial = _trial(entry, finished, crashed)
        trials.setdefault((entry.claim, entry.control), []).append(trial)
    return trials


def claim_record(
    selected: SelectedClaim, trials: Trials, ledger: Ledger, meaningful: bool
) -> ClaimRecord:
    """The record of a claim with all its controls, those that were not selected included."""
    claim = selected.claim
    own = trials.get((claim.id, ""), [])
    judged_controls = [
        control_record(control, trials.get((claim.id, control.id), []), own, meaningful)
        for control in selected.controls
    ]
    checks = margins.over_seeds(claim.id, own, judged_controls, ledger)
    judged = verdict.judge_claim(
        claim,
        own,
        judged_controls,
        checks,
        meaningful=meaningful,
        rows_left_out=selected.rows_left_out,
    )
    return ClaimRecord(
        id=claim.id,
        family=claim.family,
        statement=claim.statement,
        source=claim.source,
        verdict=judged.verdict,
        reason=judged.reason,
        trials=own,
        controls=judged_controls,
        checks=checks,
        conditions=margins.conditions(claim.id, own, ledger),
        seeds_held=judged.held,
        seeds_judged=judged.judged,
        seeds_undecided=judged.undecided,
        share=judged.share,
        p_value=judged.p_value,
        rests_on=claim.rests_on,
        about=claim.about,
        place=_place(selected, [*own, *(one for each in judged_controls for one in each.trials)]),
    )


def _place(selected: SelectedClaim, trials: Sequence[Trial]) -> str:
    """File and line of the declaration of a claim, the file as pytest names it."""
    file = next((trial.nodeid.partition("::")[0] for trial in trials), "")
    return f"{file}:{selected.line}" if file and selected.line else file


def control_record(
    selected: SelectedControl, trials: list[Trial], own: list[Trial], meaningful: bool
) -> ControlRecord:
    """The record of a control, judged on the seeds of its claim."""
    control = Control(
        selected.id, selected.statement, only=tuple(selected.only), undefined=selected.undefined
    )
    name, reason = controls.judge_control(
        control, trials, own, meaningful=meaningful, whole=not selected.rows_left_out
    )
    return ControlRecord(
        id=selected.id,
        statement=selected.statement,
        only=selected.only,
        undefined=selected.undefined,
        verdict=name,
        reason=reason,
        trials=trials,
    )


def contradictions(catalogue: Catalogue, record: VerificationRecord, ledger: Ledger) -> list[str]:
    """What a claim states otherwise than it, its controls or the ledger say.

    A sentence for each check that tests of a claim do not state alike on every seed, and for each
    that a control leaves out or holds to another threshold. Of a claim that was run whole, also for
    each check that the ledger or a control names, but that was not stated, and for each that two
    rows state under one name.
    """
    records = {claim.id: claim for claim in record.claims}
    found: list[str] = []
    for selected in catalogue.claims:
        claim = records[selected.claim.id]
        found += [f"{claim.id}: {each}" for each in differences_between_seeds(claim.trials)]
        for control in claim.controls:
            others = controls.differences(control.only, control.trials, claim.trials)
            found += [f"{claim.id}, control {control.id} {other}" for other in others]
        if selected.whole:
            found += _not_where_known(claim, ledger)
        if not (selected.whole and all_stated(claim.trials)):
            continue
        found += ledger.unstated(claim.id, [*_stated(claim.trials), *_conditions(claim.trials)])
        found += _in_two_rows(claim)
        for control in claim.controls:
            stated = _stated(control.trials) if all_stated(control.trials) else control.only
            found += [
                f"{claim.id}, control {control.id}: no check is named {check!r}; "
                f"{nearest(check, stated)}"
                for check in control.only
                if check not in stated
            ]
    return found


def _not_where_known(claim: ClaimRecord, ledger: Ledger) -> Iterator[str]:
    """Known failures of checks that are stated, but not any more where they are known to fail."""
    cases = {"": claim.trials} | {control.id: control.trials for control in claim.controls}
    for known in ledger.findings:
        trials = cases.get(known.case, []) if known.claim == claim.id else []
        if known.check not in _stated(trials) and all_stated(claim.trials):
            continue  # which is told of the check as such
        seeds: dict[tuple[int | None, tuple[int, ...]], list[Trial]] = {}
        for trial in trials:
            seeds.setdefault((trial.seed, tuple(trial.seeds)), []).append(trial)
        for (seed, at_once), rows in seeds.items():
            expected = ledger.known_failure(known.claim, known.case, known.check, seed, at_once)
            measured = all(trial.outcome in seed_list.MEASURED for trial in rows)
            if expected is known and measured and known.check not in _stated(rows):
                yield (
                    f"{claim.id}{f', control {known.case}' if known.case else ''}: the ledger "
                    f"knows {known.check!r} to fail{on_seeds([seed])}, where it is not stated"
                )


def _stated(trials: Iterable[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in names(trial)))


def _conditions(trials: Iterable[Trial]) -> Iterator[str]:
    return (name for trial in trials for name in condition_names(trial))


def _in_two_rows(claim: ClaimRecord) -> Iterator[str]:
    rows: dict[str, dict[str, None]] = {}
    for trial in claim.trials:
        for check in trial.evidence.checks:
            rows.setdefault(check.name, {})[trial.row] = None
    for name, stated_in in rows.items():
        if len(stated_in) > 1:
            yield (
                f"{claim.id}: the rows {' and '.join(stated_in)} state a check of one name, "
                f"{name!r}; name it after the row"
            )


def training(notes: Iterable[TrainingNote]) -> TrainingDone:
    """What the processes trained, together."""
    parts = list(notes)
    planned = {key for note in parts for key in note.planned}
    trained = {key for note in parts for key in note.trained}
    reused = {key for note in parts for key in note.reused} - trained
    stale = {key for note in parts for key in note.stale}
    return TrainingDone(
        runs_planned=len(planned),
        runs_trained=len(trained),
        runs_reused=len(reused),
        units_trained=sum(note.units for note in parts),
        seconds=max((note.seconds for note in parts), default=0.0),
        runs_stale=len(stale),
        unit=next((note.unit for note in parts if note.unit), ""),
    )


def runs(notes: Iterable[TrainingNote]) -> dict[str, str]:
    """What each run of the session is, by its key."""
    described = {key: words for note in notes for key, words in note.planned.items()}
    return dict(sorted(described.items(), key=lambda run: run[1]))


def _trial(entry: Entry, finished: Mapping[str, Trial], crashed: Mapping[str, str]) -> Trial:
    if entry.nodeid in finished and entry.nodeid not in crashed:
        return finished[entry.nodeid]
    crash = crashed.get(entry.nodeid)
    return Trial(
        nodeid=entry.nodeid,
        outcome="error" if crash else "not run",
        seed=entry.seed,
        row=entry.row,
        message=crash or _NOT_REACHED,
        seeds=entry.seeds,
    )
