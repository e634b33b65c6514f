"""Whether two measurements on pairs of heads rank the pairs alike, against shuffled heads."""

from __future__ import annotations

import msgspec
import numpy as np
from jaxtyping import Float


class PairCorrelation(msgspec.Struct, frozen=True):
    """Spearman's correlation over pairs of heads.

    Attributes:
        value: 1 where both put the pairs in the same order; NaN where either is constant.
        low, high: between them lie 95 % of the correlations when head identities are shuffled.
        level: the share that lies between them.
    """

    value: float
    low: float
    high: float
    level: float


def pair_correlation(
    first: Float[np.ndarray, "readers writers"],
    second: Float[np.ndarray, "readers writers"],
    *,
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> PairCorrelation:
    """Spearman's correlation of two measurements on the same pairs of heads.

    Pairs that share a head are not independent. So what chance gives is found by shuffling the
    identities of the heads of both layers, that is whole rows and whole columns of one of the two.

    Raises:
        ValueError: different shapes, or not a table of at least two rows and two columns.
    """
    one, other = (np.asarray(values, np.float64) for values in (first, second))
    if one.shape != other.shape or one.ndim != 2 or min(one.shape) < 2:
        raise ValueError(
            f"measurements on pairs of heads are tables of the same shape, with two rows and "
            f"columns or more, but these are {one.shape} and {other.shape}"
        )
    from scipy.stats import rankdata

    ranks = [rankdata(values).reshape(one.shape) for values in (one, other)]
    a, b = (rank - rank.mean() for rank in ranks)
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    if scale == 0:
        return PairCorrelation(float("nan"), float("nan"), float("nan"), level)
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1) for n in one.shape)
    shuffled = (a * b[rows[:, :, None], columns[:, None, :]]).sum(axis=(1, 2)) / scale
    low, high = np.quantile(shuffled, [(1 - level) / 2, (1 + level) / 2])
    return PairCorrelation(float((a * b).sum()) / scale, float(low), float(high), level)
