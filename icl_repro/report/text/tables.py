"""Evidence arranged as tables: a row a check or quantity, a column a seed.

Everything here is text that is ready to be shown; nothing is escaped yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from icl_repro.numbers import estimate, number
from icl_repro.report.text import verdicts, words
from icl_repro.report.text.checks import CheckView, reported_of, shared_threshold
from icl_repro.report.text.words import NOTHING
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.by_seed import JUDGED
from icl_repro.verification.evidence import Check, Quantity
from icl_repro.verification.record import CheckOverSeeds, ControlRecord, Trial

_Measurement = TypeVar("_Measurement", Check, Quantity)


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
    """One check or quantity with its measurements, in the order of the table's columns.

    `check` is what is told of a claim's check over all seeds.
    """

    name: str
    unit: str
    note: str
    threshold: str
    paper: str
    paper_source: str
    cells: list[Cell]
    check: CheckView | None = None


class Column(msgspec.Struct, frozen=True):
    """The heading of one seed's measurements, with the outcome of its tests in a word."""

    name: str
    outcome: str
    tone: str


class Group(msgspec.Struct, frozen=True):
    """The rows of one row of the claim's own table; `title` is empty where the claim has none."""

    title: str
    rows: list[Row]


class EvidenceTable(msgspec.Struct, frozen=True):
    """All checks, then all quantities, over the trials of one claim or control."""

    columns: list[Column]
    checks: list[Group]
    quantities: list[Group]

    def __bool__(self) -> bool:
        return bool(self.checks or self.quantities)

    @property
    def has_paper_values(self) -> bool:
        """Whether the paper gives a value for anything in the table."""
        return any(row.paper != NOTHING for row in self._rows())

    @property
    def has_agreement(self) -> bool:
        """Whether any check was compared with a published value over seeds."""
        return any(
            row.check is not None and row.check.agreement is not None for row in self._rows()
        )

    @property
    def width(self) -> int:
        """The number of columns, names and thresholds included."""
        return 1 + len(self.names)

    @property
    def names(self) -> list[str]:
        """The names of all columns but the first."""
        seeds = [column.name for column in self.columns]
        paper = ["Paper"] if self.has_paper_values else []
        agreement = ["Agreement"] if self.has_agreement else []
        return ["Threshold", *seeds, *paper, *agreement]

    def _rows(self) -> Iterable[Row]:
        return (row for group in (*self.checks, *self.quantities) for row in group.rows)


MISSING = Cell(value=NOTHING)
NOT_STATED = "not stated"


def claim_table(trials: Sequence[Trial], checks: Sequence[CheckView]) -> EvidenceTable:
    """What the trials of a claim measured, with what is told of each check over all seeds."""
    over_seeds = {(view.row, view.name): view for view in checks}

    def row(title: str, name: str, found: list[Check | None]) -> Row:
        return _check_row(name, found, _claim_cell, over_seeds.get((title, name)))

    return _table(trials, verdicts.OUTCOMES, row)


def control_table(control: ControlRecord, own: Sequence[CheckOverSeeds] = ()) -> EvidenceTable:
    """What the trials of a control measured, marked by whether what must fail did fail, and by how
    much: in spreads of the `own` values of the claim, where they have one.

    What has to fail comes first: it is what the control is for. A check that has to fail and that
    no trial stated gets a row of its own that says so, if the control was measured at all.
    """
    only = frozenset(control.only)
    spreads = {(check.row, check.name): check.margin.spread for check in own if check.margin}

    def row(title: str, name: str, found: list[Check | None]) -> Row:
        must_fail = not only or name in only

        def cell(check: Check, ends: str) -> Cell:
            return _control_cell(check, ends, must_fail, control.undefined)

        # The paper reports no value where the claim must not hold; the claim has the note.
        one = _check_row(name, found, cell)
        missed = _missed(found, spreads.get((title, name))) if must_fail else ""
        return msgspec.structs.replace(one, paper=NOTHING, paper_source="", note=missed)

    table = _table(control.trials, verdicts.CONTROL_OUTCOMES, row)
    groups = [
        Group(group.title, sorted(group.rows, key=lambda row: bool(only) and row.name not in only))
        for group in table.checks
    ]
    if any(trial.outcome in JUDGED for trial in control.trials):
        stated = {row.name for group in groups for row in group.rows}
        missing = [MISSING for _ in table.columns]
        unstated = [
            Row(name, "", "", NOT_STATED, NOTHING, "", missing)
            for name in control.only
            if name not in stated
        ]
        groups += [Group("", unstated)] if unstated else []
    return msgspec.structs.replace(table, checks=groups)


