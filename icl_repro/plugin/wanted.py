"""The runs that a case wants: specs by seed and name, and those chosen by what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from icl_repro.plugin.cases import Case

Adapt = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Takes specs by name and returns those that the session trains for them."""
RunsOfSeed = Callable[[int | None], Mapping[str, Any]]
"""Takes a seed and returns the trained runs of that seed, by name."""


class Wanted:
    """What one case wants to be trained.

    Every method raises whatever the callables of the declaration raise, and a sentence where they
    return something else than specs by name.
    """

    def __init__(self, case: Case, adapt: Adapt) -> None:
        self._fault = case.fault
        self._seeds = (*case.seeds, *_others(case))
        self._networks = case.networks
        self._adapt = adapt
        self._specs: dict[int | None, dict[str, Any]] = {}
        self._chosen = False
        self._is_changed = False

    @property
    def is_changed(self) -> bool:
        """Whether its fault changes any of the runs that it has so far."""
        return self._is_changed

    def specs(self, seed: int | None) -> Mapping[str, Any]:
        """The specs of the runs of one of its seeds, by name, as the session trains them; those
        that are chosen are among them once they are.
        """
        if seed not in self._specs:
            if self._networks is None:
                self._specs[seed] = {}
            else:
                assert seed is not None
                self._specs[seed] = self._adapted("the networks", self._networks.specs(seed))
        return self._specs[seed]

    def all_specs(self) -> list[Any]:
        """The specs of the runs of all its seeds."""
        return [spec for seed in self._seeds for spec in self.specs(seed).values()]

    @property
    def has_to_choose(self) -> bool:
        """Whether further runs are still to be chosen by what is measured on the first ones."""
        return self._networks is not None and self._networks.then is not None and not self._chosen

    def choose(self, runs_of: RunsOfSeed) -> None:
        """Choose further runs by the trained ones of each seed."""
        assert self._networks is not None
        assert self._networks.then is not None
        both = {}
        for seed in self._seeds:
            assert seed is not None
            first = self.specs(seed)
            chosen = self._adapted("then", self._networks.then(seed, runs_of(seed)))
            if clash := first.keys() & chosen.keys():
                raise ValueError(f"then gives runs that are there before: {', '.join(clash)}")
            both[seed] = {**first, **chosen}
        self._specs = both
        self._chosen = True

    def _adapted(self, what: str, specs: object) -> dict[str, Any]:
        if not isinstance(specs, Mapping):
            raise TypeError(f"{what} must be specs of runs by name (a mapping), not {specs!r}")
        named = cast("Mapping[str, Any]", specs)
        for name, spec in named.items():
            if not all(hasattr(spec, needed) for needed in ("key", "describe", "shortened")):
                raise TypeError(f"{what}: {name!r} must be the spec of a run, not {spec!r}")
        made = self._adapt(named)
        if self._fault is None:
            return made
        faulty = {name: self._fault.changed(spec) for name, spec in made.items()}
        self._is_changed |= any(faulty[name].key != spec.key for name, spec in made.items())
        return faulty


def _others(case: Case) -> list[int]:
    """The seeds beside its own whose runs a case reads, because its fault exchanges them."""
    other_seed = case.fault.other_seed if case.fault else None
    own = [seed for seed in case.seeds if seed is not None]
    if other_seed is None or case.networks is None:
        return []
    return [other for other in dict.fromkeys(map(other_seed, own)) if other not in own]
