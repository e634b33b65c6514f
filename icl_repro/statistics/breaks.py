"""Where a few values fall into two groups: the natural break."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def natural_break(values: Float[np.ndarray, " things"]) -> float:
    """The smallest value of the upper group, when values are divided into two groups by size such
    that they vary least within the groups.

    It is Jenks's natural break for two groups, and Otsu's threshold. Unlike the largest gap it is
    not taken in by a single value far above, or below, all others.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    rising = np.sort(np.asarray(values, np.float64))
    if rising.size < 2 or not np.isfinite(rising).all():
        raise ValueError(f"only two or more finite values can be divided, but these are {values}")
    within = [
        rising[:lower].var() * lower + rising[lower:].var() * (rising.size - lower)
        for lower in range(1, rising.size)
    ]
    return float(rising[1 + int(np.argmin(within))])
