"""From what the tests of claims measured to the records of those claims: the one way to a verdict.

All of it is plain data, so that whoever has the trials, and what was declared and fixed of the
claims, comes to the same verdicts: a session that has just measured, and
:mod:`icl_repro.verification.again` years later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icl_repro.verification import controls, correction, margins, verdict
from icl_repro.verification.declare import Control
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import (
    ClaimRecord,
    Comparisons,
    ControlRecord,
    Trial,
)
from icl_repro.verification.selection import SelectedClaim, SelectedControl

Trials = Mapping[tuple[str, str], list[Trial]]
"""The trials of each claim and control, by the id of the claim and that of the control."""


def judged(
    selected: Sequence[SelectedClaim], trials: Trials, ledger: Ledger, *, meaningful: bool
) -> tuple[list[ClaimRecord], Comparisons]:
    """The records of all claims of a session, corrected for how many they are.

    Args:
        selected: what was declared of them.
        trials: what their tests measured.
        ledger: where the thresholds come from.
        meaningful: false where runs were cut short.
    """
    return correction.correct([_claim(one, trials, ledger, meaningful) for one in selected])


def _claim(
    selected: SelectedClaim, trials: Trials, ledger: Ledger, meaningful: bool
) -> ClaimRecord:
    """The record of a claim with all its controls, those that were not selected included."""
    claim = selected.claim
    own = trials.get((claim.id, ""), [])
    judged_controls = [
        _control(control, trials.get((claim.id, control.id), []), own, meaningful)
        for control in selected.controls
    ]
    checks = margins.over_seeds(claim.id, own, judged_controls, ledger)
    found = verdict.judge_claim(
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
        verdict=found.verdict,
        reason=found.reason,
        trials=own,
        controls=judged_controls,
        checks=checks,
        conditions=margins.conditions(claim.id, own, ledger),
        seeds_held=found.held,
        seeds_judged=found.judged,
        seeds_undecided=found.undecided,
        share=found.share,
        p_value=found.p_value,
        rests_on=claim.rests_on,
        about=claim.about,
        not_for=selected.not_for,
        place=_place(selected, [*own, *(one for each in judged_controls for one in each.trials)]),
    )


def _place(selected: SelectedClaim, trials: Sequence[Trial]) -> str:
    """File and line of the declaration of a claim, the file as pytest names it."""
    file = next((trial.nodeid.partition("::")[0] for trial in trials), "")
    return f"{file}:{selected.line}" if file and selected.line else file


def _control(
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
