"""What a declaration comes to: a claim, the networks it is judged on, and its controls, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from icl_repro.nearest import nearest
from icl_repro.verification.standing import About

Spec = Any
"""What describes a training run: hashable, with a ``key``."""
Run = Any
"""A trained run."""
SpecOfSeed = Callable[[int], Spec]
"""Takes a seed and returns the spec of one training run."""
SpecsOfSeed = Callable[[int], Mapping[str, Spec]]
"""Takes a seed and returns the specs of several runs, by name."""
Chooser = Callable[[int, Mapping[str, Run]], Mapping[str, Spec]]
"""Takes a seed and trained runs, by name, and returns the specs of further runs, by name."""
Alteration = Callable[[Run], Run]
"""Takes a trained run and returns one like it with another network."""

ONE = "network"
"""The name of the run of a claim that is judged on one network."""


class Place(msgspec.Struct, frozen=True):
    """A line of a file of the user's."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{_as_called(self.file)}:{self.line}"


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a paper says, in one sentence, and where it says so.

    `rests_on` says what the verdict of a claim without seeds rests on, such as a proof in exact
    arithmetic; empty for a claim that is judged over seeds. `about` says whether it measures
    results anew or holds printed numbers against one another.
    """

    id: str
    statement: str
    source: str
    rests_on: str = ""
    about: About = "results"

    @property
    def family(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Networks:
    """The runs that a claim is judged on.

    Attributes:
        specs: takes a seed and returns the specs of the runs, by name.
        then: chooses further runs by what was measured on those, if any.
        is_single: whether there is one run, which the test takes as ``run``; otherwise it takes
            ``runs``, by name.
        by_row: those of each row of the table of the test, by its id, where rows have their own.
        problems: what is wrong with them, a sentence each, with its place.
    """

    specs: SpecsOfSeed
    then: Chooser | None = None
    is_single: bool = False
    by_row: Mapping[str, Networks] = field(default_factory=dict[str, "Networks"])
    problems: tuple[str, ...] = ()

    def of_row(self, row: str) -> Networks:
        """Those of a row of the test's table."""
        if not self.by_row:
            return self
        known = self.by_row

        def missing(seed: int) -> Mapping[str, Spec]:
            raise ValueError(f"there are no networks of the row {row!r}; {nearest(row, known)}")

        return known.get(row) or Networks(missing)


@dataclass(frozen=True)
class Control:
    """A case in which a claim must fail, see :func:`icl_repro.control`."""

    id: str
    statement: str
    on: Networks | None = None
    swap: Mapping[str, str] = field(default_factory=dict[str, str])
    transform: Alteration | Mapping[str, Alteration] | None = None
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    only: tuple[str, ...] = ()
    undefined: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """One declared claim: what it says, what it is judged on, where it must fail.

    Attributes:
        profiles: the only profiles in which it is judged; empty for all but those that judge what
            names them.
        not_for: rows of the table that its family has for which it has no meaning, with why.
        place: where it is declared.
        problems: what is wrong with it, a sentence each, with its place.
    """

    claim: Claim
    on: Networks | None
    controls: tuple[Control, ...]
    profiles: tuple[str, ...]
    place: Place
    problems: tuple[str, ...] = ()
    not_for: Mapping[str, str] = field(default_factory=dict[str, str])


def _as_called(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
