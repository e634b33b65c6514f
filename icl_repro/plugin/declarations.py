"""What the modules of the collected tests declare, and what is wrong with it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.plugin import named_checks
from icl_repro.verification.declare import Claim, Declaration, declaration_of, declared_in
from icl_repro.verification.profiles import PROFILES, judged_in

SUBTESTS = "subtests"
"""The fixture of pytest that a test of a claim may not take."""
NO_SUBTESTS = (
    f"takes {SUBTESTS!r}, in which a failure would not count; state what must hold with "
    "evidence.check"
)


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
            declaration.claim.id: judged_in(declaration.profiles)
            for declaration in self.by_site.values()
            if not PROFILES[profile].judges(declaration.profiles)
        }


def site_of(item: pytest.Function) -> Site:
    """Where the test function of `item` is."""
    assert isinstance(item.parent, pytest.Collector)
    return _site(item.parent, item.originalname)


class Found:
    """The declarations that a session came across while it collected, in order.

    All of a module are found, also where only a part of it is to run: whether a declaration is
    right does not depend on the selection.
    """

    def __init__(self) -> None:
        self.by_site: dict[Site, Declaration] = {}
        self.modules: list[ModuleType] = []
        self.not_tests: list[str] = []
        self._collectable: list[Declaration] = []

    def note_module(self, collector: pytest.Collector) -> None:
        """Take in a module whose tests pytest has collected, if it has imported it for that."""
        # Those of doctests collect otherwise, and none of a module's tests.
        of_tests = isinstance(collector, pytest.Module) and (
            type(collector).collect is pytest.Module.collect
        )
        module = vars(collector).get("_obj") if of_tests else None
        if isinstance(module, ModuleType):
            self.modules.append(module)

    def note(self, collector: pytest.Module | pytest.Class, name: str, value: object) -> None:
        """Take in one of the objects of a module or class that pytest looks at."""
        declaration = self._note(collector, name, value)
        if declaration is not None:
            self.by_site[_site(collector, name)] = declaration

    def lost(self) -> Iterator[str]:
        """Claims that modules declare, but that pytest would collect from nowhere in them.

        A class of which no test was asked for counts as collected.
        """
        for module in self.modules:
            for name, declaration in declared_in(vars(module)):
                if not any(known is declaration for known in self._collectable):
                    yield f"{declaration.place}: {name} is a claim, but {_why_lost(module, name)}"

    def _note(
        self, collector: pytest.Module | pytest.Class, name: str, value: object
    ) -> Declaration | None:
        if inspect.isclass(value):
            if _is_collected(collector, name, value):
                for base in value.__mro__:
                    for own, part in vars(base).items():
                        self._note(collector, own, part)
            return None
        function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        declaration = declaration_of(function) if inspect.isfunction(function) else None
        if declaration is None:
            return None
        self._collectable.append(declaration)
        is_test = collector.istestfunction(value, name) and getattr(function, "__test__", True)
        if not (declaration.problems or is_test):
            self.not_tests.append(
                f"{declaration.place}: {name} is a claim, but pytest does not take it for a test"
            )
        return declaration


def checked(found: Found, items: Iterable[pytest.Item]) -> Declarations:
    """All declarations that were found, with what is wrong with them or with the tests of `items`
    that they made.
    """
    declared = [
        item
        for item in items
        if isinstance(item, pytest.Function) and declaration_of(item.function) is not None
    ]
    problems = [*found.not_tests, *found.lost()]
    for declaration in found.by_site.values():
        problems += declaration.problems
        problems += _problems_of_networks(declaration)
    problems += _problems_of_ids(found.by_site)
    problems += _problems_of_fixtures(declared)
    problems += _problems_of_marks(declared)
    problems += _problems_of_subtests(declared)
    problems += _problems_of_checks(declared)
    return Declarations(found.by_site, tuple(dict.fromkeys(problems)))


def _site(parent: pytest.Collector, name: str) -> Site:
    module = parent.getparent(pytest.Module)
    assert module is not None
    parents = [node.name for node in parent.listchain() if isinstance(node, pytest.Class)]
    return Site(module.nodeid, "::".join([*parents, name]))


def _is_collected(collector: pytest.Module | pytest.Class, name: str, class_: type) -> bool:
    """Whether pytest collects a class as one of plain tests, which alone can be those of claims."""
    unittest = sys.modules.get("unittest")
    return (
        collector.istestclass(class_, name)
        and bool(getattr(class_, "__test__", True))
        and class_.__init__ is object.__init__
        and class_.__new__ is object.__new__
        and not (unittest and issubclass(class_, unittest.TestCase))
    )


def _why_lost(module: ModuleType, name: str) -> str:
    """Why pytest does not come across a claim of a module, by its qualified name."""
    if not getattr(module, "__test__", True):
        return "pytest does not collect it: its module has __test__ = False"
    *outer, _ = name.split(".")
    holder: object = module
    for part in outer:
        holder = getattr(holder, part, None)
    if outer and inspect.isclass(holder):
        return (
            "pytest does not collect its class; name it Test..., without __init__, __new__ and "
            "__test__ = False, and derive it from no TestCase"
        )
    return "pytest does not collect it: nothing in its module has it under its name any more"


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
        declaration = declaration_of(item.function)
        assert declaration is not None
        known = item._fixtureinfo.name2fixturedefs.keys() | _parameters_of(item)
        for name in _arguments(item.function):
            if name not in known and name not in ("request", "self"):
                yield (
                    f"{declaration.place}: {item.originalname} takes {name!r}, which is "
                    f"neither a fixture nor a parameter; {nearest(name, sorted(known))}"
                )


def _problems_of_marks(declared: Iterable[pytest.Function]) -> Iterator[str]:
    """A mark would make any failure of a claim an expected one, and any error too."""
    for item in declared:
        declaration = declaration_of(item.function)
        if declaration is not None and item.get_closest_marker("xfail") is not None:
            yield (
                f"{declaration.place}: {item.originalname} is marked xfail; what is known to fail "
                "stands in the ledger, by check, seed and value"
            )


def _problems_of_subtests(declared: Iterable[pytest.Function]) -> Iterator[str]:
    """What raises in a subtest is reported by itself, and kept from the verdict."""
    for item in declared:
        declaration = declaration_of(item.function)
        if declaration is not None and SUBTESTS in item.fixturenames:
            yield f"{declaration.place}: {item.originalname} {NO_SUBTESTS}"


def _problems_of_checks(declared: Iterable[pytest.Function]) -> Iterator[str]:
    """Checks that a control must fail, but that its test does not state, where its source tells."""
    for item in declared:
        declaration = declaration_of(item.function)
        assert declaration is not None
        demanded = [(c.id, name) for c in declaration.controls for name in c.only]
        stated = named_checks.named_in(item) if demanded else None
        for control, name in demanded if stated is not None else ():
            if stated is not None and name not in stated:
                where = f"{declaration.place}: claim {declaration.claim.id!r}"
                yield (
                    f"{where}: control {control!r} must fail the check {name!r}, which "
                    f"{item.originalname} does not state; {nearest(name, stated)}"
                )


def _arguments(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in named and p.default is p.empty]


def _parameters_of(item: pytest.Function) -> set[str]:
    callspec = getattr(item, "callspec", None)
    return set(callspec.params) if callspec else set()
