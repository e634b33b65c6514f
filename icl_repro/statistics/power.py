"""Power, before anything is measured: how likely a test is to decide with so many values.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

import math

from icl_repro.statistics.significance import sign_test


def held_needed(judged: int, level: float) -> int | None:
    """The fewest of `judged` that have to hold for the sign test to reach a level; None where even
    all would not.
    """
    reached = (
        held for held in range(judged // 2 + 1, judged + 1) if sign_test(held, judged) <= level
    )
    return next(reached, None)


def power_of_sign_test(judged: int, share: float, level: float) -> float:
    """The chance that the sign test reaches a level towards "more than half", exactly.

    Args:
        judged: how many are judged.
        share: the true share of those that hold.
        level: the p value to reach.

    Raises:
        ValueError: `share` is none.
    """
    from scipy import stats

    if not 0 <= share <= 1:
        raise ValueError(f"{share} is not a share")
    held = held_needed(judged, level)
    return 0.0 if held is None else float(stats.binom.sf(held - 1, judged, share))


def power_of_mean(size: int, room: float, level: float) -> float:
    """The chance that a one-sided t test shows a mean to keep a bound, exactly for normal values.

    Args:
        size: how many values there are; fewer than two show nothing.
        room: how far the true mean lies within its bound, in standard deviations.
        level: the p value to reach.
    """
    from scipy import stats

    if size < 2:
        return 0.0
    reached = stats.t.isf(level, size - 1)
    return float(stats.nct.sf(reached, size - 1, room * math.sqrt(size)))


def power_within(size: int, to_low: float, to_high: float, level: float) -> float:
    """The same of two bounds at once, by the two one-sided tests of equivalence.

    The chance is integrated over the standard deviation that the values may have: where that is
    large, both tests cannot be passed, wherever the mean lies.

    Args:
        size: how many values there are.
        to_low: how far the true mean lies above the lower bound, in standard deviations.
        to_high: how far it lies below the upper one.
        level: the p value to reach.
    """
    from scipy import integrate, special, stats

    if math.isinf(to_low) or math.isinf(to_high):
        return power_of_mean(size, min(to_low, to_high), level)
    if size < 2 or to_low + to_high <= 0:
        return 0.0
    root, reached = math.sqrt(size), float(stats.t.isf(level, size - 1))
    freedom, scale = size - 1, 1 / math.sqrt(size - 1)

    def passed(deviation: float) -> float:
        high = special.ndtr(root * to_high - reached * deviation)
        low = special.ndtr(reached * deviation - root * to_low)
        return float(max(high - low, 0.0) * stats.chi.pdf(deviation, freedom, 0, scale))

    largest = root * (to_low + to_high) / (2 * reached)
    # Beyond ten standard deviations of it there is nothing of the spread.
    end = min(largest, 1 + 10 / math.sqrt(2 * (size - 1)))
    return min(1.0, float(integrate.quad(passed, 0, end, limit=200)[0]))


def share_within(mean: float, spread: float, low: float | None, high: float | None) -> float:
    """Which share of normal values lies within bounds; without spread, all or none."""
    from scipy import special

    if spread <= 0:
        return float((low is None or mean >= low) and (high is None or mean <= high))
    above = 1.0 if high is None else special.ndtr((high - mean) / spread)
    below = 0.0 if low is None else special.ndtr((low - mean) / spread)
    return float(above - below)
