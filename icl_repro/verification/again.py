"""Judging a saved record again: from its measured values, without training and without its claims.

What each test measured stands in the record. From that, whether each check holds, how each test
comes out, and then all verdicts follow by the code that a session judges by
(:mod:`icl_repro.verification.judging`). Nothing is taken from what the record says of them.

What cannot follow from the record is that something was measured: a test that raised an error or
did not run is taken as it is told, and so is each measured value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from icl_repro.numbers import count, number
from icl_repro.verification import judging
from icl_repro.verification.by_seed import JUDGED, outcome_of
from icl_repro.verification.declared import Claim
from icl_repro.verification.evidence import Check, Condition, lies_within
from icl_repro.verification.held_thresholds import moved
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.record import (
    ClaimRecord,
    Finding,
    Trial,
    VerificationRecord,
)
from icl_repro.verification.seal import Seal, checksum_of
from icl_repro.verification.selection import SelectedClaim, SelectedControl
from icl_repro.verification.stated_numbers import mean_of
from icl_repro.verification.wording import is_measured, listed, threshold

_WORDS = ("reason", "sentence", "because", "no_bound", "seeds_needed_why")
"""Fields that say in words what others say in numbers: another release may word them otherwise."""
_SAME = 1e-6
"""By what share numbers may differ that other versions of libraries work out."""
_TOLD_APART = (("verdict",), ("after_correction",))
_UNTOUCHED = ("trials", "controls", "statement", "source", "id", "family", "place")


_Unequal = tuple[tuple[str, ...], Any, Any]
"""A place in plain data, and what stands there in each of two."""


@dataclass
class Findings:
    """What verifying a record came to, each a sentence.

    Attributes:
        agrees: what was checked and agrees.
        differs: what does not.
        unchecked: what could not be checked, and why.
        notes: what a reader should know, that is no difference.
    """

    agrees: list[str] = field(default_factory=list[str])
    differs: list[str] = field(default_factory=list[str])
    unchecked: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def add(self, differs: Iterable[str], agrees: str) -> None:
        """Take in the differences that a check found, or if there are none, what agrees."""
        found = list(dict.fromkeys(differs))
        self.differs += found
        if not found:
            self.agrees.append(agrees)


def verified(content: bytes, record: VerificationRecord) -> Findings:
    """Judge a record again and say what differs.

    Args:
        content: the record as JSON.
        record: the same, read.
    """
    found = Findings()
    seal = record.seal
    if seal is None or not seal.checksum:
        found.unchecked.append(
            "whether anything in it was changed: it carries no checksum of its content"
        )
    else:
        differs = [] if checksum_of(content) == seal.checksum else [_CHANGED]
        found.add(differs, "its content has the checksum that it was written with")
    claims, differs = _measured_again(record)
    trials = [trial for claim in record.claims for trial in _all_trials(claim)]
    checks = sum(len(trial.evidence.checks) for trial in trials)
    found.add(
        differs,
        f"{count(checks, 'check')} of {count(len(trials), 'test')} come out as their values say",
    )
    if seal is None:
        rows = any(trial.row for trial in trials)
        if rows:
            found.unchecked.append(
                "which rows of tables were left out of the session: it does not say; taken as none"
            )
    try:
        _compare_verdicts(found, record, claims, seal or Seal())
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        found.differs.append(
            "its claims cannot be judged again, as no test states what stands in it "
            f"({type(error).__name__}: {error})"
        )
    found.add(moved(record), "each threshold, as the newest of the history that it comes with")
    found.add(_unknown_runs(record), f"{count(len(record.runs), 'run')} by key, and all are listed")
    if seal is None:
        found.unchecked.append("how its runs are described: it carries no specs of them")
    return found


_CHANGED = (
    "its content was changed after it was written: it does not have the checksum that it carries"
)


def _all_trials(claim: ClaimRecord) -> list[Trial]:
    return [*claim.trials, *(trial for control in claim.controls for trial in control.trials)]


def _measured_again(record: VerificationRecord) -> tuple[list[ClaimRecord], list[str]]:
    """The claims with how their tests come out by their values, and where that was told
    otherwise.
    """
    differs: list[str] = []
    claims: list[ClaimRecord] = []
    for claim in record.claims:
        own = [_again(trial, f"{claim.id}{_on(trial)}", None, differs) for trial in claim.trials]
        controls = [
            msgspec.structs.replace(
                control,
                trials=[
                    _again(
                        trial,
                        f"{claim.id}, control {control.id}{_on(trial)}",
                        _selected_control(control, []),
                        differs,
                    )
                    for trial in control.trials
                ],
            )
            for control in claim.controls
        ]
        claims.append(msgspec.structs.replace(claim, trials=own, controls=controls))
    return claims, differs


def _on(trial: Trial) -> str:
    row = f", row {trial.row}" if trial.row else ""
    return f", seed {trial.seed}{row}" if trial.seed is not None else row


def _again(trial: Trial, where: str, control: SelectedControl | None, differs: list[str]) -> Trial:
    """A trial with what follows from its values; what was told otherwise is added to `differs`."""
    checks: list[Check] = []
    for check in trial.evidence.checks:
        value = mean_of(check.over_seeds) if check.over_seeds else check.value
        if not _same(value, check.value):
            differs.append(
                f"{where}: {check.name!r} is recorded as {number(check.value)}, but the mean of "
                f"its values by seed is {number(value)}"
            )
        check = msgspec.structs.replace(check, value=value)
        holds = value is not None and lies_within(value, check.low, check.high)
        if holds != check.holds:
            differs.append(_told_otherwise(where, check, "hold", holds))
        checks.append(msgspec.structs.replace(check, holds=holds))
    conditions: list[Condition] = []
    for one in trial.evidence.conditions:
        met = one.met  # an infinite value, which a record cannot carry, may meet its condition
        if one.value is not None:
            met = lies_within(one.value, one.low, one.high)
        if met != one.met:
            differs.append(_told_otherwise(where, one, "be met", met))
        conditions.append(msgspec.structs.replace(one, met=met))
    evidence = msgspec.structs.replace(trial.evidence, checks=checks, conditions=conditions)
    outcome = trial.outcome
    if outcome == "not run" and checks:
        differs.append(f"{where}: the test is recorded as not run, but has measured something")
    if outcome in (*JUDGED, "inconclusive"):
        outcome = outcome_of(evidence, control=control)
        if outcome != trial.outcome:
            differs.append(
                f"{where}: the test is recorded as {trial.outcome!r}, but its checks make it "
                f"{outcome!r}"
            )
    return msgspec.structs.replace(trial, evidence=evidence, outcome=outcome)


def _told_otherwise(where: str, stated: Check | Condition, what: str, so: bool) -> str:
    recorded, is_ = ("not to ", "does") if so else ("to ", "does not")
    return (
        f"{where}: {stated.name!r} is recorded {recorded}{what}, but {is_}: it "
        f"{is_measured(stated)}, where {threshold(stated)} is asked for"
    )


def _compare_verdicts(
    found: Findings, record: VerificationRecord, claims: Sequence[ClaimRecord], seal: Seal
) -> None:
    # Of modules that could not be collected there is only a sentence.
    known = [claim for claim in claims if claim.trials or claim.controls or claim.checks]
    selected = [_selected(claim, seal) for claim in known]
    trials = {
        (claim.id, case): of_case
        for claim in known
        for case, of_case in [("", claim.trials), *((c.id, c.trials) for c in claim.controls)]
    }
    ledger = _ledger_of(record)
    judged, comparisons = judging.judged(
        selected, trials, ledger, meaningful=record.profile.meaningful
    )
    was = {claim.id: claim for claim in record.claims}
    if len(was) < len(record.claims):
        found.differs.append("a claim stands in it twice")
    pairs = [(was[claim.id], claim) for claim in judged]
    of_controls = [
        (f"{claim.id}, control {one.id}", one, now)
        for claim, again in pairs
        for one, now in zip(claim.controls, again.controls, strict=True)
    ]
    verdicts = [
        difference
        for claim, now in pairs
        for difference in _other(claim.id, "verdict", claim.verdict, now.verdict)
    ]
    found.add(verdicts, f"the verdicts on {count(len(judged), 'claim')}, judged again")
    corrected = [
        difference
        for claim, now in pairs
        for difference in _other(
            claim.id, "verdict after correction", claim.after_correction, now.after_correction
        )
    ]
    compared = sum(claim.after_correction is not None for claim in judged)
    if corrected or compared:
        found.add(corrected, f"{count(compared, 'verdict')} after correction for all comparisons")
    undue = [
        difference
        for where, one, now in of_controls
        for difference in _other(where, "verdict", one.verdict, now.verdict)
    ]
    found.add(undue, f"the verdicts on {count(len(of_controls), 'control')}")
    rest = [
        (claim.id, *difference)
        for claim, now in pairs
        for difference in _unequal(_plain(claim), _plain(now))
    ]
    numbers = [one for one in rest if one[1][-1] not in _WORDS and one[1] not in _TOLD_APART]
    found.add(_told(numbers), "margins, intervals, tests and counts of seeds, worked out again")
    if record.comparisons is not None:
        found.differs += _other(
            "the session", "number of comparisons", record.comparisons.number, comparisons.number
        )
    findings = ledger.findings_of(judged)
    if findings:
        of_findings = [
            difference
            for one, now in zip(record.findings, findings, strict=True)
            for difference in _of_finding(one, now)
        ]
        found.add(of_findings, f"what became of {count(len(findings), 'known failure')}")
    words = sum(one[1][-1] in _WORDS for one in rest)
    words += sum(one.reason != now.reason for _, one, now in of_controls)
    if words:
        found.notes.append(
            f"{count(words, 'sentence')} that {'tells' if words == 1 else 'tell'} why would read "
            "otherwise in this release"
        )


def _of_finding(was: Finding, now: Finding) -> Iterator[str]:
    claim, check = was.known.claim, was.known.check
    for seed, status in was.status.items():
        on = f" on seed {seed}" if seed else ""
        yield from _other(claim, f"known failure of {check!r}{on}", status, now.status.get(seed))
    if was.came_out != now.came_out:
        yield f"{claim}: what came out on the edge of {check!r} is not what was measured"


def _other(where: str, what: str, recorded: object, judged: object) -> list[str]:
    """That something is recorded otherwise than it was judged again, or nothing."""
    if recorded == judged:
        return []
    return [f"{where}: the {what} is recorded as {_shown(recorded)}, but is {_shown(judged)}"]


def _told(rest: Sequence[tuple[str, tuple[str, ...], Any, Any]]) -> Iterator[str]:
    """Differences in what was worked out; of a check whose values differ, nothing that follows."""
    values = {(claim, where[:2]) for claim, where, *_ in rest if where[2:3] == ("values",)}
    for claim, where, recorded, now in rest:
        if (claim, where[:2]) in values and where[2] != "values":
            continue
        if len(where) == 2 and where[0] in ("checks", "conditions"):
            yield (
                f"{claim}: {where[1]!r} is not over seeds, although tests state it"
                if recorded is None
                else f"{claim}: {where[1]!r} is recorded over seeds, but no test states it"
            )
            continue
        yield from _other(claim, _place(where), recorded, now)


def _place(where: tuple[str, ...]) -> str:
    """Where in a claim a number stands, in words."""
    if where[0] not in ("checks", "conditions") or len(where) < 3:
        return f"field {'.'.join(where)}"
    what = f"field {'.'.join(where[2:])}"
    if where[2] == "values":
        what = f"value on seed {where[3]}" if where[3:4] not in ((), ("",)) else "value"
    return f"{what} of {where[1]!r} over seeds"


def _plain(claim: ClaimRecord) -> dict[str, Any]:
    """A claim as plain data, without what judging does not give; checks by name."""
    content: dict[str, Any] = msgspec.to_builtins(claim)
    for name in _UNTOUCHED:
        del content[name]
    for kind in ("checks", "conditions"):
        content[kind] = {one["name"]: one for one in content[kind]}
    return content


def _unequal(one: Any, other: Any, where: tuple[str, ...] = ()) -> Iterator[_Unequal]:
    """The places where two pieces of plain data differ, with what stands there in each."""
    if isinstance(one, dict) and isinstance(other, dict):
        mine, theirs = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        for name in dict.fromkeys([*mine, *theirs]):
            yield from _unequal(mine.get(name), theirs.get(name), (*where, name))
    elif not _same(one, other):
        yield where, one, other


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        mine, theirs = cast("list[Any]", one), cast("list[Any]", other)
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-12)
    return bool(one == other)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    return "nothing" if value is None else repr(value)


def _unknown_runs(record: VerificationRecord) -> list[str]:
    """Runs that a test read, but the record does not list, and those without a description."""
    found: list[str] = []
    for claim in record.claims:
        unknown = {key for trial in _all_trials(claim) for key in trial.runs} - record.runs.keys()
        if unknown:
            keys = listed([key[:12] for key in sorted(unknown)])
            found.append(f"{claim.id} read runs that the record does not list: {keys}")
    if record.seal is not None and record.seal.specs.keys() != record.runs.keys():
        without = len(record.runs.keys() - record.seal.specs.keys())
        found.append(
            f"{count(without, 'run')} of the record has no spec in it"
            if without
            else "the record has specs of runs that it does not list"
        )
    return found


def _selected(claim: ClaimRecord, seal: Seal) -> SelectedClaim:
    rows = seal.rows_left_out
    return SelectedClaim(
        Claim(claim.id, claim.statement, claim.source, claim.rests_on, claim.about),
        [
            _selected_control(control, rows.get(f"{claim.id}/{control.id}", []))
            for control in claim.controls
        ],
        rows_left_out=rows.get(claim.id, []),
        not_for=claim.not_for,
    )


def _selected_control(control: Any, rows_left_out: list[str]) -> SelectedControl:
    return SelectedControl(
        control.id, control.statement, control.only, control.undefined, rows_left_out
    )


def _ledger_of(record: VerificationRecord) -> Ledger:
    """What the ledger said, as far as the record tells it: thresholds and known failures."""
    thresholds = {
        (claim.id, one.name): Threshold(
            tuple(one.thresholds),
            published_fails=getattr(one, "published_fails", ""),
            no_control=getattr(one, "no_control", {}),
        )
        for claim in record.claims
        for one in (*claim.checks, *claim.conditions)
        if one.thresholds
    }
    findings = tuple(finding.known for finding in record.findings)
    return Ledger(thresholds, findings, configured=bool(thresholds))
