"""Putting the verification record together from what the processes of a session left."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import command, environment, planting, seed_list
from icl_repro.plugin.declared_options import CHEAP
from icl_repro.plugin.session import (
    SessionState,
    coverage_of,
    ledger_of,
    scratch_of,
    state_of,
)
from icl_repro.plugin.transport import Catalogue, Entry, TrainingNote
from icl_repro.verification import caught, controls, judging
from icl_repro.verification.basis import Basis
from icl_repro.verification.by_seed import all_stated, condition_names, names
from icl_repro.verification.caught import UnderFault
from icl_repro.verification.fault_records import FaultRecord
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.plain_data import whole
from icl_repro.verification.record import (
    NOT_REACHED,
    SCHEMA_VERSION,
    ClaimRecord,
    Profile,
    TrainingDone,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.same_checks import differences_between_seeds
from icl_repro.verification.seal import Seal, checksums_of_files
from icl_repro.verification.wording import on_seeds


def assemble(
    config: pytest.Config, state: SessionState, catalogue: Catalogue
) -> VerificationRecord:
    """The record of this session."""
    settings = state.settings
    assert state.scratch is not None
    finished = state.scratch.trials(catalogue.entries)
    trials = all_trials(catalogue, finished, state.crashed)
    ledger = ledger_of(config)
    notes = state.scratch.notes()
    runs_made = runs(notes)
    claims, comparisons = judging.judged(
        catalogue.claims, trials, ledger, meaningful=settings.profile.meaningful
    )
    return VerificationRecord(
        schema_version=SCHEMA_VERSION,
        title=whole(settings.title),
        paper=whole(settings.paper),
        basis=_basis(state) if runs_made or settings.made_of.label else Basis(),
        started=datetime.fromtimestamp(state.started_at, UTC).isoformat(timespec="seconds"),
        duration=time.time() - state.started_at,
        command=whole(_command(config)),
        profile=Profile(
            settings.profile.name,
            list(settings.seeds),
            settings.profile.meaningful,
            settings.neighbour,
        ),
        environment=environment.describe(config.rootpath, state.workers),
        training=training(notes),
        runs=runs_made,
        run_sizes={key: size for note in notes for key, size in sorted(note.sizes.items())},
        run_seconds={key: took for note in notes for key, took in sorted(note.took.items())},
        # Every process plans the same runs; one that ended early may know fewer.
        methods=max((note.methods for note in notes), key=_length, default=list[str]()),
        claims=[*claims, *state.uncollected],
        comparisons=comparisons,
        findings=ledger.findings_of(claims),
        retired=list(ledger.retired),
        sample=state.scratch.sample(),
        not_selected=catalogue.not_selected,
        coverage=list(coverage_of(config).rows),
        faults=_faults(config, catalogue, claims, finished),
    )


def _command(config: pytest.Config) -> str:
    given = config.invocation_params
    return command.typed(map(str, given.args), config.rootpath, given.dir)


def _basis(state: SessionState) -> Basis:
    """What runs are made from; of a choice, also where only claims without runs were judged."""
    return state.basis or state.settings.made_of.basis(state.settings.store)


def seal_of(config: pytest.Config, state: SessionState, catalogue: Catalogue) -> Seal:
    """What others need to check the record of this session, but for its checksum."""
    settings = state.settings
    assert state.scratch is not None
    rows = {
        "/".join(filter(None, [selected.claim.id, of])): left_out
        for selected in catalogue.claims
        for of, left_out in [
            ("", selected.rows_left_out),
            *((control.id, control.rows_left_out) for control in selected.controls),
        ]
        if left_out
    }
    read = [path for path in (settings.ledger, settings.spread, settings.coverage) if path]
    specs = state.scratch.specs()
    return Seal(
        files=checksums_of_files(config.rootpath, read),
        specs={key: specs[key] for key in runs(state.scratch.notes()) if key in specs},
        rows_left_out=rows,
    )


def all_trials(
    catalogue: Catalogue, finished: Mapping[str, Trial], crashed: Mapping[str, str]
) -> dict[tuple[str, str], list[Trial]]:
    """The trials of every claim and control, also of tests that did not come to an end; not those
    under planted faults.

    A test whose worker crashed is an error; one that the session did not reach is not run.
    """
    trials: dict[tuple[str, str], list[Trial]] = {}
    for entry in catalogue.entries:
        if entry.fault:
            continue
        trial = _trial(entry, finished, crashed)
        trials.setdefault((entry.claim, entry.control), []).append(trial)
    return trials


def _faults(
    config: pytest.Config,
    catalogue: Catalogue,
    claims: Iterable[ClaimRecord],
    finished: Mapping[str, Trial],
) -> list[FaultRecord]:
    """What the claims of the session make of each fault that it plants."""
    state = state_of(config)
    if not state.settings.faults:
        return []
    planted = scratch_of(config).planted()
    under: dict[str, dict[str, list[UnderFault]]] = {}
    for entry in catalogue.entries:
        if entry.fault:
            trial = _trial(entry, finished, state.crashed)
            ended = None if entry.nodeid in state.crashed else planted.get(entry.nodeid)
            of_claim = under.setdefault(entry.fault, {}).setdefault(entry.claim, [])
            of_claim.append(UnderFault(trial, ended))
    without_runs = {one.claim.id for one in catalogue.claims if not one.reads_runs}
    judged = list(claims)
    partial = _in_part(config, catalogue, finished)
    return [
        caught.fault_record(fault, judged, under.get(fault.id, {}), without_runs, partial=partial)
        for fault in planting.chosen(config)
    ]


def _in_part(config: pytest.Config, catalogue: Catalogue, finished: Mapping[str, Trial]) -> str:
    """Why a session that plants faults does not judge the whole suite; empty if it does."""
    state = state_of(config)
    if CHEAP in state.settings.faults:
        return f"{CHEAP} judges each on a few claims"
    known = {claim for claim, _ in ledger_of(config).thresholds}
    named = [Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in config.args]
    under = {(entry.fault, entry.claim) for entry in catalogue.entries}
    wanted = {
        (fault.id, one.claim.id)
        for fault in planting.chosen(config)
        for one in catalogue.claims
        if one.reads_runs
    }
    if (
        catalogue.not_selected
        or state.uncollected
        or known - {one.claim.id for one in catalogue.claims}
        or any(path.is_file() for path in named)
        or wanted - under
        or any(one.rows_left_out for one in catalogue.claims)
    ):
        return "claims or tests of them were left out"
    if any(entry.nodeid not in finished for entry in catalogue.entries):
        return "it did not come to its end"
    return ""


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


def _length(told: list[str]) -> int:
    return len("".join(told))


def _trial(entry: Entry, finished: Mapping[str, Trial], crashed: Mapping[str, str]) -> Trial:
    if entry.nodeid in finished and entry.nodeid not in crashed:
        return finished[entry.nodeid]
    crash = crashed.get(entry.nodeid)
    return Trial(
        nodeid=entry.nodeid,
        outcome="error" if crash else "not run",
        seed=entry.seed,
        row=entry.row,
        message=crash or NOT_REACHED,
        seeds=entry.seeds,
    )
