"""Phrases that the report writes in many places: thresholds, values, intervals, seeds, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from icl_repro.numbers import apart, number, percent, rounded
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import Profile
from icl_repro.verification.reported import Reported
from icl_repro.verification.wording import KNIFE_EDGE_MEANS, MARGIN_NOT_SHOWN_MEANS, listed

NOTHING = "—"
"""Stands where there is nothing to show."""

KNIFE_EDGE = "on a knife’s edge"
"""Said of a check that other seeds might well decide otherwise."""

MARGIN_NOT_SHOWN = "margin not shown"
"""Said of a check that is not, but of which few seeds do not show that most networks hold it."""

MARGINS_NOTE = (
    f"“{KNIFE_EDGE[:1].upper()}{KNIFE_EDGE[1:]}” means that {KNIFE_EDGE_MEANS}. "
    f"“{MARGIN_NOT_SHOWN.capitalize()}” means that {MARGIN_NOT_SHOWN_MEANS}."
)
"""What both mean, for a reader who meets them for the first time."""

AGREES_NOTE = (
    "“Agrees” means that the published value, as far as its digits are known, lies in the interval "
    "in which one more network of ours would lie with 95 % probability (Student's t, for values "
    "that are roughly normal); it does not change the verdict."
)
"""What it means that ours agree with a published number."""

_REFERENCE = re.compile(r"\b(Figures?|Tables?|Sections?|Appendix|Appendices) (?=[A-Z]?\d|[A-Z]\b)")


def not_meaningful_warning(profile: Profile) -> str:
    """Why nobody may read a verdict out of a run that was cut short; empty if it was not."""
    if profile.meaningful:
        return ""
    return (
        f"This was a run of the {profile.name} profile: training was cut short to exercise the "
        "machinery. Its numbers and verdicts say nothing about the paper."
    )


def bounds(low: float | None, high: float | None) -> str:
    """What a value must satisfy: ``≥ 0.995``, ``≤ 0.35`` or ``0.6 to 0.85``."""
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}"
    if low is not None:
        return f"≥ {number(low)}"
    return f"≤ {number(high)}" if high is not None else NOTHING


def measured(check: Check) -> str:
    """The value with enough digits to tell it from its thresholds."""
    return apart(check.value, (check.low, check.high))


def paper_value(reported: Reported | None) -> str:
    """The value that the paper gives, ``≈`` where it is rounded or read off a figure."""
    if reported is None:
        return NOTHING
    if reported.approximate:
        return f"≈ {rounded(reported.value)}"
    return number(reported.value)


def paper_source(reported: Reported | None) -> str:
    """Where the paper gives a value, and how far its seeds are apart; empty without one."""
    if reported is None:
        return ""
    values = reported.over_seeds
    if len(values) < 2:
        return reported.source
    seeds = f"over {len(values)} published seeds"
    return f"{reported.source}; {number(min(values))} to {number(max(values))} {seeds}"


def interval(bounds: Interval | None) -> str:
    """An interval with its confidence level and method; empty without one."""
    if bounds is None:
        return ""
    method = f" ({bounds.method})" if bounds.method else ""
    return f"{level(bounds)} interval {_ends(bounds)}{method}"


def short_interval(bounds: Interval | None) -> str:
    """An interval with its level alone, for where there is little room."""
    return f"{_ends(bounds)} ({level(bounds)})" if bounds is not None else ""


def open_interval(bounds: Interval) -> str:
    """An interval of shares, of which an end at 0 or 1 (or none) says nothing: ``at least 0.549``.

    Both ends where both say something.
    """
    low = bounds.low if bounds.low is not None and bounds.low > 0 else None
    high = bounds.high if bounds.high is not None and bounds.high < 1 else None
    if low is not None and high is not None:
        return _ends(bounds)
    if low is not None:
        return f"at least {number(low, 3)}"
    return f"at most {number(high, 3)}" if high is not None else "anything"


def level(bounds: Interval) -> str:
    """The confidence level of an interval: ``95 %``."""
    return percent(bounds.level).replace(" ", "\N{NO-BREAK SPACE}")


def p_value(value: float) -> str:
    """A p-value that stays on one line: ``p = 0.031``."""
    return f"p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{number(value, 2)}"


def _ends(bounds: Interval) -> str:
    low, high = apart(bounds.low, [bounds.high], 3), apart(bounds.high, [bounds.low], 3)
    return f"{low} to {high}"


def as_sentence(text: str) -> str:
    """`text` with a capital at the start, unless it starts with an id or a name."""
    first = text.partition(" ")[0].rstrip(":,;.")
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def shown_unit(unit: str, name: str) -> str:
    """The unit as it stands behind the name of what was measured; empty if the name says it."""
    if f" {unit} " in f" {name} ":
        return ""
    # "0.95 of draws" is fine after the number, but a name needs a noun.
    return f"share {unit}" if unit.startswith("of ") else unit


def as_full_sentence(text: str) -> str:
    """`text` with a full stop at its end, unless it ends a sentence already or is empty."""
    stripped = text.rstrip()
    return stripped if not stripped or stripped[-1] in ".!?…" else f"{stripped}."


def as_heading(text: str) -> str:
    """`text` without the full stop of a single sentence at its end."""
    stripped = text.rstrip()
    one = stripped.endswith(".") and not stripped.endswith("..") and ". " not in stripped
    return stripped[:-1] if one else stripped


def unbroken(text: str) -> str:
    """`text` with "Figure 3a" and its like kept on one line."""
    return _REFERENCE.sub("\\1\N{NO-BREAK SPACE}", text)


def seed_list(seeds: Sequence[int | str]) -> str:
    """Some seeds in words: ``Seed 1`` or ``Seeds 1, 2 and 3``; empty for none."""
    if not seeds:
        return ""
    return f"{'Seed' if len(seeds) == 1 else 'Seeds'} {listed([str(seed) for seed in seeds])}"


def family_title(family: str) -> str:
    """The name of a family as a heading: ``two_words`` becomes ``Two words``."""
    words = family.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else "Claims"


def moment(started: str) -> str:
    """An ISO 8601 time for people; as it stands where it is something else."""
    try:
        time = datetime.fromisoformat(started)
    except ValueError:
        return started
    if time.tzinfo is not None:
        time = time.astimezone(UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def when_seen(seen: bool) -> str:
    """Whether results had been seen when something was decided."""
    return "when results had been seen" if seen else "before any result was seen"


def day(written: str) -> str:
    """An ISO 8601 date for people: ``2 October 2026``; as it stands where it is something else."""
    try:
        parsed = date.fromisoformat(written)
    except ValueError:
        return written
    return f"{parsed.day} {parsed:%B %Y}"
