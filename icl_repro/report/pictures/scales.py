"""Where values lie on an axis, and which of them are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_STEPS = 5
_MOST_POWERS = 6


class Scale(msgspec.Struct, frozen=True):
    """An axis from the value `low` at `start` to `high` at `end`, in SVG units."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where `value` lies; it may be outside of the axis."""
        low, high = self._along(self.low), self._along(self.high)
        # Halves, because the whole way may be longer than a number can be.
        share = (self._along(value) / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether `value` lies on the axis."""
        return self.low <= value <= self.high

    def ticks(self, *, whole: bool = False) -> list[float]:
        """Few round values along the axis, only whole ones where it counts something (`whole`)."""
        if self.log:
            powers = self._powers()
            if len(powers) > 1:
                return powers
        reach = self.high / 2 - self.low / 2
        raw = max(2 * (reach / _MOST_STEPS), 1e-300)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(size * power for size in _STEPS if size * power >= raw * (1 - 1e-9))
        if whole:
            step = max(1.0, math.ceil(step))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [float(f"{index * step:.12g}") for index in range(first, last + 1)]

    def _along(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def _powers(self) -> list[float]:
        """Powers of ten, with twos and fives between them where there is but one."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        stride = max(1, math.ceil((last - first) / _MOST_POWERS))
        powers = [10.0**power for power in range(first, last + 1, stride)]
        inside = [power for power in powers if self.holds(power)]
        if len(inside) > 1:
            return inside
        return [part * power for power in powers for part in (1, 2, 5) if self.holds(part * power)]


def is_on_axis(value: float | None, *, log: bool = False) -> bool:
    """Whether `value` has a place on an axis of that kind at all."""
    return value is not None and math.isfinite(value) and (not log or value > 0)


def limits_around(
    values: Iterable[float | None], margin: float, *, log: bool = False
) -> tuple[float, float]:
    """The ends of an axis that shows all of `values` with a share of it to spare on both sides.

    Values without a place are ignored. One alone lies in the middle; without any, the axis goes
    from 0 to 1, or from 1 to 10.
    """
    known = [value for value in values if value is not None and is_on_axis(value, log=log)]
    if not known:
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = min(known), max(known)
    if log:
        ends = math.log10(low), math.log10(high)
        aside = margin * (ends[1] - ends[0]) or 0.5
        return 10 ** max(ends[0] - aside, -307), 10 ** min(ends[1] + aside, 307)
    aside = margin * (high - low) or 0.05 * abs(high) or 0.05
    return low - aside, high + aside
