"""Claims and negative controls as data, and what their markers may say.

A test becomes a claim by ``@pytest.mark.claim(...)`` and a negative control by
``@pytest.mark.control(...)``. The fields of the markers are those of :class:`Claim` and
:class:`Control`, plus two optional ones: ``runs``, a callable that takes a seed and returns the
training runs that the test needs, by name; and ``then``, a callable that takes the seed and those
runs, once trained, and returns further runs that were chosen by what was measured on them. A claim
may also name the only ``profiles`` in which it is judged; its controls then run in those alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from icl_repro.nearest import nearest
from icl_repro.verification.profiles import PROFILES

RunsNeeded = Callable[[int], Mapping[str, Any]]
"""Takes a seed and returns the specs of the training runs that a test needs, by name."""

RunsChosen = Callable[[int, Mapping[str, Any]], Mapping[str, Any]]
"""Takes a seed and the trained runs, by name, and returns the specs of further runs, by name."""

RUN_FIELDS = ("runs", "then")
"""The optional fields of both markers."""

_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a paper says, in one sentence, where it says so, and what guards the checks.

    `controls` are ids of control tests in the same module, at least one. `finding` says what is
    known not to hold, where the claim did not reproduce and that has been reported: its test is
    then expected to fail. No threshold and no verdict depends on it.
    """

    id: str
    statement: str
    source: str
    controls: tuple[str, ...]
    finding: str = ""

    @property
    def family(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measurement where a claim must not hold: the checks named by `must_fail` have to fail."""

    id: str
    statement: str
    must_fail: tuple[str, ...]


@dataclass(frozen=True)
class Declared:
    """What one marker declares: a claim or a control, and the runs that its test needs.

    `profiles` are the only ones in which a claim is judged; empty for all.
    """

    subject: Claim | Control
    runs: RunsNeeded | None = None
    then: RunsChosen | None = None
    profiles: tuple[str, ...] = ()


class InvalidDeclaration(ValueError):
    """A marker that does not declare a claim or a control; `problems` has one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def declare_claim(args: Sequence[Any], fields: Mapping[str, Any]) -> Declared:
    """Read the arguments of ``@pytest.mark.claim``.

    Raises:
        InvalidDeclaration: a field is missing, unknown or not what it should be.
    """
    _require_valid(
        "claim",
        args,
        fields,
        texts=("id", "statement", "source"),
        names="controls",
        optional_texts=("finding",),
        optional=("profiles",),
    )
    if "profiles" in fields:
        _require_profiles(fields["profiles"])
    return Declared(
        Claim(
            fields["id"],
            fields["statement"],
            fields["source"],
            tuple(fields["controls"]),
            fields.get("finding", ""),
        ),
        *map(fields.get, RUN_FIELDS),
        profiles=tuple(fields.get("profiles", ())),
    )


def declare_control(args: Sequence[Any], fields: Mapping[str, Any]) -> Declared:
    """Read the arguments of ``@pytest.mark.control``.

    Raises:
        InvalidDeclaration: a field is missing, unknown or not what it should be.
    """
    _require_valid("control", args, fields, texts=("id", "statement"), names="must_fail")
    return Declared(
        Control(fields["id"], fields["statement"], tuple(fields["must_fail"])),
        *map(fields.get, RUN_FIELDS),
    )


def _require_valid(
    marker: str,
    args: Sequence[Any],
    fields: Mapping[str, Any],
    *,
    texts: tuple[str, ...],
    names: str,
    optional_texts: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
) -> None:
    required = (*texts, names)
    known = (*required, *optional_texts, *optional, *RUN_FIELDS)
    problems = []
    if args:
        problems.append(f"@pytest.mark.{marker} takes named fields only, but got {args[0]!r}")
    problems += [
        f"unknown field {field!r}; {nearest(field, known)}"
        for field in fields
        if field not in known
    ]
    problems += [f"field {field!r} is missing" for field in required if field not in fields]
    problems += [
        f"field {field!r} must be a text that says something, not {fields[field]!r}"
        for field in (*texts, *optional_texts)
        if field in fields and not _is_text(fields[field])
    ]
    problems += _problems_of_id(fields.get("id"))
    if names in fields:
        problems += _problems_of_names(names, fields[names])
    if fields.get("runs") is not None and not callable(fields["runs"]):
        problems.append(
            f"field 'runs' must be a callable that takes a seed, not {fields['runs']!r}"
        )
    if fields.get("then") is not None:
        if not callable(fields["then"]):
            problems.append(
                "field 'then' must be a callable that takes a seed and the trained runs, not "
                f"{fields['then']!r}"
            )
        if fields.get("runs") is None:
            problems.append("field 'then' chooses by trained runs, but there is no field 'runs'")
    if problems:
        raise InvalidDeclaration(problems)


def _require_profiles(value: Any) -> None:
    problems = _problems_of_names("profiles", value)
    if not problems:
        problems = [
            f"field 'profiles' names {name!r}, which is no profile; {nearest(name, PROFILES)}"
            for name in value
            if name not in PROFILES
        ]
    if problems:
        raise InvalidDeclaration(problems)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _problems_of_id(value: Any) -> list[str]:
    if not _is_text(value) or _ID.fullmatch(value):
        return []
    return [
        f"id {value!r} must be a family and a name with a dot between, like 'emergence.plateau'"
    ]


def _problems_of_names(field: str, value: Any) -> list[str]:
    if isinstance(value, str):
        return [f"field {field!r} must be a tuple of names; write {field}=({value!r},)"]
    if not isinstance(value, Sequence) or not all(_is_text(name) for name in value):
        return [f"field {field!r} must be a tuple of names, not {value!r}"]
    if not value:
        return [f"field {field!r} must name at least one"]
    twice = sorted({name for name in value if list(value).count(name) > 1})
    return [f"field {field!r} names {name!r} twice" for name in twice]
