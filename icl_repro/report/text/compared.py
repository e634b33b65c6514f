"""What changed since another record, in words: one sentence, and a table for each kind of change.

Terminal, Markdown and HTML show the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from icl_repro.numbers import count, number, percent
from icl_repro.report.text import words
from icl_repro.report.text.change_rows import (
    COMMIT,
    THRESHOLDS,
    ChangeRow,
    curve_row,
    fact_row,
    speed_row,
    threshold_rows,
    times,
    value_row,
    verdict_row,
    word,
    worst_first,
)
from icl_repro.verification.compared import ON_OTHER_SEEDS, Comparison
from icl_repro.verification.wording import listed


class ChangeTable(msgspec.Struct, frozen=True):
    """The changes of one kind. A `folded` one is shown on demand where a page can do that; of
    `plain` ones there is nothing to say but how it was and is.
    """

    title: str
    note: str
    rows: list[ChangeRow]
    folded: bool = False
    at_least: int = 0
    """So many of its rows are never cut."""
    plain: bool = False


_ORDER = ("worse", "gone", "better", "otherwise", "new")
_USUAL = ("commit", "workers")  # differ between most sessions, and say little
_NAMES = 6
_NAMED = 2
_FACTS = {
    "profile": "profile or seeds",
    "machine": "machine",
    "versions": "versions",
    "code": "code",
}


def since(comparison: Comparison) -> str:
    """Which record was compared with: when, and at which commit."""
    old = comparison.against
    commit = f" (commit {old.commit[:COMMIT]})" if old.commit else ""
    return f"the record of {words.moment(old.started)}{commit}"


def headline(comparison: Comparison) -> str:
    """Whether something regressed, and what changed, in one sentence."""
    amounts, failing = comparison.amounts, comparison.failing()
    if comparison.compares_nothing:
        why = {one.why for one in comparison.not_compared if one.what != "speed"}
        because = f": {'; '.join(sorted(why))}" if why else ""
        return f"Nothing could be compared with {since(comparison)}{because}."
    changes = "; ".join(_changes(comparison))
    others = sum(len(one.names) for one in comparison.not_compared if one.what == "claims")
    if others > amounts.claims and not failing:
        # What did not change is little beside what nobody looked at.
        compared = f"Only {amounts.claims} of {count(amounts.claims + others, 'claim')}"
        were = "was" if amounts.claims == 1 else "were"
        happened = "nothing changed" if comparison.is_unchanged else "nothing regressed"
        among = "in it" if amounts.claims == 1 else "among them"
        told = f"{compared} {were} compared with {since(comparison)}; {among} {happened}"
        return f"{told}: {changes}." if changes else f"{told}."
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
    in_controls, tested = number(amounts.control_values), number(amounts.tested)
    return [
        f"{count(values, 'value')} of checks, {in_controls} of them in controls, were compared on "
        f"the seeds that both records have. {tested} could be tested: by a t test of the mean of "
        "the differences (from two seeds on), and by the largest difference on any seed against "
        "that of trainings of one seed (where that was measured; both are taken to be normal). The "
        f"other {number(values - amounts.tested)} rest on one value each, and how far trainings "
        "differ in it is not known, or by too few differences, or by none but zero: "
        f"{number(amounts.untested)} of them differ.",
        "What cannot be tested is judged by the margin alone: it is worse if it lost more than "
        "that and changed by more than twice any known difference, or, with none known, lost more "
        f"than {percent(comparison.untested_margin)} of the distance to its threshold, on all "
        "seeds. That is a limit, not a test: no rate of false alarms follows from it. On another "
        "processor, or of other runs than before, it says nothing, and neither does what is known "
        "of trainings on one kind of processor alone.",
        "Because so many are compared, p values are corrected by Benjamini and Hochberg’s method, "
        "for claims and controls: where nothing changed, the chance of even one false change that "
        f"a test shows is at most {percent(comparison.level)}, and so is that of even one false "
        "“worse”; where something did, so is the share of false ones to expect. Intervals are "
        "those of one value by itself.",
        "Worse means nearer to the bad side of its threshold by more than the margin, which is "
        f"{percent(comparison.margin)} of the distance from the old mean to the threshold; of a "
        "control, which must fail, nearer to holding. Of those tested, "
        f"{number(amounts.not_worse)} are shown not to be worse by more than that (a "
        "non-inferiority test at 95 %, each by itself).",
    ]


def tables(comparison: Comparison) -> list[ChangeTable]:
    """The changes by kind; kinds without any are left out."""
    speed = comparison.speed
    unclear = sorted(comparison.unclear, key=lambda one: -(one.lost or 0.0))
    changed = [one for one in comparison.verdicts if one.why != ON_OTHER_SEEDS]
    alike = [
        msgspec.structs.replace(one, why="")
        for one in comparison.verdicts
        if one.why == ON_OTHER_SEEDS
    ]
    all_tables = [
        ChangeTable("Verdicts", "", [verdict_row(one) for one in worst_first(changed)]),
        ChangeTable("Values", "", [value_row(one) for one in worst_first(comparison.values)]),
        ChangeTable("Curves", "", [curve_row(one) for one in comparison.curves]),
        ChangeTable("Thresholds", "", threshold_rows(comparison.thresholds)),
        ChangeTable(
            "Speed of training",
            "",
            [speed_row(speed)] if speed is not None and speed.effect != "otherwise" else [],
        ),
        ChangeTable(
            "How it was run",
            "",
            [fact_row(one) for one in comparison.facts],
            plain=True,
        ),
        ChangeTable(
            "Values that differ, but may do so by chance",
            "They differ by more than trainings of one seed were measured to, or by anything where "
            "that is not known or the runs are others. After correction no change is shown.",
            [value_row(one) for one in unclear],
            folded=True,
            at_least=sum((one.lost or 0.0) > comparison.margin for one in unclear),
        ),
        ChangeTable(
            "Verdicts on other seeds",
            "On the seeds of both records nothing changed.",
            [verdict_row(one) for one in alike],
            folded=True,
        ),
    ]
    return [table for table in all_tables if table.rows]


def left_out(comparison: Comparison) -> list[tuple[str, str]]:
    """What could not be compared and why, each with the names of the first few."""
    found: list[tuple[str, str]] = []
    for one in comparison.not_compared:
        amount = f"{number(len(one.names))} " if len(one.names) > 1 else ""
        told = f"{amount}{one.what}: {one.why}"
        further = len(one.names) - _NAMES
        names = "; ".join(one.names[:_NAMES]) + (
            f"; and {number(further)} more" if further > 0 else ""
        )
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
    verdicts = [one for one in comparison.verdicts if one.why != ON_OTHER_SEEDS]
    for noun, some in (
        ("claim", [one for one in verdicts if not one.case and not one.after_correction]),
        ("control", [one for one in verdicts if one.case]),
        ("verdict after correction", [one for one in verdicts if one.after_correction]),
    ):
        worse = [one.claim for one in some if one.effect == "worse"]
        plural = "verdicts after correction" if " " in noun else ""
        yield from _effects([word(one) for one in some], noun, plural, worse)
    if others := len(comparison.verdicts) - len(verdicts):
        yield f"{count(others, 'verdict')} on other seeds"
    worse = [one.claim for one in comparison.values if one.effect == "worse"]
    yield from _effects([one.effect for one in comparison.values], "value", "", worse)
    if comparison.unclear:
        yield f"{count(len(comparison.unclear), 'value')} may differ by chance"
    amounts = comparison.amounts
    if amounts.untested:
        differ = "differs" if amounts.untested == 1 else "differ"
        yield f"{count(amounts.untested, 'value')} that {differ} could not be tested"
    if comparison.curves:
        yield f"{count(len(comparison.curves), 'curve')} drifted"
    moved = Counter(one.change for one in comparison.thresholds)
    if moved:
        parts = [f"{moved[change]} {change}" for change in THRESHOLDS if moved[change]]
        yield f"{_counted('threshold', parts)}"
    speed = comparison.speed
    if speed is not None and speed.effect != "otherwise":
        aside = "" if speed.counts else ", which does not count"
        yield f"{times(speed)}{aside}"
    unlike = dict.fromkeys(
        _FACTS.get(one.about, one.what) for one in comparison.facts if one.what not in _USUAL
    )
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


def _or(kinds: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(kinds[:-1]), *kinds[-1:]]))
