"""Evidence arranged as tables: a row a check or quantity, a column a seed.

Everything here is text that is ready to be shown; nothing is escaped yet.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

import msgspec

from icl_repro.numbers import apart, number
from icl_repro.report.text import words
from icl_repro.statistics import intervals as over_seeds
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import Check, EvidenceRecord, Quantity
from icl_repro.verification.record import ControlRecord, Trial
from icl_repro.verification.reported import Reported


class Cell(msgspec.Struct, frozen=True):
    """One measurement on one seed.

    `symbol` and `tone` show whether it came out as it should, `mark` says it in words, and `seen`
    tells that the words should be seen and not only be read out. `detail` is small print (an
    interval, or a threshold that differs between seeds).
    """

    value: str
    mark: str = ""
    symbol: str = ""
    tone: str = ""
    seen: bool = False
    detail: str = ""


class Row(msgspec.Struct, frozen=True):
    """One check or quantity with its measurements, in the order of the table's columns."""

    name: str
    unit: str
    note: str
    threshold: str
    paper: str
    paper_source: str
    cells: list[Cell]


class Column(msgspec.Struct, frozen=True):
    """The heading of one seed's measurements, with the outcome of its test in a word."""

    name: str
    outcome: str
    tone: str


class EvidenceTable(msgspec.Struct, frozen=True):
    """All checks, then all quantities, over the trials of one claim or control."""

    columns: list[Column]
    checks: list[Row]
    quantities: list[Row]

    @property
    def has_paper_values(self) -> bool:
        """Whether the paper gives a value for anything in the table."""
        return any(row.paper != NOTHING for row in [*self.checks, *self.quantities])

    def __bool__(self) -> bool:
        return bool(self.checks or self.quantities)


class CheckSummary(msgspec.Struct, frozen=True):
    """One check over all seeds in one line: the median, the range, the mean with its interval over
    seeds, on how many seeds it holds.
    """

    name: str
    unit: str
    measured: str
    spread: str
    mean: str
    threshold: str
    paper: str
    paper_source: str
    mark: str
    symbol: str
    tone: str


NOTHING = words.NOTHING
MISSING = Cell(value=NOTHING)
NOT_STATED = "not stated"


def claim_table(trials: Sequence[Trial]) -> EvidenceTable:
    """What the trials of a claim measured."""
    columns = [_column(trial, words.OUTCOMES) for trial in trials]
    return _table(trials, columns, _claim_cell)


def control_table(control: ControlRecord) -> EvidenceTable:
    """What the trials of a control measured, marked by whether what must fail did fail.

    A check that has to fail and that no trial stated gets a row of its own that says so, if the
    control was measured at all.
    """
    must_fail = frozenset(control.must_fail)
    table = _table(
        control.trials,
        [_column(trial, words.CONTROL_OUTCOMES) for trial in control.trials],
        lambda check, bounds: _control_cell(check, bounds, check.name in must_fail),
    )
    # The paper reports no value where the claim must not hold.
    table = msgspec.structs.replace(
        table, checks=_without_paper(table.checks), quantities=_without_paper(table.quantities)
    )
    if not any(trial.outcome in ("passed", "failed") for trial in control.trials):
        return table
    stated = {row.name for row in table.checks}
    unstated = [
        Row(name, "", "", NOT_STATED, NOTHING, "", [MISSING for _ in control.trials])
        for name in control.must_fail
        if name not in stated
    ]
    # What has to fail comes first: it is what the control is for.
    ordered = sorted(table.checks, key=lambda row: row.name not in must_fail)
    return msgspec.structs.replace(table, checks=ordered + unstated)


def _without_paper(rows: Sequence[Row]) -> list[Row]:
    return [msgspec.structs.replace(row, paper=NOTHING, paper_source="") for row in rows]


def summaries(trials: Sequence[Trial]) -> list[CheckSummary]:
    """Every check of a claim in one line each, over the seeds on which it was measured."""
    return [
        _summary(found)
        for name in _names(trial.evidence.checks for trial in trials)
        if (found := [c for t in trials for c in t.evidence.checks if c.name == name])
    ]


