"""When a curve that goes from one level to another does so.

The curve is first made one that never turns back (:mod:`icl_repro.measures.curves.falling`), so
that times do not depend on how much noise it has.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Real

from icl_repro.measures.curves.falling import Fall

Points = Real[np.ndarray, " points"]


class Change(NamedTuple):
    """When a curve has made a quarter, half and nine tenths of its way; not a number where it goes
    no way at all. It begins no sooner, as scores may fall a little at once, before they stay.
    """

    begin: float
    middle: float
    end: float


NEVER = Change(math.nan, math.nan, math.nan)
"""That of a curve that goes no way."""


def change_of(x: Points, y: Points) -> Change:
    """The change of a curve that falls.

    Args:
        x: sequences seen, increasing.
        y: the curve; give it negative where it rises.
    """
    fall = Fall.of(x, y)
    if fall.range <= 0:
        return NEVER
    begin, middle, end = fall.times(np.array([0.75, 0.5, 0.1]))
    return Change(float(begin), float(middle), float(end))
