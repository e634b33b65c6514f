"""Checks as sentences: in the messages of tests, in the reasons of verdicts and in the report."""

from __future__ import annotations

from collections.abc import Sequence

from icl_repro.numbers import apart, number
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check, Condition, Direction, Kind
from icl_repro.verification.reported import Reported

KNIFE_EDGE_MEANS = (
    "other seeds might well come out on the other side of its threshold: the mean lies less than "
    "one spread (standard deviation over seeds) from it, or a value lies on it or within a tenth "
    "of a spread of it; for a mean over seeds, that its t test does not tell the side"
)
"""What it means that a check is on a knife's edge, as :func:`verification.margins.margin` rules."""
MARGIN_NOT_SHOWN_MEANS = (
    "the mean is at least one spread on the right side, but the one-sided tolerance bound (normal, "
    "nine of ten networks, 95 % confidence) lies past the threshold"
)
"""What it means that the margin of a check is not shown."""


def threshold(check: Check | Condition) -> str:
    """The threshold of `check` in words, such as ``at least 80,000``."""
    kind = check.kind if isinstance(check, Check) else "threshold"
    return bounds(check.direction, check.low, check.high, kind)


def bounds(
    direction: Direction, low: float | None, high: float | None, kind: Kind = "threshold"
) -> str:
    """A threshold in words, such as ``between 0.6 and 0.85``."""
    if kind == "equivalence":
        return f"within a margin of {number(low)} to {number(high)}"
    if direction == "between":
        return f"between {number(low)} and {number(high)}"
    return f"at least {number(low)}" if direction == "at_least" else f"at most {number(high)}"


def failed_sentence(check: Check) -> str:
    """What was measured, what it had to be and what the paper reports, for a check that fails."""
    return (
        f"{check.name} {is_measured(check)}, but must be {threshold(check)}"
        f"{_aside(check.published)}{_note(check)}"
    )


def unmet_sentence(condition: Condition) -> str:
    """What was measured, and what it takes to be judged, for a condition that is not met."""
    return (
        f"{condition.name} {is_measured(condition)}, where it takes {threshold(condition)} to tell"
    )


def undue_sentence(check: Check) -> str:
    """The same for a check that has to fail in a control and does not."""
    if check.value is None:
        return (
            f"{check.name} {is_measured(check)}, which counts as failed only where the control "
            f"says why it may be undefined{_note(check)}"
        )
    return (
        f"{check.name} {is_measured(check)}, which is {threshold(check)}, "
        f"but this control must fail that check{_note(check)}"
    )


def is_measured(check: Check | Condition) -> str:
    """What was measured, such as ``is 0.8999 m (95 % interval 0.88 to 0.91)``."""
    if check.value is None:
        return "is not a finite number"
    # "0.9 ratio" is no English, and the name of a ratio says of what.
    is_ratio = check.unit.partition(" ")[0] == "ratio"
    unit = f" {check.unit}" if check.unit and not is_ratio else ""
    around = _around(check.interval) if isinstance(check, Check) else ""
    return f"is {apart(check.value, [check.low, check.high])}{unit}{around}"


def on_seeds(seeds: Sequence[int | None]) -> str:
    """``" on seeds 5, 6 and 7"``, or nothing where there are no seeds."""
    named = [str(seed) for seed in seeds if seed is not None]
    if not named:
        return ""
    return f" on {'seed' if len(named) == 1 else 'seeds'} {listed(named)}"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Some names in a sentence: ``a, b and c``; of more than `most` the first, and how many more:
    ``a, b and 7 more``.
    """
    if most is not None and len(names) > most:
        names = [*names[:most], f"{number(len(names) - most)} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _around(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return ""
    percent = f"{100 * interval.level:.3g} %"
    method = f", {interval.method}" if interval.method else ""
    return f" ({percent} interval {number(interval.low)} to {number(interval.high)}{method})"


def _aside(published: Reported | None) -> str:
    if published is None:
        return ""
    about = "about " if published.approximate else ""
    return f" (the paper reports {about}{number(published.value)}, {published.source})"


def _note(check: Check) -> str:
    return f"; {check.note}" if check.note else ""
