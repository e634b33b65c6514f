"""From the trials of a claim and of its controls to one verdict.

The rules: with n seeds judged, k of which hold, a claim is supported if k = n or the exact 95 %
interval of the share lies above one half, refuted if k = 0 or the interval lies below one half, and
inconclusive otherwise. A seed on which a test finds that it can tell neither way is not judged.
A control that does not fail where it should makes the claim inconclusive
either way, because then its checks cannot tell; a claim whose control did not run, or has no check
in common with it, is not called supported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.record import ControlRecord, Outcome, Trial, VerdictName

ControlVerdict = Literal[
    "fails as it should", "does not fail", "not run", "error", "not meaningful"
]

_CUT_SHORT = "its runs were cut short"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and over how many seeds. `share` is null for a claim without seeds."""

    verdict: VerdictName
    reason: str
    held: int = 0
    judged: int = 0
    share: Interval | None = None


def judge_control(trials: Sequence[Trial], *, meaningful: bool) -> ControlVerdict:
    """The verdict on a control from its trials, one or more for each seed."""
    outcomes = set(_by_seed(trials).values())
    if "error" in outcomes:
        return "error"
    if not outcomes & {"passed", "failed"}:
        return "not run"
    if not meaningful:
        return "not meaningful"
    return "does not fail" if "failed" in outcomes else "fails as it should"


def judge_claim(
    trials: Sequence[Trial], controls: Sequence[ControlRecord], *, meaningful: bool
) -> Judgement:
    """The verdict on a claim from its own trials and its controls."""
    outcomes = _by_seed(trials)
    held = sum(outcome == "passed" for outcome in outcomes.values())
    judged = held + sum(outcome == "failed" for outcome in outcomes.values())
    share = _share(held, judged, seeded=None not in outcomes)
    if "error" in outcomes.values():
        return Judgement("error", _first_message(trials, "error"), held, judged, share)
    if not judged and "inconclusive" in outcomes.values() and meaningful:
        return Judgement("inconclusive", _first_message(trials, "inconclusive"))
    if not judged:
        return Judgement("not run", _first_message(trials, "not run") or "no test of it ran")
    if not meaningful:
        return Judgement("not meaningful", _CUT_SHORT, held, judged, share)
    verdict = _over_seeds(held, judged, share)
    undecided = sum(outcome == "inconclusive" for outcome in outcomes.values())
    reason = _in_numbers(held, judged, len(outcomes) - undecided, share)
    if undecided:
        reason += f"; {undecided} inconclusive"
    undermined = _undermined(verdict, trials, controls)
    if undermined:
        return Judgement("inconclusive", f"{undermined}; {reason}", held, judged, share)
    return Judgement(verdict, reason, held, judged, share)


def _by_seed(trials: Sequence[Trial]) -> dict[int | None, Outcome]:
    """The worst outcome on each seed; a seed holds only if all of its trials do."""
    worst_first: tuple[Outcome, ...] = ("error", "failed", "inconclusive", "not run", "passed")
    outcomes: dict[int | None, Outcome] = {}
    for trial in trials:
        known = outcomes.get(trial.seed, "passed")
        outcomes[trial.seed] = min(known, trial.outcome, key=worst_first.index)
    return outcomes


def _share(held: int, judged: int, *, seeded: bool) -> Interval | None:
    if not seeded or not judged:
        return None
    from icl_repro.statistics.intervals import share_interval

    return share_interval(held, judged)


def _over_seeds(held: int, judged: int, share: Interval | None) -> VerdictName:
    if held == judged or (share and share.low is not None and share.low > 0.5):
        return "supported"
    if held == 0 or (share and share.high is not None and share.high < 0.5):
        return "refuted"
    return "inconclusive"


def _undermined(
    verdict: VerdictName, trials: Sequence[Trial], controls: Sequence[ControlRecord]
) -> str:
    """Why the controls do not let `verdict` stand, or an empty text."""
    for control in controls:
        if control.verdict == "does not fail":
            return f"control {control.id} does not fail where it should: the checks cannot tell"
    if verdict != "supported":
        return ""
    stated = {check.name for trial in trials for check in trial.evidence.checks}
    for control in controls:
        if control.verdict == "error":
            return f"control {control.id} raised an error"
        if control.verdict == "not run":
            return f"control {control.id} did not run"
        if not stated & set(control.must_fail):
            return f"control {control.id} has no check in common with the claim"
    return ""


def _in_numbers(held: int, judged: int, asked: int, share: Interval | None) -> str:
    if share is None:
        return "every check holds" if held else "a check does not hold"
    seeds = "seed" if judged == 1 else "seeds"
    text = f"holds on {held} of {judged} {seeds}"
    if judged > 1:
        text += f" (95 % interval of the share {share.low:.2f} to {share.high:.2f})"
    return text + (f"; {asked - judged} not run" if asked > judged else "")


def _first_message(trials: Sequence[Trial], outcome: Outcome) -> str:
    for trial in trials:
        if trial.outcome == outcome:
            return trial.message.partition("\n")[0]
    return ""
