"""The plan: all runs that the selected claims need, each once, longest first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from icl_repro.training.tasks import AnySpec, program


def with_sources(specs: Iterable[AnySpec]) -> dict[str, AnySpec]:
    """The runs, and those that they take weights from, by key: equal keys are one run."""
    found: dict[str, AnySpec] = {}
    waiting = list(specs)
    while waiting:
        spec = waiting.pop(0)
        if spec.key not in found:
            found[spec.key] = spec
            if spec.transplant is not None:
                waiting.append(spec.transplant.source)
    return found


class Plan(msgspec.Struct, frozen=True):
    """Runs to train, in groups that need the same compiled program.

    Attributes:
        groups: longest run first, within a group too; but before all others, those that other
            runs take weights from.
    """

    groups: tuple[tuple[AnySpec, ...], ...]

    @classmethod
    def of(cls, specs: Iterable[AnySpec]) -> Plan:
        """The union of `specs`, and of the runs that they take weights from."""
        unique = with_sources(specs)
        sources = {spec.transplant.source for spec in unique.values() if spec.transplant}

        def urgency(spec: AnySpec) -> tuple[bool, int]:
            return spec not in sources, -spec.sequences

        groups: dict[object, list[AnySpec]] = {}
        for spec in sorted(unique.values(), key=lambda spec: (*urgency(spec), spec.key)):
            groups.setdefault(program(spec), []).append(spec)
        return cls(tuple(tuple(group) for group in groups.values()))

    @property
    def specs(self) -> tuple[AnySpec, ...]:
        """All runs, group by group."""
        return tuple(spec for group in self.groups for spec in group)

    @property
    def spread(self) -> tuple[AnySpec, ...]:
        """All runs, for workers that take one after the other and do not heed who has compiled
        what: those that others take weights from, then one of each group, so that not all workers
        compile the same program at once, and then the rest, longest first.
        """
        sources = {spec.transplant.source for spec in self.specs if spec.transplant}
        heads = {group[0] for group in self.groups}

        def turn(spec: AnySpec) -> tuple[bool, bool, int]:
            is_head = spec in heads
            return spec not in sources, not is_head, 0 if is_head else -spec.sequences

        return tuple(sorted(self.specs, key=turn))

    @property
    def sequences(self) -> int:
        """Sequences of all runs together."""
        return sum(spec.sequences for spec in self.specs)
