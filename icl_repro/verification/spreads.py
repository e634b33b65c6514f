"""How far trainings of one seed differ in each check: measured, and kept beside the claims.

Whether a value that lies close to its bound holds is left to rounding only if trainings that differ
by rounding alone, or by the processor, differ as much. The file says how much that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from icl_repro.storage.files import write_whole

FORMAT = 1
"""Raised whenever the meaning of a field changes."""

REACH = 2.0
"""Of how many times the measured spread a value may lie from its bound and still be on its edge.

The spread is the largest difference that was seen, often in one pair or a few, and the true one may
be larger. That of two normal values is 1.13 standard deviations on average: of further trainings,
nine of ten lie within twice as much of a known one, and only six of ten within once as much.
"""

SLACK = 0.01
"""By what share of it, or of its bound, a known value may come out otherwise and be the known one.

Trainings of one seed on two families of processors, and from neighbours one rounding away, differ
by 1.1e-5 of a value at most, but for processor times. Where they were measured to differ by more,
that counts.
"""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record that trainings were compared from: on which machine, when (ISO 8601) and at which
    commit its claims were judged, on which seeds. `neighbour` is 0, or which of those that start
    one rounding away.
    """

    machine: str
    neighbour: int
    date: str
    commit: str | None
    seeds: list[int]


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The largest difference of the value of a check between two trainings of one seed.

    `case` is the control that it is stated in, empty for the claim itself. It is the largest of
    that many `pairs`, over all seeds, of values from `sources`, counted from 0.
    """

    claim: str
    case: str
    check: str
    largest: float
    pairs: int
    sources: list[int]


class SpreadFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the file holds."""

    format: int
    sources: list[Source]
    spreads: list[Spread]


class UnusableSpreads(ValueError):
    """A file of spreads that cannot be used; the message is one sentence with its path."""


@dataclass(frozen=True)
class Spreads:
    """Measured spreads, by claim, case and check, and what they were measured from."""

    by_place: dict[tuple[str, str, str], Spread] = field(
        default_factory=dict[tuple[str, str, str], Spread]
    )
    sources: tuple[Source, ...] = ()

    def of(self, claim: str, case: str, check: str) -> Spread | None:
        """That of one check, or ``None`` if it was not measured."""
        return self.by_place.get((claim, case, check))

    def machines_of(self, claim: str, case: str, check: str) -> frozenset[str]:
        """On which machines that of one check was measured; none where that is not known."""
        known = self.of(claim, case, check)
        if known is None or not self.sources:
            return frozenset()
        return frozenset(self.sources[at].machine for at in known.sources)


NOT_MEASURED = Spreads()


def load(path: Path | None) -> Spreads:
    """Read what :func:`write` wrote; ``None`` gives none.

    Raises:
        UnusableSpreads: a file that is missing, holds something else or contradicts itself.
    """
    if path is None:
        return NOT_MEASURED
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableSpreads(f"there is no file of measured spreads at {path}") from error
    except OSError as error:
        raise UnusableSpreads(f"{path} cannot be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(content, type=SpreadFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnusableSpreads(f"{path} is no file of measured spreads: {error}") from error
    if found.format != FORMAT:
        raise UnusableSpreads(
            f"{path} has format {found.format}, but this release reads {FORMAT}: measure again"
        )
    by_place: dict[tuple[str, str, str], Spread] = {}
    for at, one in enumerate(found.spreads, start=1):
        place = f"{path}: spread {at} ({one.claim}, {one.check!r})"
        if (one.claim, one.case, one.check) in by_place:
            raise UnusableSpreads(f"{place} is there twice")
        if one.largest < 0 or one.pairs < 1:
            raise UnusableSpreads(
                f"{place} must have a difference of 0 or more, in 1 pair or more, not "
                f"{one.largest} in {one.pairs}"
            )
        if any(not 0 <= source < len(found.sources) for source in one.sources):
            raise UnusableSpreads(
                f"{place} names source {max(one.sources, key=abs)}, but there are "
                f"{len(found.sources)}, counted from 0"
            )
        by_place[one.claim, one.case, one.check] = one
    return Spreads(by_place, tuple(found.sources))


def write(path: Path, sources: Iterable[Source], spreads: Iterable[Spread]) -> None:
    """Write a file of spreads, a line for each, replacing `path` in one step."""
    lists = [
        f' "{name}": [\n  '
        + ",\n  ".join(msgspec.json.encode(one).decode() for one in rows)
        + "\n ]"
        for name, rows in (("sources", sources), ("spreads", spreads))
    ]
    write_whole(path, "{\n" + ",\n".join([f' "format": {FORMAT}', *lists]) + "\n}\n")
