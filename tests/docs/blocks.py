"""The blocks of code of README and docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```([^\s`]*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


class Block(NamedTuple):
    """A block: its language, the file that it stands for, if any, its text, and where it is."""

    language: str
    title: str
    text: str
    place: str


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """Those of a page, in order."""
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        title = _TITLE.search(found[2])
        yield Block(found[1], title[1] if title else "", found[3], f"{page}:{line}")


def all_blocks() -> list[Block]:
    """Those of all pages."""
    return [
        block
        for page in PAGES
        for block in blocks_of(page.read_text("utf-8"), str(page.relative_to(ROOT)))
    ]
