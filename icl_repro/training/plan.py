"""The plan: all runs that the selected claims need, each once, longest first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from icl_repro.training.engine import program
from icl_repro.training.spec import RunSpec


class Plan(msgspec.Struct, frozen=True):
    """Runs to train, in groups that need the same compiled program.

    Attributes:
        groups: longest run first, within a group too.
    """

    groups: tuple[tuple[RunSpec, ...], ...]

    @classmethod
    def of(cls, specs: Iterable[RunSpec]) -> Plan:
        """The union of `specs`: specs with equal keys are one run."""
        unique = {spec.key: spec for spec in specs}
        groups: dict[object, list[RunSpec]] = {}
        for spec in sorted(unique.values(), key=lambda spec: (-spec.sequences, spec.key)):
            groups.setdefault(program(spec), []).append(spec)
        ordered = sorted(groups.values(), key=lambda group: -group[0].sequences)
        return cls(tuple(tuple(group) for group in ordered))

    @property
    def specs(self) -> tuple[RunSpec, ...]:
        """All runs, group by group."""
        return tuple(spec for group in self.groups for spec in group)

    @property
    def sequences(self) -> int:
        """Sequences of all runs together."""
        return sum(spec.sequences for spec in self.specs)
