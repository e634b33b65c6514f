"""What earlier sessions measured, beside this one: trends, and the steps found in them."""

from __future__ import annotations

import msgspec

from icl_repro.numbers import apart


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of level that is larger than what else the values differ by.

    `at` is the place in its trend of the first value after it. `before` and `after` are the levels
    (means between steps), `worse` whether it leads towards, or further beyond, the threshold; null
    where neither way is better. `commit` is that of the first session after it and
    `commit_before` that of the last one before it, each with a plus sign where files differed from
    it, null outside a checkout. `also` says what else changed between the two. `how` says in words
    what changed where that is no level: on which seeds the value is not finite any more, or is
    again; the levels are then those of the session before and of this one, null where there is
    none.
    """

    at: int
    before: float | None
    after: float | None
    worse: bool | None
    commit: str | None
    commit_before: str | None
    also: list[str] = []
    how: str = ""


class Trend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One quantity over the sessions that measured it in the same way, first to last.

    A check of a claim, the mean over its seeds; without `check`, the verdict on the claim, from 0
    (against it) to 2 (for it), with its words in `verdicts`; without `claim` either, the speed of
    training. `sessions` are the places of the sessions in their list. `seeds` are those whose mean
    it is, where others have no finite value in some session; empty where it is that of all.
    `counts` says that they are numbers of things, whose steps are known once the new level has
    persisted.
    """

    claim: str
    check: str
    row: str
    unit: str
    values: list[float | None]
    sessions: list[int]
    steps: list[Step] = []
    verdicts: list[str] = []
    seeds: list[str] = []
    counts: bool = False

    @property
    def name(self) -> str:
        """What it is the trend of, within its claim."""
        if not self.claim:
            return "speed of training"
        return self.check or "verdict"


class PastSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session: when it began (ISO 8601 in UTC), at which commit (with a plus sign where files
    differed from it), and how many claims had each verdict.
    """

    started: str
    commit: str | None
    verdicts: dict[str, int]


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This session, the last of `sessions`, beside those before it that it can be compared with.

    `trends` are those of `looked_at` quantities in which a step was found. `left_out` says in a
    sentence which sessions could not be compared, and why.
    """

    sessions: list[PastSession]
    looked_at: int
    trends: list[Trend] = []
    left_out: str = ""


def step_sentence(trend: Trend, step: Step) -> str:
    """A step in words: from what to what, at which commit, and what else changed there."""
    if trend.verdicts:
        change = f"{trend.verdicts[step.at - 1]} → {trend.verdicts[step.at]}"
    elif step.how:
        change = step.how
    else:
        unit = f" {trend.unit}" if trend.unit else ""
        change = f"{apart(step.before, [step.after])} → {apart(step.after, [step.before])}{unit}"
    how = {True: ", worse", False: ", better", None: ""}[step.worse]
    at = f"at commit {step.commit}" if step.commit else "outside a checkout"
    if step.commit == step.commit_before:
        at = f"with the commit as before ({step.commit})" if step.commit else at
    elif step.commit_before:
        at += f" (before it {step.commit_before})"
    also = f"; also changed: {', '.join(step.also)}" if step.also else ""
    return f"{change}{how}, {at}{also}"
