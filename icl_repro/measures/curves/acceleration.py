"""The shape of a falling curve: does it ever speed up, does it wait first, is it exponential.

Section 4.2 tells two shapes of learning apart: a smooth exponential, which is fastest at its first
step and only slows down, and a phase change, which waits on a plateau and then falls faster than
it began. The measures here put a number on that difference without a model of either shape.

Every curve is a sequence of values at equal spacing, one value a step, the first at step 0. Its
*descent speed* is how much it falls in a step. Loss curves of networks are noisy and unevenly
spaced: for them see :mod:`icl_repro.measures.curves.phase_change`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from icl_repro.numbers import count

Curve = Float[np.ndarray, " steps"]

MIN_FIT_POINTS = 3

ROUNDING = 1e-9
"""Rises of the speed by less than this share of the greatest speed are left to rounding."""


class PlateauAndDrop(NamedTuple):
    """A plateau, and the drop after it.

    Attributes:
        speedup: :func:`greatest_speedup` of the curve from its plateau on; 0 where its speed never
            rises, so that there is no plateau.
        level: the value at which it waits.
        plateau: steps within a tenth of that level, before it falls below.
        drop: steps from nine tenths of that level to one tenth; not a number where it does not get
            there.
    """

    speedup: float
    level: float
    plateau: float
    drop: float

    @property
    def ratio(self) -> float:
        """How long the plateau is, over how long the drop takes; 0 without a plateau."""
        if not self.speedup:
            return 0.0
        return self.plateau / self.drop if self.drop > 0 else float("nan")


class ExponentialFit(NamedTuple):
    """The straight line through the logarithm of a curve.

    `rate` is the fall of the natural logarithm a step, `r_squared` the share of the variance of the
    logarithm that the line explains (not a number where the curve is constant), `points` how many
    values were fitted.
    """

    rate: float
    r_squared: float
    points: int


def descent_speed(curve: Curve, *, window: int = 1) -> Float[np.ndarray, " spans"]:
    """How much `curve` falls a step, over every span of `window` steps; negative where it rises.

    A wider window averages noise away: the noise of a speed falls in proportion to it.

    Raises:
        ValueError: the curve is not one-dimensional, has values that are not finite, or is not
            longer than the window.
    """
    values = np.asarray(curve, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"a curve has one axis (steps); got an array of shape {values.shape}")
    if not np.isfinite(values).all():
        step = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"the curve is not finite at step {step}: {values[step]}")
    if not 1 <= window < len(values):
        raise ValueError(
            f"window must lie between 1 and {len(values) - 1} (one less than the curve's "
            f"{count(len(values), 'value')}), not {window}"
        )
    return (values[:-window] - values[window:]) / window


def greatest_speedup(curve: Curve, *, window: int = 1) -> float:
    """The greatest rise of the descent speed over time, as a share of the greatest speed.

    Zero for a curve whose speed never rises (it is convex, like an exponential), 0.5 where it falls
    twice as fast at some step as at an earlier one, close to 1 for a plateau followed by a drop,
    and above 1 where the curve rises before it falls. A curve that never falls has no speed to gain
    and gives zero.
    """
    speed = descent_speed(curve, window=window)
    fastest = speed.max()
    if fastest <= 0:
        return 0.0
    slowest_so_far = np.minimum.accumulate(speed)
    return float((speed - slowest_so_far).max() / fastest)


def crossing(curve: Curve, level: float) -> float:
    """The step at which `curve` first falls to `level`, between steps by a straight line.

    Infinite where it never does, zero where it starts there.
    """
    values = np.asarray(curve, dtype=np.float64)
    below = values <= level
    if not below.any():
        return float("inf")
    step = int(np.argmax(below))
    if step == 0:
        return 0.0
    before, after = values[step - 1], values[step]
    return float(step - 1 + (before - level) / (before - after))


def plateau_and_drop(curve: Curve) -> PlateauAndDrop:
    """Find the plateau on which a falling curve waits before it falls faster.

    The greatest rise of the descent speed begins on the plateau: the last step before it at which
    the curve falls least. What a curve does before its plateau, such as a first fall to it, counts
    for nothing.
    """
    speed = descent_speed(curve)
    rise = speed - np.minimum.accumulate(speed)
    if rise.max() <= ROUNDING * speed.max():
        return PlateauAndDrop(0.0, float("nan"), 0.0, float("nan"))
    drop = int(np.argmax(rise))
    # A curve may rise at first; where it turns round it stands still.
    standing = np.maximum(speed[:drop], 0)
    wait = drop - 1 - int(np.argmin(standing[::-1]))
    level = float(curve[wait])
    above, below, ended = (crossing(curve, share * level) for share in (1.1, 0.9, 0.1))
    return PlateauAndDrop(
        speedup=greatest_speedup(curve[wait:]),
        level=level,
        plateau=below - above if np.isfinite(below) else float("nan"),
        drop=ended - below if np.isfinite(ended) else float("nan"),
    )


def exponential_fit(curve: Curve, *, down_to: float = 1e-6) -> ExponentialFit:
    """Fit a straight line to the logarithm of `curve`, from its start until it has all but ended.

    Args:
        curve: positive values as far as they are fitted.
        down_to: values are fitted up to the first that is below this share of the first value;
            below it a loss computed in floating point is mostly rounding.

    Raises:
        ValueError: fewer than three values to fit, or a curve that does not start above zero.
    """
    values = np.asarray(curve, dtype=np.float64)
    if not values[0] > 0:
        raise ValueError(f"an exponential curve starts above zero, not at {values[0]}")
    ended = values < down_to * values[0]
    points = int(np.argmax(ended)) if ended.any() else len(values)
    if points < MIN_FIT_POINTS:
        raise ValueError(
            f"only {count(points, 'value')} before the curve falls below {down_to} of its start; "
            f"a line needs at least {MIN_FIT_POINTS}"
        )
    logarithm = np.log(values[:points])
    # Not SciPy's regression, which tests the slope, too, and so takes ten times as long.
    steps, falls = np.arange(points) - (points - 1) / 2, logarithm - logarithm.mean()
    slope = float(steps @ falls / (steps @ steps))
    constant = bool(np.ptp(logarithm) == 0)
    r_squared = float("nan") if constant else slope * float(steps @ falls / (falls @ falls))
    return ExponentialFit(rate=-slope, r_squared=min(r_squared, 1.0), points=points)
