"""From the trials of a claim and of its controls to one verdict, by the rules of the README.

Filled in next; the names and signatures stay.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.declare import Claim, Control
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    Comparisons,
    ControlRecord,
    ControlVerdict,
    Trial,
    VerdictName,
)


class Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and over how many seeds. `share` and `p_value` as in the record."""

    verdict: VerdictName
    reason: str
    held: int = 0
    judged: int = 0
    share: Interval | None = None
    p_value: float | None = None


def judge_control(
    control: Control, trials: Sequence[Trial], claim_trials: Sequence[Trial], *, meaningful: bool
) -> tuple[ControlVerdict, str]:
    """The verdict on a control of a claim, and why in a sentence."""
    raise NotImplementedError


def judge_claim(
    claim: Claim,
    trials: Sequence[Trial],
    controls: Sequence[ControlRecord],
    checks: Sequence[CheckOverSeeds],
    *,
    meaningful: bool,
) -> Judgement:
    """The verdict on a claim from its own trials, its controls and its checks over seeds."""
    raise NotImplementedError


def correct(claims: Sequence[ClaimRecord]) -> tuple[list[ClaimRecord], Comparisons]:
    """The claims with Holm's correction for all of them, and how many were compared."""
    raise NotImplementedError
