"""The coverage table beside the claims: every statement of the paper, and which claims test it.

A statement that nothing tests says why, and a claim that stands for none says that it is ours, so
that a reader sees what was left out as well as what was added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import msgspec

from icl_repro.nearest import nearest
from icl_repro.verification.standing import says_ours
from icl_repro.verification.toml_files import converted, tables_of

How = Literal["as the paper did", "weaker", "stronger", "different", "not covered"]
"""How faithfully claims test a statement."""

FAITHFUL: How = "as the paper did"
NOT_COVERED: How = "not covered"

_Read = TypeVar("_Read", bound=msgspec.Struct)


class CoverageRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement, figure or table of the paper, and what tests it.

    `part` is the part of the paper that it stands in, `where` the place in it. `because` says what
    is weaker, stronger or different about the test, or why there is none; it may be empty where the
    claims test it as the paper did. `claims` are ids, none where it is not covered. `work` is what
    else than the paper states it, such as "the slides"; empty for the paper.
    """

    part: str
    where: str
    statement: str
    how: How
    because: str = ""
    claims: list[str] = []
    work: str = ""


class UnusableCoverage(ValueError):
    """A coverage table that cannot be read; the message is one sentence with file and row."""


@dataclass(frozen=True)
class Coverage:
    """All rows, in the order of the paper."""

    rows: tuple[CoverageRow, ...] = ()

    def unknown(self, claims: Collection[str]) -> list[str]:
        """A sentence for each claim that a row names and that is not among `claims`."""
        named = dict.fromkeys(claim for row in self.rows for claim in row.claims)
        return [
            f"the coverage table names a claim {claim!r}, which does not exist; "
            f"{nearest(claim, claims)}"
            for claim in named
            if claim not in claims
        ]

    def unnamed(self, sources: Mapping[str, str]) -> list[str]:
        """A sentence for each claim that no row names although its source does not say "ours".

        Args:
            sources: where the paper makes each claim, by id.
        """
        named = {claim for row in self.rows for claim in row.claims}
        return [
            f"no row of the coverage table names {claim}, whose source ({source!r}) does not say "
            "that it is ours"
            for claim, source in sources.items()
            if claim not in named and not says_ours(source)
        ]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    where: str
    statement: str
    how: How
    because: str = ""
    claims: list[str] = []


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    rows: list[Any]
    work: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    parts: list[Any]


def load(path: Path | None) -> Coverage:
    """Read a coverage table from a TOML file; ``None`` gives an empty one.

    Raises:
        UnusableCoverage: a file that is missing, is not TOML or holds something else.
    """
    if path is None:
        return Coverage()
    places: dict[tuple[str, str], str] = {}
    rows: list[CoverageRow] = []
    for place, row in _rows(path):
        earlier = places.setdefault((row.where, row.statement), place)
        if earlier != place:
            raise UnusableCoverage(f"{place} says the same as {earlier.removeprefix(f'{path}: ')}")
        rows.append(row)
    return Coverage(tuple(rows))


def _rows(path: Path) -> Iterator[tuple[str, CoverageRow]]:
    """Each row, with where it stands in the file."""
    for at, said in enumerate(_convert(_table(path), _File, str(path)).parts, start=1):
        part = _convert(said, _Part, f"{path}: part {at}")
        if not part.title.strip():
            raise UnusableCoverage(f"{path}: part {at}: title must say something")
        if part.work != part.work.strip():
            raise UnusableCoverage(f"{path}: part {at}: work must begin and end with a word")
        for number, row in enumerate(part.rows, start=1):
            place = f"{path}: row {number} of {part.title!r}"
            read = _convert(row, _Row, place)
            _require_sense(read, place)
            fields = msgspec.structs.asdict(read)
            yield place, CoverageRow(part=part.title, work=part.work, **fields)


def _table(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UnusableCoverage(f"there is no coverage table at {path}")
    return tables_of(path, UnusableCoverage)


def _require_sense(row: _Row, place: str) -> None:
    for name in ("where", "statement"):
        if not getattr(row, name).strip():
            raise UnusableCoverage(f"{place}: {name} must say something")
    if row.claims and row.how == NOT_COVERED:
        raise UnusableCoverage(f"{place} names claims ({', '.join(row.claims)}) and not covered")
    if not row.claims and row.how != NOT_COVERED:
        raise UnusableCoverage(
            f"{place} names no claim, so that it is not covered: name one, or say how = "
            f"{NOT_COVERED!r} and because"
        )
    if row.how != FAITHFUL and not row.because.strip():
        raise UnusableCoverage(f"{place} is {row.how} and must say why: because")
    twice = [claim for claim in dict.fromkeys(row.claims) if row.claims.count(claim) > 1]
    if twice:
        raise UnusableCoverage(f"{place} names {twice[0]} twice")


def _convert(said: object, kind: type[_Read], place: str) -> _Read:
    return converted(said, kind, place, UnusableCoverage, get_args(How))
