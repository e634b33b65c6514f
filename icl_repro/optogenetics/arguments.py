"""What clamps and edits take: whole numbers in range, values, and each other.

Anything else is told in one sentence where it is given, not by whatever would fail on it later.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from types import UnionType

import numpy as np

from icl_repro.nearest import nearest_number
from icl_repro.numbers import count
from icl_repro.optogenetics.sites import EditError, there_are


class OutOfRange(EditError):
    """A head or a position that the site does not have."""


class WrongKind(EditError, TypeError):
    """Something of another kind than what is expected, such as a function in place of a value."""


def require_kind(
    given: object, kinds: type | UnionType | tuple[type, ...], what: str, expected: str
) -> None:
    """Raise WrongKind unless something is of a kind.

    Args:
        given: what should be.
        kinds: which it may be of.
        what: what it is given as, for the message.
        expected: what it must be, for the message.
    """
    if not isinstance(given, kinds):
        raise WrongKind(f"{what} is {as_shown(given)}, but must be {expected}")


def whole_number(given: object, what: str) -> int:
    """A whole number as one of Python's.

    Raises:
        WrongKind: it is something else.
    """
    number = _index(given)
    if number is None:
        raise WrongKind(f"{what} is {as_shown(given)}, but must be a whole number, such as 1")
    return number


def whole_numbers(given: object, what: str, otherwise: str) -> tuple[int, ...]:
    """Whole numbers as a tuple: anything else would name no head, and so change nothing.

    Args:
        given: what should be a sequence of them.
        what: what they are, in the plural, for the message.
        otherwise: what else to write, for the message.

    Raises:
        OutOfRange: it is something else.
    """
    entries = list(given) if isinstance(given, Iterable) else [None]
    numbers = [number for number in map(_index, entries) if number is not None]
    if len(numbers) < len(entries):
        # What was iterated over once may have nothing left to show.
        seen = entries if isinstance(given, Iterable) and not hasattr(given, "__len__") else given
        raise OutOfRange(
            f"{what} are {as_shown(seen)}, but must be a sequence of whole numbers ({otherwise})"
        )
    return tuple(numbers)


def require_in_range(number: int, noun: str, size: int, where: str, at: str = "") -> None:
    """Raise OutOfRange unless there is a layer, head or position of this number.

    Args:
        number: counted from 0.
        noun: what it is the number of.
        size: how many there are.
        where: what has them, for the message.
        at: what the message begins with.
    """
    if number not in range(size):
        raise OutOfRange(
            f"{at}{noun} {number} is out of range, {where} {there_are(noun, size)} "
            f"(nearest: {nearest_number(number, 0, size - 1)})"
        )


def require_tokens_before(shift: int, n_positions: int) -> None:
    """Raise OutOfRange unless sequences of so many tokens have one with `shift` before it."""
    if shift not in range(1, n_positions):
        last = max(n_positions - 1, 1)
        raise OutOfRange(
            f"shift {shift} must be from 1 to {last}, for the {count(n_positions, 'token')} of a "
            f"sequence of this model (nearest: {nearest_number(shift, 1, last)})"
        )


def as_shown(given: object) -> str:
    """Something as an error shows it: as it is written where that is short, else its kind."""
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if callable(given) and hasattr(given, "__name__"):
        return "a function"
    written = repr(given)
    if len(written) <= 60 and not written.startswith("<") and "\n" not in written:
        return written
    return f"of kind {type(given).__name__}"


def is_array_like(given: object) -> bool:
    """Whether an array can be made of something: a number, an array or nested lists of both."""
    if isinstance(given, list | tuple):
        return all(map(is_array_like, given))
    if isinstance(given, np.ndarray | np.generic):
        return given.dtype.kind not in "OUS"
    return isinstance(given, bool | int | float | complex) or hasattr(given, "dtype")


def _index(given: object) -> int | None:
    """A whole number, or None where it is something else; truth values are no numbers of heads."""
    if isinstance(given, bool | np.bool):
        return None
    try:
        return operator.index(given)  # pyright: ignore[reportArgumentType]
    except TypeError:
        return None
