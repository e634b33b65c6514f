"""What a suite of claims declares, as plain data: claims, the runs that they take, the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from icl_repro.nearest import nearest
from icl_repro.verification.coverage import Coverage
from icl_repro.verification.declared import Claim, Place
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.profiles import PROFILES, judged_in
from icl_repro.verification.reported import Reported
from icl_repro.verification.spreads import Spreads

Judged = Literal["seed by seed", "over all seeds", "without seeds"]
"""How a claim is judged."""


Timing = Callable[[str, float], float]


class UnknownClaim(ValueError):
    """A pattern that no claim matches; the message is one sentence that names the nearest."""


class PlannedRun(msgspec.Struct, frozen=True):
    """One training run.

    Attributes:
        about: what is trained, in words, but for its seed; seed: of the case that names it first.
        units: its size, at most; what units are is said by `Suite.unit`.
        same: what it has in common with runs that differ by their seeds alone; alike: with runs
            that cost as much a unit.
        after: the key of the run that has to be there first, if any.
        stored: whether the store has it; stale: whether it has it as other code made it.
    """

    key: str
    about: str
    seed: int | None
    units: int
    same: str
    alike: str
    after: str = ""
    stored: bool = False
    stale: bool = False


class PlannedControl(msgspec.Struct, frozen=True):
    """A case in which a claim must fail: `how` says in words what is changed, `runs` are keys."""

    id: str
    statement: str
    how: str
    only: tuple[str, ...] = ()
    undefined: str = ""
    runs: tuple[str, ...] = ()


class PlannedClaim(msgspec.Struct, frozen=True):
    """A claim as it is declared.

    Attributes:
        file: the path of its module, as pytest calls it; test: the name of its test function.
        profiles: the only profiles in which it is judged; empty for all.
        names: the names of its own runs, with their keys over all seeds.
        rows: of its table, if it has one.
        chooses: whether further runs are still to be chosen by what is measured on the first ones.
        problem: why its runs cannot be told.
    """

    claim: Claim
    place: Place
    file: str
    test: str
    judged: Judged
    controls: tuple[PlannedControl, ...] = ()
    profiles: tuple[str, ...] = ()
    names: dict[str, list[str]] = {}
    rows: tuple[str, ...] = ()
    chooses: bool = False
    problem: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return self.claim.id

    @property
    def own_runs(self) -> list[str]:
        """The keys of its own runs, each once."""
        return list(dict.fromkeys(key for keys in self.names.values() for key in keys))

    @property
    def runs(self) -> list[str]:
        """The keys of its runs and of those of its controls, each once."""
        of_controls = (key for control in self.controls for key in control.runs)
        return list(dict.fromkeys([*self.own_runs, *of_controls]))


class StoredTime(msgspec.Struct, frozen=True):
    """How long a stored run took: `seconds`, of at most `units`; else as `PlannedRun`."""

    units: int
    seconds: float
    same: str
    alike: str


@dataclass(frozen=True)
class Suite:
    """All that pytest collected of claims.

    Attributes:
        claims: in the order in which they run, whether the profile judges them or not.
        selected: the ids of those that were asked for.
        runs: by key, those that others take weights from among them.
        profile: the name of the profile; meaningful: whether verdicts can be read from its runs.
        published: the published values that the ledger names, by id.
        times: how long stored runs took.
        timing: trains the run of a key for so many seconds and gives units a second.
    """

    claims: tuple[PlannedClaim, ...]
    selected: frozenset[str]
    runs: Mapping[str, PlannedRun]
    unit: str
    profile: str
    meaningful: bool
    seeds: tuple[int, ...]
    store: Path
    ledger: Ledger = field(default_factory=Ledger)
    spreads: Spreads = field(default_factory=Spreads)
    coverage: Coverage = field(default_factory=Coverage)
    published: Mapping[str, Reported] = field(default_factory=dict[str, Reported])
    times: tuple[StoredTime, ...] = ()
    timing: Timing | None = None

    @property
    def judged(self) -> list[PlannedClaim]:
        """The claims that the profile judges."""
        return [one for one in self.claims if PROFILES[self.profile].judges(one.profiles)]

    def with_sources(self, keys: Iterable[str]) -> list[str]:
        """The runs of those keys, and those that they take weights from, each once."""
        found: dict[str, None] = {}
        waiting = list(keys)
        while waiting:
            key = waiting.pop(0)
            if key not in found:
                found[key] = None
                waiting += [self.runs[key].after] if self.runs[key].after else []
        return list(found)


def matching(
    patterns: Iterable[str], claims: Iterable[PlannedClaim], profile: str = ""
) -> list[PlannedClaim]:
    """The claims whose id is one of `patterns` or like one of them, in their own order; all of
    them where there is no pattern.

    Args:
        patterns: ids, or patterns of them such as ``growth.*``.
        claims: all that there are.
        profile: of which they have to be; of any, if empty.

    Raises:
        UnknownClaim: a pattern that none matches.
    """
    known, asked = list(claims), list(patterns)
    inside = [one for one in known if not profile or PROFILES[profile].judges(one.profiles)]
    for pattern in asked:
        if any(fnmatchcase(one.id, pattern) for one in inside):
            continue
        for one in known:
            if fnmatchcase(one.id, pattern):
                others = judged_in(one.profiles)
                raise UnknownClaim(
                    f"what matches {pattern!r} is judged in the {' or '.join(others)} "
                    f"profile only; add --profile {others[0]}"
                )
        for one in known:
            if pattern in [control.id for control in one.controls]:
                raise UnknownClaim(f"{pattern!r} is a control of {one.id}; name the claim")
        raise UnknownClaim(
            f"no claim matches {pattern!r}; {nearest(pattern, [one.id for one in known])}"
        )
    return [
        one for one in inside if not asked or any(fnmatchcase(one.id, pattern) for pattern in asked)
    ]
