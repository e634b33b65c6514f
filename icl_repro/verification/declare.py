"""Declaring claims and their controls: typed calls, whose mistakes are sentences with a place.

A claim is an ordinary test function. :func:`claim` says which networks it is judged on and in which
cases it must fail; each such case is a :func:`control`, which runs the same function on other
networks, on altered ones or with other settings, so that it is the same measurement by
construction. Nothing is raised here: a mistake is kept with the declaration, and whoever collects
the claims tells all of them at once.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, NoReturn, ParamSpec, TypeVar

from icl_repro.nearest import nearest
from icl_repro.verification import mistakes
from icl_repro.verification.declared import (
    ONE,
    Alteration,
    Chooser,
    Claim,
    Control,
    Declaration,
    Networks,
    Place,
    Spec,
    SpecOfSeed,
    SpecsOfSeed,
)
from icl_repro.verification.standing import About

__all__ = [
    "ONE",
    "Claim",
    "Control",
    "Declaration",
    "Networks",
    "claim",
    "control",
    "declaration_of",
    "networks",
    "networks_by_row",
]

F = TypeVar("F", bound=Callable[..., None])
P = ParamSpec("P")
R = TypeVar("R")

_ATTRIBUTE = "__icl_repro_claim__"
_DECLARED = "__icl_repro_claims__"


def _reporting_wrong_calls(
    broken: Callable[[str, tuple[Any, ...]], R],
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
                return broken(said, args)
            return declare(*args, **kwargs)

        return checked

    return decorate


def _broken_networks(said: str, _: tuple[Any, ...]) -> Networks:
    return Networks(lambda seed: {}, problems=(f"{_caller()}: networks: {said}",))


@_reporting_wrong_calls(_broken_networks)
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

    given_here = {"specs": specs, "then": then}
    wrong = mistakes.of_networks({n: v for n, v in given_here.items() if v is not None} | named)
    return Networks(both, then, problems=tuple(f"{_caller()}: networks: {said}" for said in wrong))


def networks_by_row(rows: Mapping[str, Networks]) -> Networks:
    """Networks of their own for each row of a claim's table, by its id: a row reads no others, and
    does not wait for them.
    """
    problems = (problem for row in rows.values() for problem in row.problems)
    return Networks(lambda seed: {}, by_row=dict(rows), problems=tuple(dict.fromkeys(problems)))


def _broken_control(said: str, _: tuple[Any, ...]) -> Control:
    return Control("", "", problems=(f"{_caller()}: control: {said}",))


@_reporting_wrong_calls(_broken_control)
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
    here = _caller()
    fields: dict[str, Any] = {
        "statement": statement,
        "on": on,
        "id": id,
        "swap": swap,
        "transform": transform,
        "given": given,
        "only": only,
        "undefined": undefined,
    }
    wrong = mistakes.of_fields(mistakes.OF_CONTROL, fields)
    sound = {name: value for name, value in fields.items() if name not in wrong}
    case = sound.get("id") or _case_id(statement, on, transform)
    problems = [
        f"{here}: control{'' if name in ('statement', 'id') else f' {case!r}'}: {said}"
        for name, said in wrong.items()
    ]
    if not wrong and not mistakes.CASE_ID.fullmatch(case):
        problems.append(
            f"{here}: control: the id {case!r} must be made of letters, digits and underscores"
        )
    if not wrong and on is None and not (swap or transform or given):
        problems.append(
            f"{here}: control {case!r} is the claim itself: give other networks, or swap, "
            "transform or given"
        )
    changed = on.problems if isinstance(on, Networks) else ()
    return Control(
        id=case,
        statement=sound.get("statement", ""),
        on=_as_networks(sound.get("on")),
        swap=dict(sound.get("swap") or {}),
        transform=sound.get("transform"),
        given=dict(sound.get("given") or {}),
        only=mistakes.names(only) if "only" in sound else (),
        undefined=sound.get("undefined", ""),
        problems=(*problems, *changed),
    )


def _broken_claim(said: str, args: tuple[Any, ...]) -> Callable[[F], F]:
    if len(args) == 1 and callable(args[0]):
        return _misused(
            args[0],
            "claim is used without a call; write @claim('growth.early', source='Section 1', ...)",
        )
    return lambda function: _misused(function, said)


@_reporting_wrong_calls(_broken_claim)
def claim(
    id: str,
    *,
    source: str,
    on: SpecOfSeed | Networks | None = None,
    fails_on: Control | Sequence[Control] = (),
    profiles: Sequence[str] = (),
    rests_on: str = "",
    about: About = "results",
    not_for: Mapping[str, str] | None = None,
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
        profiles: the only profiles in which it is judged; a profile that judges only what names it
            needs to be named.
        rests_on: for a claim without seeds, what its verdict rests on.
        about: "printed numbers" if it holds numbers that the paper prints against one another;
            such claims are counted apart from those that measure its results anew.
        not_for: where the claims of a family share the rows of their tables, the rows for which
            this one has no meaning, each with why. Reports say so in their place.
    """
    fields: dict[str, Any] = {
        "id": id,
        "source": source,
        "on": on,
        "profiles": profiles,
        "rests_on": rests_on,
        "about": about,
        "not_for": not_for,
    }

    def decorate(function: Any) -> Any:
        if not inspect.isfunction(function):
            return _misused(function, f"a claim is a test function, not {mistakes.shown(function)}")
        place = _place(function)
        wrong = mistakes.of_fields(mistakes.OF_CLAIM, fields)
        sound = {name: value for name, value in fields.items() if name not in wrong}
        cases = (fails_on,) if isinstance(fails_on, Control) else mistakes.names(fails_on)
        only_in = mistakes.names(profiles) if "profiles" in sound else ()
        declared = Claim(
            sound.get("id", ""),
            _first_paragraph(function),
            sound.get("source", ""),
            sound.get("rests_on", ""),
            sound.get("about", "results"),
        )
        together = mistakes.of_claim(declared, function, on, cases, only_in, wrong)
        own = (*wrong.values(), *together)
        controls = tuple(case for case in cases if isinstance(case, Control))
        parts = [*([on] if isinstance(on, Networks) else []), *controls]
        _attach(
            function,
            Declaration(
                claim=declared,
                on=_as_networks(sound.get("on")),
                controls=controls,
                profiles=only_in,
                place=place,
                not_for=dict(not_for or {}) if "not_for" in sound else {},
                problems=(
                    *(f"{place}: claim {mistakes.shown(id)}: {said}" for said in own),
                    *dict.fromkeys(problem for part in parts for problem in part.problems),
                ),
            ),
        )
        return function

    return decorate


