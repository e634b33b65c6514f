"""A value that the paper gives, to set beside a measured one."""

from __future__ import annotations

import msgspec


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that the paper gives for the same quantity.

    `source` says where (section, figure or table); `approximate` is true when the value was read
    off a figure or is rounded in the text. `over_seeds` are the published values of several seeds,
    where they are known: ours are then compared with all of them. `id` is what the claim named it
    by. `uncertainty` is how far from `value` the number may lie that the authors had: half a unit
    in the last place that they print, or that of reading the figure; 0 where that is not known.
    """

    value: float
    source: str
    approximate: bool = False
    over_seeds: list[float] = []
    id: str = ""
    uncertainty: float = 0.0
