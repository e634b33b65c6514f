"""Signatures of plain-data classes, for the pages of the API: their fields, as griffe reads them.

It knows those of the standard library's dataclasses, but not those of msgspec and Equinox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import griffe

_ROOTS = {"msgspec.Struct", "eqx.Module"}


class FieldsAsParameters(griffe.Extension):
    """Gives each struct and each module without a constructor of its own one with its fields."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called when the package was read."""
        for found in list(_classes(pkg)):
            if "__init__" not in found.members and _is_data(found):
                fields = [_parameter(one) for one in _fields(found)]
                found.set_member("__init__", _constructor(found, fields))


def _classes(within: griffe.Module | griffe.Class) -> Iterator[griffe.Class]:
    for member in within.members.values():
        if member.is_alias:
            continue
        if isinstance(member, griffe.Class):
            yield member
        if isinstance(member, griffe.Module | griffe.Class):
            yield from _classes(member)


def _is_data(found: griffe.Class) -> bool:
    return any(str(base) in _ROOTS for base in found.bases) or any(map(_is_data, _known(found)))


def _known(found: griffe.Class) -> list[griffe.Class]:
    """The bases that are classes of this package."""
    return [base for base in found.resolved_bases if isinstance(base, griffe.Class)]


def _fields(found: griffe.Class) -> list[griffe.Attribute]:
    fields = {field.name: field for base in _known(found) for field in _fields(base)}
    own = (member for member in found.members.values() if isinstance(member, griffe.Attribute))
    fields |= {
        field.name: field
        for field in own
        if field.annotation is not None and "property" not in field.labels
    }
    return list(fields.values())


def _parameter(field: griffe.Attribute) -> griffe.Parameter:
    default = field.value
    if isinstance(default, griffe.ExprCall) and str(default.function).endswith("field"):
        given = {
            one.name: one.value for one in default.arguments if isinstance(one, griffe.ExprKeyword)
        }
        made = given.get("default_factory")
        default = given.get("default", f"{made}()" if made is not None else None)
    kind = griffe.ParameterKind.positional_or_keyword
    return griffe.Parameter(field.name, annotation=field.annotation, kind=kind, default=default)


def _constructor(found: griffe.Class, fields: list[griffe.Parameter]) -> griffe.Function:
    own = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    return griffe.Function(
        "__init__", parent=found, parameters=griffe.Parameters(own, *fields), returns="None"
    )
