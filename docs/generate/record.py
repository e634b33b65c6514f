"""The record and the history, as ``reports/README.md`` documents them."""

from __future__ import annotations

import re
from pathlib import Path

PATH = "reference/record.md"
_FILE = re.compile(r"\[([^\]]+)\]\((?!#|https?:)([^)]+)\)")


def page(root: Path) -> str:
    """The page, as Markdown: links to files of the checkout become their names."""
    text = (root / "reports" / "README.md").read_text("utf-8")
    text = text.replace("# Reports\n", "# Records and reports\n", 1)
    return _FILE.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    label = found[1].strip("`")
    path = (Path("reports") / found[2].partition("#")[0]).as_posix()
    return f"{label} (`{path}`)" if label not in path else f"`{path}`"
