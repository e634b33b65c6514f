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
    if meant := alike(name, known):
        return meant
    if not known:
        return "there are none to choose from"
    shown = ", ".join(known[:12])
    return f"choose from {shown}" + (", ..." if len(known) > 12 else "")


def alike(name: str, choices: Iterable[str]) -> str:
    """``did you mean 'early'?`` when a choice looks like `name`, otherwise nothing: for where the
    choices there are have little to do with what was asked for.
    """
    found = difflib.get_close_matches(name, sorted(set(choices)), n=3, cutoff=0.6)
    return f"did you mean {_either(found)}?" if found else ""


def nearest_number(value: int, low: int, high: int) -> int:
    """The whole number from `low` to `high` that is closest to `value`."""
    return min(max(value, low), high)


def _either(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)
