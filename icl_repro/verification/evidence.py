"""What a claim measured, as plain data: the only thing that verdicts and the report read.

Every structure here survives a trip through JSON unchanged (:mod:`msgspec`), except that a number
that is not finite becomes ``null``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Direction = Literal["at_least", "at_most", "between"]


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that the paper states for the same quantity.

    `source` says where (section, figure or table); `approximate` is true when the value was read
    off a figure or is rounded in the text.
    """

    value: float
    source: str
    approximate: bool = False


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An interval around a measured value. `level` is the confidence level, `method` its name."""

    low: float | None
    high: float | None
    level: float = 0.95
    method: str = ""


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One threshold and the measurement held against it.

    `low` is set for ``at_least`` and ``between``, `high` for ``at_most`` and ``between``; both ends
    are inclusive. `value` is ``None`` when the measurement was not finite, which never holds.
    """

    name: str
    value: float | None
    direction: Direction
    low: float | None
    high: float | None
    holds: bool
    unit: str = ""
    reported: Reported | None = None
    interval: Interval | None = None
    note: str = ""


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measurement shown as evidence without pass or fail."""

    name: str
    value: float | None
    unit: str = ""
    reported: Reported | None = None
    interval: Interval | None = None
    note: str = ""


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named sequence of points in a figure.

    `low` and `high` bound a band around `y`, where there is one. `origin` says whose points they
    are: ours, or the published ones that ours are drawn over. `style` tells how to draw them.
    `group` names what shares a colour: a published curve carries the group of the measured one.
    """

    label: str
    x: list[float | None]
    y: list[float | None]
    low: list[float | None] | None = None
    high: list[float | None] | None = None
    origin: Literal["measured", "published"] = "measured"
    style: Literal["line", "points"] = "line"
    group: str = ""


class ReferenceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled straight line across a panel, such as ln 2 for a guess between two labels."""

    label: str
    value: float
    axis: Literal["x", "y"] = "y"


class Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    series: list[Series]
    lines: list[ReferenceLine] = []
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One or more panels side by side, drawn like the figure of the paper that `source` names."""

    name: str
    caption: str
    source: str
    panels: list[Panel]


class Evidence(msgspec.Struct, forbid_unknown_fields=True):
    """All that one test of a claim measured: checks, plain quantities and figures."""

    checks: list[Check] = []
    quantities: list[Quantity] = []
    figures: list[Figure] = []

    @property
    def holds(self) -> bool:
        """Whether there is at least one check and every check holds."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    def failed(self) -> list[Check]:
        """The checks that do not hold."""
        return [check for check in self.checks if not check.holds]
