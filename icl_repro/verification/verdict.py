"""From the trials of a claim, and what its controls came to, to one verdict.

A claim is judged on each seed: it holds there if all its checks do, in every row of its table. A
seed on which its test says that it can tell neither way is undecided: it counts as one on which the
claim does not hold when ``supported`` is asked for, and as one on which it holds when ``refuted``
is. Of fewer than five seeds the verdict says no more than what was seen: ``consistent`` (holds on
all), ``contradicted`` (fails on all) or ``mixed``. From five on it is about the share of all
networks of the kind on which the claim holds: ``supported`` if the exact one-sided 95 % bound of
Clopper and Pearson lies above one half, ``refuted`` if it does so below, else ``inconclusive``.

A claim that is judged over all seeds at once is about the mean of all such networks: from five
seeds on, its verdict is that of one-sided t tests of the values that its checks give by seed.

A control has to fail on each seed on which its claim holds or fails; otherwise the checks may hold
on anything, and the claim is ``inconclusive`` whatever was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from icl_repro.numbers import count, number
from icl_repro.statistics.intervals import Interval, share_bound
from icl_repro.statistics.significance import sign_test
from icl_repro.verification.by_seed import first_line, outcomes_by_seed
from icl_repro.verification.controls import CUT_SHORT
from icl_repro.verification.declare import Claim
from icl_repro.verification.record import (
    HOLDS,
    CheckOverSeeds,
    ControlRecord,
    Trial,
    VerdictName,
)
from icl_repro.verification.same_checks import differences_between_seeds
from icl_repro.verification.wording import listed, on_seeds

FEWEST_SEEDS = 5
"""Of fewer, not even all that hold bound the share above one half."""
LEVEL = 0.05

_NO_MORE = f"; fewer than {FEWEST_SEEDS} seeds tell no more than that"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and over how many seeds. The other fields are those of the record."""

    verdict: VerdictName
    reason: str
    held: int = 0
    judged: int = 0
    undecided: int = 0
    share: Interval | None = None
    p_value: float | None = None


class _Seeds(NamedTuple):
    """On how many seeds a claim held, failed, could not be decided and did not run."""

    held: int
    failed: int
    undecided: int
    not_run: int = 0

    @property
    def judged(self) -> int:
        return self.held + self.failed + self.undecided


class _Found(NamedTuple):
    """A verdict before controls, what was seen, and what follows from it, in words."""

    verdict: VerdictName
    seen: str
    follows: str = ""
    share: Interval | None = None
    p_value: float | None = None


def judge_claim(
    claim: Claim,
    trials: Sequence[Trial],
    controls: Sequence[ControlRecord],
    checks: Sequence[CheckOverSeeds],
    *,
    meaningful: bool,
    rows_left_out: Sequence[str] = (),
) -> Judgement:
    """The verdict on a claim.

    Args:
        claim: what was declared of it.
        trials: its own, of all seeds and rows.
        controls: its controls, judged.
        checks: its checks over seeds.
        meaningful: false where runs were cut short.
        rows_left_out: rows of its table that were not selected.
    """
    outcomes = outcomes_by_seed(trials)
    amounts = Counter(outcomes.values())
    seeds = _Seeds(*(amounts[o] for o in ("passed", "failed", "inconclusive", "not run")))
    at_once = sorted({seed for trial in trials for seed in trial.seeds})
    if at_once:
        seeds = _Seeds(*(amount * len(at_once) for amount in seeds))

    def judgement(verdict: VerdictName, reason: str, found: _Found | None = None) -> Judgement:
        share, p_value = (found.share, found.p_value) if found else (None, None)
        return Judgement(verdict, reason, seeds.held, seeds.judged, seeds.undecided, share, p_value)

    errors = [trial for trial in trials if trial.outcome == "error"]
    if errors:
        return judgement("error", first_line(errors[0]))
    if not seeds.judged:
        not_run = [trial for trial in trials if trial.outcome == "not run"]
        return judgement("not run", first_line(not_run[0]) if not_run else "no test of it ran")
    if not meaningful:
        return judgement("not meaningful", CUT_SHORT)
    if differences := differences_between_seeds(trials):
        return judgement("error", differences[0])
    if at_once:
        found = _over_all(at_once, trials, checks, seeds)
    elif None in outcomes:
        found = _without_seeds(claim, trials, seeds)
    else:
        found = _over_seeds(trials, checks, seeds)
    verdict, follows = found.verdict, found.follows
    problem = _undermined(verdict, controls, checks) if seeds.undecided < seeds.judged else ""
    if rows_left_out and verdict in HOLDS:
        problem = f"{_rows(rows_left_out)} left out"
    if problem:
        verdict, follows = "inconclusive", f", but {problem}"
    left_out = (
        f"; {count(seeds.not_run, 'seed')} not run" if seeds.not_run and found.follows else ""
    )
    return judgement(verdict, f"{found.seen}{follows}{left_out}", found)


