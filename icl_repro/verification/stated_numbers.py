"""The numbers that a claim states, read: measurements, bounds and limits.

All raise `MisusedEvidence` with a sentence that names what was stated, where it is none of them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import SupportsFloat

from icl_repro.statistics.intervals import Limits, clipped
from icl_repro.verification.evidence import Direction
from icl_repro.verification.plain_data import MisusedEvidence, as_float, shown


def bounds_of(
    name: str,
    at_least: float | None,
    at_most: float | None,
    between: tuple[float, float] | None,
) -> tuple[Direction, float | None, float | None]:
    """The one bound that was given, as its direction and its ends."""
    given = [threshold for threshold in (at_least, at_most, between) if threshold is not None]
    if len(given) != 1:
        raise MisusedEvidence(
            f"check {name!r} needs exactly one of at_least, at_most and between, "
            f"but got {len(given)}"
        )
    if between is not None:
        return "between", *ends_of(name, "between", between)
    if at_least is not None:
        return "at_least", threshold_of(name, "at_least", at_least), None
    return "at_most", None, threshold_of(name, "at_most", at_most)


def ends_of(name: str, field: str, given: tuple[float, float]) -> tuple[float, float]:
    """Two finite numbers, the lower one first."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise MisusedEvidence(
            f"check {name!r}: {field} must be two numbers, the lower one first, not {shown(given)}"
        )
    low, high = (threshold_of(name, field, end) for end in given)
    if low > high:
        raise MisusedEvidence(f"check {name!r}: {field}={given} ends before it starts")
    return low, high


def limits_of(name: str, given: Limits, values: Sequence[float | None]) -> Limits:
    """The limits of a quantity, if they are some and its finite values lie between them."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise MisusedEvidence(
            f"check {name!r}: limits must be two numbers, the lower one first, with None for an "
            f"end where there is none, not {shown(given)}"
        )
    least, most = (None if end is None else threshold_of(name, "limits", end) for end in given)
    if least is not None and most is not None and least >= most:
        raise MisusedEvidence(f"check {name!r}: limits={given} end before they start")
    for value in [value for value in values if value is not None]:
        near = clipped(value, (least, most))
        # Sums of single precision may end a rounding beyond.
        if near is not None and not math.isclose(near, value, rel_tol=1e-6, abs_tol=1e-6):
            raise MisusedEvidence(f"check {name!r}: {value} lies beyond its limits, {given}")
    return least, most


def threshold_of(name: str, field: str, value: object) -> float:
    """One finite number."""
    threshold = as_float(value)
    if threshold is None or not math.isfinite(threshold):
        raise MisusedEvidence(
            f"check {name!r}: {field} must be a finite number, not {shown(value)}"
        )
    return threshold


def number_of(name: str, value: object) -> float | None:
    """One measurement; ``None`` if it is not finite."""
    measured = as_float(value)
    if measured is None:
        raise MisusedEvidence(f"{name!r} must be one number, but is {shown(value)}")
    return measured if math.isfinite(measured) else None


def values_by_seed(name: str, values: Mapping[int, SupportsFloat]) -> dict[str, float | None]:
    """Values of a check by seed, as a record carries them."""
    if not values:
        raise MisusedEvidence(f"{name!r} must have a value for each seed, but has none")
    for seed in values:
        if isinstance(seed, bool) or not isinstance(seed, Integral):
            raise MisusedEvidence(f"{name!r} must have values by seed, not by {shown(seed)}")
    return {
        str(int(seed)): number_of(f"{name}, seed {seed}", value) for seed, value in values.items()
    }


def mean_of(over_seeds: Mapping[str, float | None]) -> float | None:
    """The mean of values over seeds; ``None`` if one of them is not finite."""
    finite = [value for value in over_seeds.values() if value is not None]
    return statistics.fmean(finite) if len(finite) == len(over_seeds) else None
