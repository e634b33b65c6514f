"""Whether differences are larger than a few others of which only the largest is known.

SciPy is imported where it is used, and in part: a session without claims does not pay for it.
"""

from __future__ import annotations

import math

import numpy as np

_FARTHEST = 12.0
"""In standard deviations; beyond it lies nothing that counts."""
_NODES = 48


def beyond_largest(
    excess: float, largest: float, pairs: int, drawn: int = 1, *, two_sided: bool = True
) -> float:
    """How likely one of `drawn` differences is that much by chance, if all are alike.

    All differences are taken to be normal around zero with one, unknown, spread. Of `pairs` earlier
    ones the largest size is known. With one of each, the ratio of both sizes is that of two half
    normals: the p value is 1 - (2 / pi) arctan(excess / largest).

    Args:
        excess: the largest of the new differences; its size if `two_sided`.
        largest: the largest size of the earlier ones, above 0.
        pairs: how many those were, at least 1.
        drawn: how many new ones there are.
        two_sided: false where only differences to one side count.

    Raises:
        ValueError: a number is not what it has to be.
    """
    from scipy import special  # as for intervals: the rest of SciPy takes long to import

    if not (largest > 0 and math.isfinite(largest) and math.isfinite(excess)):
        raise ValueError(f"{largest} is no spread to hold {excess} against")
    if pairs < 1 or drawn < 1:
        raise ValueError(f"it takes one difference or more, not {pairs} and {drawn}")
    if two_sided and excess <= 0:
        return 1.0
    ratio = excess / largest
    # By Gauss and Legendre, in pieces: where the ratio is large, all of it lies close to zero.
    near = min(1.0, 10 / max(abs(ratio), 1e-300))
    ends = np.unique([0.0, near / 30, near / 5, near, 1.0, 2.0, 4.0, _FARTHEST])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(ends)[:, None] / 2
    size = (ends[:-1, None] + half) + half * nodes
    within = special.erf(size / math.sqrt(2))
    density = pairs * within ** (pairs - 1) * math.sqrt(2 / math.pi) * np.exp(-(size**2) / 2)
    beyond = special.ndtr(-ratio * size) * (2 if two_sided else 1)
    # 1 - (1 - beyond) ** drawn, also where beyond is tiny.
    any_beyond = -np.expm1(drawn * np.log1p(-np.minimum(beyond, 1 - 1e-16)))
    total = float((half * weights * density * any_beyond).sum())
    return min(max(total, 0.0), 1.0)
