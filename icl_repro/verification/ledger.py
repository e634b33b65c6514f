"""The ledger beside the claims: thresholds with their history, and known failures.

Filled in next; the names and signatures stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.record import ClaimRecord, Finding, KnownFailure, ThresholdEntry


class UnusableLedger(ValueError):
    """A ledger that cannot be read; the message is one sentence with file and key."""


@dataclass(frozen=True)
class Threshold:
    """What the ledger says of one check: its bounds over time, newest last."""

    history: tuple[ThresholdEntry, ...]
    published: str = ""
    published_fails: str = ""


@dataclass(frozen=True)
class TrialJudgement:
    """One trial held against the ledger: a sentence for each check in a list.

    Attributes:
        new_failures: checks that fail (in a control: that do not fail) and are not known to. Red.
        known: those that are known to, by the known value: expected.
        holds_now: checks that are known to fail and hold (in a control: fail). Red.
        another_value: those that fail as known, but by another value. Red.
        edges: known failures on their bound, whichever way they came out. Not red.
        moved: checks whose threshold is not the newest of the ledger, or is not in it. Red.
        published: checks that the published value itself does not hold, undeclared. Red.
    """

    new_failures: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    holds_now: list[str] = field(default_factory=list)
    another_value: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)

    @property
    def red(self) -> list[str]:
        """What makes the test fail."""
        return [
            *self.new_failures, *self.holds_now, *self.another_value, *self.moved, *self.published
        ]  # fmt: skip


@dataclass(frozen=True)
class Ledger:
    """Thresholds by claim and check, and known failures.

    `configured` is false where no ledger was asked for: then no threshold counts as moved.
    """

    thresholds: Mapping[tuple[str, str], Threshold] = field(default_factory=dict)
    findings: tuple[KnownFailure, ...] = ()
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
    ) -> TrialJudgement:
        """Hold the checks of one trial against the ledger.

        Args:
            claim_id: the id of the claim.
            case: the id of the control that it is a trial of; empty for the claim itself.
            seed: its seed, or ``None``.
            evidence: what it measured.
            only: those of the control (`Control.only`).
            undefined: that of the control (`Control.undefined`).
        """
        raise NotImplementedError

    def moved(self, check: Check, claim: str) -> str:
        """That a check has other bounds than the newest of the ledger, in a sentence, or ""."""
        raise NotImplementedError

    def published_problem(self, check: Check, claim: str) -> str:
        """That the published value fails its own check and nobody says why, or ""."""
        raise NotImplementedError

    def known_failure(
        self, claim: str, case: str, check: str, seed: int | None
    ) -> KnownFailure | None:
        """The known failure of a check in a case on a seed, if there is one."""
        raise NotImplementedError

    def findings_of(self, claims: Sequence[ClaimRecord]) -> list[Finding]:
        """Every known failure, with what became of it in the session of these claims."""
        raise NotImplementedError

    def unknown(self, claims: Mapping[str, Collection[str]]) -> list[str]:
        """A sentence for each claim or case of the ledger that does not exist.

        Args:
            claims: the ids of all collected claims, each with those of its controls.
        """
        raise NotImplementedError

    def unstated(self, claim: str, checks: Collection[str]) -> list[str]:
        """A sentence for each check of the ledger that a claim, run whole, did not state."""
        raise NotImplementedError


def load(path: Path | None) -> Ledger:
    """Read a ledger: a TOML file, or all of a folder; ``None`` gives an empty one.

    Raises:
        UnusableLedger: a file that is missing, is not TOML or holds something else.
    """
    raise NotImplementedError
