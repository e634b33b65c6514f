"""Each kind of change as a row of a table: where, how it was, how it is, and what else to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from icl_repro.numbers import apart, count, number, percent
from icl_repro.report.text import words
from icl_repro.verification.compared import (
    CurveChange,
    Effect,
    FactChange,
    SpeedChange,
    ThresholdChange,
    ValueChange,
    VerdictChange,
)
from icl_repro.verification.spreads import REACH
from icl_repro.verification.wording import on_seeds


class ChangeRow(msgspec.Struct, frozen=True):
    """One change: how it is marked, where it is, before and now, and what else there is to say.

    `claim` is the id of the claim, by which a page can point to it; empty where it is of none.
    """

    symbol: str
    tone: str
    word: str
    claim: str
    what: str
    before: str
    now: str
    more: list[str]


_EFFECTS: dict[Effect, tuple[str, str]] = {
    "worse": ("▼", "bad"),
    "better": ("▲", "good"),
    "otherwise": ("≠", "none"),
}
THRESHOLDS = {
    "looser": ("▼", "bad"),
    "removed": ("▼", "bad"),
    "stricter": ("▲", "good"),
    "added": ("+", "none"),
    "otherwise": ("≠", "none"),
}
"""Symbol and colour of what became of a threshold, in the order in which it is told."""

COMMIT = 10
"""So much of a commit is shown."""

_Judged = TypeVar("_Judged", VerdictChange, ValueChange)


def word(one: VerdictChange) -> str:
    """What became of a verdict: the effect, unless it is new or gone."""
    return "new" if not one.before else "gone" if not one.now else one.effect


def verdict_row(one: VerdictChange) -> ChangeRow:
    """A claim or a control that is judged otherwise."""
    symbol, tone = _EFFECTS[one.effect]
    if word(one) != one.effect:
        symbol = "+" if word(one) == "new" else "−"
    what = f"control {one.case}" if one.case else ""
    more = [
        *(["after correction for many claims"] if one.after_correction else []),
        _turned("no more", one.lost, bool(one.case)),
        _turned("now", one.gained, bool(one.case)),
        words.as_full_sentence(words.as_sentence(one.why)) if one.why else "",
    ]
    return ChangeRow(
        symbol,
        tone,
        word(one),
        one.claim,
        what,
        one.before or words.NOTHING,
        one.now or words.NOTHING,
        [part for part in more if part],
    )


def _turned(when: str, seeds: Sequence[str], is_control: bool) -> str:
    """On which seeds it came out well before or now; empty where nothing did by seed."""
    named = [seed for seed in seeds if seed.isdecimal()]
    if not named:
        return ""
    does = "Fails as it must" if is_control else "Holds"
    return f"{does} {when}{on_seeds([int(seed) for seed in named])}."


def value_row(one: ValueChange) -> ChangeRow:
    """A check that is measured otherwise."""
    symbol, tone = _EFFECTS[one.effect] if one.shown else ("~", "unsure")
    what = ", ".join(
        filter(
            None, [f"control {one.case}" if one.case else "", f"row {one.row}" if one.row else ""]
        )
    )
    what = f"{what}: {one.check}" if what else one.check
    unit = words.shown_unit(one.unit, one.check)
    return ChangeRow(
        symbol,
        tone,
        one.effect if one.shown else "unclear",
        one.claim,
        f"{what} ({unit})" if unit else what,
        apart(one.before, [one.now]) if one.seeds else words.NOTHING,
        apart(one.now, [one.before]) if one.seeds else words.NOTHING,
        [part for part in _more_on_value(one) if part],
    )


def _more_on_value(one: ValueChange) -> Iterator[str]:
    if one.why:
        yield words.as_full_sentence(words.as_sentence(one.why))
    seeds = [seed for seed in one.seeds if seed]
    if len(seeds) > 1:
        around = f" ({words.interval(one.interval)})" if one.interval else ""
        over = count(len(seeds), "seed")
        yield f"Means over {over}; difference {number(one.difference)}{around}."
    elif one.difference is not None:
        yield f"Difference {number(one.difference)}{on_seeds([int(seed) for seed in seeds])}."
    moved = [int(seed) for seed in one.moved if seed]
    if moved and len(moved) < len(seeds):
        yield f"Moved{on_seeds(moved)}."
    fails = ", and fail that here" if one.case else ""
    yield f"It must be {one.threshold}{fails}; margin {number(one.margin, 3)}."
    if one.spread is not None:
        yield (
            f"Trainings of one seed differ by as much as {number(one.spread, 3)} "
            f"({count(one.pairs, 'pair')} compared); to move takes {number(REACH)} times that."
        )
    vanished = one.why.startswith("no finite value")
    if one.by_margin:
        lost = "" if one.lost is None else f", {percent(one.lost)} of the way there"
        yield f"Not tested; worse by the margin alone{lost}."
    elif one.p_changed is not None and one.p_worse is not None and not vanished:
        yield (
            f"Changed: {words.p_value(one.p_changed)}; worse by more than the margin: "
            f"{words.p_value(one.p_worse)} (both corrected)."
        )


def curve_row(one: CurveChange) -> ChangeRow:
    """A curve that drifted, at its worst point."""
    where = [
        f"control {one.case}" if one.case else "",
        f"row {one.row}" if one.row else "",
        f"seed {one.seed}" if one.seed else "",
        one.figure,
        # A panel may be named like its series, or only counted.
        one.panel if not one.panel.startswith("panel ") else "",
        one.series,
    ]
    value, other = number(one.value), words.NOTHING
    if one.low is not None and one.high is not None:
        low, high = number(one.low, 3), number(one.high, 3)
        other = low if low == high else f"{low} to {high}"
    before, now = (value, other) if one.side == "before" else (other, value)
    return ChangeRow(
        "≠",
        "unsure",
        "drifted",
        one.claim,
        ", ".join(filter(None, where)),
        before,
        now,
        [
            f"{number(one.outside)} of {number(one.points)} points lie outside the tolerance; the "
            f"worst, shown here, at x = {number(one.at)}."
        ],
    )


def threshold_rows(thresholds: Sequence[ThresholdChange]) -> list[ChangeRow]:
    """Thresholds that moved; those that are looser or gone first."""
    order = list(THRESHOLDS)
    return [_threshold(one) for one in sorted(thresholds, key=lambda o: order.index(o.change))]


def _threshold(one: ThresholdChange) -> ChangeRow:
    symbol, tone = THRESHOLDS[one.change]
    if one.change == "removed" and one.why:
        symbol, tone = "−", "none"
    return ChangeRow(
        symbol,
        tone,
        one.change,
        one.claim,
        f"row {one.row}: {one.check}" if one.row else one.check,
        one.before or words.NOTHING,
        one.now or words.NOTHING,
        [f"The ledger: {words.as_full_sentence(one.why)}"] if one.why else [],
    )


def fact_row(one: FactChange) -> ChangeRow:
    """Something about where and how a session ran."""
    short = COMMIT if one.what == "commit" else None
    return ChangeRow(
        "≠", "none", "otherwise", "", one.what, one.before[:short], one.now[:short], []
    )


def speed_row(one: SpeedChange) -> ChangeRow:
    """How long training takes."""
    symbol, tone = _EFFECTS[one.effect] if one.counts else ("~", "unsure")
    unit = f"s for a million {one.unit}"
    more = [f"{words.as_sentence(times(one))}."]
    if not one.counts:
        more.append(f"It does not count: {one.why}.")
    return ChangeRow(
        symbol,
        tone,
        one.effect if one.counts else "unclear",
        "",
        "seconds of training",
        f"{number(one.before, 3)} {unit}",
        f"{number(one.now, 3)} {unit}",
        more,
    )


def times(speed: SpeedChange) -> str:
    """How much slower or faster training is, in words."""
    if speed.ratio >= 1:
        return f"training takes {number(speed.ratio, 3)} times as long"
    return f"training is {number(1 / speed.ratio, 3)} times as fast"


def worst_first(changes: Sequence[_Judged]) -> list[_Judged]:
    """What is worse first."""
    order = list(_EFFECTS)
    return sorted(changes, key=lambda one: order.index(one.effect))
