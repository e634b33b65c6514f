"""How far two curves lie apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Real

Curve = tuple[Real[np.ndarray, " _"], Real[np.ndarray, " _"]]
"""The positions of a curve, increasing, and its values there."""


def area_between(first: Curve, second: Curve) -> float:
    """The area between two curves, each linear between its points: 0 for the same curve, and the
    drop times the delay for a drop and the same one later.

    It starts where both have started. One that ends first stays as it ended.
    """
    x = np.union1d(first[0], second[0])
    x = x[x >= max(first[0][0], second[0][0])]
    apart = np.interp(x, *first) - np.interp(x, *second)
    start, end = apart[:-1], apart[1:]
    total = np.abs(start) + np.abs(end)
    # Where the curves cross, two triangles take the place of a trapezium.
    crosses = start * end < 0
    height = np.where(crosses, (start**2 + end**2) / np.where(crosses, 2 * total, 1), total / 2)
    return float(np.sum(np.diff(x) * height))
