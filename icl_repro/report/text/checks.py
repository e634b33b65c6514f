"""One check of a claim over all its seeds, in words: values, margin, agreement, origin."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from icl_repro.numbers import apart, count, estimate, number
from icl_repro.report.text import words
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.evidence import Check, Quantity, lies_within
from icl_repro.verification.record import (
    Agreement,
    CheckOverSeeds,
    ClaimRecord,
    ConditionOverSeeds,
    Equivalence,
    Margin,
    MeanTest,
    ThresholdEntry,
)
from icl_repro.verification.reported import Reported

_FEW = 5
"""So many checks of a claim stand in an overview, or one more."""


class Remark(msgspec.Struct, frozen=True):
    """A sentence that a reader must not miss, with its colour class."""

    text: str
    tone: str


class AgreementView(msgspec.Struct, frozen=True):
    """Whether our values agree with the published one: a symbol, a few words, and a sentence."""

    symbol: str
    word: str
    tone: str
    sentence: str


class MarginView(msgspec.Struct, frozen=True):
    """How far the values lie from the threshold: in a few words each, and in a sentence.

    `warning` says in a word or two that they lie too near for comfort; empty where they do not.
    """

    parts: list[str]
    knife_edge: bool
    warning: str
    sentence: str


class OriginView(msgspec.Struct, frozen=True):
    """Where a threshold comes from in one line, and every state that it had, or of a single one
    what the line does not say.
    """

    line: str
    seen: bool
    history: list[str]


class CheckView(msgspec.Struct, frozen=True):
    """One check over all seeds: the median, the range, on how many seeds it holds, and the rest.

    `row` names the row of the claim's table that it belongs to. `over` says over how many seeds
    `measured` is the median and `spread` the lowest and the highest value (for a claim over all
    seeds at once, the mean and its interval). `failed_by` says which controls fail it. What the
    record does not tell is empty or None.
    """

    name: str
    row: str
    unit: str
    note: str
    threshold: str
    is_equivalence: bool
    paper: str
    paper_where: str
    paper_source: str
    measured: str
    spread: str
    over: str
    mark: str
    symbol: str
    tone: str
    margin: MarginView | None
    agreement: AgreementView | None
    origin: OriginView | None
    failed_by: str
    remarks: list[Remark]

    @property
    def explained(self) -> list[str]:
        """In sentences: the history of the threshold, the margin, agreement, and controls."""
        told = [
            *(self.origin.history if self.origin else []),
            self.margin.sentence if self.margin else "",
            self.agreement.sentence if self.agreement else "",
            f"Controls that fail it: {self.failed_by}." if self.failed_by else "",
        ]
        return [sentence for sentence in told if sentence]

    @property
    def is_plain(self) -> bool:
        """Whether it holds on every seed, and not narrowly."""
        return self.tone == "good" and not (self.margin and self.margin.knife_edge)


def check_views(claim: ClaimRecord) -> list[CheckView]:
    """Every check of a claim, in the order in which its tests state them.

    Where some tests were judged, only those count.
    """
    over_seeds = {(check.row, check.name): check for check in claim.checks}
    stated: dict[tuple[str, str], list[Check]] = {}
    judged = [trial for trial in claim.trials if trial.outcome in JUDGED]
    for trial in judged or claim.trials:
        for check in trial.evidence.checks:
            stated.setdefault((trial.row, check.name), []).append(check)
    guarded = bool(claim.controls)
    return [_view(row, found, over_seeds.get((row, name)), guarded)
            for (row, name), found in stated.items()]  # fmt: skip


def condition_sentences(claim: ClaimRecord) -> list[str]:
    """On what conditions a claim can be judged: what was measured, what that leaves open, and where
    the bound comes from.
    """
    return [_condition(condition) for condition in claim.conditions]


def in_brief(views: Sequence[CheckView]) -> tuple[list[CheckView], str]:
    """A few checks for an overview, and in words how many others there are.

    They keep their order; those that hold narrowly or not on every seed go before the others.
    """
    if len(views) <= _FEW + 1:
        return list(views), ""
    by_weight = sorted(range(len(views)), key=lambda index: views[index].is_plain)
    others = [views[index] for index in by_weight[_FEW:]]
    hold = sum(view.tone == "good" for view in others)
    which = "all of which hold" if hold == len(others) else f"of which {hold} hold on every seed"
    return (
        [views[index] for index in sorted(by_weight[:_FEW])],
        f"{len(others)} further checks, {which}",
    )


def agreement_view(agreement: Agreement) -> AgreementView:
    """Whether our values agree with the published one, in words."""
    symbol, word, tone = {
        True: ("=", "agrees", "none"),
        False: ("≠", "does not agree", "unsure"),
        None: ("?", "cannot tell", "none"),
    }[agreement.agrees]
    told = agreement.sentence or (
        f"one more network of ours would lie in the {words.interval(agreement.prediction)}"
        if agreement.prediction is not None
        else "an interval takes two seeds or more"
    )
    return AgreementView(symbol, word, tone, words.as_full_sentence(words.as_sentence(told)))


def agreements(views: Sequence[CheckView]) -> str:
    """With how many published numbers a claim agrees, in a few words; empty if none can be told.

    It stands beside the verdict, which does not depend on it.
    """
    told = [view.agreement.word for view in views if view.agreement is not None]
    known = [word for word in told if word != "cannot tell"]
    if not known:
        return ""
    agree = known.count("agrees")
    if len(known) == 1:
        return f"{known[0]} with the published number"
    which = "all" if agree == len(known) else "none" if not agree else str(agree)
    return f"agrees with {which} of {count(len(known), 'published number')}"


def reported_of(measurements: Iterable[Check | Quantity]) -> Reported | None:
    """The first published value that is given for one quantity on several seeds."""
    return next((m.published for m in measurements if m.published is not None), None)


def shared_threshold(checks: Sequence[Check]) -> str:
    """The threshold of one check on several seeds."""
    thresholds = {words.bounds(check.low, check.high) for check in checks}
    return thresholds.pop() if len(thresholds) == 1 else "differs by seed"


def _view(
    row: str, found: Sequence[Check], over: CheckOverSeeds | None, guarded: bool
) -> CheckView:
    first = found[0]
    values = sorted(check.value for check in found if check.value is not None)
    ends = [end for check in found for end in (check.low, check.high)]
    held = sum(check.holds for check in found)
    if held in (0, len(found)):
        mark, symbol, tone = ("holds", "✓", "good") if held else ("does not hold", "✗", "bad")
    else:
        mark, symbol, tone = f"holds on {held} of {len(found)}", "~", "unsure"
    spread = ""
    if len(values) > 1 and values[0] != values[-1]:
        spread = f"{_brief(values[0], ends)} to {_brief(values[-1], ends)}"
    elif len(found) == 1:
        spread = words.short_interval(first.interval)
    reported = over.published if over is not None else reported_of(found)
    return CheckView(
        name=first.name,
        row=row,
        unit=first.unit,
        note=first.note,
        threshold=shared_threshold(found),
        is_equivalence=first.kind == "equivalence",
        paper=words.paper_value(reported),
        paper_where="" if reported is None else reported.source,
        paper_source=words.paper_source(reported),
        measured=_brief(statistics.median(values) if values else None, ends),
        spread=spread,
        over=_over(found, len(values)),
        mark=mark,
        symbol=symbol,
        tone=tone,
        margin=_margin(over, over.margin) if over is not None and over.margin else None,
        agreement=agreement_view(over.agreement) if over is not None and over.agreement else None,
        origin=_origin(over.thresholds) if over is not None and over.thresholds else None,
        failed_by=words.listed(over.failed_by) if over is not None else "",
        remarks=list(_remarks(over, guarded)) if over is not None else [],
    )


def _condition(condition: ConditionOverSeeds) -> str:
    row = f"{condition.row}: " if condition.row else ""
    ends = (condition.low, condition.high)
    unit = words.shown_unit(condition.unit, condition.name)
    values = ", ".join(
        _brief(value, ends) + (f" on seed {seed}" if seed else "")
        for seed, value in condition.values.items()
    )
    open_ = [seed for seed in condition.values if seed not in condition.met]
    left = words.seed_list([*filter(None, open_)]).lower()
    parts = [
        f"{row}It can be judged where {condition.name} is {words.bounds(*ends)}"
        f"{f' {unit}' if unit else ''}: {values}"
        + (f", which leaves {left or 'it'} open" if open_ else "")
        + "."
    ]
    if condition.thresholds:
        origin = _origin(condition.thresholds)
        parts += [f"{origin.line}.", *origin.history]
    return " ".join(parts)


def _brief(value: float | None, ends: Sequence[float | None]) -> str:
    """A value over seeds with no more digits than are of use; counts keep all of theirs."""
    if value is None or value == round(value):
        return apart(value, ends)
    return estimate(value, ends, 4)


def _over(found: Sequence[Check], finite: int) -> str:
    """What is shown of how many seeds: ``median of 5 seeds``; empty for a single value."""
    if by_seed := found[0].over_seeds:
        return f"mean of {count(len(by_seed), 'seed')}"
    if len(found) < 2:
        return ""
    without = f", not finite on {len(found) - finite}" if finite < len(found) else ""
    return f"median of {len(found)} seeds{without}"


def _margin(check: CheckOverSeeds, margin: Margin) -> MarginView:
    ends = (check.low, check.high)
    parts, explained = [], []
    if margin.mean is not None and margin.spread is not None:
        explained.append(
            f"mean {estimate(margin.mean, ends)}, spread (standard deviation over seeds) "
            f"{estimate(margin.spread, digits=2)}"
        )
    if margin.distance is not None:
        far = number(abs(margin.distance), 2)
        where = "beyond" if margin.distance < 0 else "from"
        parts.append(f"{far} {'spread' if far == '1' else 'spreads'} {where} the threshold")
    if margin.tolerance_bound is not None:
        side = _side(check, margin)
        value = estimate(margin.tolerance_bound, ends)
        past = "" if lies_within(margin.tolerance_bound, *ends) else ", past the threshold"
        parts.append(f"{side} tolerance bound (normal) {value}{past}")
        above = "above" if side == "lower" else "below"
        explained.append(
            f"if the values are normal, at least nine of ten networks lie {above} {value}, with "
            "95\N{NO-BREAK SPACE}% confidence (one-sided tolerance bound)"
        )
    if margin.no_bound:
        parts.append(margin.no_bound)
    if margin.knife_edge:
        because = f": {margin.because}" if margin.because else ""
        parts.insert(0, f"{words.KNIFE_EDGE}{because}")
    elif margin.not_shown:
        parts.insert(0, words.MARGIN_NOT_SHOWN)
    sentence = words.as_full_sentence(words.as_sentence("; ".join(explained)))
    warning = words.KNIFE_EDGE if margin.knife_edge else ""
    warning = words.MARGIN_NOT_SHOWN if margin.not_shown else warning
    return MarginView(parts, margin.knife_edge, warning, sentence)


def _side(check: CheckOverSeeds, margin: Margin) -> str:
    """On which side of the values the nearest threshold lies."""
    if check.low is None or check.high is None or margin.mean is None:
        return "lower" if check.low is not None else "upper"
    return "lower" if margin.mean - check.low <= check.high - margin.mean else "upper"


def _origin(thresholds: Sequence[ThresholdEntry]) -> OriginView:
    newest = thresholds[-1]
    line = (
        f"Threshold: {newest.origin}; set {words.day(newest.date)}, {words.when_seen(newest.seen)}"
    )
    # An entry that repeats the bounds tells of a rule, a control or a correction.
    changed = sum(
        (one.bounds, one.kind) != (next_.bounds, next_.kind) for one, next_ in pairwise(thresholds)
    )
    for what, amount in (("changed", changed), ("amended", len(thresholds) - 1 - changed)):
        times = {1: "once", 2: "twice"}.get(amount, f"{amount} times")
        line += f"; {what} {times}" if amount else ""
    return OriginView(
        line=line,
        seen=any(entry.seen for entry in thresholds),
        history=[_state(entry) for entry in thresholds]
        if len(thresholds) > 1
        else [words.as_sentence(why) for why in filter(None, [_why(newest)])],
    )


def _why(entry: ThresholdEntry) -> str:
    """What an entry tells beyond its bounds and their origin; empty where that is all."""
    commit = f"commit {entry.commit}" if entry.commit else ""
    return "; ".join(filter(None, [entry.reason.rstrip("."), commit]))


def _state(entry: ThresholdEntry) -> str:
    _, low, high = entry.bounds
    parts = [
        f"{words.day(entry.date)}: {'margin ' if entry.kind == 'equivalence' else ''}"
        f"{words.bounds(low, high)}, {entry.origin}, {words.when_seen(entry.seen)}",
        _why(entry),
    ]
    return words.as_full_sentence("; ".join(part.rstrip(".") for part in parts if part))


def _remarks(check: CheckOverSeeds, guarded: bool) -> Iterator[Remark]:
    if check.equivalence is not None:
        yield _equivalence(check.equivalence)
    if check.mean is not None:
        yield _mean_test(check, check.mean)
    if guarded and not check.failed_by:
        yield Remark("No control fails this check.", "none" if check.no_control else "unsure")
    for seeds, why in check.no_control.items():
        named = [seed.strip() for seed in seeds.split(",")] if seeds else []
        on = f" on {words.seed_list(named).lower()}" if named else ""
        yield Remark(words.as_full_sentence(f"Why no control fails it{on}: {why}"), "none")
    if check.published_fails:
        why = words.as_full_sentence(check.published_fails)
        yield Remark(f"The published value itself does not meet the threshold: {why}", "unsure")


def _mean_test(check: CheckOverSeeds, test: MeanTest) -> Remark:
    """Whether the mean over seeds is shown to lie where it does, with its one-sided bound."""
    bound = apart(test.bound, (check.low, check.high))
    text = f"{words.as_sentence(test.sentence)}; one-sided 95\N{NO-BREAK SPACE}% bound {bound}."
    tone = "unsure" if not test.shown else "good" if check.held else "bad"
    return Remark(text, tone)


def _equivalence(tests: Equivalence) -> Remark:
    if tests.shown is False and tests.p_value is None:
        return Remark("Not shown to make no difference: a value is not a finite number.", "unsure")
    if tests.shown is None or tests.p_value is None:
        return Remark("Whether it makes no difference takes two seeds or more to test.", "none")
    p_value = words.p_value(tests.p_value)
    if tests.shown:
        margin = f"{number(tests.low)} to {number(tests.high)}"
        return Remark(
            f"Shown to make no difference: on average within {margin} by two one-sided tests over "
            f"seeds, {p_value}.",
            "good",
        )
    return Remark(
        f"Not shown to make no difference: two one-sided tests over seeds give {p_value}.", "unsure"
    )
