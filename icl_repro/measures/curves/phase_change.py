"""Does a loss curve show a phase change, when, and how long does it take (Section 4.2).

The paper tells a *phase change*, a plateau followed by a faster fall, from a *smoothly exponential*
curve by eye. The measures here are numbers for the same distinction:

- *half-time*: sequences until the loss first falls to 0.35, half of ln 2;
- *duration*: sequences from loss 0.6 to loss 0.1; infinite, as a half-time, for a curve that does
  not get there: later than any that does;
- *acceleration ratio*: the largest, over all moments, of the speed of descent then over the
  smallest speed before then, until 5 % of the curve's range is left. It is 1 for anything that
  only slows down, such as an exponential, a sum of exponentials or a power law;
- *plateau level*: the mean loss over that slowest span, where the curve speeds up by half or more;
- *preferred shape*: see :mod:`icl_repro.measures.curves.shapes`.

**Smoothing and its effect.** The curve is first made one that never rises
(:mod:`icl_repro.measures.curves.falling`). A speed is then the mean over the time in which the
curve falls by 5 % of its range. Spans are of equal height, not of equal length, so that a speed is
as well known on a plateau as in a change, evaluations need not be evenly spaced, and a stretched
curve has the same ratio. Three effects:

- a curve that only slows down has a ratio of exactly 1, however its points are spaced;
- a plateau on which the curve falls by less than 5 % of its range is averaged with the falls on
  both its sides. This makes the ratio finite, and smaller than that of the curve itself: a first
  drop and a logistic change with a ratio of 20 come out at 8;
- noise makes the ratio larger. An exponential comes out at 1.04 with noise of 0.1 % of its range,
  at 1.2 with 0.3 % and at 2 to 4 with 1 %. Loss curves of 1,000 fixed episodes have about 0.1 %.

These are not the measures of :mod:`icl_repro.measures.curves.acceleration`, which are for curves of
the toy model: without noise, and equally spaced.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from icl_repro.measures.curves.crossings import time_between, time_to
from icl_repro.measures.curves.falling import LEFT, Fall
from icl_repro.measures.curves.noise import with_noise
from icl_repro.measures.curves.shapes import Preference, preference
from icl_repro.measures.kept import kept
from icl_repro.statistics.intervals import Interval

HALF_LOSS = 0.35
"""Half of ln 2, the loss of a guess between the two labels in context."""
CHANGE = (0.6, 0.1)
"""The losses between which the duration is measured."""
SPAN = 0.05
"""Share of its range that a curve falls by while its speed is measured."""
SPEEDS_UP = 1.5
"""A curve with a smaller acceleration ratio has no plateau."""
_STEPS_IN_A_SPAN = 10

Curve = Float[np.ndarray, " points"]


class Measured(NamedTuple):
    """A value and how far evaluation noise moves it.

    A time that never comes is infinite, a level or ratio that the curve does not have NaN; neither
    has an interval.
    """

    value: float
    interval: Interval | None


class PhaseChange(NamedTuple):
    """What a loss curve shows; see the module. Times are in the unit of x, such as sequences."""

    half_time: Measured
    duration: Measured
    plateau: Measured
    acceleration: Measured
    preference: Preference


class Acceleration(NamedTuple):
    """The ratio, and the mean value of the curve over the slow span that it compares with."""

    ratio: float
    slowest_at: float


@kept(PhaseChange)
def phase_change(x: Real[np.ndarray, " points"], y: Real[np.ndarray, " points"]) -> PhaseChange:
    """All measures of a loss curve, each with its uncertainty from evaluation noise.

    Args:
        x: sequences seen, increasing.
        y: the loss there.

    Raises:
        ValueError: the curve is not one; see :class:`~icl_repro.measures.curves.falling.Fall`.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return PhaseChange(
        half_time=Measured(*with_noise(x, y, lambda x, y: time_to(x, y, HALF_LOSS))),
        duration=Measured(*with_noise(x, y, lambda x, y: time_between(x, y, *CHANGE))),
        plateau=Measured(*with_noise(x, y, plateau_level)),
        acceleration=Measured(*with_noise(x, y, acceleration_ratio, least=1)),
        preference=preference(x, y),
    )


def acceleration_ratio(x: Curve, y: Curve, least: float = 0) -> float:
    """The largest ratio of a speed of descent to the smallest speed before it; NaN for a curve
    that does not fall.

    Args:
        x: sequences seen, increasing.
        y: the curve there.
        least: see :func:`acceleration`.
    """
    return acceleration(x, y, least).ratio


def plateau_level(x: Curve, y: Curve) -> float:
    """Mean loss where the curve is slowest before it is fastest in comparison; NaN where it does
    not speed up by half.
    """
    found = acceleration(x, y)
    return found.slowest_at if found.ratio >= SPEEDS_UP else math.nan


def acceleration(x: Curve, y: Curve, least: float = 0) -> Acceleration:
    """The acceleration ratio of a curve, and where it is slowest before.

    Args:
        x: sequences seen, increasing.
        y: the curve there.
        least: the least fall, in the unit of `y`, over which a speed is measured, where 5 % of the
            range is less: how fast a curve takes smaller steps then does not count. A curve that
            falls by less in all has a ratio of 1.

    Raises:
        ValueError: the curve is not one; see :class:`~icl_repro.measures.curves.falling.Fall`.
    """
    fall = Fall.of(x, y)
    if fall.range <= 0:
        return Acceleration(math.nan, math.nan)
    span = max(SPAN, least / fall.range)
    steps = round((1 - LEFT) / span * _STEPS_IN_A_SPAN)
    if steps < _STEPS_IN_A_SPAN:
        return Acceleration(1.0, math.nan)
    times = fall.times(np.linspace(1, LEFT, steps + 1))
    took = times[_STEPS_IN_A_SPAN:] - times[:-_STEPS_IN_A_SPAN]
    longest_so_far = np.maximum.accumulate(took)
    fastest = int(np.argmax(longest_so_far / took))
    slowest = int(np.argmax(took[: fastest + 1]))
    ratio = float(longest_so_far[fastest] / took[fastest])
    return Acceleration(ratio, fall.mean(times[slowest], times[slowest + _STEPS_IN_A_SPAN]))
