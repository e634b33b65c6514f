"""A comparison of two records for people: lines for a terminal, Markdown, and a page of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec

from icl_repro.numbers import count, number
from icl_repro.report.drifted import drifted_figures
from icl_repro.report.markdown import escape, table
from icl_repro.report.page import environment, style_and_scripts
from icl_repro.report.text import compared, verdicts, words
from icl_repro.report.text.change_rows import ChangeRow
from icl_repro.report.text.compared import ChangeTable
from icl_repro.storage.files import write_whole
from icl_repro.verification.compared import Comparison
from icl_repro.verification.record import VerificationRecord

_WIDTH = 100
_INDENT = 14
_ROWS = 8
_FOLDED_ROWS = 3
_MARKDOWN_ROWS = 40


class RecordFacts(msgspec.Struct, frozen=True):
    """One of the two records, for the head of the page."""

    which: str
    started: str
    commit: str
    profile: str
    machine: str
    outcomes: list[str]


def terminal_lines(comparison: Comparison, rows: int = _ROWS) -> list[str]:
    """The comparison for a terminal, its outcome on the first line.

    Args:
        comparison: what changed.
        rows: how many changes of each kind to show.
    """
    lines = [compared.headline(comparison)]
    lines += [f"warning: {warning}" for warning in comparison.warnings]
    for changes in compared.tables(comparison):
        shown = max(changes.at_least, min(rows, _FOLDED_ROWS) if changes.folded else rows)
        lines += ["", changes.title, *_terminal_rows(changes, shown)]
    left = [line for line, _ in compared.left_out(comparison)]
    return lines + (["", "Not compared", *(f"  {line}" for line in left)] if left else [])


def render_comparison_markdown(comparison: Comparison) -> str:
    """The comparison for a pull request: the outcome on the first line, then what changed."""
    lines = [f"**{escape(compared.headline(comparison))}**", ""]
    lines += [*(f"> **Warning:** {escape(one)}" for one in comparison.warnings), ""]
    for changes in compared.tables(comparison):
        lines += [*_markdown_table(changes), ""]
    left = compared.left_out(comparison)
    if left:
        lines += ["**Not compared**", ""]
        lines += [
            f"- {escape(told)}{f' ({escape(names)})' if names else ''}" for told, names in left
        ]
        lines.append("")
    told = compared.how(comparison)
    if told:
        lines += ["<details><summary>How values were compared</summary>", ""]
        lines += [line for one in told for line in (escape(one), "")]
        lines += ["</details>", ""]
    return "\n".join(_without_repeated_gaps(lines)) + "\n"


def render_comparison_html(
    comparison: Comparison, old: VerificationRecord, new: VerificationRecord
) -> str:
    """The comparison as one HTML document that needs nothing else, in the style of the report."""
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            **style_and_scripts(),
            title=new.title,
            paper=new.paper,
            records=[_facts(old, "Before"), _facts(new, "Now")],
            compared=compared.view(comparison),
            places={},
            figures=drifted_figures(comparison, old, new),
        )
    )


def write_comparison_markdown(comparison: Comparison, path: Path) -> None:
    """Write the comparison as Markdown to `path`, replacing it in one step."""
    write_whole(path, render_comparison_markdown(comparison))


def write_comparison_html(
    comparison: Comparison, old: VerificationRecord, new: VerificationRecord, path: Path
) -> None:
    """Write the comparison as a page to `path`, replacing it in one step."""
    write_whole(path, render_comparison_html(comparison, old, new))


def _facts(record: VerificationRecord, which: str) -> RecordFacts:
    environment_ = record.environment
    changed = " with uncommitted changes" if environment_.uncommitted_changes else ""
    return RecordFacts(
        which,
        words.moment(record.started),
        f"{(environment_.commit or 'no commit')[:10]}{changed}",
        ", ".join(
            filter(None, [record.profile.name, words.seed_list(record.profile.seeds).lower()])
        ),
        f"{environment_.processor}, {count(environment_.cores, 'core')}",
        [f"{amount} {name}" for name, amount in verdicts.verdict_counts(record.claims)],
    )


def _terminal_rows(table: ChangeTable, shown: int) -> Iterator[str]:
    for row in table.rows[:shown]:
        where = ": ".join(filter(None, [row.claim, row.what]))
        mark = "  " if table.plain else f"  {row.symbol} {row.word.ljust(_INDENT - 5)} "
        same = "" if row.before == row.now else f" -> {row.now}"
        yield f"{mark}{where}: {row.before}{same}"
        for more in [] if table.folded else row.more:
            yield from textwrap.wrap(
                more, _WIDTH, initial_indent=" " * _INDENT, subsequent_indent=" " * _INDENT
            )
    further = len(table.rows) - shown
    if further > 0:
        yield f"  and {number(further)} more"


def _markdown_table(changes: ChangeTable) -> Iterator[str]:
    if changes.folded:
        yield f"<details><summary>{escape(changes.title)}: {number(len(changes.rows))}</summary>"
    else:
        yield f"**{escape(changes.title)}**"
    yield ""
    if changes.note:
        yield from (escape(changes.note), "")
    shown = max(changes.at_least, _MARKDOWN_ROWS)
    yield from table(["", "Where", "Before", "Now", ""], map(_cells, changes.rows[:shown]))
    further = len(changes.rows) - shown
    if further > 0:
        yield from ("", f"and {number(further)} more")
    if changes.folded:
        yield from ("", "</details>")


def _cells(row: ChangeRow) -> list[str]:
    where = "<br>".join(escape(part) for part in (row.claim, row.what) if part)
    more = "<br>".join(map(escape, row.more))
    return [f"{row.symbol} {escape(row.word)}", where, escape(row.before), escape(row.now), more]


def _without_repeated_gaps(lines: list[str]) -> list[str]:
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return kept[:-1] if kept and not kept[-1] else kept
