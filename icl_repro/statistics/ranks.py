"""Whether two measurements put things in the same order: Spearman's rank correlation.

What chance gives is found by pairing the two measurements at random. One set has few things, so
that all its pairings are gone through; of several sets, the mean correlation of random pairings is
drawn. The mean over pairings says nothing, it is 0 by construction: what a correlation has to
exceed is a quantile of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations

import msgspec
import numpy as np
from jaxtyping import Float, Int

from icl_repro.statistics.intervals import Interval

MOST_PAIRED = 9
"""All pairings of more would take too long."""
LEVEL = 0.95
"""The share of pairings that chance is bounded by."""

Pair = tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]
"""Two measurements of the same things, of which each set may have another number."""


def spearman(
    first: Float[np.ndarray, "*draws things"], second: Float[np.ndarray, "*draws things"]
) -> Float[np.ndarray, "*draws"]:
    """Spearman's correlation along the last axis; NaN where either is the same for all things."""
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    one, other = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    scale = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    return np.asarray((one * other).sum(axis=-1) / np.where(scale == 0, np.nan, scale))


class RankCorrelation(msgspec.Struct, frozen=True):
    """Spearman's correlation of two measurements.

    Attributes:
        value: 1 where they give the same order, -1 where the opposite one.
        interval: percentile bootstrap over what was measured; draws in which one measurement is
            constant are left out.
        chance: share of all pairings that correlate at least as much: the one-sided p value of a
            permutation test.
        by_chance: what 95 % of all pairings correlate at most.
    """

    value: float
    interval: Interval
    chance: float
    by_chance: float


class PooledCorrelation(msgspec.Struct, frozen=True):
    """The mean of Spearman's correlations in several sets, such as several networks.

    `chance` and `by_chance` are those of :class:`RankCorrelation`, for the mean when each set is
    paired at random.
    """

    value: float
    chance: float
    by_chance: float


def rank_correlation(
    first: Float[np.ndarray, " things"],
    second: Float[np.ndarray, " things"],
    *,
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> RankCorrelation:
    """Spearman's correlation with its interval; infinite values count as the largest or smallest.

    The value is NaN, and so is what chance gives, where one of the two is the same for all things.

    Raises:
        ValueError: different lengths, fewer than three or too many values, or NaN.
    """
    one, other = _pair(first, second)
    pooled = pooled_rank_correlation([(one, other)])
    interval = _bootstrap(one, other, level, draws, seed)
    return RankCorrelation(pooled.value, interval, pooled.chance, pooled.by_chance)


def pooled_rank_correlation(
    pairs: Sequence[Pair], *, draws: int = 99_999, seed: int = 0
) -> PooledCorrelation:
    """The mean over sets of Spearman's correlation, and what chance gives of it.

    Args:
        pairs: two measurements for each set, which need not be of one size. With one set, chance
            is exact; of several, the pairings of each are drawn independently.
        draws: how many are drawn.
        seed: of the draws.

    Raises:
        ValueError: no set, or one whose measurements cannot be paired.
    """
    sets = [_pair(*pair) for pair in pairs]
    value, null = _mean_correlation(sets), _null(sets, draws, seed)
    if not math.isfinite(value):
        return PooledCorrelation(math.nan, math.nan, math.nan)
    # Equal correlations may differ by rounding.
    as_much = int((null >= value - 1e-9).sum())
    drawn = len(sets) > 1  # what was measured is then one more draw
    return PooledCorrelation(value, (as_much + drawn) / (len(null) + drawn), _quantile(null, LEVEL))


def permutation_quantile(
    pairs: Sequence[Pair], level: float = LEVEL, *, draws: int = 99_999, seed: int = 0
) -> float:
    """What the mean rank correlation over sets is at most in that share of all pairings.

    Args:
        pairs: two measurements for each set, one set or more.
        level: the share of pairings.
        draws: how many are drawn of several sets; one set is exact.
        seed: of the draws.

    Raises:
        ValueError: no set, or one whose measurements cannot be paired.
    """
    return _quantile(_null([_pair(*pair) for pair in pairs], draws, seed), level)


def _pair(first: Float[np.ndarray, " things"], second: Float[np.ndarray, " things"]) -> Pair:
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"measurements of shapes {one.shape} and {other.shape} make no pairs")
    if not 3 <= one.size <= MOST_PAIRED:
        raise ValueError(f"needs 3 to {MOST_PAIRED} pairs, but got {one.size}")
    if np.isnan(one).any() or np.isnan(other).any():
        raise ValueError("NaN has no rank: a time that never came should be infinite")
    return one, other


def _mean_correlation(sets: Sequence[Pair]) -> float:
    if not sets:
        raise ValueError("a mean rank correlation needs one set of measurements or more")
    return float(np.mean([spearman(one, other) for one, other in sets]))


def _null(sets: Sequence[Pair], draws: int, seed: int) -> Float[np.ndarray, " pairings"]:
    """The mean correlations over sets that pairing at random gives."""
    if not sets:
        raise ValueError("a mean rank correlation needs one set of measurements or more")
    of_sets = [_of_all_pairings(one, other) for one, other in sets]
    if len(of_sets) == 1:
        return of_sets[0]
    rng = np.random.default_rng(seed)
    return np.mean([rng.choice(of_set, size=draws) for of_set in of_sets], axis=0)


def _of_all_pairings(
    first: Float[np.ndarray, " things"], second: Float[np.ndarray, " things"]
) -> Float[np.ndarray, " pairings"]:
    paired = second[_pairings(second.size)]
    return spearman(np.broadcast_to(first, paired.shape), paired)


@lru_cache(maxsize=2)
def _pairings(n: int) -> Int[np.ndarray, "pairings n"]:
    return np.array(list(permutations(range(n))))


def _quantile(null: Float[np.ndarray, " pairings"], level: float) -> float:
    """The smallest value that at least that share of `null` does not exceed."""
    return float(np.quantile(null, level, method="inverted_cdf"))


def _bootstrap(
    first: Float[np.ndarray, " things"],
    second: Float[np.ndarray, " things"],
    level: float,
    draws: int,
    seed: int,
) -> Interval:
    # scipy.stats.bootstrap draws the same, but takes more code: its interval is NaN with a warning
    # once one draw is constant, as it often is with few things or ties, so that only its draws
    # could be used, through a statistic that takes an axis.
    picks = np.random.default_rng(seed).integers(first.size, size=(draws, first.size))
    drawn = spearman(first[picks], second[picks])
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return Interval(None, None, level, "percentile bootstrap")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, "percentile bootstrap")
