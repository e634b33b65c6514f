"""A value that the paper gives, to set beside a measured one."""

from __future__ import annotations

import msgspec


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that the paper gives for the same quantity.

    `source` says where (section, figure or table); `approximate` is true when the value was read
    off a figure or is rounded in the text. `over_seeds` are the published values of several seeds,
    where they are known: ours are then compared with all of them. `id` is what the claim named it
    by.
    """

    value: float
    source: str
    approximate: bool = False
    over_seeds: list[float] = []
    id: str = ""