def _summary(checks: Sequence[Check]) -> CheckSummary:
    values = sorted(check.value for check in checks if check.value is not None)
    bounds = [end for check in checks for end in (check.low, check.high)]
    middle = statistics.median(values) if values else None
    held = sum(check.holds for check in checks)
    if held in (0, len(checks)):
        mark, symbol, tone = ("holds", "✓", "good") if held else ("does not hold", "✗", "bad")
    else:
        mark, symbol, tone = f"holds on {held} of {len(checks)}", "~", "unsure"
    spread = mean = ""
    if len(values) > 1 and values[0] != values[-1]:
        spread = f"{apart(values[0], bounds)} to {apart(values[-1], bounds)}"
        centre = over_seeds.mean(values)
        mean = f"mean {apart(centre.value, bounds)}, {words.short_interval(centre.interval)}"
    elif len(checks) == 1:
        spread = words.short_interval(checks[0].interval)
    return CheckSummary(
        name=checks[0].name,
        unit=checks[0].unit,
        measured=apart(middle, bounds),
        spread=spread,
        mean=mean,
        threshold=_shared_threshold(checks),
        paper=words.paper_value(_reported(checks)),
        paper_source=_source(_reported(checks)),
        mark=mark,
        symbol=symbol,
        tone=tone,
    )


def _table(
    trials: Sequence[Trial],
    columns: list[Column],
    cell: Callable[[Check, str], Cell],
) -> EvidenceTable:
    return EvidenceTable(
        columns=columns,
        checks=[
            _check_row(name, [trial.evidence for trial in trials], cell)
            for name in _names(trial.evidence.checks for trial in trials)
        ],
        quantities=[
            _quantity_row(name, [trial.evidence for trial in trials])
            for name in _names(trial.evidence.quantities for trial in trials)
        ],
    )


def _check_row(
    name: str, evidence: Sequence[EvidenceRecord], cell: Callable[[Check, str], Cell]
) -> Row:
    by_trial = [next((c for c in one.checks if c.name == name), None) for one in evidence]
    checks = [check for check in by_trial if check is not None]
    shared = len({words.threshold(check) for check in checks}) == 1
    return Row(
        name=name,
        unit=checks[0].unit,
        note=checks[0].note,
        threshold=_shared_threshold(checks),
        paper=words.paper_value(_reported(checks)),
        paper_source=_source(_reported(checks)),
        cells=[
            MISSING if check is None else cell(check, "" if shared else words.threshold(check))
            for check in by_trial
        ],
    )


def _quantity_row(name: str, evidence: Sequence[EvidenceRecord]) -> Row:
    by_trial = [next((q for q in one.quantities if q.name == name), None) for one in evidence]
    quantities = [quantity for quantity in by_trial if quantity is not None]
    return Row(
        name=name,
        unit=quantities[0].unit,
        note=quantities[0].note,
        threshold=NOTHING,
        paper=words.paper_value(_reported(quantities)),
        paper_source=_source(_reported(quantities)),
        cells=[
            MISSING
            if quantity is None
            else Cell(number(quantity.value), detail=words.interval(quantity.interval))
            for quantity in by_trial
        ],
    )


def _claim_cell(check: Check, bounds: str) -> Cell:
    return Cell(
        value=words.measured(check),
        mark="holds" if check.holds else "does not hold",
        symbol="✓" if check.holds else "✗",
        tone="good" if check.holds else "bad",
        seen=not check.holds,
        detail=_detail(bounds, check.interval),
    )


def _control_cell(check: Check, bounds: str, must_fail: bool) -> Cell:
    # A tick before the value would read as "holds", so the words carry it here.
    if not must_fail:
        mark, tone = ("holds" if check.holds else "fails"), "none"
    elif check.holds:
        mark, tone = "✗ holds, but must fail", "bad"
    else:
        mark, tone = "✓ fails", "good"
    return Cell(
        value=words.measured(check),
        mark=mark,
        tone=tone,
        seen=True,
        detail=_detail(bounds, check.interval),
    )


def _detail(bounds: str, interval: Interval | None) -> str:
    return "; ".join(part for part in (bounds, words.interval(interval)) if part)


def _column(trial: Trial, outcomes: dict[str, words.OutcomeWords]) -> Column:
    outcome = outcomes[trial.outcome]
    return Column(words.seed_name(trial.seed), outcome.word, outcome.tone)


def _shared_threshold(checks: Sequence[Check]) -> str:
    thresholds = {words.threshold(check) for check in checks}
    return thresholds.pop() if len(thresholds) == 1 else "differs by seed"


def _reported(measurements: Iterable[Check | Quantity]) -> Reported | None:
    return next((m.published for m in measurements if m.published is not None), None)


def _source(reported: Reported | None) -> str:
    return reported.source if reported is not None else ""


def _names(measurements: Iterable[Sequence[Check | Quantity]]) -> list[str]:
    """Names in order of first appearance, over all trials."""
    return list(dict.fromkeys(one.name for many in measurements for one in many))
