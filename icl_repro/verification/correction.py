"""From the verdicts of a session to those that stand although there are so many of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.statistics.significance import holm
from icl_repro.verification.record import ClaimRecord, Comparisons, VerdictName
from icl_repro.verification.verdict import FEWEST_SEEDS, LEVEL


def correct(claims: Sequence[ClaimRecord]) -> tuple[list[ClaimRecord], Comparisons]:
    """Correct the verdicts of a session for how many claims it judged over seeds.

    By Holm's method, for each direction by itself: the chance of even one wrong ``supported`` stays
    below 5 %, and so does that of even one wrong ``refuted``. Claims without seeds take no part.

    Returns:
        The claims with `after_correction` and `seeds_needed`, and what was compared.
    """
    compared = [claim for claim in claims if _is_compared(claim)]
    corrected: dict[str, float] = {}
    for direction in ("supported", "refuted"):
        # Claims are tested towards the side on which they lie: for the other they show nothing.
        tested = [_p_value(claim) if claim.verdict == direction else 1.0 for claim in compared]
        for claim, p_value in zip(compared, holm(tested), strict=True):
            if claim.verdict == direction:
                corrected[claim.id] = p_value
    needed = _seeds_needed(len(compared))
    ids = {claim.id for claim in compared}
    return [
        msgspec.structs.replace(
            claim,
            after_correction=_after_correction(claim, corrected.get(claim.id, 0.0)),
            seeds_needed=needed if _only_counts(claim) else None,
        )
        if claim.id in ids
        else claim
        for claim in claims
    ], Comparisons(len(compared), level=LEVEL)


def _is_compared(claim: ClaimRecord) -> bool:
    """Whether a claim was judged over seeds, one by one or all at once."""
    if claim.verdict in ("error", "not run", "not meaningful"):
        return False
    return claim.share is not None or any(trial.seeds for trial in claim.trials)


def _p_value(claim: ClaimRecord) -> float:
    return 1.0 if claim.p_value is None else claim.p_value


def _only_counts(claim: ClaimRecord) -> bool:
    """Whether its verdict hangs on nothing but on how many seeds it holds."""
    tested = any(check.equivalence or check.mean for check in claim.checks)
    return claim.share is not None and not tested


def _seeds_needed(comparisons: int) -> int:
    """How many seeds, all of which hold, support a claim whatever the others give."""
    seeds = FEWEST_SEEDS
    while comparisons * 0.5**seeds > LEVEL:
        seeds += 1
    return seeds


def _after_correction(claim: ClaimRecord, corrected: float) -> VerdictName | None:
    if claim.p_value is None:
        return None
    return "inconclusive" if corrected > LEVEL else claim.verdict
