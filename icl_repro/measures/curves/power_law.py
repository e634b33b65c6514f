"""How a time grows with a property of the data: a power law, fitted on a log-log scale.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float

from icl_repro.statistics.intervals import Interval

FEWEST_POINTS = 3
"""With two, every line fits, and nothing is left to say how well the exponent is known."""


class PowerLaw(msgspec.Struct, frozen=True):
    """The law y = factor * x ** exponent.

    Attributes:
        exponent: the slope of log y against log x: 0 where y does not depend on x, 1 where it is
            proportional to it. NaN where a y was not finite.
        interval: around the exponent, by Student's t from how far the points lie from the line:
            right where their logarithms scatter alike and normally.
        factor: y where x is 1.
    """

    exponent: float
    interval: Interval
    factor: float

    def at(self, x: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        """What the law gives for `x`."""
        return self.factor * np.asarray(x, np.float64) ** self.exponent


def power_law(
    x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"], *, level: float = 0.95
) -> PowerLaw:
    """Fit a power law by least squares on the logarithms.

    Args:
        x: what y may depend on, above 0 and not all the same.
        y: what was measured, above 0. Where one is not finite (a time that never came), so is
            nothing of the law.
        level: the confidence level of the interval.

    Raises:
        ValueError: different lengths, fewer than three points, or a value without a logarithm.
    """
    from scipy import stats

    one, other = (np.asarray(values, dtype=np.float64) for values in (x, y))
    _require_fittable(one, other)
    if not np.isfinite(other).all():
        return PowerLaw(math.nan, Interval(None, None, level, "Student's t"), math.nan)
    line: Any = stats.linregress(np.log(one), np.log(other))
    exponent = float(line.slope)
    # Where y is the same at every point, SciPy has no error; the line is exact.
    error = 0.0 if np.isnan(line.stderr) else float(line.stderr)
    half = error * float(stats.t.ppf((1 + level) / 2, one.size - 2))
    interval = Interval(exponent - half, exponent + half, level, "Student's t")
    return PowerLaw(exponent, interval, math.exp(line.intercept))


def _require_fittable(x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"]) -> None:
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"measurements of shapes {x.shape} and {y.shape} make no points")
    if x.size < FEWEST_POINTS:
        raise ValueError(f"a power law needs {FEWEST_POINTS} points or more, but got {x.size}")
    if not (np.isfinite(x) & (x > 0)).all():
        raise ValueError(f"x must be finite and above 0, but is {x.tolist()}")
    if np.isnan(y).any() or (y <= 0).any():
        raise ValueError(f"y must be above 0, but is {y.tolist()}")
    if np.ptp(x) == 0:
        raise ValueError(f"x is {x[0]} at every point: nothing can depend on it")