def declaration_of(function: object) -> Declaration | None:
    """What :func:`claim` declared of a test function, or ``None`` for an ordinary one."""
    return getattr(function, _ATTRIBUTE, None)


def declared_in(namespace: Mapping[str, Any]) -> list[tuple[str, Declaration]]:
    """What :func:`claim` declared in the module with these globals, with the qualified name of each
    test function; also of those that the module has no more.
    """
    declared: Mapping[Callable[..., Any], Declaration] = namespace.get(_DECLARED, {})
    return [(function.__qualname__, found) for function, found in declared.items()]


def _attach(function: FunctionType, declaration: Declaration) -> None:
    known = declaration_of(function)
    if known is not None:
        problem = f"{known.place}: {function.__name__} is declared as a claim twice"
        declaration = dataclasses.replace(known, problems=(*known.problems, problem))
    setattr(function, _ATTRIBUTE, declaration)
    function.__globals__.setdefault(_DECLARED, {})[function] = declaration


def _misused(decorated: Any, said: str) -> Any:
    """A test function that carries the problem: what was decorated, if it is one."""

    def in_place_of_it() -> NoReturn:
        raise TypeError(said)

    is_function = inspect.isfunction(decorated)
    function = decorated if is_function else in_place_of_it
    place = _place(decorated) if is_function else _caller()
    name = getattr(decorated, "__name__", mistakes.shown(decorated))
    problem = f"{place}: claim on {name}: {said}"
    _attach(function, Declaration(Claim("", "", ""), None, (), (), place, (problem,)))
    return function


def _as_networks(on: object) -> Networks | None:
    if on is None or isinstance(on, Networks):
        return on
    if not callable(on):
        return None
    spec: SpecOfSeed = on
    return Networks(lambda seed: {ONE: spec(seed)}, is_single=True)


def _case_id(statement: object, *named: object) -> str:
    for candidate in named:
        name = getattr(candidate, "__name__", "")
        if isinstance(name, str) and mistakes.CASE_ID.fullmatch(name):
            return name
    return re.sub(r"\W+", "_", str(statement).lower()).strip("_")


def _first_paragraph(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())


def _place(function: Callable[..., Any]) -> Place:
    code = function.__code__
    return Place(code.co_filename, code.co_firstlineno)


def _caller() -> Place:
    """The first line up the stack that is not of this module: where the user called it."""
    frame = inspect.currentframe()
    assert frame is not None, "Python without frames has no places"
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)
