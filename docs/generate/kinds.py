"""The same claims on other exemplars and by other streams, from all records of kinds that are
committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from claims import head_by_head
from icl_repro.report.text.beside import Cell, Row, SideBySide, side_by_side
from icl_repro.verification.record import VerificationRecord, read_record

from . import apart
from .catalogue import link
from .markdown import escaped, table

PATH = "explanation/kinds.md"
_FOLDER = "explanation"
RECORDS = Path("reports/exemplars")
"""Where records of kinds are, each named after the label of what its runs were made from."""
ABOUT = RECORDS / "README.md"
"""What people say of them: all from the first heading below on is on the page."""
_FIRST = "\n## "
KINDS = (
    "published_streams",
    "omniglot_resnet18_cntk+published_streams",
    "omniglot_resnet18_cntk",
    "omniglot_squeezenet1_1+published_streams",
    "omniglot_squeezenet1_1",
)
"""The kinds that are to be there beside the usual one, in the order of columns."""
_BY_PUBLISHED_STREAMS = "published_streams"
"""How the label of a kind ends whose heads have the paper's names."""

_HEAD = """\
# On other exemplars, by other streams

Some verdicts depend on what networks learn from, and on what they begin with. This page is made
from the committed record on the usual exemplars, {usual}, and from those of other kinds in
`{folder}`{number}. [Use other exemplars](../how-to/exemplars.md) says what there is to choose, and
how a record of a kind is made.
"""
_HEADS = """\
By the published streams a network begins with the authors' initial weights and sees their batches,
so that its heads have the paper's names; what differs then is the encoder (and rounding). By ours,
names mean nothing, and the same numbers show what chance gives. Rank correlations are over the
eight heads of layer 1 (the paper's Layer 2); *p* is how often heads in random order have as large a
mean. A strength is the attention to the label of the query's class, less that to the other label; a
half-time is when the loss first falls to 0.35; distances are means over training.
"""
_CLAIM_BY_CLAIM = """\
Verdict, on how many seeds the claim holds, and the one or two checks that say most: those that do
not hold in every column, then those whose number the paper gives.
"""


def records(root: Path) -> dict[str, VerificationRecord]:
    """The records of kinds that are there, by their labels: those of :data:`KINDS` first."""
    paths = {path.name.partition(".json")[0]: path for path in (root / RECORDS).glob("*.json*")}
    order = [label for label in KINDS if label in paths]
    order += sorted(set(paths) - set(order))
    return {label: read_record(paths[label]) for label in order}


def page(root: Path, usual: VerificationRecord, named: str) -> str:
    """The page, as Markdown; `usual` is the record on the usual exemplars, which is `named`."""
    return "\n".join(_lines(root, usual, records(root), named))


def _lines(
    root: Path, usual: VerificationRecord, kinds: Mapping[str, VerificationRecord], named: str
) -> Iterator[str]:
    number = "" if kinds else ", of which there is none yet"
    yield _HEAD.format(usual=named, folder=RECORDS, number=number)
    if missing := [label for label in KINDS if label not in kinds]:
        yield f"Not judged yet: {', '.join(f'`{label}`' for label in missing)}."
        yield ""
    found = side_by_side([usual, *kinds.values()])
    for column in found.columns:
        yield f"- **{column.letter}**, `{column.name}`: {escaped(column.about)}"
    yield ""
    yield from _differing(found)
    yield from _apart([usual, *kinds.values()])
    about = (root / ABOUT).read_text("utf-8")
    yield about[about.index(_FIRST) + 1 :] if _FIRST in about else ""
    yield from ("## Claim by claim", "", _CLAIM_BY_CLAIM)
    yield from _table(found, found.rows)
    yield from _heads({"usual": usual, **kinds})


def _differing(found: SideBySide) -> Iterator[str]:
    yield from ("## Where kinds differ", "", escaped(found.sentence), "")
    yield from _table(found, [row for row in found.rows if row.unalike])


def _apart(every: Sequence[VerificationRecord]) -> Iterator[str]:
    yield from ("## What verdicts go with", "")
    for ingredient in ("exemplars", "streams"):
        yield from apart.section(ingredient, every, level=3, folder=_FOLDER)


def _table(found: SideBySide, rows: Sequence[Row]) -> Iterator[str]:
    heads = ["claim", *(column.letter for column in found.columns), "paper"]
    yield from table(heads, [_row(row) for row in rows])


def _row(row: Row) -> list[str]:
    first = [f"{'≠ ' if row.unalike else ''}{link(row.claim, _FOLDER)}", *map(escaped, row.checks)]
    cells = ["" if cell is None else "<br>".join(_cell(cell)) for cell in row.cells]
    return ["<br>".join(first), *cells, "<br>".join(["", *map(escaped, row.paper)])]


def _cell(cell: Cell) -> Iterator[str]:
    yield f"{cell.symbol} {cell.verdict}{f', {cell.seeds}' if cell.seeds else ''}"
    for value in cell.values:
        yield escaped(f"{value[0]} {value[3]}") if value else "—"


def _heads(kinds: Mapping[str, VerificationRecord]) -> Iterator[str]:
    yield from ("## Head by head", "", _HEADS)
    seeds: list[tuple[str, head_by_head.SeedBeside]] = []
    for label, record in kinds.items():
        yield from (f"### {label}: what is alike", "")
        try:
            found = head_by_head.beside_published(record)
        except ValueError as error:
            yield from (escaped(f"Not known: {error}."), "")
            continue
        yield from head_by_head.summary(found)
        if label.endswith(_BY_PUBLISHED_STREAMS):
            seeds += [(label, one) for one in found]
    for label, one in seeds:
        yield from (f"### {label}: seed {one.seed}", "")
        yield from ("Ours, then the published; times in thousand sequences.", "")
        yield from head_by_head.of_seed(one)
