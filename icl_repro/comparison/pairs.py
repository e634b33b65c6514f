"""Which claims of two records belong together, and what of them has no counterpart."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

import msgspec

from icl_repro.verification.by_seed import all_stated
from icl_repro.verification.compared import NotCompared
from icl_repro.verification.record import ClaimRecord, Trial, VerificationRecord

UNJUDGED = ("not run", "not meaningful")
"""Verdicts that tell nothing."""


_TAKES_A_VALUE = ("-n", "-p", "-c", "-o", "-W", "-r", "--rootdir", "--junitxml", "--dist", "--tb")
_WITHOUT_A_VALUE = ("--icl-no-train", "--icl-plan")
_SELECTS = (
    *("-k", "-m", "--deselect", "--ignore", "--ignore-glob", "--icl-claims", "--icl-faults"),
    *("--lf", "--last-failed", "--sw", "--stepwise", "--nf", "--pyargs"),
)


class Pair(msgspec.Struct, frozen=True):
    """A claim as it was and as it is; with what each run is, in words, by its key.

    `same_start` is whether runs of both start alike, so that the same run has the same words; those
    of neighbours do not.
    """

    old: ClaimRecord
    new: ClaimRecord
    old_runs: Mapping[str, str] = {}
    new_runs: Mapping[str, str] = {}
    same_start: bool = True


class Gaps:
    """What could not be compared, gathered by what it is and why."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, what: str, why: str, name: str) -> None:
        """Note that something could not be compared."""
        self._names.setdefault((what, why), {})[name] = None

    def listed(self) -> list[NotCompared]:
        """All of it, in the order in which it was first noted."""
        return [NotCompared(what, why, list(names)) for (what, why), names in self._names.items()]


def pair_claims(old: VerificationRecord, new: VerificationRecord, gaps: Gaps) -> list[Pair]:
    """The claims that are in both records, in the order of the new one.

    None where runs of either were cut short, so that nothing in it means anything.
    """
    for record, which in ((old, "old"), (new, "new")):
        if not record.profile.meaningful:
            gaps.add(
                "verdicts, values and curves",
                f"the {record.profile.name} profile of the {which} record cuts runs short",
                f"{which} record",
            )
            return []
    before = {claim.id: claim for claim in old.claims}
    same_start = old.profile.neighbour == new.profile.neighbour
    return [
        Pair(before[claim.id], claim, old.runs, new.runs, same_start)
        for claim in new.claims
        if claim.id in before
    ]


def files_of(claims: Iterable[ClaimRecord]) -> set[str]:
    """The files that the tests of some claims stand in."""
    return {
        trial.nodeid.partition("::")[0]
        for claim in claims
        for one in (claim, *claim.controls)
        for trial in one.trials
    }


def is_whole_session(record: VerificationRecord) -> bool:
    """Whether a session looked at all claims that there are, as far as its command tells: it has no
    option that selects, and names no file and no folder within another.

    What it came across and left out, as its profile may, is in `not_selected`.
    """
    if not record.command:
        return False
    try:
        words = shlex.split(record.command)[1:]
    except ValueError:
        return False
    before = ""
    for word in words:
        option = word.partition("=")[0]
        takes = before in _TAKES_A_VALUE or (
            before.startswith("--icl-") and "=" not in before and before not in _WITHOUT_A_VALUE
        )
        if option in _SELECTS or word[:2] in ("-k", "-m"):
            return False
        if not (takes or word.startswith("-")) and not _is_folder(word):
            return False
        before = "" if takes else word
    return True


def _is_folder(word: str) -> bool:
    path = word.rstrip("/")
    return not ("::" in path or path.endswith(".py") or "/" in path)


def is_whole(trials: Iterable[Trial]) -> bool:
    """Whether tests ran, and all that they state is known; what is missing then is gone."""
    listed = list(trials)
    return bool(listed) and all_stated(listed)


def place(claim: str, case: str = "", row: str = "", name: str = "") -> str:
    """Where something stands, for people: claim, control, row and name."""
    where = claim + (f", control {case}" if case else "") + (f", row {row}" if row else "")
    return f"{where}: {name}" if name else where
