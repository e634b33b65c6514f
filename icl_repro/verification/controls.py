"""From the trials of a control, and of its claim, to the verdict on that control.

A control has to fail on each seed on which its claim holds or fails, and by the same measurement:
it states the checks that its claim states, with the same thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from icl_repro.nearest import nearest
from icl_repro.numbers import count
from icl_repro.verification.by_seed import (
    JUDGED,
    decided_names,
    first_line,
    judged_seeds,
    names,
)
from icl_repro.verification.declare import Control
from icl_repro.verification.record import ClaimRecord, ControlRecord, ControlVerdict, Trial
from icl_repro.verification.same_checks import same_threshold
from icl_repro.verification.wording import on_seeds, threshold, undue_sentence

CUT_SHORT = "its runs were cut short"


def judge_control(
    control: Control,
    trials: Sequence[Trial],
    claim_trials: Sequence[Trial],
    *,
    meaningful: bool,
    whole: bool = True,
) -> tuple[ControlVerdict, str]:
    """The verdict on a control of a claim, and why.

    Args:
        control: what was declared of it.
        trials: its own, of all seeds and rows.
        claim_trials: those of the claim: on the seeds that they judge, it has to fail.
        meaningful: false where runs were cut short.
        whole: false where only some rows of its table were selected.

    Returns:
        The verdict and what follows the name of the control in a sentence that says why.
    """
    errors = [trial for trial in trials if trial.outcome == "error"]
    if errors:
        return "error", f"raised an error{_on(errors)}: {first_line(errors[0])}"
    ran = [trial for trial in trials if trial.outcome in JUDGED]
    if not ran and not any(trial.outcome == "inconclusive" for trial in trials):
        return "not run", f"did not run{_because(trials)}"
    if not meaningful:
        return "not meaningful", f"means nothing, {CUT_SHORT}"
    stated = {name for trial in ran for name in names(trial)}
    unstated = [name for name in control.only if name not in stated]
    if unstated and whole and len(ran) == len(trials):
        missing = f"no check is named {unstated[0]!r}; {nearest(unstated[0], stated)}"
        return "error", f"states another check than it should fail: {missing}"
    if others := differences(control.only, trials, claim_trials):
        return "error", others[0]
    # On seeds that the claim does not judge, nothing depends on it.
    seeds = judged_seeds(claim_trials) or judged_seeds(trials)
    undue = [
        (trial, holding[0])
        for trial in ran
        if trial.seed in seeds
        and (holding := trial.evidence.not_failed(control.only, control.undefined))
    ]
    if undue:
        first, check = undue[0]
        where = _on([trial for trial, _ in undue])
        on_first = "" if where == _on([first]) else f"{_on([first]).strip()}, "
        why = f"does not fail where it should{where}: {on_first}{undue_sentence(check)}"
        return "does not fail", why
    must = [*control.only] if whole else []
    open_ = [seed for seed in seeds or [None] if not _fails(control, seed, ran, claim_trials, must)]
    if open_:
        left = [trial for trial in trials if trial.seed in open_ and trial not in ran]
        return "undecided", f"could not be judged{on_seeds(open_)}{_because(left)}"
    if None in seeds:
        return "fails as it should", "fails, as it should"
    return "fails as it should", f"fails on each of {count(len(seeds), 'seed')}, as it should"


def differences(
    only: Collection[str], trials: Sequence[Trial], claim_trials: Sequence[Trial]
) -> list[str]:
    """Where a control is not the measurement of its claim on the same seed and row.

    Args:
        only: the checks that have to fail in it; empty for all.
        trials: those of the control.
        claim_trials: those of the claim.

    Returns:
        What follows the name of the control, for each check that it does not state although it has
        to fail there, and for each that it holds to another threshold.
    """
    of_claim = {_place(trial): trial for trial in claim_trials if trial.outcome in JUDGED}
    found: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        claims = of_claim.get(_place(trial))
        if claims is None or trial.outcome not in JUDGED:
            continue
        stated = {check.name: check for check in trial.evidence.checks}
        for check in claims.evidence.checks:
            own = stated.get(check.name)
            if own is None and (not only or check.name in only):
                said = f"does not state the check {check.name!r}", ", which its claim states there"
            elif own is not None and not same_threshold(own, check):
                other = f"{threshold(own)}, not {threshold(check)}"
                said = f"holds {check.name!r} to another threshold than its claim", f": {other}"
            else:
                continue
            found.setdefault(said, []).append(trial)
    return [f"{what}{_on(where)}{more}" for (what, more), where in found.items()]


def fails_check(control: ControlRecord, name: str, claim_trials: Sequence[Trial]) -> bool:
    """Whether a control has to fail a check, and does so by a finite value wherever the claim is
    judged by it.
    """
    return bool(_judged_by(name, claim_trials)) and not _holding(control, name, claim_trials)


class Unguarded(msgspec.Struct, frozen=True):
    """A check that no control of its claim fails, by a finite value, wherever it is judged.

    `control` fails it in more places than the others, and not on `seeds`; where none fails it
    anywhere, `control` is empty.
    """

    check: str
    control: str
    seeds: list[int | None]

    @property
    def sentence(self) -> str:
        """It in words."""
        if not self.control:
            return f"no control fails {self.check!r}"
        return (
            f"no control fails {self.check!r} everywhere: {self.control} does not"
            f"{on_seeds(self.seeds) or ' in every row'}"
        )


Excuse = Callable[[str, str, Trial], bool]
"""Takes the id of a control, a check and a trial of the claim; says whether it is known that the
control does not fail the check there.
"""


def _never(control: str, check: str, beside: Trial) -> bool:
    """The excuse of nobody."""
    return False


def unguarded(claim: ClaimRecord, excused: Excuse = _never) -> list[Unguarded]:
    """The checks that no one control fails, by a finite value, wherever the claim is judged by them
    and it is not excused.
    """
    found: list[Unguarded] = []
    for check in dict.fromkeys(name for trial in claim.trials for name in names(trial)):
        judged = _judged_by(check, claim.trials)
        holding = {
            control.id: [
                trial
                for trial in _holding(control, check, claim.trials)
                if not excused(control.id, check, trial)
            ]
            for control in claim.controls
        }
        if not judged or not all(holding.values()):
            continue
        best = min(holding, key=lambda case: len(holding[case]), default="")
        left = holding.get(best, judged)
        seeds = list(dict.fromkeys(trial.seed for trial in left))
        is_failed = len(left) < len(judged)
        found.append(Unguarded(check, best if is_failed else "", seeds))
    return found


def failing_controls(claim: ClaimRecord, check: str, beside: Trial) -> list[str]:
    """The controls that fail a check, by a finite value, beside one trial of their claim."""
    return [control.id for control in claim.controls if fails_check(control, check, [beside])]


def _judged_by(name: str, trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.outcome in JUDGED and name in decided_names(t)]


def _holding(control: ControlRecord, name: str, claim_trials: Sequence[Trial]) -> list[Trial]:
    """The trials of a claim beside which a control does not fail a check by a finite value, or need
    not.
    """
    judged = _judged_by(name, claim_trials)
    if control.only and name not in control.only:
        return judged
    failed = {
        _place(trial)
        for trial in control.trials
        if trial.outcome in JUDGED
        for check in trial.evidence.checks
        if check.name == name and check.value is not None
        if not check.holds and not check.undecided
    }
    return [trial for trial in judged if _place(trial) not in failed]


def _fails(
    control: Control,
    seed: int | None,
    ran: Sequence[Trial],
    claim_trials: Sequence[Trial],
    must: Collection[str],
) -> bool:
    """Whether every check that has to fail on a seed was stated there, those of `must` too, in
    every row, and decided where the claim decides it.

    That none of them holds is known by then.
    """
    rows = {trial.row: trial for trial in ran if trial.seed == seed}
    for trial in claim_trials:
        demanded = {name for name in names(trial) if not control.only or name in control.only}
        if trial.seed == seed and demanded and trial.row not in rows:
            return False
        if trial.seed == seed and demanded and trial.outcome in JUDGED:
            decided = demanded.intersection(decided_names(trial))
            if not decided.issubset(decided_names(rows[trial.row])):
                return False
    stated = {name for trial in rows.values() for name in names(trial)}
    return bool(rows) and stated.issuperset(must)


def _place(trial: Trial) -> tuple[str, int | None, tuple[int, ...]]:
    return trial.row, trial.seed, tuple(trial.seeds)


def _on(trials: Sequence[Trial]) -> str:
    return on_seeds(list(dict.fromkeys(trial.seed for trial in trials)))


def _because(trials: Collection[Trial]) -> str:
    messages = [first_line(trial) for trial in trials]
    return f": {messages[0]}" if messages and messages[0] else ""