def _without_seeds(claim: Claim, trials: Sequence[Trial], seeds: _Seeds) -> _Found:
    """Of a claim that no seed has a part in."""
    if not (seeds.held or seeds.failed):
        return _undecided(trials)
    failed = [check.name for trial in trials for check in trial.evidence.failed()]
    seen = "every check holds" if seeds.held else f"{' and '.join(failed)} does not hold"
    rests = f"; the verdict rests on {claim.rests_on}" if claim.rests_on else ""
    return _Found("supported" if seeds.held else "refuted", seen, rests)


def _over_seeds(trials: Sequence[Trial], checks: Sequence[CheckOverSeeds], seeds: _Seeds) -> _Found:
    """Of a claim that is judged seed by seed."""
    held, failed, undecided, judged = seeds.held, seeds.failed, seeds.undecided, seeds.judged
    share = share_bound(held, judged, undecided=undecided)
    enough = judged >= FEWEST_SEEDS
    p_value = sign_test(held, judged, undecided) if enough else None
    if undecided == judged:
        return _undecided(trials)._replace(share=share, p_value=p_value)
    seen = f"holds on {held} of {count(judged, 'seed')}"
    if undecided:
        seen += f" and cannot be told on {undecided}"
    if p_value is None:
        verdict = "consistent" if held == judged else "mixed"
        verdict = "contradicted" if failed == judged else verdict
        return _Found(verdict, seen, _NO_MORE, share)
    decided = p_value <= LEVEL
    if held > failed:
        # Supported are claims that pass all of their tests, so that the largest p value counts.
        tests = [check.equivalence for check in checks if check.equivalence is not None]
        p_value = max([p_value, *(1.0 if t.p_value is None else t.p_value for t in tests)])
    if not decided:
        follows = ", which does not tell whether it holds on more than half of all such networks"
        return _Found("inconclusive", seen, follows, share, p_value)
    side = "more" if held > failed else "fewer"
    follows = f", so on {side} than half of all such networks with 95 % confidence"
    return _Found("supported" if side == "more" else "refuted", seen, follows, share, p_value)


def _over_all(
    at_once: Sequence[int],
    trials: Sequence[Trial],
    checks: Sequence[CheckOverSeeds],
    seeds: _Seeds,
) -> _Found:
    """Of a claim that is judged over all seeds at once, by the mean of each of its checks."""
    if not (seeds.held or seeds.failed):
        return _undecided(trials)
    holds = not seeds.failed
    seen = f"{'holds' if holds else 'does not hold'} over {count(len(at_once), 'seed')} "
    seen += "taken together"
    if len(at_once) < FEWEST_SEEDS:
        return _Found("consistent" if holds else "contradicted", seen, _NO_MORE)
    for check in checks:
        if problem := _untested(check, at_once):
            return _Found("inconclusive", seen, f", but {check.name} {problem}")
    tests = [
        (check.mean.p_value, check.name, check.mean.sentence)
        for check in checks
        if check.mean is not None and (holds or not check.held)
    ]
    # All of its checks have to hold, but one that does not refutes it: the chance of one adds up.
    p_value, name, sentence = max(tests) if holds else min(tests)
    p_value = p_value if holds else min(1.0, p_value * len(checks))
    if len(checks) > 1:
        sentence = f"{name}: {sentence}; p = {number(p_value, 2)} for {len(checks)} checks together"
    decided = "supported" if holds else "refuted"
    return _Found(decided if p_value <= LEVEL else "inconclusive", sentence, p_value=p_value)


def _untested(check: CheckOverSeeds, seeds: Sequence[int]) -> str:
    """Why the mean of a check over seeds cannot be tested, or an empty text."""
    without = [seed for seed in seeds if str(seed) not in check.values]
    if len(without) == len(seeds):
        return "gives no values by seed, so that nothing tells how far other seeds would differ"
    if without:
        return f"gives no value{on_seeds(without)}"
    if len(check.values) > len(seeds):
        return "gives values of seeds that are not judged"
    infinite = [seed for seed in seeds if check.values[str(seed)] is None]
    return f"is not a finite number{on_seeds(infinite)}" if infinite else ""


def _undecided(trials: Sequence[Trial]) -> _Found:
    """Of a claim that says itself, of whatever was judged, that it can tell neither way."""
    said = next(trial for trial in trials if trial.outcome == "inconclusive")
    return _Found("inconclusive", first_line(said))


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
        if tested is None or tested.shown is not False:
            continue
        if tested.p_value is None:
            return f"{check.name} is not shown to lie within its margin: {_not_finite(check)}"
        return (
            f"two one-sided tests over the seeds do not show that {check.name} lies within its "
            f"margin (p = {number(tested.p_value, 2)})"
        )
    return ""


def _rows(rows: Sequence[str]) -> str:
    return f"the row {rows[0]} was" if len(rows) == 1 else f"the rows {listed(rows)} were"


def _not_finite(check: CheckOverSeeds) -> str:
    without = [int(seed) if seed else None for seed in check.values if check.values[seed] is None]
    return f"it is not a finite number{on_seeds(without)}"
