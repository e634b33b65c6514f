"""The markers of tests, read and checked, whatever part of a module pytest was asked to run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.verification.declare import (
    Claim,
    Control,
    Declared,
    InvalidDeclaration,
    declare_claim,
    declare_control,
)

_READERS: dict[str, Callable[..., Declared]] = {"claim": declare_claim, "control": declare_control}

MARKERS = (
    "claim(id, statement, source, controls, runs=None, then=None, finding='', profiles=...): a"
    " claim of the paper; judged by the checks that the test states through the evidence fixture,"
    " in the profiles named or in all.",
    "control(id, statement, must_fail, runs=None, then=None): a negative control of a claim in"
    " the same module; the checks named in must_fail have to fail on it.",
)


@dataclass(frozen=True)
class Site:
    """Where a claim or a control is declared: a test function, whatever its parameters."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}::{self.name}"


@dataclass(frozen=True)
class Declarations:
    """What the modules of the collected tests declare, and what is wrong with it."""

    by_site: dict[Site, Declared]
    problems: tuple[str, ...]

    def subjects(self) -> list[Claim | Control]:
        """All claims and controls, in the order of the modules and of their tests."""
        return [declared.subject for declared in self.by_site.values()]

    def claims(self) -> list[Claim]:
        """All claims, in the same order."""
        return [subject for subject in self.subjects() if isinstance(subject, Claim)]

    def outside(self, profile: str) -> dict[str, tuple[str, ...]]:
        """The ids that a profile leaves out, each with the profiles that do not: claims of other
        profiles, and controls that no other claim names.
        """
        inside = {
            control
            for declared in self.by_site.values()
            if isinstance(declared.subject, Claim) and profile in (declared.profiles or [profile])
            for control in declared.subject.controls
        }
        left: dict[str, tuple[str, ...]] = {}
        for declared in self.by_site.values():
            if declared.profiles and profile not in declared.profiles:
                assert isinstance(declared.subject, Claim)
                controls = set(declared.subject.controls) - inside
                left |= dict.fromkeys((declared.subject.id, *controls), declared.profiles)
        return left


def is_marked(node: pytest.Item | pytest.Function) -> bool:
    """Whether a test is a claim or a control, by its own marker or an inherited one."""
    return any(node.get_closest_marker(name) for name in _READERS)


def site_of(item: pytest.Function) -> Site:
    """Where the test function of `item` is."""
    module = item.getparent(pytest.Module)
    assert module is not None
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    return Site(module.nodeid, "::".join([*classes, item.originalname]))


def read(items: Iterable[pytest.Item]) -> Declarations:
    """Read the markers in the modules of `items` that are claims or controls.

    The whole module counts, also where only a part of it is to run: whether a control is missing
    does not depend on the selection.
    """
    marked = [item for item in items if isinstance(item, pytest.Function) and is_marked(item)]
    problems: list[str] = []
    functions: dict[Site, Callable[..., Any]] = {}
    for module in {item.getparent(pytest.Module): None for item in marked}:
        assert module is not None
        for site, function in _marked_functions(module):
            functions[site] = function
            if not module.funcnamefilter(site.name.rpartition("::")[2]):
                problems.append(f"{site} is marked, but pytest does not take it for a test")
    for item in marked:
        functions.setdefault(site_of(item), item.function)
    by_site: dict[Site, Declared] = {}
    for site, function in functions.items():
        try:
            by_site[site] = _declared(function)
        except InvalidDeclaration as error:
            problems += [f"{site}: {problem}" for problem in error.problems]
    problems += _problems_of_ids(by_site)
    if not problems:
        problems += _problems_of_pairs(by_site)
        problems += _problems_of_fixtures(marked, by_site)
    return Declarations(by_site, tuple(problems))


def _marked_functions(module: pytest.Module) -> Iterator[tuple[Site, Callable[..., Any]]]:
    def walk(holder: Any, names: tuple[str, ...]) -> Iterator[tuple[Site, Callable[..., Any]]]:
        for name, value in vars(holder).items():
            if inspect.isclass(value) and module.classnamefilter(name) and value is not holder:
                yield from walk(value, (*names, name))
            elif inspect.isfunction(value) and _own_marks(value):
                yield Site(module.nodeid, "::".join((*names, name))), value

    return walk(module.obj, ())


def _own_marks(function: Callable[..., Any]) -> list[pytest.Mark]:
    return [mark for mark in getattr(function, "pytestmark", []) if mark.name in _READERS]


def _declared(function: Callable[..., Any]) -> Declared:
    marks = _own_marks(function)
    if not marks:
        raise InvalidDeclaration(
            ["claim and control mark one test function; put the marker on the function itself"]
        )
    if len(marks) > 1:
        names = " and ".join(f"@pytest.mark.{mark.name}" for mark in marks)
        raise InvalidDeclaration([f"has {names}; a test is one claim or one control"])
    return _READERS[marks[0].name](marks[0].args, marks[0].kwargs)


def _problems_of_ids(by_site: dict[Site, Declared]) -> list[str]:
    first: dict[str, Site] = {}
    problems = []
    for site, declared in by_site.items():
        known = first.setdefault(declared.subject.id, site)
        if known is not site:
            problems.append(f"{site}: id {declared.subject.id!r} is taken by {known}")
    return problems


def _problems_of_pairs(by_site: dict[Site, Declared]) -> list[str]:
    problems = []
    for module in dict.fromkeys(site.module for site in by_site):
        here = {site: d.subject for site, d in by_site.items() if site.module == module}
        controls = {s.id: site for site, s in here.items() if isinstance(s, Control)}
        named: set[str] = set()
        for site, subject in here.items():
            if not isinstance(subject, Claim):
                continue
            named.update(subject.controls)
            problems += [
                f"{site}: claim {subject.id!r} names control {control!r}, which is not in this "
                f"module; {nearest(control, controls)}"
                for control in subject.controls
                if control not in controls
            ]
        problems += [
            f"{site}: no claim in this module names control {control!r}"
            for control, site in controls.items()
            if control not in named
        ]
    return problems


def _problems_of_fixtures(
    marked: Iterable[pytest.Function], by_site: dict[Site, Declared]
) -> list[str]:
    problems: dict[str, None] = {}
    for item in marked:
        site = site_of(item)
        declared = by_site[site]
        if "evidence" not in item.fixturenames:
            problems[f"{site}: takes no evidence; state its checks with the evidence fixture"] = (
                None
            )
        if {"seed", "seeds"} <= set(inspect.signature(item.function).parameters):
            problems[
                f"{site}: takes both seed and seeds; take seeds to judge all of them at once"
            ] = None
        uses_runs = "runs" in item.fixturenames
        if declared.runs is not None and not uses_runs:
            problems[f"{site}: declares runs, but does not take the runs fixture"] = None
        if declared.runs is None and uses_runs:
            problems[f"{site}: takes runs, but its marker has no field runs"] = None
    return list(problems)
