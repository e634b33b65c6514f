"""Intervals for shares and means over seeds and random draws.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np


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
    # Quantiles of beta distributions; scipy.stats has them under a name, but takes long to import,
    # and every session with seeds comes here.
    from scipy.special import betaincinv

    if judged < 1 or not 0 <= held <= judged:
        raise ValueError(f"{held} of {judged} is not a share")
    tail = (1 - level) / 2
    low = float(betaincinv(held, judged - held + 1, tail)) if held else 0.0
    high = float(betaincinv(held + 1, judged - held, 1 - tail)) if held < judged else 1.0
    return Interval(low, high, level, "Clopper-Pearson")


def mean(values: Sequence[float], level: float = 0.95) -> Estimate:
    """The mean with Student's t interval, for values that are roughly normal.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    from scipy import stats

    sample = _sample(values)
    centre = float(sample.mean())
    half = float(stats.t.ppf((1 + level) / 2, len(sample) - 1)) * float(
        sample.std(ddof=1) / math.sqrt(len(sample))
    )
    return Estimate(centre, Interval(centre - half, centre + half, level, "Student's t"))


def _sample(values: Sequence[float]) -> np.ndarray:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2:
        raise ValueError(f"an interval needs two values or more, but got {sample.size}")
    if not np.isfinite(sample).all():
        raise ValueError("an interval needs finite values")
    return sample
