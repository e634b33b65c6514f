"""What the modules of the collected tests declare, and what is wrong with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.verification.declare import Claim, Declaration, declaration_of


@dataclass(frozen=True)
class Site:
    """Where a claim is declared: a test function, whatever its parameters."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}::{self.name}"


@dataclass(frozen=True)
class Declarations:
    """What the modules of the collected tests declare, whatever part of them is to run."""

    by_site: dict[Site, Declaration]
    problems: tuple[str, ...]

    def claims(self) -> list[Claim]:
        """All claims, in the order of the modules and of their tests."""
        return [declaration.claim for declaration in self.by_site.values()]

    def outside(self, profile: str) -> dict[str, tuple[str, ...]]:
        """The ids of the claims that a profile leaves out, each with the profiles that do not."""
        return {
            declaration.claim.id: declaration.profiles
            for declaration in self.by_site.values()
            if declaration.profiles and profile not in declaration.profiles
        }


def site_of(item: pytest.Function) -> Site:
    """Where the test function of `item` is."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    return Site(_module_of(item).nodeid, "::".join([*classes, item.originalname]))


def read(items: Iterable[pytest.Item]) -> Declarations:
    """Read what the modules of `items` declare.

    The whole module counts, also where only a part of it is to run: whether a declaration is right
    does not depend on the selection.
    """
    declared = [
        item
        for item in items
        if isinstance(item, pytest.Function) and declaration_of(item.function) is not None
    ]
    problems: list[str] = []
    by_site: dict[Site, Declaration] = {}
    for module in {_module_of(item): None for item in declared}:
        for site, declaration in _declared_in(module):
            by_site[site] = declaration
            if not module.funcnamefilter(site.name.rpartition("::")[2]):
                problems.append(
                    f"{declaration.place}: {site.name} is a claim, but pytest does not take it "
                    "for a test"
                )
    for item in declared:  # methods that a class inherits are not among those of the module
        by_site.setdefault(site_of(item), _declaration(item))
    for declaration in by_site.values():
        problems += declaration.problems
        problems += _problems_of_networks(declaration)
    problems += _problems_of_ids(by_site)
    problems += _problems_of_fixtures(declared)
    return Declarations(by_site, tuple(dict.fromkeys(problems)))


def _module_of(item: pytest.Function) -> pytest.Module:
    module = item.getparent(pytest.Module)
    assert module is not None
    return module


def _declaration(item: pytest.Function) -> Declaration:
    declaration = declaration_of(item.function)
    assert declaration is not None
    return declaration


def _declared_in(module: pytest.Module) -> Iterator[tuple[Site, Declaration]]:
    def walk(holder: Any, names: tuple[str, ...]) -> Iterator[tuple[Site, Declaration]]:
        for name, value in vars(holder).items():
            if inspect.isclass(value) and module.classnamefilter(name) and value is not holder:
                yield from walk(value, (*names, name))
            elif inspect.isfunction(value):
                declaration = declaration_of(value)
                if declaration is not None:
                    yield Site(module.nodeid, "::".join((*names, name))), declaration

    return walk(module.obj, ())


def _problems_of_ids(by_site: dict[Site, Declaration]) -> Iterator[str]:
    first: dict[str, Declaration] = {}
    for declaration in by_site.values():
        id_ = declaration.claim.id
        known = first.setdefault(id_, declaration)
        if id_ and known is not declaration:
            yield f"{declaration.place}: the id {id_!r} is taken by the claim at {known.place}"


def _problems_of_networks(declaration: Declaration) -> Iterator[str]:
    """What does not fit between the networks of a claim and those of its controls."""
    on = declaration.on
    for control in declaration.controls:
        where = f"{declaration.place}: claim {declaration.claim.id!r}: control {control.id!r}"
        if on is None:
            if control.on is not None or control.swap or control.transform is not None:
                yield f"{where} changes networks, but the claim declares none (on=)"
        elif on.is_single:
            if control.on is not None and not control.on.is_single:
                yield f"{where} gives several networks, but the test takes one (run)"
            if control.swap:
                yield f"{where} swaps networks, but the claim has only one"
        elif control.swap and control.on is not None and control.on.is_single:
            yield f"{where} swaps networks, but gives only one"


def _problems_of_fixtures(declared: Iterable[pytest.Function]) -> Iterator[str]:
    for item in declared:
        known = item._fixtureinfo.name2fixturedefs.keys() | _parameters_of(item)
        for name in _arguments(item.function):
            if name not in known and name not in ("request", "self"):
                yield (
                    f"{_declaration(item).place}: {item.originalname} takes {name!r}, which is "
                    f"neither a fixture nor a parameter; {nearest(name, sorted(known))}"
                )


def _arguments(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in named and p.default is p.empty]


def _parameters_of(item: pytest.Function) -> set[str]:
    callspec = getattr(item, "callspec", None)
    return set(callspec.params) if callspec else set()
