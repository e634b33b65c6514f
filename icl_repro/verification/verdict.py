"""From the trials of a claim and of its controls to one verdict.

A claim is judged on each seed: it holds there if all its checks do, in every row of its table. Of
fewer than five seeds the verdict says no more than what was seen: ``consistent`` (on all),
``contradicted`` (on none) or ``mixed``. From five on it is about the share of all networks of the
kind on which the claim holds: ``supported`` if the exact one-sided 95 % bound of Clopper and
Pearson lies above one half, ``refuted`` if it does so below, else ``inconclusive``.

A seed on which a test finds that it can tell neither way is not judged. A control has to fail on
each seed on which its claim is judged; otherwise the checks may hold on anything, and the claim is
``inconclusive`` whatever was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from icl_repro.nearest import nearest
from icl_repro.numbers import count, number
from icl_repro.statistics.intervals import Interval, share_bound
from icl_repro.statistics.significance import holm, sign_test
from icl_repro.verification.declare import Claim, Control
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    Comparisons,
    ControlRecord,
    ControlVerdict,
    Outcome,
    Trial,
    VerdictName,
)
from icl_repro.verification.wording import on_seeds, undue_sentence

FEWEST_SEEDS = 5
"""Of fewer, not even all that hold bound the share above one half."""
LEVEL = 0.05

_JUDGED: tuple[Outcome, ...] = ("passed", "failed")
_CUT_SHORT = "its runs were cut short"
_NO_MORE = f"fewer than {FEWEST_SEEDS} seeds tell no more than that"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and over how many seeds. `share` and `p_value` as in the record."""

    verdict: VerdictName
    reason: str
    held: int = 0
    judged: int = 0
    share: Interval | None = None
    p_value: float | None = None


class _Found(NamedTuple):
    """A verdict before controls, what was seen, and what follows from it, in words."""

    verdict: VerdictName
    seen: str
    follows: str


def judge_control(
    control: Control, trials: Sequence[Trial], claim_trials: Sequence[Trial], *, meaningful: bool
) -> tuple[ControlVerdict, str]:
    """The verdict on a control of a claim, and why.

    Args:
        control: what was declared of it.
        trials: its own, of all seeds and rows.
        claim_trials: those of the claim: on the seeds that they judge, it has to fail.
        meaningful: false where runs were cut short.

    Returns:
        The verdict and what follows the name of the control in a sentence that says why.
    """
    errors = [trial for trial in trials if trial.outcome == "error"]
    if errors:
        return "error", f"raised an error{_on(errors)}: {_first_line(errors[0])}"
    ran = [trial for trial in trials if trial.outcome in _JUDGED]
    if not ran and not any(trial.outcome == "inconclusive" for trial in trials):
        return "not run", f"did not run{_because(trials)}"
    if not meaningful:
        return "not meaningful", f"means nothing, {_CUT_SHORT}"
    stated = {check.name for trial in ran for check in trial.evidence.checks}
    unstated = [name for name in control.only if name not in stated]
    if unstated and len(ran) == len(trials):
        missing = f"no check is named {unstated[0]!r}; {nearest(unstated[0], stated)}"
        return "error", f"states another check than it should fail: {missing}"
    # On seeds that the claim does not judge, nothing depends on it.
    seeds = _judged_seeds(claim_trials) or _judged_seeds(trials)
    for trial in ran:
        undue = trial.evidence.not_failed(control.only, control.undefined)
        if undue and trial.seed in seeds:
            where = f"does not fail where it should{_on([trial])}"
            return "does not fail", f"{where}: {undue_sentence(undue[0])}"
    open_ = [seed for seed in seeds or [None] if not _fails(control, seed, ran, claim_trials)]
    if open_:
        others = [trial for trial in trials if trial.seed in open_ and trial not in ran]
        return "undecided", f"could not be judged{on_seeds(open_)}{_because(others)}"
    if None in seeds:
        return "fails as it should", "fails, as it should"
    return "fails as it should", f"fails on each of {count(len(seeds), 'seed')}, as it should"


