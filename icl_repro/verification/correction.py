"""From the verdicts of a session to those that stand although there are so many of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.statistics.significance import holm
from icl_repro.verification.record import ClaimRecord, Comparisons, VerdictName
from icl_repro.verification.seeds_needed import seeds_needed
from icl_repro.verification.verdict import LEVEL


def correct(claims: Sequence[ClaimRecord]) -> tuple[list[ClaimRecord], Comparisons]:
    """Correct the verdicts of a session for how many claims it judged over seeds.

    By Holm's method, for each direction by itself: the chance of even one wrong ``supported`` stays
    below 5 %, and so does that of even one wrong ``refuted``. Claims without seeds take no part.

    Returns:
        The claims with `after_correction`, `seeds_needed` and why, and what was compared.
    """
    compared = [claim for claim in claims if _is_compared(claim)]
    corrected: dict[str, float] = {}
    for direction in ("supported", "refuted"):
        # Claims are tested towards the side on which they lie: for the other they show nothing.
        tested = [_p_value(claim) if claim.verdict == direction else 1.0 for claim in compared]
        for claim, p_value in zip(compared, holm(tested), strict=True):
            if claim.verdict == direction:
                corrected[claim.id] = p_value
    ids = {claim.id for claim in compared}
    return [
        _with_correction(claim, corrected.get(claim.id, 0.0), len(compared))
        if claim.id in ids
        else msgspec.structs.replace(claim, seeds_needed_why=_takes_no_part(claim))
        for claim in claims
    ], Comparisons(len(compared), level=LEVEL)


def _with_correction(claim: ClaimRecord, corrected: float, comparisons: int) -> ClaimRecord:
    needed = seeds_needed(claim, comparisons)
    return msgspec.structs.replace(
        claim,
        after_correction=_after_correction(claim, corrected),
        seeds_needed=needed.seeds,
        seeds_needed_why=needed.sentence,
    )


def _is_compared(claim: ClaimRecord) -> bool:
    """Whether a claim was judged over seeds, one by one or all at once."""
    if claim.verdict in ("error", "not run", "not meaningful"):
        return False
    return claim.share is not None or any(trial.seeds for trial in claim.trials)


def _p_value(claim: ClaimRecord) -> float:
    return 1.0 if claim.p_value is None else claim.p_value


def _takes_no_part(claim: ClaimRecord) -> str:
    """Why a claim is not corrected for the others."""
    if claim.verdict in ("supported", "refuted", "inconclusive"):
        return "it rests on no seeds and takes no part in the correction"
    return f"no verdict to correct: {claim.verdict}"


def _after_correction(claim: ClaimRecord, corrected: float) -> VerdictName | None:
    if claim.p_value is None:
        return None
    return "inconclusive" if corrected > LEVEL else claim.verdict
