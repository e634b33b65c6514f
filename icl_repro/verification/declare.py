"""Declaring claims and their controls: typed calls, whose mistakes are sentences with a place.

A claim is an ordinary test function. :func:`claim` says which networks it is judged on and in which
cases it must fail; each such case is a :func:`control`, which runs the same function on other
networks, on altered ones or with other settings, so that it is the same measurement by
construction. Nothing is raised here: a mistake is kept with the declaration, and whoever collects
the claims tells all of them at once.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec

from icl_repro.nearest import nearest
from icl_repro.verification.profiles import PROFILES

F = TypeVar("F", bound=Callable[..., None])
P = ParamSpec("P")
R = TypeVar("R")

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

_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_CASE_ID = re.compile(r"[A-Za-z0-9_]+")
_ATTRIBUTE = "__icl_repro_claim__"


class Place(msgspec.Struct, frozen=True):
    """A line of a file of the user's."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{_as_called(self.file)}:{self.line}"


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a paper says, in one sentence, and where it says so.

    `rests_on` says what the verdict of a claim without seeds rests on, such as a proof in exact
    arithmetic; empty for a claim that is judged over seeds.
    """

    id: str
    statement: str
    source: str
    rests_on: str = ""

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
    """

    specs: SpecsOfSeed
    then: Chooser | None = None
    is_single: bool = False


@dataclass(frozen=True)
class Control:
    """A case in which a claim must fail, see :func:`control`."""

    id: str
    statement: str
    on: Networks | None = None
    swap: Mapping[str, str] = field(default_factory=dict)
    transform: Alteration | Mapping[str, Alteration] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    undefined: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """One declared claim: what it says, what it is judged on, where it must fail.

    Attributes:
        profiles: the only profiles in which it is judged; empty for all.
        place: where it is declared.
        problems: what is wrong with it, a sentence each, with its place.
    """

    claim: Claim
    on: Networks | None
    controls: tuple[Control, ...]
    profiles: tuple[str, ...]
    place: Place
    problems: tuple[str, ...] = ()


def networks(
    specs: SpecsOfSeed | None = None, /, *, then: Chooser | None = None, **named: SpecOfSeed
) -> Networks:
    """Name the runs of a claim that needs several.

    Args:
        specs: takes a seed and returns specs by name.
        then: takes the seed and those runs, once trained, and returns further specs by name, chosen
            by what was measured on them.
        named: further single runs, each a callable that takes a seed and returns a spec.
    """

    def both(seed: int) -> Mapping[str, Spec]:
        given = dict(specs(seed)) if specs is not None else {}
        return given | {name: spec(seed) for name, spec in named.items()}

    return Networks(both, then)


