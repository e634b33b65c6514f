"""Intervals for shares, for means and for what one more draw would give.

SciPy and NumPy are imported where they are used: a session without claims does not pay for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

Limits = tuple[float | None, float | None]
"""Between which a quantity lies whatever happens, such as 0 and 1 for a share; None for an end that
it does not have."""


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An interval around a measured value. `level` is the confidence level, `method` its name."""

    low: float | None
    high: float | None
    level: float = 0.95
    method: str = ""


class Estimate(msgspec.Struct, frozen=True):
    """A value with the interval around it."""

    value: float
    interval: Interval


def share_interval(held: int, judged: int, level: float = 0.95) -> Interval:
    """The exact interval of Clopper and Pearson for a share.

    Args:
        held: how many held, from 0 to `judged`.
        judged: how many were judged, at least 1.
        level: the confidence level.

    Raises:
        ValueError: no share can be made of the numbers.
    """
    tail = (1 - level) / 2
    low, high = _lowest_share(held, judged, tail), _highest_share(held, judged, tail)
    return Interval(low, high, level, "Clopper-Pearson")


def share_bound(held: int, judged: int, level: float = 0.95, *, undecided: int = 0) -> Interval:
    """The exact one-sided bound of Clopper and Pearson for a share.

    Args:
        held: how many held.
        judged: how many were judged, at least 1, undecided ones included.
        level: the confidence level.
        undecided: how many neither held nor failed. They widen the bound, whichever it is: from
            below they count as failed, from above as held.

    Returns:
        From the bound to 1 where more held than failed, else from 0 to the bound.

    Raises:
        ValueError: no share can be made of the numbers.
    """
    ends = (0.0, _highest_share(held + undecided, judged, 1 - level))
    if 2 * held + undecided > judged:
        ends = (_lowest_share(held, judged, 1 - level), 1.0)
    return Interval(*ends, level, "Clopper-Pearson, one-sided")


def mean(values: Sequence[float], level: float = 0.95) -> Estimate:
    """The mean with Student's t interval, for values that are roughly normal.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    half = _students_t(level, sample) / math.sqrt(sample.size)
    return _around(sample.mean, half, level, "Student's t")


def prediction_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Where one more value of the same normal distribution would lie.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    half = _students_t(level, sample) * math.sqrt(1 + 1 / sample.size)
    return _around(sample.mean, half, level, "prediction, Student's t").interval


def cut(interval: Interval, limits: Limits) -> Interval:
    """An interval without what lies beyond the limits of its quantity; its method says where."""
    ends = (clipped(interval.low, limits), clipped(interval.high, limits))
    at = [new for old, new in zip((interval.low, interval.high), ends, strict=True) if old != new]
    if not at:
        return interval
    where = " and ".join(f"{end:g}" for end in at if end is not None)
    method = ", ".join(filter(None, [interval.method, f"cut at {where}"]))
    return Interval(*ends, interval.level, method)


def clipped(value: float | None, limits: Limits) -> float | None:
    """The nearest value that the quantity can have."""
    if value is None:
        return None
    low, high = limits
    return max(min(value, math.inf if high is None else high), -math.inf if low is None else low)


def widened(interval: Interval) -> Interval:
    """An interval of counts, with the next whole numbers as its ends; its method says so."""
    assert interval.low is not None
    assert interval.high is not None
    low, high = float(math.floor(interval.low)), float(math.ceil(interval.high))
    method = ", ".join(filter(None, [interval.method, "widened to whole numbers"]))
    return Interval(low, high, interval.level, method)


def tolerance_factor(n: int, share: float = 0.9, confidence: float = 0.95) -> float:
    """How many standard deviations from the mean of `n` normal values the one-sided bound lies.

    The bound is such that, with that confidence, at least that share of the distribution lies on
    the side of the mean: a quantile of the noncentral t distribution (Owen 1968).

    Raises:
        ValueError: fewer than two values have no spread.
    """
    from scipy import stats

    if n < 2:
        raise ValueError(f"a tolerance bound needs two values or more, but got {n}")
    noncentrality = stats.norm.ppf(share) * math.sqrt(n)
    return float(stats.nct.ppf(confidence, n - 1, noncentrality)) / math.sqrt(n)


def _lowest_share(held: int, judged: int, tail: float) -> float:
    """Shares below it give `held` or more with a probability below `tail`."""
    # Quantiles of beta distributions; scipy.stats has them under a name, but takes long to import,
    # and every session with seeds comes here.
    from scipy.special import betaincinv

    if judged < 1 or not 0 <= held <= judged:
        raise ValueError(f"{held} of {judged} is not a share")
    return float(betaincinv(held, judged - held + 1, tail)) if held else 0.0


def _highest_share(held: int, judged: int, tail: float) -> float:
    return 1 - _lowest_share(judged - held, judged, tail)


class _Sample(NamedTuple):
    """Values in a nutshell: `spread` is their standard deviation."""

    size: int
    mean: float
    spread: float


def _students_t(level: float, sample: _Sample) -> float:
    """Standard deviations of `sample`, as many as Student's t has at that two-sided level."""
    from scipy.special import stdtrit

    return float(stdtrit(sample.size - 1, (1 + level) / 2)) * sample.spread


def _around(centre: float, half: float, level: float, method: str) -> Estimate:
    return Estimate(centre, Interval(centre - half, centre + half, level, method))


def _sample(values: Sequence[float]) -> _Sample:
    import numpy as np

    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2:
        raise ValueError(f"an interval needs two values or more, but got {sample.size}")
    if not np.isfinite(sample).all():
        raise ValueError("an interval needs finite values")
    return _Sample(sample.size, float(sample.mean()), float(sample.std(ddof=1)))
