"""Where this process finds exemplars that are known by their content.

A run is what its exemplars are, not where they lie: a specification holds checksums alone, so that
the same content under another path is the same run. Whoever chooses a file says where it is, once
in each process (:func:`icl_repro.exemplars.choice.chosen`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from icl_repro.exemplars.source import UnusableExemplars


class Place(NamedTuple):
    """A file or folder, and the data set in it where there may be several."""

    path: Path
    part: str = ""

    def __str__(self) -> str:
        return f"{self.path}::{self.part}" if self.part else str(self.path)


_places: dict[str, Place] = {}


def remember(sha256: str, place: Place) -> None:
    """Note where some content is; of two places with the same content, the later counts."""
    _places[sha256] = place


def known_place(sha256: str) -> Place | None:
    """Where some content was last seen, if at all."""
    return _places.get(sha256)


def known_places() -> dict[str, Place]:
    """Where all content was last seen, by checksum."""
    return dict(_places)


def place_of(sha256: str, what: str) -> Place:
    """Where some content was last seen.

    Args:
        sha256: the checksum that it goes by.
        what: what it is, for the message.

    Raises:
        UnusableExemplars: nobody has said.
    """
    place = _places.get(sha256)
    if place is None:
        raise UnusableExemplars(
            f"nothing says where the {what} with checksum {sha256[:12]} lie: choose them by their "
            "path first"
        )
    return place


def require_unchanged(sha256: str, found: str, place: Place, what: str) -> None:
    """Check that content is still what was chosen.

    Raises:
        UnusableExemplars: it is not.
    """
    if found != sha256:
        raise UnusableExemplars(
            f"{place} has other {what} than when it was chosen: their checksum is {found[:12]}, "
            f"but the run is described with {sha256[:12]}; put the old content back, or start "
            "again to use the new"
        )
