"""Settings in one form, so that equal meaning is equal data; and what is said where one cannot be.

A list becomes a tuple, 0 where a number with a fraction is meant becomes 0.0, a number of NumPy one
of Python: a value is what would be read back from where it is stored.
"""

from __future__ import annotations

import functools
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import numpy as np

from icl_repro.optogenetics.arguments import as_shown

_PLAIN = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "True or False",
    NoneType: "None",
}


def in_one_form(field: msgspec.structs.FieldInfo, value: Any) -> Any:
    """`value` of a setting as it would be read back from JSON.

    Raises:
        TypeError: it is of another kind than the setting.
    """
    if isinstance(value, msgspec.Struct) and not isinstance(value, _kinds(field.type)):
        # As plain data it might pass for what it is not.
        raise TypeError(_wanted(field, value))
    try:
        return msgspec.json.decode(
            msgspec.json.encode(value, enc_hook=_plain_number), type=field.type
        )
    except (TypeError, OverflowError, msgspec.ValidationError) as error:
        said = str(error)
        if isinstance(error, TypeError) or (said.startswith("Expected") and " - at" not in said):
            raise TypeError(_wanted(field, value)) from error
        # Something inside is wrong, and the error says what and at which place.
        raise TypeError(f"{field.name} is {as_shown(value)}: {said}") from error


def _wanted(field: msgspec.structs.FieldInfo, value: Any) -> str:
    return f"{field.name} is {as_shown(value)}, but must be {_in_words(field.type)}"


@functools.cache
def _kinds(kind: Any) -> tuple[type, ...]:
    """The classes that a setting may be of."""
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return tuple(option for option in options if isinstance(option, type))


def _in_words(kind: Any) -> str:
    """A kind of setting, and one of it where there is but one."""
    name = _name(kind)
    is_part = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return f"{name}, such as {name}()" if is_part else name


def _name(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        *others, last = map(_name, get_args(kind))
        return f"{', '.join(others)} or {last}"
    if get_origin(kind) is tuple:
        return f"a sequence of {_name(get_args(kind)[0])}"
    return _PLAIN.get(kind, getattr(kind, "__name__", str(kind)))


def _plain_number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no plain data")
