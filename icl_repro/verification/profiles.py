"""The profiles: how much of the verification runs, with which seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

PAPER_SEEDS = (5, 6, 7, 8, 9)
"""The initialisation seeds of the paper's runs (Section 3; Appendix C)."""

_FIRST_SEED = PAPER_SEEDS[0]


class ProfileRules(msgspec.Struct, frozen=True):
    """What a profile asks for.

    `meaningful` is false where runs are cut short, so that no verdict can be read from them;
    `snapshots_expected` says that a curve of one of `seeds` has to have a stored snapshot.
    """

    name: str
    seeds: tuple[int, ...]
    meaningful: bool
    snapshots_expected: bool
    about: str

    def applied(self, specs: Mapping[str, Any]) -> dict[str, Any]:
        """The specs as this profile runs them: shortened where it is not meaningful."""
        if self.meaningful:
            return dict(specs)
        return {name: spec.shortened() for name, spec in specs.items()}


PROFILES: dict[str, ProfileRules] = {
    "smoke": ProfileRules(
        "smoke", PAPER_SEEDS[:1], False, False, "runs cut short, every path, no verdict"
    ),
    "standard": ProfileRules(
        "standard", PAPER_SEEDS[:1], True, True, "one seed at the paper's scale"
    ),
    "paper": ProfileRules("paper", PAPER_SEEDS, True, False, "the paper's five seeds"),
}
DEFAULT_PROFILE = "standard"


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds as a user writes them.

    Args:
        text: seeds separated by commas (``5,6,7``), ranges with both ends in (``5-9``), or a count
            (``n=3``: so many seeds from the paper's first seed on, here 5, 6 and 7).

    Raises:
        ValueError: with a sentence that says what is wrong and what can be written.
    """
    how = "write seeds (5,6,7), a range (5-9) or a count (n=3)"
    if text.strip().startswith("n="):
        count = text.strip()[2:].strip()
        if not count.isdecimal() or int(count) == 0:
            raise ValueError(f"{text!r} does not give a number of seeds; {how}")
        return tuple(range(_FIRST_SEED, _FIRST_SEED + int(count)))
    seeds: list[int] = []
    for part in text.split(","):
        low, dash, high = (piece.strip() for piece in part.partition("-"))
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise ValueError(f"{part.strip()!r} is not a seed; {how}")
        if dash and int(high) < int(low):
            raise ValueError(f"the range {part.strip()!r} ends before it starts; {how}")
        seeds += range(int(low), int(high) + 1) if dash else [int(low)]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise ValueError(f"seed {twice[0]} is given twice in {text!r}")
    return tuple(seeds)
