"""Whether two measurements put heads in the same order: Spearman's rank correlation.

There are few heads, so that the test against chance goes through all ways to pair them.
"""

from __future__ import annotations

from itertools import permutations

import msgspec
import numpy as np
from jaxtyping import Float, Int

from icl_repro.statistics.intervals import Interval

MOST_PAIRED = 9
"""All permutations of more would take too long; the paper's layers have 8 heads."""


def spearman(
    first: Float[np.ndarray, "*draws heads"], second: Float[np.ndarray, "*draws heads"]
) -> Float[np.ndarray, "*draws"]:
    """Spearman's correlation along the last axis; NaN where either is the same for all heads."""
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    one, other = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    scale = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    return (one * other).sum(axis=-1) / np.where(scale == 0, np.nan, scale)


def derangements(n: int, draws: int = 1_000, seed: int = 0) -> Int[np.ndarray, "draws n"]:
    """Random reorderings of `n` in which nothing stays in its place: identities shuffled.

    Raises:
        ValueError: one thing alone has no other place.
    """
    if n < 2:
        raise ValueError(f"a derangement needs 2 or more, but got {n}")
    rng = np.random.default_rng(seed)
    found: list[Int[np.ndarray, " n"]] = []
    while len(found) < draws:
        # More than a third of all permutations are derangements.
        order = rng.permutation(n)
        if (order != np.arange(n)).all():
            found.append(order)
    return np.stack(found)


class RankCorrelation(msgspec.Struct, frozen=True):
    """Spearman's correlation of two measurements.

    Attributes:
        value: 1 where they give the same order, -1 where the opposite one.
        interval: percentile bootstrap over what was measured; NaN draws, in which one measurement
            is constant, are left out.
        chance: share of all pairings that correlate at least as much.
    """

    value: float
    interval: Interval
    chance: float


def rank_correlation(
    first: Float[np.ndarray, " heads"],
    second: Float[np.ndarray, " heads"],
    *,
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> RankCorrelation:
    """Spearman's correlation with its interval; infinite values count as the largest or smallest.

    The value is NaN, and so is the chance, where one of the two is the same for all heads.

    Raises:
        ValueError: different lengths, fewer than three or too many values, or NaN.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"measurements of shapes {one.shape} and {other.shape} make no pairs")
    if not 3 <= one.size <= MOST_PAIRED:
        raise ValueError(f"needs 3 to {MOST_PAIRED} pairs, but got {one.size}")
    if np.isnan(one).any() or np.isnan(other).any():
        raise ValueError("NaN has no rank: a time that never came should be infinite")
    value = float(spearman(one, other))
    picks = np.random.default_rng(seed).integers(one.size, size=(draws, one.size))
    drawn = spearman(one[picks], other[picks])
    drawn = drawn[np.isfinite(drawn)]
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, tails) if drawn.size else (None, None)
    interval = Interval(_end(low), _end(high), level, "percentile bootstrap over heads")
    return RankCorrelation(value, interval, _chance(one, other, value))


def _chance(
    first: Float[np.ndarray, " heads"], second: Float[np.ndarray, " heads"], value: float
) -> float:
    """Exact: from all pairings."""
    if not np.isfinite(value):
        return float("nan")
    pairings = np.array(list(permutations(range(first.size))))
    correlations = spearman(np.broadcast_to(first, pairings.shape), second[pairings])
    # Equal correlations may differ by rounding.
    return float(np.mean(correlations >= value - 1e-9))


def _end(value: float | None) -> float | None:
    return None if value is None else float(value)
