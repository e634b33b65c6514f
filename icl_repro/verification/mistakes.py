"""What is wrong with a declaration, in sentences: fields one by one, then how they fit together."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from icl_repro.nearest import nearest
from icl_repro.verification.declared import Claim, Control, Networks
from icl_repro.verification.plain_data import is_text
from icl_repro.verification.profiles import PROFILES
from icl_repro.verification.standing import About

CASE_ID = re.compile(r"[A-Za-z0-9_]+")
_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_LONGEST = 80


def names(value: Any) -> tuple[Any, ...]:
    """Several names, or one that stands alone, as a tuple; whatever is neither stands alone too."""
    return tuple(value) if _is_list(value) else (value,)


def shown(value: object) -> str:
    """A value as its author wrote it, about, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _is_list(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)


def _is_on(value: Any) -> bool:
    return value is None or callable(value) or isinstance(value, Networks)


def _is_text_or_empty(value: Any) -> bool:
    return is_text(value) or value == ""


def _maps_to(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether it maps names to what fits."""

    def check(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return False
        parts = cast("Mapping[Any, Any]", value).items()
        return all(is_text(name) and fits(part) for name, part in parts)

    return check


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


Rule = tuple[Callable[[Any], bool], str]
"""What a field takes, and what it must be in words."""

_NETWORKS = (
    "the networks must be a callable that takes a seed and returns a spec, or what networks() gives"
)
OF_CLAIM: dict[str, Rule] = {
    "id": (
        lambda value: is_text(value) and _ID.fullmatch(value) is not None,
        "the id must be a family and a name with a dot between, like 'growth.early'",
    ),
    "source": (is_text, "the source must say where the paper says so"),
    "on": (_is_on, _NETWORKS),
    "profiles": (_is_list, "profiles must be a list of names, like ['paper']"),
    "rests_on": (_is_text_or_empty, "rests_on must say in words what the verdict rests on"),
    "not_for": (
        _or_none(_maps_to(is_text)),
        "not_for must say why for each row, like {'wide': 'has no width'}",
    ),
    "about": (
        lambda value: isinstance(value, str) and value in get_args(About),
        f"about must be {' or '.join(map(repr, get_args(About)))}",
    ),
}
OF_CONTROL: dict[str, Rule] = {
    "statement": (is_text, "the statement must say something"),
    "on": (_is_on, _NETWORKS),
    "id": (_is_text_or_empty, "the id must be a text"),
    "swap": (_or_none(_maps_to(is_text)), "swap must name runs, like {'new': 'old'}"),
    "transform": (
        lambda value: value is None or callable(value) or _maps_to(callable)(value),
        "transform must be callable",
    ),
    "given": (
        _or_none(_maps_to(lambda value: True)),
        "given must name keyword arguments, like {'size': 0}",
    ),
    "only": (lambda value: all(map(is_text, names(value))), "only must name checks"),
    "undefined": (_is_text_or_empty, "undefined must say in words why a value may not be finite"),
}


def of_fields(rules: Mapping[str, Rule], values: Mapping[str, Any]) -> dict[str, str]:
    """A sentence for each value that its field does not take, by field."""
    return {
        field: f"{must}, not {shown(values[field])}"
        for field, (fits, must) in rules.items()
        if not fits(values[field])
    }


def of_networks(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the callables that give the runs, by what they are called."""
    for name, value in values.items():
        if not callable(value):
            yield f"{name} must be callable, not {shown(value)}"


def of_claim(
    declared: Claim,
    function: Callable[..., Any],
    on: object,
    controls: Sequence[object],
    profiles: Sequence[object],
    wrong_fields: Collection[str],
) -> Iterator[str]:
    """What does not fit together in a claim, as far as its fields are right by themselves."""
    if not declared.statement:
        yield f"{function.__name__} has no docstring, which is the statement of the claim"
    elif not is_text(declared.statement):
        yield f"the docstring of {function.__name__} holds half of a character"
    wrong = [c for c in controls if not isinstance(c, Control)]
    if wrong:
        yield f"fails_on takes what control() gives, not {shown(wrong[0])}"
    if not controls:
        yield "fails_on names no control: a check that cannot fail says nothing"
    ids = [c.id for c in controls if isinstance(c, Control) and c.id]
    for case in sorted({case for case in ids if ids.count(case) > 1}):
        yield f"two controls have the id {case!r}; give one of them another id="
    yield from _of_parameters(function, on, controls)
    if "rests_on" not in wrong_fields:
        yield from _of_seeds(declared, function)
    for name in profiles:
        if not (isinstance(name, str) and name in PROFILES):
            yield f"there is no profile {shown(name)}; {nearest(str(name), PROFILES)}"


def _of_parameters(
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


def _of_seeds(declared: Claim, function: Callable[..., Any]) -> Iterator[str]:
    parameters = inspect.signature(function).parameters
    over_seeds = not parameters.keys().isdisjoint({"run", "runs", "seed", "seeds"})
    if over_seeds and declared.rests_on:
        yield "is judged over seeds, which its verdict rests on; leave out rests_on"
    if not over_seeds and not declared.rests_on:
        yield (
            f"{function.__name__} takes no seed, so say what the verdict rests on, "
            "like rests_on='a proof in exact arithmetic'"
        )
