"""The pages of messages: what they quote is told by the code, and no message is left out."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.blocks import ROOT
from tests.docs.messages import (
    GAP,
    Message,
    choices,
    exceptions,
    messages,
    n_words,
    nodes,
    template,
)

PAGES = {
    path.name: path.read_text("utf-8")
    for path in sorted((ROOT / "docs" / "reference" / "errors").glob("*.md"))
}
TEXT = "\n".join(PAGES.values())
STANDS_FOR_SOMETHING = re.compile(r"'?\b[A-Z][A-Z]+\b'?")
ENOUGH_WORDS = 4  # of a message in a line of the pages, where it has so many

FRAME = "puts the name of an option, a test or a file before the message of another"
PART = "is a part of a sentence that stands on the pages as a whole"
TOLD_IN_A_RECORD = "is a reason in a record or a report, and no message"
OURS = "no call from outside comes to it"
EXCUSED = {
    f"{GAP}: {GAP}": FRAME,
    f"{GAP} {GAP}": FRAME,
    f"{GAP} {GAP}: {GAP}": FRAME,
    f"{GAP}: {GAP}; {GAP}": FRAME,
    "seed": PART,
    "does not any more": PART,
    "does so by another value": PART,
    "to lie on the edge of its threshold": PART,
    "not to fail in this control": PART,
    "nothing that it reads is changed": PART,
    "it states no check": TOLD_IN_A_RECORD,
    "its checks can tell neither way on any seed": TOLD_IN_A_RECORD,
    f"long as its control {GAP} {GAP}": TOLD_IN_A_RECORD,
    f"long as {GAP} is not a finite number on every seed": TOLD_IN_A_RECORD,
    f"long as the mean of {GAP} is {GAP}, too near or beyond what is asked: {GAP}": (
        TOLD_IN_A_RECORD
    ),
    f"one value of {GAP} does not tell how far others would differ": TOLD_IN_A_RECORD,
    f"module {GAP} has no attribute {GAP}": "is Python's own sentence",
    "Python without frames has no places": "CPython has frames",
    f"{GAP} is known": OURS,
    f"the model taps {GAP}, which SITE_AXES does not describe": OURS,
    f"one line is expected, but got {GAP}": OURS,
    f"no source to take a fingerprint of at {GAP}": OURS,
    "[A-Za-z0-9_]+": "is a pattern",
    r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+": "is a pattern",
}
"""Messages that stand on no page, and why not."""


@cache
def told() -> list[str]:
    """Every text of the source, with gaps."""
    texts = (
        _with_gaps(text)
        for node in nodes()
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
        for text in (template(node), *choices(node))
    )
    return list(dict.fromkeys(texts))


@cache
def quoted() -> list[str]:
    """The lines of all blocks of the pages."""
    blocks = re.findall(r"^```text\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def _with_gaps(text: str) -> str:
    return STANDS_FOR_SOMETHING.sub(GAP, text)


def _pieces(line: str) -> list[str]:
    return [piece for piece in STANDS_FOR_SOMETHING.split(line) if piece]


def said_by(texts: list[str], line: str) -> bool:
    """Whether one of the texts holds the pieces of a line in order, with gaps between them."""
    pieces = _pieces(line)
    pattern = re.compile(f".*{GAP}.*".join(map(re.escape, pieces)), re.DOTALL)
    longest = max(pieces, key=len)
    return any(longest in text and pattern.search(text) for text in texts)


def is_found(message: Message, lines: list[str]) -> bool:
    """Whether lines quote so much of a message that a reader finds it by its words."""
    return _is_found(message.text, lines) or (
        len(message.choices) > 1 and all(_is_found(one, lines) for one in message.choices)
    )


def _is_found(text: str, lines: list[str]) -> bool:
    text = _with_gaps(text)
    enough = min(ENOUGH_WORDS, n_words(text))
    return any(
        sum(map(n_words, _pieces(line))) >= enough and said_by([text], line) for line in lines
    )


def test_what_the_pages_quote_is_in_the_code():
    texts = told()
    assert len(quoted()) > 450
    assert not [line for line in quoted() if not said_by(texts, line)]


def test_every_message_stands_on_a_page_or_has_an_excuse():
    found = messages()
    assert len(found) > 550
    missing = [
        f"{one.file}:{one.line}: {one.text.replace(GAP, '...')}"
        for one in found
        if one.text not in EXCUSED and not is_found(one, quoted())
    ]
    assert not missing


def test_no_excuse_is_without_a_message():
    texts = {one.text for one in messages()}
    assert not EXCUSED.keys() - texts


@pytest.mark.parametrize("excused", [text for text in EXCUSED if n_words(text) >= ENOUGH_WORDS])
def test_no_message_with_an_excuse_stands_on_a_page(excused: str):
    assert not is_found(Message(excused), quoted())


def test_every_exception_that_has_a_name_is_on_the_pages():
    names = [name for name in sorted(exceptions()) if not name.startswith("_")]
    assert len(names) > 30
    assert not [name for name in names if f"`{name}`" not in TEXT]


@pytest.mark.parametrize("page", PAGES)
def test_every_part_has_an_anchor_of_its_own(page: str):
    anchors = re.findall(r"^##+ .+\{ #([\w-]+) \}$", PAGES[page], flags=re.MULTILINE)
    assert len(anchors) == len(re.findall(r"^##+ ", PAGES[page], flags=re.MULTILINE))
    assert len(anchors) == len(set(anchors))


def test_every_page_is_in_the_index():
    assert not [
        name for name in PAGES if name != "index.md" and f"]({name})" not in PAGES["index.md"]
    ]