def _reporting_unknown_fields(
    broken: Callable[[str], R],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a call with arguments that do not fit give what `broken` makes of the mistake."""

    def decorate(declare: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(declare)
        known = list(signature.parameters)

        @functools.wraps(declare)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                unknown = [name for name in kwargs if name not in known]
                if unknown:
                    said = f"unknown field {unknown[0]!r}; {nearest(unknown[0], known)}"
                else:
                    said = str(error)
                return broken(said)
            return declare(*args, **kwargs)

        return checked

    return decorate


def _broken_control(said: str) -> Control:
    return Control("", "", problems=(f"{_caller()}: control: {said}",))


@_reporting_unknown_fields(_broken_control)
def control(
    statement: str,
    on: SpecOfSeed | Networks | None = None,
    /,
    *,
    id: str = "",
    swap: Mapping[str, str] | None = None,
    transform: Alteration | Mapping[str, Alteration] | None = None,
    given: Mapping[str, Any] | None = None,
    only: str | Sequence[str] = (),
    undefined: str = "",
) -> Control:
    """Declare a case in which a claim must fail: the same test function, run otherwise.

    Args:
        statement: why the claim must fail there, in words.
        on: other networks in place of the claim's. A single one, in place of several, stands in for
            each of them.
        id: what the case is called in the ids of tests; by default the name of `on` or `transform`,
            or else made of the statement.
        swap: runs that stand in for others, by name: ``{"new": "old"}`` gives the test the run
            "old" where it asks for "new".
        transform: alters every run before the test sees it, or by name the runs that it names.
        given: settings of the measurement: keyword arguments of the test function that have a
            default there.
        only: the checks that must fail; by default all.
        undefined: why a check may have no finite value here (such as "never learns"), which then
            counts as failed; without it, it does not.
    """
    problems = []
    here = _caller()
    if not _is_text(statement):
        problems.append(f"{here}: control: the statement must say something, not {statement!r}")
    case = id or _case_id(statement, on, transform)
    if not _CASE_ID.fullmatch(case):
        problems.append(
            f"{here}: control: the id {case!r} must be made of letters, digits and underscores"
        )
    if on is None and not (swap or transform or given):
        problems.append(
            f"{here}: control {case!r} is the claim itself: give other networks, or swap, "
            "transform or given"
        )
    if on is not None and not (callable(on) or isinstance(on, Networks)):
        problems.append(f"{here}: control {case!r}: {_wrong_networks(on)}")
        on = None
    names = (only,) if isinstance(only, str) else tuple(only)
    if not all(map(_is_text, names)):
        problems.append(f"{here}: control {case!r}: only must name checks, not {only!r}")
    alterations = transform.values() if isinstance(transform, Mapping) else [transform]
    if transform is not None and not all(map(callable, alterations)):
        problems.append(f"{here}: control {case!r}: transform must be callable, not {transform!r}")
    return Control(
        id=case,
        statement=statement,
        on=_as_networks(on),
        swap=dict(swap or {}),
        transform=transform,
        given=dict(given or {}),
        only=names,
        undefined=undefined,
        problems=tuple(problems),
    )


def _broken_claim(said: str) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        place = _place(function)
        problem = f"{place}: claim on {function.__name__}: {said}"
        _attach(function, Declaration(Claim("", "", ""), None, (), (), place, (problem,)))
        return function

    return decorate


@_reporting_unknown_fields(_broken_claim)
def claim(
    id: str,
    *,
    source: str,
    on: SpecOfSeed | Networks | None = None,
    fails_on: Control | Sequence[Control] = (),
    profiles: Sequence[str] = (),
    rests_on: str = "",
) -> Callable[[F], F]:
    """Declare that a test function judges a claim of a paper. Its docstring is the statement.

    The function takes ``evidence`` and states checks through it. It is run on every seed of the
    session if it takes ``run``, ``runs`` or ``seed``, once over all of them if it takes ``seeds``,
    and then once for each control and seed.

    Args:
        id: a family and a name with a dot between, such as ``growth.early``.
        source: where the paper says so, such as ``Section 3.1, Figure 4a``.
        on: the networks: a callable that takes a seed and returns the spec of the one that the
            function takes as ``run``, or what :func:`networks` gives, for ``runs``.
        fails_on: the cases in which the claim must fail, at least one.
        profiles: the only profiles in which it is judged.
        rests_on: for a claim without seeds, what its verdict rests on.
    """

    def decorate(function: F) -> F:
        place = _place(function)
        controls = (fails_on,) if isinstance(fails_on, Control) else tuple(fails_on)
        statement = _first_paragraph(function)
        declared = Claim(id, statement, source, rests_on)
        own = [
            f"{place}: claim {id!r}: {problem}"
            for problem in _problems(declared, function, on, controls, profiles)
        ]
        of_controls = [
            problem for c in controls if isinstance(c, Control) for problem in c.problems
        ]
        _attach(
            function,
            Declaration(
                claim=declared,
                on=_as_networks(on),
                controls=tuple(c for c in controls if isinstance(c, Control)),
                profiles=tuple(profiles),
                place=place,
                problems=(*own, *dict.fromkeys(of_controls)),
            ),
        )
        return function

    return decorate


def declaration_of(function: object) -> Declaration | None:
    """What :func:`claim` declared of a test function, or ``None`` for an ordinary one."""
    return getattr(function, _ATTRIBUTE, None)


def _attach(function: Callable[..., Any], declaration: Declaration) -> None:
    known = declaration_of(function)
    if known is not None:
        problem = f"{known.place}: {function.__name__} is declared as a claim twice"
        declaration = Declaration(**{**vars(known), "problems": (*known.problems, problem)})
    setattr(function, _ATTRIBUTE, declaration)


def _problems(
    declared: Claim,
    function: Callable[..., Any],
    on: object,
    controls: Sequence[object],
    profiles: Sequence[str],
) -> Iterator[str]:
    if not _is_text(declared.id) or not _ID.fullmatch(declared.id):
        yield "the id must be a family and a name with a dot between, like 'growth.early'"
    if not declared.statement:
        yield f"{function.__name__} has no docstring, which is the statement of the claim"
    if not _is_text(declared.source):
        yield f"the source must say where the paper says so, not {declared.source!r}"
    if on is not None and not (callable(on) or isinstance(on, Networks)):
        yield _wrong_networks(on)
    wrong = [c for c in controls if not isinstance(c, Control)]
    if wrong:
        yield f"fails_on takes what control() gives, not {wrong[0]!r}"
    if not controls:
        yield "fails_on names no control: a check that cannot fail says nothing"
    ids = [c.id for c in controls if isinstance(c, Control)]
    for case in sorted({case for case in ids if ids.count(case) > 1}):
        yield f"two controls have the id {case!r}; give one of them another id="
    yield from _problems_of_parameters(function, on, controls)
    yield from _problems_of_seeds(declared, function)
    for name in profiles:
        if name not in PROFILES:
            yield f"there is no profile {name!r}; {nearest(str(name), PROFILES)}"


def _problems_of_parameters(
    function: Callable[..., Any], on: object, controls: Sequence[object]
) -> Iterator[str]:
    parameters = inspect.signature(function).parameters
    if "evidence" not in parameters:
        yield f"{function.__name__} takes no evidence; state its checks with that fixture"
    if {"seed", "seeds"} <= parameters.keys():
        yield "takes both seed and seeds; take seeds to judge all of them at once"
    named = isinstance(on, Networks) and not on.is_single
    wanted, other = ("runs", "run") if named else ("run", "runs")
    if on is not None and wanted not in parameters:
        yield f"declares networks, but {function.__name__} does not take {wanted}"
    if on is not None and other in parameters:
        yield f"takes {other}, but its networks come as {wanted}"
    for taken in ("run", "runs") if on is None else ():
        if taken in parameters:
            yield f"takes {taken}, but declares no networks (on=)"
    settings = [n for n, p in parameters.items() if p.default is not inspect.Parameter.empty]
    for case in (case for case in controls if isinstance(case, Control)):
        for name in case.given:
            if name not in settings:
                yield (
                    f"control {case.id!r} gives {name!r}, which is no keyword argument with a "
                    f"default of {function.__name__}; {nearest(name, settings)}"
                )


def _problems_of_seeds(declared: Claim, function: Callable[..., Any]) -> Iterator[str]:
    parameters = inspect.signature(function).parameters
    over_seeds = not parameters.keys().isdisjoint({"run", "runs", "seed", "seeds"})
    if over_seeds and declared.rests_on:
        yield "is judged over seeds, which its verdict rests on; leave out rests_on"
    if not over_seeds and not _is_text(declared.rests_on):
        yield (
            f"{function.__name__} takes no seed, so say what the verdict rests on, "
            "like rests_on='a proof in exact arithmetic'"
        )


def _as_networks(on: object) -> Networks | None:
    if on is None or isinstance(on, Networks):
        return on
    if not callable(on):
        return None
    spec: SpecOfSeed = on
    return Networks(lambda seed: {ONE: spec(seed)}, is_single=True)


def _wrong_networks(on: object) -> str:
    return (
        "the networks must be a callable that takes a seed and returns a spec, or what networks() "
        f"gives, not {on!r}"
    )


def _case_id(statement: object, *named: object) -> str:
    for candidate in named:
        name = getattr(candidate, "__name__", "")
        if _CASE_ID.fullmatch(name):
            return name
    return re.sub(r"\W+", "_", str(statement).lower()).strip("_")


def _first_paragraph(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _place(function: Callable[..., Any]) -> Place:
    code = function.__code__
    return Place(code.co_filename, code.co_firstlineno)


def _caller() -> Place:
    """The first line up the stack that is not of this module: where the user called it."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)


def _as_called(file: str) -> str:
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