def judge_claim(
    claim: Claim,
    trials: Sequence[Trial],
    controls: Sequence[ControlRecord],
    checks: Sequence[CheckOverSeeds],
    *,
    meaningful: bool,
) -> Judgement:
    """The verdict on a claim.

    Args:
        claim: what was declared of it.
        trials: its own, of all seeds and rows.
        controls: its controls, judged.
        checks: its checks over seeds.
        meaningful: false where runs were cut short.
    """
    outcomes = _by_seed(trials)
    held = sum(outcome == "passed" for outcome in outcomes.values())
    judged = held + sum(outcome == "failed" for outcome in outcomes.values())
    errors = [trial for trial in trials if trial.outcome == "error"]
    if errors:
        return Judgement("error", _first_line(errors[0]), held, judged)
    if not judged:
        undecided = [trial for trial in trials if trial.outcome == "inconclusive"]
        if undecided and meaningful:
            return Judgement("inconclusive", _first_line(undecided[0]))
        not_run = [trial for trial in trials if trial.outcome == "not run"]
        return Judgement("not run", _first_line(not_run[0]) if not_run else "no test of it ran")
    if not meaningful:
        return Judgement("not meaningful", _CUT_SHORT, held, judged)
    at_once = None in outcomes
    found = _at_once(claim, trials, held) if at_once else _over_seeds(held, judged)
    verdict, follows = found.verdict, found.follows
    if problem := _undermined(verdict, controls, checks):
        verdict, follows = "inconclusive", f", but {problem}"
    return Judgement(
        verdict,
        f"{found.seen}{follows}{_left_out(outcomes)}",
        held,
        judged,
        None if at_once else share_bound(held, judged),
        None if at_once or judged < FEWEST_SEEDS else sign_test(held, judged),
    )


def correct(claims: Sequence[ClaimRecord]) -> tuple[list[ClaimRecord], Comparisons]:
    """Correct the verdicts of a session for how many claims it judged over seeds.

    By Holm's method, which keeps the chance of even one wrong ``supported`` or ``refuted`` below
    5 %. Claims without seeds, and those judged over all seeds at once, take no part.

    Returns:
        The claims with `after_correction` and `seeds_needed`, and what was compared.
    """
    compared = [claim for claim in claims if claim.share is not None]
    corrected = holm([1.0 if claim.p_value is None else claim.p_value for claim in compared])
    comparisons = Comparisons(len(compared), level=LEVEL)
    needed = _seeds_needed(len(compared))
    by_id = {claim.id: p for claim, p in zip(compared, corrected, strict=True)}
    return [
        msgspec.structs.replace(
            claim,
            after_correction=_after_correction(claim, by_id[claim.id]),
            seeds_needed=needed,
        )
        if claim.id in by_id
        else claim
        for claim in claims
    ], comparisons


def _seeds_needed(comparisons: int) -> int:
    """How many seeds, all of which hold, support a claim whatever the others give."""
    seeds = FEWEST_SEEDS
    while comparisons * 0.5**seeds > LEVEL:
        seeds += 1
    return seeds


def _after_correction(claim: ClaimRecord, corrected: float) -> VerdictName | None:
    if claim.p_value is None:
        return None
    decided = claim.verdict in ("supported", "refuted")
    return "inconclusive" if decided and corrected > LEVEL else claim.verdict


def _by_seed(trials: Sequence[Trial]) -> dict[int | None, Outcome]:
    """The worst outcome on each seed; a seed holds only if all of its trials do."""
    worst_first: tuple[Outcome, ...] = ("error", "failed", "inconclusive", "not run", "passed")
    outcomes: dict[int | None, Outcome] = {}
    for trial in trials:
        known: Outcome = outcomes.get(trial.seed, "passed")
        worse = worst_first.index(trial.outcome) < worst_first.index(known)
        outcomes[trial.seed] = trial.outcome if worse else known
    return outcomes


