"""Checks that could not fail: no control of their claim fails them, and the ledger says not why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from icl_repro.plugin.transport import Catalogue
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.controls import failing_controls, unguarded
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import ClaimRecord, Trial, VerificationRecord
from icl_repro.verification.wording import on_seeds

_Seeds = tuple[int | None, tuple[int, ...]]


def unguarded_checks(catalogue: Catalogue, record: VerificationRecord, ledger: Ledger) -> list[str]:
    """A sentence for each check that no control fails, where all rows and controls of its claim
    were judged, and for each of which the ledger says so although one does.

    Nothing is said of a claim of which a part was left out, nor of a seed on which a part of it
    came to no end: another control may fail the check there.
    """
    records = {claim.id: claim for claim in record.claims}
    found: list[str] = []
    for selected in catalogue.claims:
        if selected.whole:
            found += _of_claim(_where_all_ran(records[selected.claim.id]), ledger)
    return found


def _of_claim(claim: ClaimRecord, ledger: Ledger) -> Iterator[str]:
    for one in unguarded(claim, ledger.excuses(claim)):
        yield (
            f"{claim.id}: {one.sentence}; give it one, or let the ledger say why there is none: "
            "no_control"
        )
    for trial in claim.trials:
        for check in trial.evidence.checks:
            why = ledger.no_control(claim.id, check.name, trial.seed, trial.seeds)
            failing = failing_controls(claim, check.name, trial) if why else []
            if failing:
                yield (
                    f"{claim.id}: the ledger says why no control fails {check.name!r}"
                    f"{on_seeds([trial.seed])}, but {failing[0]} does: correct the ledger"
                )


def _where_all_ran(claim: ClaimRecord) -> ClaimRecord:
    """A claim with its trials on those seeds on which all of them, and of its controls, were
    judged.
    """
    cases = [claim.trials, *(control.trials for control in claim.controls)]
    complete = _judged(claim.trials).intersection(*map(_judged, cases))
    return msgspec.structs.replace(
        claim,
        trials=_on(complete, claim.trials),
        controls=[
            msgspec.structs.replace(control, trials=_on(complete, control.trials))
            for control in claim.controls
        ],
    )


def _judged(trials: Iterable[Trial]) -> set[_Seeds]:
    outcomes: dict[_Seeds, list[bool]] = {}
    for trial in trials:
        outcomes.setdefault(_seeds(trial), []).append(trial.outcome in JUDGED)
    return {seeds for seeds, judged in outcomes.items() if all(judged)}


def _on(seeds: set[_Seeds], trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if _seeds(trial) in seeds]


def _seeds(trial: Trial) -> _Seeds:
    return trial.seed, tuple(trial.seeds)
