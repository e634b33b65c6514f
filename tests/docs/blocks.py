"""The blocks of code of README, CONTRIBUTING and docs, and the commands in their text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```([^\s`]*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_IN_TEXT = re.compile(
    r"`((?:\.venv/bin/)?(?:pytest|icl-repro|pip|python3?|\.ci/run)\s[^`]+)`", re.MULTILINE
)


class Block(NamedTuple):
    """A block: its language, the file that it stands for, if any, its text, and where it is."""

    language: str
    title: str
    text: str
    place: str


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """Those of a page, in order."""
    for found in _BLOCK.finditer(text):
        title = _TITLE.search(found[2])
        yield Block(found[1], title[1] if title else "", found[3], _place(text, found, page))


def all_blocks() -> list[Block]:
    """Those of all pages."""
    return [
        block
        for page in PAGES
        for block in blocks_of(page.read_text("utf-8"), str(page.relative_to(ROOT)))
    ]


def commands_in_text() -> list[Block]:
    """Commands that stand in a line of text or in a table, as if each were a block."""
    found: list[Block] = []
    for page in PAGES:
        text = _BLOCK.sub(lambda block: "\n" * block[0].count("\n"), page.read_text("utf-8"))
        for one in _IN_TEXT.finditer(text):
            place = _place(text, one, str(page.relative_to(ROOT)))
            found.append(Block("sh", "", f"{' '.join(one[1].split())}\n", place))
    return found


def words_of(block: Block) -> list[list[str]]:
    """The commands of a block of shell, each as its words; where output goes is left out."""
    joined = block.text.replace("\\\n", " ")
    found: list[list[str]] = []
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, "&&"]:
            if word in ("&&", ">", ">>"):
                found += [command] if command else []
                command = []
                if word != "&&":
                    break
            else:
                command.append(word)
    return found


def _place(text: str, found: re.Match[str], page: str) -> str:
    return f"{page}:{text.count(chr(10), 0, found.start()) + 1}"