def _table(
    trials: Sequence[Trial],
    outcomes: dict[str, verdicts.OutcomeWords],
    check_row: Callable[[str, str, list[Check | None]], Row],
) -> EvidenceTable:
    seeds = list(dict.fromkeys(map(seeds_of, trials)))
    columns = []
    for seed in seeds:
        on_seed = [trial.outcome for trial in trials if seeds_of(trial) == seed]
        told = outcomes[verdicts.combined_outcome(on_seed)]
        columns.append(Column(words.seed_list(seed) or "Measured", told.word, told.tone))
    checks, quantities = [], []
    for title in dict.fromkeys(trial.row for trial in trials):
        of_row = [trial for trial in trials if trial.row == title]
        by_seed = [next((t for t in of_row if seeds_of(t) == seed), None) for seed in seeds]
        stated = _by_name([t.evidence.checks if t else [] for t in by_seed])
        if stated:
            rows = [check_row(title, name, found) for name, found in stated.items()]
            checks.append(Group(_heading(title, stated), rows))
        shown = _by_name([t.evidence.quantities if t else [] for t in by_seed])
        if shown:
            rows = [_quantity_row(name, found) for name, found in shown.items()]
            quantities.append(Group(_heading(title, shown), rows))
    return EvidenceTable(columns, checks, quantities)


def seeds_of(trial: Trial) -> tuple[int, ...]:
    """The seed of a test, all of those that it is judged over at once, or none."""
    return tuple(trial.seeds) if trial.seed is None else (trial.seed,)


def _heading(row: str, names: Iterable[str]) -> str:
    """The name of a row of the claim's table, unless the names of its measurements all hold it."""
    return "" if all(row.lower() in name.lower() for name in names) else row


def _by_name(
    measurements: Sequence[Sequence[_Measurement]],
) -> dict[str, list[_Measurement | None]]:
    """Measurements of the same name side by side, names in order of first appearance."""
    names = dict.fromkeys(one.name for many in measurements for one in many)
    return {
        name: [next((one for one in many if one.name == name), None) for many in measurements]
        for name in names
    }


def _check_row(
    name: str,
    found: Sequence[Check | None],
    cell: Callable[[Check, str], Cell],
    view: CheckView | None = None,
) -> Row:
    checks = [check for check in found if check is not None]
    shared = len({words.bounds(check.low, check.high) for check in checks}) == 1
    reported = reported_of(checks)
    return Row(
        name=name,
        unit=checks[0].unit,
        note=checks[0].note,
        threshold=shared_threshold(checks),
        paper=view.paper if view is not None else words.paper_value(reported),
        paper_source=view.paper_source if view is not None else words.paper_source(reported),
        cells=[
            MISSING
            if check is None
            else cell(check, "" if shared else words.bounds(check.low, check.high))
            for check in found
        ],
        check=view,
    )


def _quantity_row(name: str, found: Sequence[Quantity | None]) -> Row:
    quantities = [quantity for quantity in found if quantity is not None]
    reported = reported_of(quantities)
    return Row(
        name=name,
        unit=quantities[0].unit,
        note=quantities[0].note,
        threshold=NOTHING,
        paper=words.paper_value(reported),
        paper_source=words.paper_source(reported),
        cells=[
            MISSING
            if quantity is None
            else Cell(number(quantity.value), detail=words.interval(quantity.interval))
            for quantity in found
        ],
    )


def _claim_cell(check: Check, ends: str) -> Cell:
    return Cell(
        value=words.measured(check),
        mark="holds" if check.holds else "does not hold",
        symbol="✓" if check.holds else "✗",
        tone="good" if check.holds else "bad",
        seen=not check.holds,
        detail=_detail(ends, check.interval),
    )


def _control_cell(check: Check, ends: str, must_fail: bool, undefined: str) -> Cell:
    # A tick before the value would read as "holds", so the words carry it here.
    if not must_fail:
        mark, tone = ("holds" if check.holds else "fails"), "none"
    elif check.holds:
        mark, tone = "✗ holds, but must fail", "bad"
    elif check.value is not None:
        mark, tone = "✓ fails", "good"
    elif undefined:
        mark, tone = f"✓ fails: {undefined}", "good"
    else:
        mark, tone = "✗ fails, but by no finite value", "bad"
    return Cell(
        value=words.measured(check),
        mark=mark,
        tone=tone,
        seen=True,
        detail=_detail(ends, check.interval),
    )


def _missed(found: Sequence[Check | None], spread: float | None) -> str:
    """How far beyond its threshold a check lies that must fail, on the seed where it is nearest;
    empty where it holds on one, or by no finite value.
    """
    beyond: list[tuple[float, float]] = []
    for check in found:
        if check is None:
            continue
        if check.holds or check.value is None:
            return ""
        below = check.low is not None and check.value < check.low
        end = check.low if below else check.high
        if end is not None:
            beyond.append((abs(check.value - end), end))
    if not beyond:
        return ""
    least, end = min(beyond)
    at_least = " at least" if len(beyond) > 1 else ""
    if spread:
        spreads = estimate(least / spread, digits=2)
        return f"misses by{at_least} {spreads} spreads of the claim’s own values"
    share = f", {number(100 * least / abs(end), 2)} % of the threshold" if end else ""
    return f"misses by{at_least} {number(least, 3)}{share}"


def _detail(ends: str, interval: Interval | None) -> str:
    return "; ".join(part for part in (ends, words.interval(interval)) if part)
