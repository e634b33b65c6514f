"""A curve that falls, smoothed: the nearest one that never rises, and when it is at which level.

Smoothing is by isotonic regression: wherever a curve rises, neighbouring points are pooled until
it does not (Barlow et al., 1972). It has no width to choose, leaves a curve that never rises as it
is, and on a plateau it averages over as many points as noise makes rise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

LEFT = 0.05
"""Share of its range that a curve has left when it counts as having fallen."""


class Fall(NamedTuple):
    """A smoothed curve.

    Attributes:
        x: where it was measured, increasing.
        smooth: the curve, never rising.
    """

    x: Float[np.ndarray, " points"]
    smooth: Float[np.ndarray, " points"]

    @classmethod
    def of(cls, x: Real[np.ndarray, " points"], y: Real[np.ndarray, " points"]) -> Fall:
        """The curve `y` over `x`, smoothed.

        Raises:
            ValueError: `x` does not increase, the lengths differ, a value is not finite, or there
                are fewer than two.
        """
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
            raise ValueError(
                f"a curve is two rows of at least 2 numbers, not of shapes {x.shape} and {y.shape}"
            )
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            first = int(np.argmin(np.isfinite(x) & np.isfinite(y)))
            raise ValueError(f"the curve is not finite at point {first}: ({x[first]}, {y[first]})")
        if not (np.diff(x) > 0).all():
            place = int(np.argmin(np.diff(x) > 0))
            raise ValueError(
                f"x must increase, but goes from {x[place]} to {x[place + 1]} at point {place + 1}"
            )
        from scipy.optimize import isotonic_regression  # which takes long to import

        return cls(x, isotonic_regression(y, increasing=False).x)

    @property
    def range(self) -> float:
        """How much it falls in all."""
        return float(self.smooth[0] - self.smooth[-1])

    def level(self, left: float) -> float:
        """The value at which it has a share `left` of its range left."""
        return float(self.smooth[-1] + left * self.range)

    def times(self, left: Float[np.ndarray, " levels"]) -> Float[np.ndarray, " levels"]:
        """Where it has each share of its range left, between points by a straight line.

        `left` falls from 1, at which it is where it was first measured.
        """
        fallen = (self.smooth[0] - self.smooth) / self.range
        times = np.interp(1 - left, fallen, self.x)
        # A curve that begins level is at its highest from the first point on, not from the last.
        return np.where(left >= 1, self.x[0], times)

    def mean(self, start: float, end: float) -> float:
        """Its mean between two places."""
        inside = (self.x > start) & (self.x < end)
        x = np.concatenate([[start], self.x[inside], [end]])
        return float(np.trapezoid(np.interp(x, self.x, self.smooth), x) / (end - start))
