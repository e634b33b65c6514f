"""The page of messages: what it quotes is told by the code, and no exception is left out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
GAP = "\0"
STANDS_FOR_SOMETHING = re.compile(r"'?\b[A-Z][A-Z]+\b'?")


def template(node: ast.expr) -> str:
    """A text of the source, with a gap for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(template(value) for value in values)
        case ast.FormattedValue(value=value):
            inner = template(value)
            return inner if inner.strip(GAP) else GAP
        case ast.BinOp(left=left, right=right):
            return template(left) + template(right)
        case ast.IfExp(body=body, orelse=orelse):
            return f"{GAP}{template(body)}{GAP}{template(orelse)}{GAP}"
        case _:
            return GAP


@cache
def modules() -> list[ast.Module]:
    paths = sorted((ROOT / "icl_repro").rglob("*.py"))
    return [ast.parse(path.read_text("utf-8")) for path in paths]


def told() -> list[str]:
    """Every text of the source, with gaps."""
    texts = (
        STANDS_FOR_SOMETHING.sub(GAP, template(node))
        for module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
    )
    return list(dict.fromkeys(texts))


def said_by(texts: list[str], line: str) -> bool:
    """Whether one of the texts holds the pieces of a line in order, with gaps between them."""
    pieces = [piece for piece in STANDS_FOR_SOMETHING.split(line) if piece]
    pattern = re.compile(f".*{GAP}.*".join(map(re.escape, pieces)), re.DOTALL)
    longest = max(pieces, key=len)
    return any(longest in text and pattern.search(text) for text in texts)


def test_what_the_page_quotes_is_in_the_code():
    texts = told()
    blocks = re.findall(r"^```text\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    quoted = [line for block in blocks for line in block.splitlines()]
    assert len(quoted) > 150
    assert not [line for line in quoted if not said_by(texts, line)]


def test_every_exception_that_has_a_name_is_on_the_page():
    def is_exception(node: ast.ClassDef) -> bool:
        bases = [ast.unparse(base) for base in node.bases]
        return any(re.search(r"(Error|Exception|MissingRun|UnusableStore)$", one) for one in bases)

    names = {
        node.name
        for module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and is_exception(node) and not node.name.startswith("_")
    }
    assert len(names) > 30
    assert not [name for name in sorted(names) if f"`{name}`" not in PAGE]


def test_every_part_has_an_anchor_of_its_own():
    anchors = re.findall(r"^##+ .+\{ #([\w-]+) \}$", PAGE, flags=re.MULTILINE)
    assert len(anchors) == len(re.findall(r"^##+ ", PAGE, flags=re.MULTILINE))
    assert len(anchors) == len(set(anchors))
