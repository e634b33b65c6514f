"""The paper, statement by statement, and which claims test each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from icl_repro.verification.coverage import NOT_COVERED, Coverage, CoverageRow

from .catalogue import link
from .markdown import escaped, table

PATH = "catalogue/coverage.md"

_HEAD = """\
# The paper, statement by statement

Made from `claims/coverage.toml`: every statement, figure and table of the paper in its order,
in our words, with the claims that test it and how faithfully, or why none does. "As the
paper did" always means but for the exemplars, which the suite draws itself.
"""


def page(coverage: Coverage) -> str:
    """The page, as Markdown."""
    return "\n".join(_lines(coverage))


def _lines(coverage: Coverage) -> Iterator[str]:
    yield _HEAD
    counts = Counter(row.how for row in coverage.rows)
    yield from table(
        ["how it is tested", "statements"],
        [[how, str(amount)] for how, amount in counts.most_common()],
    )
    parts: dict[str, list[CoverageRow]] = {}
    for row in coverage.rows:
        parts.setdefault(row.part, []).append(row)
    for part, rows in parts.items():
        yield f"## {escaped(part)}"
        yield ""
        yield from table(
            ["where", "statement", "how it is tested", "by"],
            [[escaped(row.where), escaped(row.statement), _how(row), _by(row)] for row in rows],
        )


def _how(row: CoverageRow) -> str:
    return escaped(f"{row.how}: {row.because}" if row.because else row.how)


def _by(row: CoverageRow) -> str:
    if row.how == NOT_COVERED:
        return "none"
    return "<br>".join(link(claim, "catalogue") for claim in row.claims)
