"""How much alike two loss curves are, whatever their pace (Section 4.2).

The paper says by eye whether a clamp leaves a curve with "a similar profile" or shifts it. Here
each curve is seen in its own time: in shares of the time until it first falls to a level, which
must be low enough to be in the change that is asked about. A curve that is only stretched has the
same profile.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Real

from icl_repro.measures.curves.crossings import time_to

SHARES = np.linspace(0, 1, 1_001)
"""The moments at which two curves are compared, as shares of their time."""


class Curve(NamedTuple):
    """A loss over what was seen until then, from 0 on."""

    x: Real[np.ndarray, " points"]
    y: Real[np.ndarray, " points"]


def profile_distance(one: Curve, other: Curve, level: float) -> float:
    """Mean distance of two curves, each in shares of its own time to `level`; NaN if one of them
    never falls so far.
    """
    ends = [time_to(*curve, level) for curve in (one, other)]
    if not all(map(math.isfinite, ends)):
        return math.nan
    profiles = [
        np.interp(SHARES * end, *curve) for curve, end in zip((one, other), ends, strict=True)
    ]
    return float(np.trapezoid(np.abs(profiles[0] - profiles[1]), SHARES))