def _judged_seeds(trials: Sequence[Trial]) -> list[int | None]:
    return [seed for seed, outcome in _by_seed(trials).items() if outcome in _JUDGED]


def _fails(
    control: Control, seed: int | None, ran: Sequence[Trial], claim_trials: Sequence[Trial]
) -> bool:
    """Whether every check that has to fail on a seed was stated there, in every row.

    That none of them holds is known by then.
    """
    rows = {trial.row: trial for trial in ran if trial.seed == seed}
    for trial in claim_trials:
        names = _names(trial)
        demanded = names & set(control.only) if control.only else names
        if trial.seed == seed and demanded and trial.row not in rows:
            return False
    stated = {name for trial in rows.values() for name in _names(trial)}
    return bool(rows) and stated.issuperset(control.only)


def _names(trial: Trial) -> set[str]:
    return {check.name for check in trial.evidence.checks}


def _at_once(claim: Claim, trials: Sequence[Trial], held: int) -> _Found:
    """Of a claim that is not judged seed by seed."""
    seeds = sorted({seed for trial in trials for seed in trial.seeds})
    if not seeds:
        failed = [check.name for trial in trials for check in trial.evidence.failed()]
        seen = "every check holds" if held else f"{' and '.join(failed)} does not hold"
        rests = f"; the verdict rests on {claim.rests_on}" if claim.rests_on else ""
        return _Found("supported" if held else "refuted", seen, rests)
    seen = f"{'holds' if held else 'does not hold'} over {count(len(seeds), 'seed')} taken together"
    if len(seeds) < FEWEST_SEEDS:
        return _Found("consistent" if held else "contradicted", seen, f"; {_NO_MORE}")
    return _Found("supported" if held else "refuted", seen, "")


def _over_seeds(held: int, judged: int) -> _Found:
    """Of a claim that is judged seed by seed."""
    seen = f"holds on {held} of {count(judged, 'seed')}"
    if judged < FEWEST_SEEDS:
        verdict = "consistent" if held == judged else "mixed" if held else "contradicted"
        return _Found(verdict, seen, f"; {_NO_MORE}")
    if sign_test(held, judged) > LEVEL:
        follows = ", which does not tell whether it holds on more than half of all such networks"
        return _Found("inconclusive", seen, follows)
    side = "more" if 2 * held > judged else "fewer"
    follows = f", so on {side} than half of all such networks with 95 % confidence"
    return _Found("supported" if side == "more" else "refuted", seen, follows)


def _undermined(
    verdict: VerdictName,
    controls: Sequence[ControlRecord],
    checks: Sequence[CheckOverSeeds],
) -> str:
    """Why the verdict cannot stand, or an empty text."""
    for control in controls:
        if control.verdict != "fails as it should":
            return f"its control {control.id} {control.reason}"
    if verdict != "supported":
        return ""
    for check in checks:
        tested = check.equivalence
        if tested is not None and tested.p_value is not None and not tested.shown:
            return (
                f"two one-sided tests over the seeds do not show that {check.name} lies within its "
                f"margin (p = {number(tested.p_value, 2)})"
            )
    return ""


def _left_out(outcomes: dict[int | None, Outcome]) -> str:
    """The seeds that are not judged, by why."""
    amounts = Counter(outcomes.values())
    left_out: tuple[Outcome, ...] = ("inconclusive", "not run")
    return "".join(
        f"; {count(amounts[outcome], 'seed')} {outcome}" for outcome in left_out if amounts[outcome]
    )


def _on(trials: Sequence[Trial]) -> str:
    return on_seeds(list(dict.fromkeys(trial.seed for trial in trials)))


def _because(trials: Collection[Trial]) -> str:
    messages = [_first_line(trial) for trial in trials]
    return f": {messages[0]}" if messages and messages[0] else ""


def _first_line(trial: Trial) -> str:
    return trial.message.partition("\n")[0]
