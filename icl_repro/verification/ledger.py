"""The ledger beside the claims: thresholds with their history, and known failures.

A threshold cannot move unnoticed, because the ledger says what it was, and a failure that is known
is expected for one check, on one seed, by one value: anything else is new.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_repro.nearest import nearest
from icl_repro.numbers import number
from icl_repro.verification.basis import ANY
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.controls import Excuse
from icl_repro.verification.evidence import (
    Check,
    Condition,
    EvidenceRecord,
    lies_within,
    same_bound,
)
from icl_repro.verification.ledger_files import Contents, Threshold, UnusableLedger, read
from icl_repro.verification.record import (
    CameOut,
    ClaimRecord,
    Finding,
    KnownFailure,
    KnownStatus,
    Retired,
    Trial,
)
from icl_repro.verification.reported import Reported
from icl_repro.verification.spreads import NOT_MEASURED, Spreads
from icl_repro.verification.wording import (
    bounds,
    failed_sentence,
    is_measured,
    threshold,
    undue_sentence,
)

__all__ = ["Ledger", "Threshold", "TrialJudgement", "UnusableLedger", "load"]

_TOLD = (*JUDGED, "inconclusive")
"""Outcomes of trials that stated all of their checks."""

_ROUNDING = 1e-3
"""By what share a published value of the ledger may be rounded."""


@dataclass(frozen=True)
class TrialJudgement:
    """One trial held against the ledger: a sentence for each check in a list.

    Attributes:
        new_failures: checks that fail (in a control: that do not fail) and are not known to. Red.
        known: those that are known to, by the known value: expected.
        holds_now: checks that are known to fail and hold (in a control: fail). Red.
        another_value: those that fail as known, but by another value. Red.
        edges: checks on the edge of their threshold, whichever way they came out. Not red.
        off_edge: checks that are said to be there, but by another value. Red.
        untold: known ones that the test says can tell neither way now. Red, unless the test is
            judged over other seeds at once than the known ones.
        not_run: those of them that are.
        moved: checks whose threshold is not the newest of the ledger or not in it, or whose
            published value is not the one that the ledger names. Red.
        published: checks that the published value itself does not hold, undeclared. Red.
    """

    new_failures: list[str] = field(default_factory=list[str])
    known: list[str] = field(default_factory=list[str])
    holds_now: list[str] = field(default_factory=list[str])
    another_value: list[str] = field(default_factory=list[str])
    edges: list[str] = field(default_factory=list[str])
    off_edge: list[str] = field(default_factory=list[str])
    untold: list[str] = field(default_factory=list[str])
    not_run: list[str] = field(default_factory=list[str])
    moved: list[str] = field(default_factory=list[str])
    published: list[str] = field(default_factory=list[str])

    @property
    def red(self) -> list[str]:
        """What makes the test fail."""
        changed = [*self.holds_now, *self.another_value, *self.off_edge, *self.untold]
        return [*self.new_failures, *changed, *self.moved, *self.published]


@dataclass(frozen=True)
class Ledger:
    """Thresholds by claim and check, known failures, and what is checked no longer.

    `findings` are those of the basis of the session and of any, `elsewhere` those of others.
    `configured` is false where no ledger was asked for: then no threshold counts as moved.
    """

    thresholds: Mapping[tuple[str, str], Threshold] = field(
        default_factory=dict[tuple[str, str], Threshold]
    )
    findings: tuple[KnownFailure, ...] = ()
    elsewhere: tuple[KnownFailure, ...] = ()
    retired: tuple[Retired, ...] = ()
    configured: bool = False

    def judge(
        self,
        claim_id: str,
        case: str,
        seed: int | None,
        evidence: EvidenceRecord,
        *,
        only: Sequence[str] = (),
        undefined: str = "",
        seeds: Sequence[int] = (),
    ) -> TrialJudgement:
        """Hold the checks of one trial against the ledger.

        Args:
            claim_id: the id of the claim.
            case: the id of the control that it is a trial of; empty for the claim itself.
            seed: its seed, or ``None``.
            evidence: what it measured. What it states after it said that it can tell neither way
                counts neither as failed nor as held; its threshold still counts.
            only: of a control, the checks that must fail (`Control.only`).
            undefined: of a control, why a value may not be finite (`Control.undefined`).
            seeds: those that it is judged over, if it is judged over several at once.
        """
        judged = TrialJudgement()
        undue = evidence.not_failed(only, undefined) if case else evidence.failed()
        for check in evidence.checks:
            if case and only and check.name not in only:
                continue
            known = self.known_failure(claim_id, case, check.name, seed, seeds)
            fails = check in undue
            said = undue_sentence(check) if case else failed_sentence(check)
            if known is None:
                if fails:
                    judged.new_failures.append(said)
                continue
            status = _status(known, _key(seed, seeds, known.values), check, fails, seeds)
            if status == "not run":
                judged.not_run.append(_not_run(check, known))
            elif status == "left open":
                judged.untold.append(_untold(check, known, evidence.undecided))
            elif status == "as known":
                judged.known.append(f"{said}; known since {known.date}: {known.why}")
            elif status == "on its edge":
                judged.edges.append(_on_its_edge(check, known))
            elif status == "off its edge":
                judged.off_edge.append(_off_its_edge(check, known))
            elif status == "holds now":
                judged.holds_now.append(_not_as_known(check, known, "does not any more"))
            else:
                judged.another_value.append(_not_as_known(check, known, "does so by another value"))
        for condition in evidence.conditions:
            judged.moved.extend(filter(None, [self.moved_condition(condition, claim_id)]))
        if not case:
            for check in evidence.checks:
                judged.moved.extend(filter(None, [self.moved(check, claim_id, seeds)]))
                problem = self.published_problem(check, claim_id, seeds)
                judged.published.extend(filter(None, [problem]))
        return judged

    def moved(self, check: Check, claim: str, seeds: Sequence[int] = ()) -> str:
        """That a check has other bounds than the newest of the ledger, or another published value,
        in a sentence; or "".

        What is published of `seeds` judged at once depends on which they are: there it may be any.
        """
        if not self.configured:
            return ""
        known = self.thresholds.get((claim, check.name))
        problem = self._moved(known, check, claim)
        if problem or known is None:
            return problem
        if not _is_named(check.published, known.published, any_value=bool(seeds)):
            return (
                f"{check.name!r} is set beside {_in_words(check.published)}, but the ledger names "
                + _in_words(known.published)
            )
        return ""

    def moved_condition(self, condition: Condition, claim: str) -> str:
        """The same of a condition and its bound."""
        if not self.configured:
            return ""
        return self._moved(self.thresholds.get((claim, condition.name)), condition, claim)

    def _moved(self, known: Threshold | None, stated: Check | Condition, claim: str) -> str:
        is_check = isinstance(stated, Check)
        what = "check" if is_check else "condition"
        if known is None:
            alike = nearest(stated.name, self._checks_of(claim))
            return f"the ledger has no threshold of {what} {stated.name!r} of {claim}; {alike}"
        if known.condition == is_check:
            return f"{stated.name!r} of {claim} is a {what}, but in the ledger a " + (
                "condition" if is_check else "check"
            )
        newest = known.history[-1]
        direction, low, high = newest.bounds
        same = direction == stated.direction
        same = same and newest.kind == (stated.kind if is_check else "threshold")
        if same and same_bound(low, stated.low) and same_bound(high, stated.high):
            return ""
        return (
            f"the threshold of {stated.name!r} moved: it is {threshold(stated)}, but the ledger "
            f"says {bounds(direction, low, high, newest.kind)} since {newest.date}; a new "
            "entry of its history says when and why"
        )

    def published_problem(self, check: Check, claim: str, seeds: Sequence[int] = ()) -> str:
        """That the published value fails its own check and nobody says why, that the ledger says
        so where it does not (but for `seeds` judged at once, of which it depends), or "".
        """
        if not self.configured:
            return ""
        known = self.thresholds.get((claim, check.name))
        said = known is not None and bool(known.published_fails)
        paper = check.published
        published = () if paper is None else (paper.value, *paper.over_seeds)
        failing = [v for v in published if not lies_within(v, check.low, check.high)]
        if failing and not said:
            return (
                f"the published value of {check.name!r}, {number(failing[0])}, fails this check, "
                f"which must be {threshold(check)}; the ledger has to say why: published_fails"
            )
        if said and not failing and not seeds:
            return (
                f"the ledger says why the published value of {check.name!r} fails this check, "
                f"which must be {threshold(check)}, but "
                + ("none is stated" if paper is None else f"{number(paper.value)} holds")
                + ": delete published_fails"
            )
        return ""

    def known_failure(
        self, claim: str, case: str, check: str, seed: int | None, seeds: Sequence[int] = ()
    ) -> KnownFailure | None:
        """The known failure of a check in a case on a seed, if there is one."""
        for known in self.findings:
            if (known.claim, known.case, known.check) == (claim, case, check) and (
                _key(seed, seeds, known.values) in known.values
            ):
                return known
        return None

    def no_control(
        self, claim: str, check: str, seed: int | None, seeds: Sequence[int] = ()
    ) -> str:
        """Why no control fails a check on a seed, if the ledger says so, or an empty text."""
        known = self.thresholds.get((claim, check))
        if known is None:
            return ""
        why = known.no_control
        return why.get(_key(seed, seeds, why)) or why.get("", "")

    def excuses(self, claim: ClaimRecord) -> Excuse:
        """Of which controls of a claim it is known, and of which checks, that they do not fail
        where the claim is judged.
        """

        def known(case: str, check: str, beside: Trial) -> bool:
            where = beside.seed, beside.seeds
            return bool(
                self.known_failure(claim.id, case, check, *where)
                or self.no_control(claim.id, check, *where)
            )

        return known

    def findings_of(self, claims: Sequence[ClaimRecord]) -> list[Finding]:
        """Every known failure, with what became of it in the session of these claims."""
        by_id = {claim.id: claim for claim in claims if claim.verdict != "not meaningful"}
        return [_finding(known, by_id.get(known.claim)) for known in self.findings]

    def unknown(self, claims: Mapping[str, Collection[str]]) -> list[str]:
        """A sentence for each claim or case that does not exist, or does although it is retired.

        Args:
            claims: the ids of all collected claims, each with those of its controls.
        """
        findings = (*self.findings, *self.elsewhere)
        named = [claim for claim, _ in self.thresholds] + [known.claim for known in findings]
        problems = [
            f"the ledger names a claim {claim!r}, which does not exist; {nearest(claim, claims)}"
            for claim in dict.fromkeys(named)
            if claim not in claims
        ]
        problems += [
            f"the ledger says that a control {one.case!r} of {one.claim} is retired, but it exists"
            for one in self.retired
            if one.case and one.case in claims.get(one.claim, ())
        ]
        for known in findings:
            cases = claims.get(known.claim)
            if known.case and cases is not None and known.case not in cases:
                problems.append(
                    f"the ledger names a control {known.case!r} of {known.claim}, which does not "
                    f"exist; {nearest(known.case, cases)}"
                )
        return problems

    def unstated(self, claim: str, checks: Collection[str]) -> list[str]:
        """A sentence for each check or condition of the ledger that a claim, run whole, did not
        state.
        """
        return [
            f"the ledger names a check {name!r} of {claim}, which it does not state; "
            f"{nearest(name, checks)}"
            for name in self._checks_of(claim)
            if name not in checks
        ]

    def _checks_of(self, claim: str) -> list[str]:
        def named() -> Iterator[str]:
            yield from (check for owner, check in self.thresholds if owner == claim)
            yield from (known.check for known in self.findings if known.claim == claim)

        return list(dict.fromkeys(named()))


def load(path: Path | None, spreads: Spreads = NOT_MEASURED, basis: str = "") -> Ledger:
    """Read a ledger: a TOML file, or all of a folder; ``None`` gives an empty one.

    Args:
        path: the file or folder.
        spreads: how far trainings of one seed differ in each check, against which edges are held.
        basis: the label of what runs are made from; only its known failures are expected, and those
            on any basis.

    Raises:
        UnusableLedger: a file that is missing, is not TOML or holds something else.
    """
    if path is None:
        return Ledger()
    contents: Contents = read(path, spreads)
    here = [known.basis in (basis, ANY) for known in contents.findings]
    return Ledger(
        contents.thresholds,
        tuple(itertools.compress(contents.findings, here)),
        tuple(known for known, is_here in zip(contents.findings, here, strict=True) if not is_here),
        tuple(contents.retired),
        configured=True,
    )


def _key(seed: int | None, seeds: Sequence[int], known: Collection[str]) -> str:
    """The key of a trial among those of which something is known.

    Over several seeds at once, it may be known of just these seeds or of any.
    """
    if seed is not None:
        return str(seed)
    these = ",".join(map(str, sorted(seeds)))
    return these if these in known else ""


def _finding(known: KnownFailure, claim: ClaimRecord | None) -> Finding:
    status: dict[str, KnownStatus] = dict.fromkeys(known.values, "not run")
    came_out: dict[str, CameOut] = {}
    for trial, only, undefined in _trials(known.case, claim):
        key = _key(trial.seed, trial.seeds, known.values)
        if trial.outcome not in _TOLD or status.get(key) != "not run":
            continue
        undue = (
            trial.evidence.not_failed(only, undefined) if known.case else trial.evidence.failed()
        )
        for check in trial.evidence.checks:
            if check.name == known.check:
                status[key] = _status(known, key, check, check in undue, trial.seeds)
                if known.edge and not check.undecided:
                    came_out[key] = CameOut(check.value, check.holds)
    return Finding(known, status, came_out)


def _trials(case: str, claim: ClaimRecord | None) -> Iterator[tuple[Trial, list[str], str]]:
    """The trials of a claim, or of one of its controls, with what must fail in it."""
    if claim is not None and not case:
        yield from ((trial, [], "") for trial in claim.trials)
    for control in claim.controls if claim is not None and case else ():
        if control.id == case:
            yield from ((trial, control.only, control.undefined) for trial in control.trials)


def _status(
    known: KnownFailure, key: str, check: Check, fails: bool, seeds: Sequence[int]
) -> KnownStatus:
    if check.undecided:
        # What is known of any seeds at once can be told of so many, and not of fewer.
        return "not run" if seeds and not key else "left open"
    value, expected = check.value, known.values[key]
    if value is None or expected is None:
        is_same = value is None and expected is None
    else:
        is_same = abs(value - expected) <= known.within
    if known.edge:
        return "on its edge" if is_same else "off its edge"
    if not fails:
        return "holds now"
    return "as known" if is_same else "another value"


def _on_its_edge(check: Check, known: KnownFailure) -> str:
    came_out = "holds" if check.holds else "fails"
    return (
        f"{check.name} {is_measured(check)} and {came_out} on the edge of its threshold, "
        f"{threshold(check)}: trainings of one seed differ by as much as {number(known.spread)}; "
        f"known since {known.date}: {known.why}"
    )


def _off_its_edge(check: Check, known: KnownFailure) -> str:
    return (
        f"{check.name} {is_measured(check)}, where {threshold(check)} is asked for; it is known "
        f"since {known.date} to lie on the edge of that ({_known_values(known)}), but lies off it: "
        "correct the ledger"
    )


def _not_as_known(check: Check, known: KnownFailure, how: str) -> str:
    return (
        f"{check.name} {is_measured(check)}, where {threshold(check)} is asked for; it is known "
        f"since {known.date} {_known_to(known)} ({_known_values(known)}), but {how}: correct the "
        "ledger"
    )


def _untold(check: Check, known: KnownFailure, why: str) -> str:
    return (
        f"{check.name} is known since {known.date} {_known_to(known)} ({_known_values(known)}), "
        f"but can no longer be told: {why}; correct the ledger"
    )


def _not_run(check: Check, known: KnownFailure) -> str:
    return (
        f"{check.name} is known since {known.date} {_known_to(known)}; as the test can tell "
        "neither way, that was not run"
    )


def _known_to(known: KnownFailure) -> str:
    if known.edge:
        return "to lie on the edge of its threshold"
    return "not to fail in this control" if known.case else "to fail"


def _known_values(known: KnownFailure) -> str:
    values = ", ".join(
        f"{number(value)} on seed {key}" if key else number(value)
        for key, value in known.values.items()
    )
    return f"{values}; within {number(known.within)}"


def _is_named(
    paper: Reported | None, named: str | float | None, *, any_value: bool = False
) -> bool:
    """Whether a published value is the one of the ledger, by its id or as the ledger rounds it."""
    if paper is None or named is None:
        return paper is None and named is None
    if isinstance(named, str):
        return paper.id == named
    return any_value or math.isclose(paper.value, named, rel_tol=_ROUNDING)


def _in_words(paper: Reported | str | float | None) -> str:
    if paper is None:
        return "no published value"
    if isinstance(paper, Reported):
        named = f" ({paper.id})" if paper.id else ""
        return f"the published value {number(paper.value)}{named}"
    return f"the published value {paper if isinstance(paper, str) else number(paper)}"
