"""The noise of a loss curve, estimated from the curve itself, and more of the same noise.

A loss is measured on a sample of episodes after steps on random batches, so that neighbouring
evaluations differ by more than the trend between them. How much any measure of the curve depends
on that is seen by adding noise of the same size again and measuring again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from icl_repro.statistics.intervals import Interval

NEIGHBOURS = 11
"""Points over which the noise is taken to be equally large."""
DRAWS = 200
LEVEL = 0.95
_SD_OF_MEDIAN = 1.4826
"""Standard deviation of a normal distribution over the median of its absolute values."""


def local_noise(
    x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """Standard deviation of the noise of each point, in the unit of `y`.

    Each inner point is compared with the straight line between its two neighbours (Gasser, Sroka
    and Jennen-Steinmetz, 1986). The median of what is left over eleven points is taken, so that a
    single sharp bend does not count as noise. Two points show no noise: it is zero for them.
    """
    if len(x) < 3:
        return np.zeros(len(x))
    gap = x[2:] - x[:-2]
    before, after = (x[2:] - x[1:-1]) / gap, (x[1:-1] - x[:-2]) / gap
    off = y[1:-1] - before * y[:-2] - after * y[2:]
    off = np.abs(off) / np.sqrt(1 + before**2 + after**2)
    width = min(NEIGHBOURS, len(off))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(off, width), axis=-1)
    # At both ends the nearest full window serves.
    middle = np.arange(len(x)) - 1 - width // 2
    return _SD_OF_MEDIAN * medians[np.clip(middle, 0, len(medians) - 1)]


def noisier(
    x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"], draws: int, seed: int = 0
) -> Float[np.ndarray, "draws points"]:
    """The curve with as much noise again as it has, `draws` times."""
    random = np.random.default_rng(seed).standard_normal((draws, len(x)))
    return y + local_noise(x, y) * random


def noise_interval(
    value: float, again: Float[np.ndarray, " draws"], least: float = -math.inf
) -> Interval | None:
    """How far noise moves a measure: the spread of what noisier curves give, around `value`.

    Their own centre is left out, because a noisier curve may give more or less on the whole. None
    where the value or more than a twentieth of the others are not numbers. `least` is the smallest
    value that the measure can have.
    """
    finite = again[np.isfinite(again)]
    if not np.isfinite(value) or len(finite) < LEVEL * len(again):
        return None
    tail = (1 - LEVEL) / 2
    low, middle, high = np.quantile(finite, [tail, 0.5, 1 - tail])
    return Interval(
        low=float(max(value + low - middle, least)),
        high=float(value + high - middle),
        level=LEVEL,
        method=f"evaluation noise, {len(again)} draws",
    )


def with_noise(
    x: Float[np.ndarray, " points"],
    y: Float[np.ndarray, " points"],
    measure: Callable[[Float[np.ndarray, " points"], Float[np.ndarray, " points"]], float],
    least: float = -math.inf,
    draws: int = DRAWS,
) -> tuple[float, Interval | None]:
    """A measure of a curve, and how far the noise of the curve moves it."""
    again = np.array([measure(x, drawn) for drawn in noisier(x, y, draws)])
    value = measure(x, y)
    return value, noise_interval(value, again, least)
