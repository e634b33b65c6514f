"""What changed since another record, in words: one sentence, and a table for each kind of change.

Terminal, Markdown and HTML show the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from icl_repro.numbers import apart, count, number, percent
from icl_repro.report.text import words
from icl_repro.verification.compared import (
    Comparison,
    CurveChange,
    Effect,
    FactChange,
    SpeedChange,
    ThresholdChange,
    ValueChange,
    VerdictChange,
)
from icl_repro.verification.spreads import REACH
from icl_repro.verification.wording import listed, on_seeds


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


class ChangeTable(msgspec.Struct, frozen=True):
    """The changes of one kind. A `folded` one is shown on demand where a page can do that; of
    `plain` ones there is nothing to say but how it was and is.
    """

    title: str
    note: str
    rows: list[ChangeRow]
    folded: bool = False
    plain: bool = False


_EFFECTS: dict[Effect, tuple[str, str]] = {
    "worse": ("▼", "bad"),
    "better": ("▲", "good"),
    "otherwise": ("≠", "none"),
}
_ORDER = ("worse", "gone", "better", "otherwise", "new")
_THRESHOLDS = {
    "looser": ("▼", "bad"),
    "removed": ("▼", "bad"),
    "stricter": ("▲", "good"),
    "added": ("+", "none"),
    "otherwise": ("≠", "none"),
}
_COMMIT = 10
_NAMES = 6
_NAMED = 2
_Judged = TypeVar("_Judged", VerdictChange, ValueChange)
_FACTS = {
    "made from": "making of runs",
    "profile": "profile or seeds",
    "machine": "machine",
    "versions": "versions",
    "code": "code",
}


def since(comparison: Comparison) -> str:
    """Which record was compared with: when, and at which commit."""
    old = comparison.against
    commit = f" (commit {old.commit[:_COMMIT]})" if old.commit else ""
    return f"the record of {words.moment(old.started)}{commit}"


def headline(comparison: Comparison) -> str:
    """Whether something regressed, and what changed, in one sentence."""
    amounts, failing = comparison.amounts, comparison.failing()
    if not (amounts.claims or amounts.values or amounts.curves or comparison.verdicts):
        why = {one.why for one in comparison.not_compared if one.what != "speed"}
        because = f": {'; '.join(sorted(why))}" if why else ""
        return f"Nothing could be compared with {since(comparison)}{because}."
    changes = "; ".join(_changes(comparison))
    if comparison.is_unchanged:
        same = listed(
            [
                count(amount, noun)
                for amount, noun in (
                    (amounts.claims, "claim"),
                    (amounts.controls, "control"),
                    (amounts.values + amounts.control_values, "value"),
                    (amounts.curves, "curve"),
                    (amounts.thresholds, "threshold"),
                )
                if amount
            ]
        )
        told = f"Nothing changed since {since(comparison)}: {same} are as they were"
        return f"{told}; {changes}." if changes else f"{told}."
    if failing:
        return f"Regressed in {listed(failing)} since {since(comparison)}: {changes}."
    if not comparison.fail_on:
        return f"Compared with {since(comparison)}: {changes}."
    return f"No regression in {_or(comparison.fail_on)} since {since(comparison)}: {changes}."


def how(comparison: Comparison) -> list[str]:
    """How values were compared, and how false alarms are kept down."""
    amounts = comparison.amounts
    values = amounts.values + amounts.control_values
    if not values:
        return []
    return [
        f"{count(values, 'value')} of checks, {amounts.control_values:,} of them in controls, were "
        f"compared on the seeds that both records have; {amounts.tested:,} could be tested, "
        "by a t test of the mean of the differences (from two seeds on), and by the largest "
        "difference on any seed against that of trainings of one seed (where it was measured; a "
        "normal distribution is assumed of both). The others rest on one value each, and how far "
        "trainings differ in it is not known.",
        f"That so many are compared raises no false alarms: p values are corrected by Holm’s "
        "method, for all checks of claims together and for all of controls, so that the chance of "
        f"even one false alarm stays below {percent(comparison.level)} among each. Intervals are "
        "those of one value by itself.",
        "Worse means nearer to the bad side of its threshold by more than the margin, which is "
        f"{percent(comparison.margin)} of the distance from the old mean to the threshold; of a "
        "control, which must fail, nearer to holding. Of those tested, "
        f"{amounts.not_worse:,} are shown not to be worse by more than that (a non-inferiority "
        "test at 95 %, each by itself).",
    ]


def tables(comparison: Comparison) -> list[ChangeTable]:
    """The changes by kind; kinds without any are left out."""
    speed = comparison.speed
    all_tables = [
        ChangeTable("Verdicts", "", [_verdict(one) for one in _sorted(comparison.verdicts)]),
        ChangeTable("Values", "", [_value(one) for one in _sorted(comparison.values)]),
        ChangeTable("Curves", "", [_curve(one) for one in comparison.curves]),
        ChangeTable("Thresholds", "", _thresholds(comparison)),
        ChangeTable(
            "Speed of training",
            "",
            [_speed(speed)] if speed is not None and speed.effect != "otherwise" else [],
        ),
        ChangeTable(
            "How it was run",
            "",
            [_fact(one) for one in comparison.facts],
            plain=True,
        ),
        ChangeTable(
            "Values that differ, but may do so by chance",
            "They differ by more than trainings of one seed were measured to, or by anything where "
            "that is not known or the runs are others. After correction no change is shown.",
            [_value(one) for one in comparison.unclear],
            folded=True,
        ),
    ]
    return [table for table in all_tables if table.rows]


def left_out(comparison: Comparison) -> list[tuple[str, str]]:
    """What could not be compared and why, each with the names of the first few."""
    found: list[tuple[str, str]] = []
    for one in comparison.not_compared:
        told = (
            f"{one.what}: {one.why}"
            if len(one.names) < 2
            else (f"{len(one.names):,} {one.what}: {one.why}")
        )
        further = len(one.names) - _NAMES
        names = "; ".join(one.names[:_NAMES]) + (f"; and {further:,} more" if further > 0 else "")
        found.append((told, "" if one.what == "speed" else names))
    return found


def view(comparison: Comparison) -> dict[str, Any]:
    """All that a template shows of a comparison."""
    return {
        "headline": headline(comparison),
        "tone": tone(comparison),
        "warnings": comparison.warnings,
        "tables": tables(comparison),
        "left_out": left_out(comparison),
        "how": how(comparison),
    }


def tone(comparison: Comparison) -> str:
    """The colour of the outcome."""
    if comparison.failing():
        return "bad"
    return "unsure" if comparison.regressed else "none"


def _changes(comparison: Comparison) -> Iterator[str]:
    """What changed, counted by kind."""
    verdicts = comparison.verdicts
    for noun, some in (
        ("claim", [one for one in verdicts if not one.case and not one.after_correction]),
        ("control", [one for one in verdicts if one.case]),
        ("verdict after correction", [one for one in verdicts if one.after_correction]),
    ):
        worse = [one.claim for one in some if one.effect == "worse"]
        plural = "verdicts after correction" if " " in noun else ""
        yield from _effects([_word(one) for one in some], noun, plural, worse)
    worse = [one.claim for one in comparison.values if one.effect == "worse"]
    yield from _effects([one.effect for one in comparison.values], "value", "", worse)
    if comparison.unclear:
        yield f"{count(len(comparison.unclear), 'value')} may differ by chance"
    if comparison.curves:
        yield f"{count(len(comparison.curves), 'curve')} drifted"
    moved = Counter(one.change for one in comparison.thresholds)
    if moved:
        parts = [f"{moved[change]} {change}" for change in _THRESHOLDS if moved[change]]
        yield f"{_counted('threshold', parts)}"
    speed = comparison.speed
    if speed is not None and speed.effect != "otherwise":
        aside = "" if speed.counts else ", which does not count"
        yield f"{_times(speed)}{aside}"
    unlike = dict.fromkeys(_FACTS[one.about] for one in comparison.facts if one.what != "commit")
    if unlike:
        yield f"different {listed([*unlike])}"
    claims = [one for one in comparison.not_compared if one.what == "claims"]
    if claims:
        yield f"{count(sum(len(one.names) for one in claims), 'claim')} not compared"


def _effects(effects: Sequence[str], noun: str, plural: str, worse: Sequence[str]) -> Iterator[str]:
    """``2 claims worse (a.b and a.c), 1 better``; what is worse is named where it is little."""
    counts = Counter(effects)
    parts = [f"{counts[effect]} {effect}" for effect in _ORDER if counts[effect]]
    named = list(dict.fromkeys(worse))
    if parts and 0 < len(named) <= _NAMED:
        parts[0] += f" ({listed(named)})"
    if parts:
        yield _counted(noun, parts, plural)


def _counted(noun: str, parts: Sequence[str], plural: str = "") -> str:
    """``2 claims worse, 1 better``."""
    amount, _, how_ = parts[0].partition(" ")
    return ", ".join([f"{count(int(amount), noun, plural)} {how_}", *parts[1:]])


def _word(one: VerdictChange) -> str:
    """What became of a verdict: the effect, unless it is new or gone."""
    return "new" if not one.before else "gone" if not one.now else one.effect


def _verdict(one: VerdictChange) -> ChangeRow:
    symbol, tone = _EFFECTS[one.effect]
    if _word(one) != one.effect:
        symbol = "+" if _word(one) == "new" else "−"
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
        _word(one),
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


def _value(one: ValueChange) -> ChangeRow:
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
    if one.p_changed is not None and one.p_worse is not None and not vanished:
        yield (
            f"Changed: {words.p_value(one.p_changed)}; worse by more than the margin: "
            f"{words.p_value(one.p_worse)} (both corrected)."
        )


def _curve(one: CurveChange) -> ChangeRow:
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
            f"{one.outside:,} of {one.points:,} points lie outside the tolerance; the worst, shown "
            f"here, at x = {number(one.at)}."
        ],
    )


def _thresholds(comparison: Comparison) -> list[ChangeRow]:
    """Those that are looser or gone first."""
    order = list(_THRESHOLDS)
    changes = sorted(comparison.thresholds, key=lambda one: order.index(one.change))
    return [_threshold(one) for one in changes]


def _threshold(one: ThresholdChange) -> ChangeRow:
    symbol, tone = _THRESHOLDS[one.change]
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


def _fact(one: FactChange) -> ChangeRow:
    short = _COMMIT if one.what == "commit" else None
    return ChangeRow(
        "≠", "none", "otherwise", "", one.what, one.before[:short], one.now[:short], []
    )


def _speed(one: SpeedChange) -> ChangeRow:
    symbol, tone = _EFFECTS[one.effect] if one.counts else ("~", "unsure")
    unit = f"s for a million {one.unit}"
    more = [f"{words.as_sentence(_times(one))}."]
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


def _times(speed: SpeedChange) -> str:
    if speed.ratio >= 1:
        return f"training takes {number(speed.ratio, 3)} times as long"
    return f"training is {number(1 / speed.ratio, 3)} times as fast"


def _sorted(changes: Sequence[_Judged]) -> list[_Judged]:
    """What is worse first."""
    order = list(_EFFECTS)
    return sorted(changes, key=lambda one: order.index(one.effect))


def _or(kinds: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(kinds[:-1]), *kinds[-1:]]))
