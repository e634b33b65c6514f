"""What became of a test by its evidence, and of a claim or a control on each seed by its trials."""

from __future__ import annotations

from collections.abc import Sequence

from icl_repro.verification.declared import Control
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import Outcome, Trial
from icl_repro.verification.selection import SelectedControl

JUDGED: tuple[Outcome, ...] = ("passed", "failed")
"""Outcomes that tell one way or the other."""

_WORST_FIRST: tuple[Outcome, ...] = ("error", "failed", "inconclusive", "not run", "passed")


def outcome_of(
    evidence: EvidenceRecord, *, control: Control | SelectedControl | None = None
) -> Outcome:
    """How a test that came to its end, or was skipped while it ran, comes out by its evidence.

    Args:
        evidence: what it measured.
        control: the control that it is of, if it is none of the claim itself.
    """
    only = control.only if control else ()
    failed = evidence.not_failed(only, control.undefined) if control else evidence.failed()
    # A control fails as it should if all that it decides of what must fail there does.
    decides = control is not None and evidence.decides(only)
    if failed:
        return "failed"
    return "inconclusive" if evidence.undecided and not decides else "passed"


def outcomes_by_seed(trials: Sequence[Trial]) -> dict[int | None, Outcome]:
    """The worst outcome on each seed; a seed holds only if all of its trials do."""
    outcomes: dict[int | None, Outcome] = {}
    for trial in trials:
        known: Outcome = outcomes.get(trial.seed, "passed")
        worse = _WORST_FIRST.index(trial.outcome) < _WORST_FIRST.index(known)
        outcomes[trial.seed] = trial.outcome if worse else known
    return outcomes


def judged_seeds(trials: Sequence[Trial]) -> list[int | None]:
    """The seeds on which the trials tell one way or the other."""
    return [seed for seed, outcome in outcomes_by_seed(trials).items() if outcome in JUDGED]


def stated_all(trial: Trial) -> bool:
    """Whether a test came to its end, so that it stated all that it states; it may have said that
    it can tell neither way.
    """
    return trial.outcome in (*JUDGED, "inconclusive") and not trial.evidence.broken_off


def all_stated(trials: Sequence[Trial]) -> bool:
    """Whether of each row some test came to its end, so that all is known that they state."""
    return {trial.row for trial in trials} == {t.row for t in trials if stated_all(t)}


def names(trial: Trial) -> list[str]:
    """The checks that a trial stated, in their order."""
    return [check.name for check in trial.evidence.checks]


def condition_names(trial: Trial) -> list[str]:
    """The conditions on which its checks can be judged."""
    return [condition.name for condition in trial.evidence.conditions]


def decided_names(trial: Trial) -> list[str]:
    """Those of them of which it did not say that they tell neither way."""
    return [check.name for check in trial.evidence.checks if not check.undecided]


def first_line(trial: Trial) -> str:
    """What a trial has to say, in a line."""
    return trial.message.partition("\n")[0]
