"""Numbers and checks as a reader meets them in messages and summaries."""

from __future__ import annotations

from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check
from icl_repro.verification.reported import Reported


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with about `digits` significant digits and commas between thousands.

    More digits where fewer would round it to a whole number: 0.99995 is not 1.
    """
    if value is None:
        return "not finite"
    if value == round(value) and abs(value) < 1e15:
        return f"{round(value):,}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    while float(text) == round(value) and digits < 17:
        digits += 1
        text = f"{value:.{digits}g}"
    return text


def threshold(check: Check) -> str:
    """The threshold of `check` in words, such as ``at least 80,000``."""
    if check.direction == "between":
        return f"between {number(check.low)} and {number(check.high)}"
    if check.direction == "at_least":
        return f"at least {number(check.low)}"
    return f"at most {number(check.high)}"


def failed_sentence(check: Check) -> str:
    """What was measured, what it had to be and what the paper reports, for a check that fails."""
    return (
        f"{check.name} {_is_measured(check)}, but must be {threshold(check)}"
        f"{_aside(check.published)}{_note(check)}"
    )


def undue_sentence(check: Check) -> str:
    """The same for a check that holds on a control, where it has to fail."""
    return (
        f"{check.name} {_is_measured(check)}, which is {threshold(check)}, "
        f"but this control must fail that check{_note(check)}"
    )


def _is_measured(check: Check) -> str:
    if check.value is None:
        return "is not a finite number"
    unit = f" {check.unit}" if check.unit else ""
    return f"is {_distinct(check)}{unit}{_around(check.interval)}"


def _distinct(check: Check) -> str:
    """The value with as many digits as it takes to tell it from a threshold that it misses."""
    ends = [end for end in (check.low, check.high) if end is not None and end != check.value]
    for digits in range(4, 17):
        text = number(check.value, digits)
        if all(text != number(end, digits) for end in ends):
            return text
    return repr(check.value)


def _around(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return ""
    percent = f"{100 * interval.level:.3g} %"
    return f" ({percent} interval {number(interval.low)} to {number(interval.high)})"


def _aside(reported: Reported | None) -> str:
    if reported is None:
        return ""
    about = "about " if reported.approximate else ""
    return f" (the paper reports {about}{number(reported.value)}, {reported.source})"


def _note(check: Check) -> str:
    return f"; {check.note}" if check.note else ""
