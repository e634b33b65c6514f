"""Tables like those of the paper: our number in every cell, and the paper's smaller beside it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.numbers import decimal, number, rounded
from icl_repro.report.text.words import NOTHING, as_full_sentence, paper_value
from icl_repro.verification.pictures import Cell, Table
from icl_repro.verification.reported import Reported


class CellView(msgspec.Struct, frozen=True):
    """One cell; `paper` is empty where the paper has no number, `source` says where it stands, and
    `range` between which values its seeds lie, where several are known.
    """

    value: str
    paper: str
    source: str
    range: str = ""


class PaperTable(msgspec.Struct, frozen=True):
    """A whole table as text.

    `compares` tells whether any cell has the paper's number; `seeds` is the number of its seeds
    where a range over them is shown, else 0.
    """

    name: str
    caption: str
    source: str
    columns: list[str]
    rows: list[tuple[str, list[CellView]]]
    unit: str
    compares: bool
    seeds: int = 0


def view_table(table: Table) -> PaperTable:
    """`table` as text, ready to be shown; nothing is escaped yet."""
    columns = [_view_column(cells, table.source) for cells in _by_column(table)]
    published = [cell.published for _, cells in table.rows for cell in cells if cell.published]
    return PaperTable(
        name=table.name,
        caption=as_full_sentence(table.caption),
        source=table.source,
        columns=table.columns,
        rows=[
            (name, [column[position] for column in columns])
            for position, (name, _) in enumerate(table.rows)
        ],
        unit=table.unit,
        compares=bool(published),
        seeds=max((len(paper.over_seeds) for paper in published if _has_range(paper)), default=0),
    )


def _by_column(table: Table) -> list[list[Cell]]:
    return [list(cells) for cells in zip(*(cells for _, cells in table.rows), strict=True)]


def _view_column(cells: Sequence[Cell], source: str) -> list[CellView]:
    ours = _aligned([cell.value for cell in cells])
    printed = [
        None if cell.published is None or cell.published.approximate else cell.published.value
        for cell in cells
    ]
    exact = _aligned(printed)
    return [
        CellView(
            value=value,
            paper="" if cell.published is None else _paper(cell.published, text),
            # Where the table itself stands in the paper need not be said in every cell.
            source=""
            if cell.published is None or cell.published.source == source
            else cell.published.source,
            range="" if cell.published is None else _range(cell.published),
        )
        for cell, value, text in zip(cells, ours, exact, strict=True)
    ]


def _has_range(reported: Reported) -> bool:
    return len(reported.over_seeds) > 1


def _range(reported: Reported) -> str:
    if not _has_range(reported):
        return ""
    values = reported.over_seeds
    return f"{rounded(min(values))} to {rounded(max(values))}"


def _paper(reported: Reported, exact: str) -> str:
    return paper_value(reported) if reported.approximate else exact


def _aligned(values: Sequence[float | None]) -> list[str]:
    """The values of one column with as many decimals as the longest of them needs."""
    texts = [NOTHING if value is None else number(value) for value in values]
    if any(set(text) & set("×>⁰¹²³⁴⁵⁶⁷⁸⁹ ") for text in texts):
        return texts
    decimals = min(4, max((len(text.partition(".")[2]) for text in texts), default=0))
    return [
        text if value is None or abs(value) >= 1000 else decimal(value, decimals)
        for value, text in zip(values, texts, strict=True)
    ]
