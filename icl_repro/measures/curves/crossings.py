"""Reading times off curves: when they cross a level, and how long they stay somewhere.

Two ways to say "never", one for each use: a *place* on a curve that does not exist is NaN
(:func:`first_fall`, :func:`first_rise`), a *time* that does not come is infinite (:func:`time_to`,
:func:`time_between`), because a network that never learns is later than any that does.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Real

Points = Real[np.ndarray, " points"]


def first_fall(x: Points, y: Points, level: float) -> float:
    """Where `y` first falls to `level`, interpolated linearly; NaN if it never does."""
    below = np.flatnonzero(np.asarray(y) <= level)
    if not below.size:
        return float("nan")
    after = below[0]
    if after == 0:
        return float(x[0])
    before = after - 1
    share = (y[before] - level) / (y[before] - y[after])
    return float(x[before] + share * (x[after] - x[before]))


def time_to(x: Points, y: Points, level: float) -> float:
    """When `y` first falls to `level`; infinite if it never does, which is later than any time."""
    found = first_fall(x, y, level)
    return math.inf if math.isnan(found) else found


def time_between(x: Points, y: Points, upper: float, lower: float) -> float:
    """How long `y` takes from its first fall to `upper` to its first fall to `lower`; infinite if
    it never gets there.
    """
    end = time_to(x, y, lower)
    return end if math.isinf(end) else end - time_to(x, y, upper)


def first_rise(x: Points, y: Points, level: float) -> float:
    """Where `y` first rises to `level`, interpolated linearly; NaN if it never does."""
    return first_fall(x, -np.asarray(y), -level)


def longest_stay(x: Points, inside: Bool[np.ndarray, " points"]) -> float:
    """Length in `x` of the longest run of neighbouring points that are all `inside`; 0 if none."""
    longest, start = 0.0, None
    for position, within in zip(x, inside, strict=True):
        if within:
            start = position if start is None else start
            longest = max(longest, float(position - start))
        else:
            start = None
    return longest
