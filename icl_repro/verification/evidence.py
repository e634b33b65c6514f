"""What a claim measured, as plain data: the only thing that verdicts and the report read.

Every structure here survives a trip through JSON unchanged (:mod:`msgspec`), except that a number
that is not finite becomes ``null``.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Literal

import msgspec

from icl_repro.statistics.intervals import Interval, Limits
from icl_repro.verification.pictures import Figure, Table
from icl_repro.verification.reported import Reported

Direction = Literal["at_least", "at_most", "between"]
Kind = Literal["threshold", "equivalence"]


def lies_within(value: float, low: float | None, high: float | None) -> bool:
    """Whether a value keeps its bounds, which are inclusive; ``None`` for one that there is not."""
    return (low is None or value >= low) and (high is None or value <= high)


def same_bound(one: float | None, other: float | None) -> bool:
    """Whether two bounds are the same but for rounding, or neither is there."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other)


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One threshold and the measurement held against it.

    `low` is set for ``at_least`` and ``between``, `high` for ``at_most`` and ``between``; both ends
    are inclusive. `value` is ``None`` when the measurement was not finite, which never holds. The
    ends of an ``equivalence`` are the margin within which a difference counts as none. Of a claim
    that is judged over all seeds at once, `over_seeds` are the values by seed and `value` is their
    mean. `limits` are the least and the greatest value that the quantity can have, null where it
    may be anything: intervals are cut there. A check is `undecided` if its test had said before
    that it can tell neither way: then it counts neither as failed nor as held.
    """

    name: str
    value: float | None
    direction: Direction
    low: float | None
    high: float | None
    holds: bool
    unit: str = ""
    published: Reported | None = None
    interval: Interval | None = None
    note: str = ""
    kind: Kind = "threshold"
    over_seeds: dict[str, float | None] = {}
    undecided: bool = False
    limits: Limits = (None, None)


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has to be so that the checks stated after it can be judged: a measurement and the bounds
    within which it decides. `met` is whether it lies there; `value` is ``None`` when it is not
    finite. The ends are those of a check.
    """

    name: str
    value: float | None
    direction: Direction
    low: float | None
    high: float | None
    met: bool
    unit: str = ""


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measurement shown as evidence without pass or fail."""

    name: str
    value: float | None
    unit: str = ""
    published: Reported | None = None
    interval: Interval | None = None
    note: str = ""


class EvidenceRecord(msgspec.Struct, forbid_unknown_fields=True):
    """All that one test of a claim measured: checks, plain quantities, figures and tables.

    `undecided` says why it can tell neither way on this seed; empty where it can. The checks that
    it stated before it said so still count. `conditions` are those that decide whether it can. It
    is `broken_off` if the test was skipped before its end, so that it may have stated more.
    """

    checks: list[Check] = []
    quantities: list[Quantity] = []
    figures: list[Figure] = []
    tables: list[Table] = []
    undecided: str = ""
    conditions: list[Condition] = []
    broken_off: bool = False

    @property
    def holds(self) -> bool:
        """Whether there is at least one check and every check holds."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    def failed(self) -> list[Check]:
        """The checks that do not hold, but for those that tell neither way."""
        return [check for check in self.checks if not check.holds and not check.undecided]

    def decides(self, only: Collection[str] = ()) -> bool:
        """Whether any check, or any of the named ones, tells one way or the other."""
        return any(
            not check.undecided and (not only or check.name in only) for check in self.checks
        )

    def not_failed(self, only: Collection[str] = (), undefined: str = "") -> list[Check]:
        """Of the checks that have to fail in a control, those that do not.

        Args:
            only: the names of those that have to fail; empty for all.
            undefined: why a value may not be finite. Only with a reason does such a check count as
                failed.
        """
        return [
            check
            for check in self.checks
            if not check.undecided
            and (not only or check.name in only)
            and (check.holds or (check.value is None and not undefined))
        ]
