"""What changed from one record to another: plain data that a record can carry.

Made by :func:`icl_repro.comparison.compare`, told by the report.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from icl_repro.statistics.intervals import Interval

ChangeKind = Literal["verdict", "value", "curve", "speed", "threshold"]
"""What can regress."""

KINDS: tuple[ChangeKind, ...] = ("verdict", "value", "curve", "speed", "threshold")
"""All of them, in the order in which they are told."""

DEFAULT_FAIL_ON: tuple[ChangeKind, ...] = ("verdict", "value")
"""What makes a comparison fail where nothing else is asked for: what the claims rest on. A curve
that drifts has no bad side, speed hangs on what else a machine does, and a threshold is moved by
somebody who writes down why: these are told, and fail where they are named."""

Effect = Literal["worse", "better", "otherwise"]
"""To which side something changed; `otherwise` where neither side is better, or it is not known."""

ON_OTHER_SEEDS = "judged on other seeds; on those of both records nothing changed"
"""Why a verdict is otherwise that says nothing of what happened since."""


class Compared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which record was compared with: when its session began, its commit, profile, seeds and
    processor, and the label of what its runs were made from (empty for the usual).
    """

    started: str
    commit: str | None
    profile: str
    seeds: list[int]
    processor: str
    basis: str = ""


class VerdictChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim, or with a `case` one of its controls, that is judged otherwise.

    `before` is empty for what is new, `now` for what is gone. `lost` are the seeds, of those that
    both records judge, on which it came out well before and does no more, `gained` the reverse.
    `after_correction` is true of verdicts after correction for many claims. `why` says what the
    effect rests on, where it is not plain.
    """

    claim: str
    case: str
    before: str
    now: str
    effect: Effect
    lost: list[str] = []
    gained: list[str] = []
    after_correction: bool = False
    why: str = ""


class ValueChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check of a claim, or of one of its controls (`case`), that is measured otherwise.

    `before` and `now` are the means over `seeds`, those with a value in both records; `difference`
    is the mean of their differences, with its 95 % interval from two seeds on. `moved` are the
    seeds on which the difference is more than trainings of one seed were measured to differ:
    `spread` is the largest of so many `pairs`, null if not known or if it does not apply.
    `margin` is how much nearer to the bad side of the threshold it may come.

    `p_changed` and `p_worse` (by more than the margin) are corrected for all values compared; null
    where nothing could be tested. `shown` is whether a change is shown after correction; if not,
    `effect` is `otherwise`, and it may be chance. `not_worse` is whether it is shown, at 95 %
    without correction, that it is not worse by more than the margin.

    `by_margin` is true of what counts as worse, and is shown as such, by the margin alone: no test
    can tell. `lost` is the share that it lost of the distance from its old mean to its threshold,
    negative if it gained; null where it had none.
    """

    claim: str
    case: str
    row: str
    check: str
    unit: str
    threshold: str
    seeds: list[str]
    before: float | None
    now: float | None
    difference: float | None
    interval: Interval | None
    moved: list[str]
    margin: float
    effect: Effect
    shown: bool
    p_changed: float | None = None
    p_worse: float | None = None
    not_worse: bool | None = None
    spread: float | None = None
    pairs: int = 0
    why: str = ""
    by_margin: bool = False
    lost: float | None = None


class CurveChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A curve in a figure that leaves the tube around its counterpart, on a seed.

    `outside` of `points` points of both lie outside the tolerance. The worst is at `at`, where the
    curve of the record named by `side` has `value` and the other one lies between `low` and `high`
    within the tolerance in time (null where it has no point there).
    """

    claim: str
    case: str
    row: str
    seed: str
    figure: str
    panel: str
    series: str
    outside: int
    points: int
    side: Literal["before", "now"]
    at: float
    value: float
    low: float | None
    high: float | None


class ThresholdChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A threshold that moved. `before` is empty where it is new, `now` where it is gone.

    `why` is what the ledger says of it: a check that it says is gone for a reason is no regression,
    nor is a bound that it says is looser for one.
    """

    claim: str
    row: str
    check: str
    before: str
    now: str
    change: Literal["looser", "stricter", "otherwise", "added", "removed"]
    why: str = ""


class SpeedChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of training for each million units of work, before and now, and their ratio.

    `counts` is whether all else is alike, so that the ratio tells of the code; `why` says what is
    not.
    """

    unit: str
    before: float
    now: float
    ratio: float
    effect: Effect
    counts: bool
    why: str = ""


class FactChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something about where and how a session ran: what, as it was, and as it is."""

    about: Literal["made from", "profile", "machine", "versions", "code"]
    what: str
    before: str
    now: str


class NotCompared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What could not be compared, why, and which."""

    what: str
    why: str
    names: list[str]


class Amounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much was compared: verdicts on claims and on controls, values of the checks of claims and
    of controls, of which `tested` by a test and `not_worse` shown not to be worse by more than the
    margin; curves and thresholds. `untested` values differ and were judged by the margin alone, if
    at all.
    """

    claims: int = 0
    controls: int = 0
    values: int = 0
    control_values: int = 0
    tested: int = 0
    not_worse: int = 0
    curves: int = 0
    thresholds: int = 0
    untested: int = 0


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changed from one record to another.

    `margin` is that of values, as a share of the distance from the old mean to the threshold.
    `untested_margin` is that where nothing is known of how trainings differ. `level` is that of all
    tests together. `fail_on` are the kinds whose regression makes it fail. `unclear` are values
    that differ by more than trainings do, or by anything where that is not known, but are not shown
    to have changed.
    """

    against: Compared
    margin: float
    level: float
    fail_on: list[ChangeKind]
    amounts: Amounts
    verdicts: list[VerdictChange] = []
    values: list[ValueChange] = []
    unclear: list[ValueChange] = []
    curves: list[CurveChange] = []
    thresholds: list[ThresholdChange] = []
    speed: SpeedChange | None = None
    facts: list[FactChange] = []
    warnings: list[str] = []
    not_compared: list[NotCompared] = []
    untested_margin: float = 0.5

    @property
    def regressed(self) -> list[ChangeKind]:
        """The kinds in which something regressed, whether or not that makes it fail."""
        worse: dict[ChangeKind, bool] = {
            "verdict": any(one.effect == "worse" for one in self.verdicts),
            "value": any(one.effect == "worse" for one in self.values),
            "curve": bool(self.curves),
            "speed": self.speed is not None and self.speed.counts and self.speed.effect == "worse",
            "threshold": any(
                one.change in ("looser", "removed") and not one.why for one in self.thresholds
            ),
        }
        return [kind for kind in KINDS if worse[kind]]

    def failing(self, fail_on: Collection[ChangeKind] | None = None) -> list[ChangeKind]:
        """Of the kinds that regressed, those that make it fail."""
        asked = self.fail_on if fail_on is None else fail_on
        return [kind for kind in self.regressed if kind in asked]

    @property
    def compares_nothing(self) -> bool:
        """Whether no verdict, value or curve could be compared, and nothing is new or gone."""
        amounts = self.amounts
        values = amounts.values + amounts.control_values
        return not (amounts.claims or values or amounts.curves or self.verdicts)

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing at all was found to be otherwise, in results, thresholds or speed."""
        changed = (self.verdicts, self.values, self.unclear, self.curves, self.thresholds)
        return not any(changed) and (self.speed is None or self.speed.effect == "otherwise")
