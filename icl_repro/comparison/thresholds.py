"""Thresholds that moved, and checks that were added or removed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from icl_repro.comparison.pairs import UNJUDGED, Gaps, Pair, is_whole
from icl_repro.verification.compared import ThresholdChange
from icl_repro.verification.evidence import same_bound
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    ConditionOverSeeds,
    Retired,
)
from icl_repro.verification.wording import bounds

_Stated = CheckOverSeeds | ConditionOverSeeds


def changes(
    pairs: Sequence[Pair], retired: Sequence[Retired], gaps: Gaps
) -> tuple[list[ThresholdChange], int]:
    """The thresholds that are otherwise, and how many were compared.

    What a claim does not state because it came to no end is not said to be gone.
    """
    found: list[ThresholdChange] = []
    amount = 0
    for pair in pairs:
        claim, before, now = pair.new.id, _stated(pair.old), _stated(pair.new)
        for name, new in now.items():
            old = before.get(name)
            if old is not None:
                amount += 1
                found += _moved(claim, old, new)
            elif is_whole(pair.old.trials):
                found.append(ThresholdChange(claim, *name, "", _words(new), "added", _why(new)))
        gone = [name for name in before if name not in now]
        if gone and not is_whole(pair.new.trials):
            if pair.new.verdict not in UNJUDGED:  # else it is told of the claim
                gaps.add(
                    "thresholds", "their claim did not come to its end in the new record", claim
                )
            continue
        for name in gone:
            why = next((o.why for o in retired if (o.claim, o.check) == (claim, name[1])), "")
            found.append(ThresholdChange(claim, *name, _words(before[name]), "", "removed", why))
    return found, amount


def _moved(claim: str, old: _Stated, new: _Stated) -> list[ThresholdChange]:
    same_kind = (old.direction, _kind(old)) == (new.direction, _kind(new))
    if same_kind and same_bound(old.low, new.low) and same_bound(old.high, new.high):
        return []
    change: Literal["looser", "stricter", "otherwise"] = "otherwise"
    if _kind(old) == _kind(new) != "condition":
        (low, high), (new_low, new_high) = _ends(old), _ends(new)
        if new_low <= low and new_high >= high:
            change = "looser"
        elif new_low >= low and new_high <= high:
            change = "stricter"
    why = _why(new) if new.thresholds != old.thresholds else ""
    if change == "looser":  # where a bound comes from is no reason to loosen it
        why = new.thresholds[-1].reason if why else ""
    words = _words(old), _words(new)
    return [ThresholdChange(claim, new.row, new.name, *words, change, why)]


def _ends(stated: _Stated) -> tuple[float, float]:
    low = -math.inf if stated.low is None else stated.low
    return low, math.inf if stated.high is None else stated.high


def _kind(stated: _Stated) -> str:
    return stated.kind if isinstance(stated, CheckOverSeeds) else "condition"


def _words(stated: _Stated) -> str:
    kind = stated.kind if isinstance(stated, CheckOverSeeds) else "threshold"
    return bounds(stated.direction, stated.low, stated.high, kind)


def _why(stated: _Stated) -> str:
    """What the ledger says of how the threshold came to be as it is."""
    if not stated.thresholds:
        return ""
    entry = stated.thresholds[-1]
    return entry.reason or entry.origin


def _stated(claim: ClaimRecord) -> dict[tuple[str, str], _Stated]:
    return {(one.row, one.name): one for one in (*claim.checks, *claim.conditions)}
