"""What a claim states as plain data that JSON can carry, or a sentence that says why it cannot.

A record is written once, at the end of a session, with all verdicts in it: what it cannot carry is
refused where it is stated.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from icl_repro.verification.evidence import Check, Condition, Quantity
from icl_repro.verification.pictures import Figure, Table

_Recorded = TypeVar("_Recorded", Check, Condition, Quantity, Figure, Table)

_LONGEST_SHOWN = 60


class MisusedEvidence(ValueError):
    """A call on the recorder that states no usable evidence."""


def plain(recorded: _Recorded) -> _Recorded:
    """`recorded` as it comes back from JSON, with NumPy's numbers and arrays as plain ones.

    Raises:
        MisusedEvidence: JSON cannot carry it: a number that is not finite where one is needed, a
            text that is none or holds half of a character, or a field of another type.
    """
    kind = type(recorded)
    try:
        return msgspec.json.decode(msgspec.json.encode(recorded, enc_hook=_of_numpy), type=kind)
    except msgspec.ValidationError as error:
        problem = str(error).replace("Expected `float`, got `null`", "expected a finite number")
    except UnicodeEncodeError as error:
        problem = f"the text {shown(error.object)} holds half of a character"
    except (TypeError, OverflowError, RecursionError, NotImplementedError) as error:
        problem = str(error)
    raise MisusedEvidence(
        f"{kind.__name__.lower()} {recorded.name!r} cannot be recorded: {problem}"
    )


def as_float(value: Any) -> float | None:
    """`value` as a float if it is one number; truth values and texts are none."""
    of_array = getattr(getattr(value, "dtype", None), "kind", "")
    if isinstance(value, bool | str | bytes | bytearray) or of_array in tuple("bcOSUmM"):
        return None
    if getattr(value, "ndim", 0):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def require_name(of: str, name: object) -> None:
    """Require a text that says something.

    Raises:
        MisusedEvidence: it is none.
    """
    if not is_text(name):
        raise MisusedEvidence(f"the name of a {of} must be a text, not {shown(name)}")


def is_text(value: object) -> bool:
    """Whether it is a text that says something and that a file can carry."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole(text: str) -> str:
    """`text` with a question mark for each half of a character, so that a file can carry it."""
    return text.encode(errors="replace").decode()


def shown(value: object) -> str:
    """What was given, short enough for a sentence."""
    try:
        text = repr(value)
    except ValueError:  # of a whole number with thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _of_numpy(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is neither a number, text nor a list of it")
