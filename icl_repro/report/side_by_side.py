"""The verdicts of several records side by side: a Markdown table of claims by what runs were made
from, such as another data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from icl_repro.report.markdown import escape, table
from icl_repro.report.text import words
from icl_repro.report.text.beside import Cell, Row, side_by_side
from icl_repro.storage.files import write_whole
from icl_repro.verification.record import VerificationRecord


def render_side_by_side(records: Sequence[VerificationRecord]) -> str:
    """The claims of `records`, those of the first in its order and others after them; a column for
    each record, and the paper's values beside them.

    A claim is marked where two records judge it otherwise. The same few checks are shown of it in
    every column.
    """
    found = side_by_side(records, in_full=True)
    lines = [
        "# Verdicts side by side",
        "",
        *(f"- **{column.letter}**: {escape(column.about)}" for column in found.columns),
        "",
        escape(found.sentence),
        "",
        *table(
            ["Claim", *(column.letter for column in found.columns), "Paper"], map(_row, found.rows)
        ),
    ]
    return "\n".join(lines) + "\n"


def write_side_by_side(records: Sequence[VerificationRecord], path: Path) -> None:
    """Write the table of `records` to `path`, replacing it in one step."""
    write_whole(path, render_side_by_side(records))


def _row(row: Row) -> list[str]:
    mark = "≠ " if row.unalike else ""
    first = [f"{mark}{escape(row.claim)}", escape(row.statement)]
    first += [f"({escape(row.more)})"] if row.more else []
    cells = ["" if cell is None else _cell(cell) for cell in row.cells]
    # A claim of whose numbers the paper gives none says so once.
    paper = row.paper if set(row.paper) != {words.NOTHING} else [words.NOTHING]
    return ["<br>".join(first), *cells, "<br>".join(map(escape, paper))]


def _cell(cell: Cell) -> str:
    seeds = f", {cell.seeds}" if cell.seeds else ""
    told = [f"{cell.symbol} **{escape(cell.verdict)}**{seeds}"]
    for value in filter(None, cell.values):
        symbol, _, name, measured = value
        told.append(escape(f"{symbol} {name}: {measured}"))
    return "<br>".join(told)
