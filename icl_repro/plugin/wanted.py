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
        self._seeds = case.seeds
        self._networks = case.networks
        self._adapt = adapt
        self._specs: dict[int | None, dict[str, Any]] = {}
        self._chosen = False

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
        return self._adapt(named)
