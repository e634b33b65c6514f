"""Markdown: text that shows what it says and no more, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from icl_repro.report.plain_text import printable

_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_AUTOLINKS = re.compile(r"(?i)(?<=http)(?=s?:)|(?<=www)(?=\.)|(?<=@)(?=\w)")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str) -> str:
    """`text` for one line of Markdown, table cells included, showing what it says and no more.

    No emphasis, links, HTML, formulas, mentions or further table cells come out of it.
    """
    flat = " ".join(printable(text).split())
    flat = re.sub("[&<>]", lambda found: _HTML[found.group()], flat)
    # An empty comment breaks what would become a link of its own accord.
    return _AUTOLINKS.sub("<!-- -->", _MARKDOWN.sub(r"\\\1", flat))


def row(cells: Iterable[str]) -> str:
    """A row of a table. The cells are Markdown, each of one line."""
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def head(names: Sequence[str]) -> list[str]:
    """The lines above the rows of a table."""
    return [row(names), f"|{' --- |' * len(names)}"]


def table(names: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a table with a head."""
    return [*head(names), *map(row, rows)]
