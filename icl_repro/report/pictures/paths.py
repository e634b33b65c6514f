"""Curves as short SVG paths: no more points than can be seen, each relative to the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence

THINNED = 0.25
"""How far a drawn curve may pass from a point that it leaves out, in SVG units.

With the rounding to a tenth of a unit that is less than half a pixel: the widest panel of a page
shows a unit as 1.4 px.
"""

_Point = tuple[float, float]


def curve(points: Sequence[_Point]) -> str:
    """The path along `points`, which are at least one, thinned."""
    return steps(thinned(points))


def band(low: Sequence[_Point], high: Sequence[_Point]) -> str:
    """The closed path around what lies between two curves, both thinned."""
    return f"{steps([*thinned(low), *reversed(thinned(high))])}z"


def steps(points: Sequence[_Point]) -> str:
    """The path along all of `points`, in steps of tenths of a unit that do not add up errors."""
    x, y = _tenths(points[0])
    path, before = f"M{_written(x)} {_written(y)}l", ""
    for point in points[1:]:
        next_x, next_y = _tenths(point)
        for number in (_written(next_x - x), _written(next_y - y)):
            # A sign begins a number, and so does the second decimal point.
            begins = number[0] == "-" or (number[0] == "." and "." in before)
            path += number if begins or not before else f" {number}"
            before = number
        x, y = next_x, next_y
    return path.removesuffix("l")


def thinned(points: Sequence[_Point], most: float = THINNED) -> list[_Point]:
    """Those of `points` whose connecting lines pass all others at a distance of `most` or less.

    The first and the last stay (Ramer, Computer Graphics and Image Processing 1, 1972; Douglas and
    Peucker, Cartographica 10, 1973).
    """
    kept = {0, len(points) - 1}
    left = [(0, len(points) - 1)]
    while left:
        start, end = left.pop()
        farthest, distance = start, most
        for index in range(start + 1, end):
            if (far := _distance(points[index], points[start], points[end])) > distance:
                farthest, distance = index, far
        if farthest != start:
            kept.add(farthest)
            left += [(start, farthest), (farthest, end)]
    return [points[index] for index in sorted(kept)]


def _distance(point: _Point, start: _Point, end: _Point) -> float:
    """How far a point is from the straight line between two others, ends included."""
    across, down = end[0] - start[0], end[1] - start[1]
    x, y = point[0] - start[0], point[1] - start[1]
    whole = across * across + down * down
    share = min(max((x * across + y * down) / whole, 0.0), 1.0) if whole else 0.0
    return math.hypot(x - share * across, y - share * down)


def _tenths(point: _Point) -> tuple[int, int]:
    return round(point[0] * 10), round(point[1] * 10)


def _written(tenths: int) -> str:
    """A number of tenths in as few characters as SVG allows: ``-.5`` for minus five."""
    whole, rest = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{whole or ''}.{rest}" if rest else f"{sign}{whole}"
