"""What is known not to hold, or to lie on the edge of its threshold, in words, with what became of
it in this session; and what is checked no longer.
"""

from __future__ import annotations

import msgspec

from icl_repro.numbers import apart, count, number
from icl_repro.report.text import words
from icl_repro.report.text.tables import seeds_of
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import (
    Finding,
    KnownFailure,
    Retired,
    Trial,
    VerificationRecord,
)


class StatusWords(msgspec.Struct, frozen=True):
    """How one status is told: a symbol, its words, its colour class."""

    symbol: str
    word: str
    tone: str


STATUS: dict[str, StatusWords] = {
    "as known": StatusWords("=", "as known", "none"),
    "on its edge": StatusWords("~", "on its edge", "none"),
    "another value": StatusWords("≠", "another value", "bad"),
    "off its edge": StatusWords("≁", "off its edge", "bad"),
    "holds now": StatusWords("!", "holds now", "broken"),
    "left open": StatusWords("?", "can no longer be told", "broken"),
    "not run": StatusWords("–", "not run", "none"),
}
"""Every status of a known failure, or of a check on its edge, on one seed."""

_CHANGED = ("another value", "holds now", "off its edge", "left open")
"""Those after which the ledger is to be corrected."""


class KnownValue(msgspec.Struct, frozen=True):
    """A known value on one seed, what was measured now, and what that means."""

    seed: str
    known: str
    now: str
    status: StatusWords


class FindingView(msgspec.Struct, frozen=True):
    """A known failure as text. `case` is the control that it is about, empty for the claim.

    Of a check on the `edge` of its threshold, `spread` says in a sentence how near that is, and how
    far trainings differ.
    """

    claim: str
    check: str
    case: str
    values: list[KnownValue]
    within: str
    date: str
    why: str
    evidence: str
    edge: bool
    spread: str
    on_seeds: str

    @property
    def is_changed(self) -> bool:
        """Whether the ledger is to be corrected on any seed."""
        return any(value.status.tone in ("bad", "broken") for value in self.values)


def finding_views(record: VerificationRecord) -> list[FindingView]:
    """All known failures of the record and all checks on their edge, in its order."""
    trials = {
        (claim.id, case): trials
        for claim in record.claims
        for case, trials in [
            ("", claim.trials),
            *((control.id, control.trials) for control in claim.controls),
        ]
    }
    return [
        _view(one, trials.get((one.known.claim, one.known.case), [])) for one in record.findings
    ]


class RetiredView(msgspec.Struct, frozen=True):
    """What is checked no longer: its name, its last threshold, and when and why it was dropped."""

    claim: str
    name: str
    why: str


def retired_views(record: VerificationRecord) -> list[RetiredView]:
    """All that the ledger of the record says is checked no longer, in its order."""
    return [
        RetiredView(
            claim=one.claim,
            name=f"{one.check} ({_last_bounds(one)})" if one.check else f"control {one.case}",
            why=words.as_full_sentence(
                f"Dropped {words.day(one.date)}, {words.when_seen(one.seen)}: {one.why.rstrip('.')}"
                + (f" (commit {one.commit})" if one.commit else "")
            ),
        )
        for one in record.retired
    ]


def findings_note(record: VerificationRecord) -> str:
    """How many known failures were judged, and whether all are as known; empty without any."""
    return _note([one for one in record.findings if not one.known.edge], "known not to hold")


def edges_note(record: VerificationRecord) -> str:
    """The same of the checks on the edge of their threshold."""
    edges = [one for one in record.findings if one.known.edge]
    its = "its" if len(edges) == 1 else "their"
    return _note(edges, f"on the edge of {its} threshold")


def _note(found: list[Finding], what: str) -> str:
    if not found:
        return ""
    judged = [one for one in found if any(status != "not run" for status in one.status.values())]
    are = "is" if len(judged) == 1 else "are"
    changed = sum(any(status in _CHANGED for status in one.status.values()) for one in judged)
    rest = f"; {changed} of them {'is' if changed == 1 else 'are'} no longer so" if changed else ""
    others = len(found) - len(judged)
    were = "was" if others == 1 else "were"
    apart = f"; {others} more {were} not judged in this session" if others else ""
    return f"{count(len(judged), 'check')} {are} {what}{rest}{apart}."


def _view(finding: Finding, trials: list[Trial]) -> FindingView:
    known = finding.known
    seeds = [seed for key in known.values for seed in _seeds(key)]
    return FindingView(
        claim=known.claim,
        check=known.check,
        case=known.case,
        values=[
            _value(key, value, finding, _measured(known, key, trials))
            for key, value in known.values.items()
        ],
        within=number(known.within),
        date=words.day(known.date),
        why=words.as_full_sentence(words.as_sentence(known.why)),
        evidence=words.as_full_sentence(words.as_sentence(known.evidence)),
        edge=known.edge,
        spread=_spread(known),
        on_seeds=words.seed_list(seeds).lower(),
    )


def _value(key: str, value: float | None, finding: Finding, now: Check | None) -> KnownValue:
    ends = (now.low, now.high) if now is not None else ()
    status = STATUS[finding.status.get(key, "not run")]
    if key in finding.came_out:
        came_out = "holds" if finding.came_out[key].held else "fails"
        status = msgspec.structs.replace(status, word=f"{came_out}, {status.word}")
    return KnownValue(
        seed=words.seed_list(_seeds(key)),
        known=apart(value, ends),
        now=apart(now.value, ends) if now is not None else "",
        status=status,
    )


def _spread(known: KnownFailure) -> str:
    """How near its bound a value lies that is on the edge of it, and how far trainings differ."""
    if known.bound is None or known.spread is None:
        return "Closer to its bound than trainings of one seed differ." if known.edge else ""
    return (
        f"Its bound is {number(known.bound)}; trainings of one seed differ by as much as "
        f"{number(known.spread)} ({count(known.pairs, 'pair')} compared)."
    )


def _last_bounds(retired: Retired) -> str:
    _, low, high = retired.thresholds[-1].bounds
    return words.bounds(low, high)


def _seeds(key: str) -> list[str]:
    """The seeds that a key names: one, all of those that were judged at once, or none."""
    return [seed.strip() for seed in key.split(",") if seed.strip()]


def _measured(known: KnownFailure, key: str, trials: list[Trial]) -> Check | None:
    """The check on these seeds in this session, if it was stated."""

    def is_meant(trial: Trial) -> bool:
        return [str(seed) for seed in seeds_of(trial)] == _seeds(key) or (
            not key and trial.seed is None
        )

    return next(
        (
            check
            for trial in filter(is_meant, trials)
            for check in trial.evidence.checks
            if check.name == known.check
        ),
        None,
    )
