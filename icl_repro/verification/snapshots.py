"""Curves stored beside the claims, and how a new curve is compared with a stored one.

Two curves agree when each lies in a tube around the other: for every point of one there is a point
of the other, joined by straight lines, that is close enough in time (x) and in value (y) at once.
Text is never compared: the last digits differ between processors, and a sudden change may come a
little earlier or later without meaning anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from icl_repro.numbers import number

FORMAT = 1
ABOUT = (
    "Curves as last accepted, one point [x, y] a line, joined by straight lines.",
    "A new curve agrees if each curve lies in a tube around the other: every point of one has a",
    "point of the other within time_of_x * |x| + time_of_span * (span of x) in time and within",
    "value_of_range * (range of y) + value_of_size * (largest |y|) in value, where span, range and",
    "largest are those of the stored curve. pytest --snapshot-update stores new curves; it changes",
    "neither this tolerance nor any threshold of a claim.",
)


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far apart two curves that agree may be, as shares of the stored curve (see `ABOUT`)."""

    time_of_x: float = 0.10
    time_of_span: float = 0.02
    value_of_range: float = 0.05
    value_of_size: float = 0.001


class UnusableCurve(ValueError):
    """Points that make no curve, or a file that holds no curves."""


class Curve(msgspec.Struct, frozen=True):
    """A curve as points with increasing x. Made by :func:`curve`, which checks and rounds."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class Drift(msgspec.Struct, frozen=True):
    """How a new curve leaves the tube around the stored one, or the stored one that of the new.

    `outside` of `points` points (of both curves) lie outside. The worst of them is at `at`, where
    the curve has `value` and the other one takes values from `low` to `high` within the tolerance
    in time (null where the other one has no point there); `excess` is how far `value` is outside
    the tolerance in value (null likewise). `side` is the curve that the worst point is of.
    """

    outside: int
    points: int
    side: str
    at: float
    value: float
    low: float | None
    high: float | None
    excess: float | None
    allowed: float


class CurveFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stored curves of one claim, by name, with the tolerance for comparing with them."""

    about: list[str]
    format: int
    tolerance: Tolerance
    curves: dict[str, list[tuple[float, float]]]


def curve(x: Any, y: Any) -> Curve:
    """Make a curve of points, with x to seven and y to five significant digits.

    Args:
        x: where it was measured, strictly increasing.
        y: what was measured there, as many values.

    Raises:
        UnusableCurve: the points are not two or more finite pairs with increasing x.
    """
    xs, ys = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (x, y))
    if xs.ndim != 1 or xs.shape != ys.shape or len(xs) < 2:
        raise UnusableCurve(
            f"a curve needs two points or more, as many x as y; got {xs.shape} and {ys.shape}"
        )
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        at = np.flatnonzero(~(np.isfinite(xs) & np.isfinite(ys)))[0]
        raise UnusableCurve(f"point {at} of the curve is not finite: ({xs[at]}, {ys[at]})")
    xs, ys = _rounded(xs, 7), _rounded(ys, 5)
    if not (np.diff(xs) > 0).all():
        raise UnusableCurve("x of a curve must increase from point to point")
    return Curve(tuple(xs.tolist()), tuple(ys.tolist()))


def compare(new: Curve, stored: Curve, tolerance: Tolerance) -> Drift | None:
    """Hold a new curve against the stored one.

    Returns:
        Where and by how much they are apart, or ``None`` if they agree within `tolerance`.
    """
    stored_x, stored_y = np.asarray(stored.x), np.asarray(stored.y)
    allowed = tolerance.value_of_range * np.ptp(stored_y) + tolerance.value_of_size * float(
        np.abs(stored_y).max()
    )
    span = np.ptp(stored_x)
    misses = [
        miss
        for side, curve_, other in (("new", new, stored), ("stored", stored, new))
        for miss in _misses(side, curve_, other, tolerance, float(span), float(allowed))
    ]
    if not misses:
        return None
    worst = max(misses, key=lambda miss: np.inf if miss.excess is None else miss.excess)
    return msgspec.structs.replace(
        worst, outside=len(misses), points=len(new.x) + len(stored.x), allowed=float(allowed)
    )


def encode(curves: Mapping[str, Curve], tolerance: Tolerance) -> str:
    """The text of a curve file: JSON with one point a line, the same for the same curves."""
    about = ",\n".join(f"  {json.dumps(line)}" for line in ABOUT)
    lines = ["{", f' "about": [\n{about}\n ],', f' "format": {FORMAT},']
    lines += [f' "tolerance": {json.dumps(msgspec.to_builtins(tolerance))},', ' "curves": {']
    blocks: list[str] = []
    for name in sorted(curves):
        points = zip(curves[name].x, curves[name].y, strict=True)
        rows = ",\n".join(f"   [{_digits(x)}, {_digits(y)}]" for x, y in points)
        blocks.append(f"  {json.dumps(name)}: [\n{rows}\n  ]")
    lines += [",\n".join(blocks), " }", "}"] if blocks else [" }", "}"]
    return "\n".join(lines) + "\n"


def decode(text: str | bytes, name: str = "the file") -> tuple[dict[str, Curve], Tolerance]:
    """Read what :func:`encode` wrote.

    Raises:
        UnusableCurve: not such a text, or one of another format.
    """
    try:
        stored = msgspec.json.decode(text, type=CurveFile)
    except msgspec.MsgspecError as error:
        raise UnusableCurve(f"{name} does not hold curves: {error}") from error
    if stored.format != FORMAT:
        raise UnusableCurve(f"{name} has format {stored.format}; this release reads {FORMAT}")
    curves = {key: curve(*zip(*points, strict=True)) for key, points in stored.curves.items()}
    return curves, stored.tolerance


def drift_sentence(name: str, drift: Drift) -> str:
    """Say how much and where a curve drifted."""
    text = (
        f"curve {name!r} drifted from its snapshot: {drift.outside} of {drift.points} points lie "
        f"outside the tolerance; the worst is at x = {number(drift.at, 7)}, where "
        f"the {drift.side} curve is {number(drift.value, 5)}"
    )
    other = "stored" if drift.side == "new" else "new"
    if drift.excess is None or drift.low is None or drift.high is None:
        return f"{text} and the {other} curve has no point"
    there = number(drift.low, 5)
    if drift.low != drift.high:
        there += f" to {number(drift.high, 5)}"
    return (
        f"{text} and the {other} one {there} within the tolerance in time: "
        f"{number(drift.excess, 3)} beyond the {number(drift.allowed, 3)} allowed in value"
    )


def _misses(
    side: str, points: Curve, other: Curve, tolerance: Tolerance, span: float, allowed: float
) -> list[Drift]:
    other_x, other_y = np.asarray(other.x), np.asarray(other.y)
    misses: list[Drift] = []
    for x, y in zip(points.x, points.y, strict=True):
        reach = tolerance.time_of_x * abs(x) + tolerance.time_of_span * span
        low, high = max(x - reach, other_x[0]), min(x + reach, other_x[-1])
        if low > high:
            misses.append(Drift(0, 0, side, x, y, None, None, None, 0.0))
            continue
        inside = other_y[(other_x >= low) & (other_x <= high)]
        around = np.concatenate([inside, np.interp([low, high], other_x, other_y)])
        bottom, top = float(around.min()), float(around.max())
        excess = max(bottom - y, y - top) - allowed
        if excess > 0:
            misses.append(Drift(0, 0, side, x, y, bottom, top, excess, 0.0))
    return misses


def _rounded(values: np.ndarray, digits: int) -> np.ndarray:
    return np.array([float(f"{value:.{digits}g}") for value in values])


def _digits(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
