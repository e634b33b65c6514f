"""Words and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from icl_repro.report import markdown

_SIGNS = "\\`*_<>[]|{}"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}


def escaped(text: str) -> str:
    """Text that a page shows as it is."""
    for sign in _SIGNS:
        text = text.replace(sign, f"\\{sign}")
    return text


def code(text: str) -> str:
    """Text in the letters of a program, also in a cell of a table."""
    if "|" not in text and "`" not in text:
        return f"`{text}`"
    for sign, entity in _ENTITIES.items():
        text = text.replace(sign, entity)
    return f"<code>{text}</code>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, a line at a time; the cells are Markdown, of any number of lines."""
    yield from markdown.table(heads, ([" ".join(cell.split()) for cell in row] for row in rows))
    yield ""
