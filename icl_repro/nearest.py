"""Naming the nearest valid choice when someone asked for one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, choices: Iterable[str]) -> str:
    """Say what `name` may have been meant to be.

    Returns:
        ``did you mean 'early'?`` when a choice looks alike, otherwise the choices there are.
    """
    known = sorted(set(choices))
    alike = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if alike:
        return f"did you mean {_either(alike)}?"
    if not known:
        return "there are none to choose from"
    shown = ", ".join(known[:12])
    return f"choose from {shown}" + (", ..." if len(known) > 12 else "")


def nearest_number(value: int, low: int, high: int) -> int:
    """The whole number from `low` to `high` that is closest to `value`."""
    return min(max(value, low), high)


def _either(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)
