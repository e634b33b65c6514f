"""The profiles: how much of the verification runs, with which seeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from icl_repro.nearest import nearest

DEFAULT_SEEDS = (0, 1, 2, 3, 4)
"""The seeds where the paper's own are not known."""

MOST_SEEDS = 1_000
LARGEST_SEED = 2**32 - 1
"""The largest that random number generators of every library take."""


class ProfileRules(msgspec.Struct, frozen=True):
    """What a profile asks for.

    `all_seeds` says whether it runs all of the paper's seeds or the first only, or the first
    `first` of them. `meaningful` is false where runs are cut short, so that no verdict can be read
    from them; `snapshots_expected` says that a curve of one of its seeds has to have a stored
    snapshot. `by_name` is true where it judges only the claims that name it.
    """

    name: str
    all_seeds: bool
    meaningful: bool
    snapshots_expected: bool
    about: str
    first: int = 1
    by_name: bool = False

    def seeds(self, paper_seeds: Sequence[int] = DEFAULT_SEEDS) -> tuple[int, ...]:
        """The seeds that it runs, of those of the paper."""
        return tuple(paper_seeds) if self.all_seeds else tuple(paper_seeds[: self.first])

    def judges(self, named: Collection[str]) -> bool:
        """Whether it judges a claim that names these profiles, or none of them."""
        return self.name in named if named or self.by_name else True

    def applied(self, specs: Mapping[str, Any], neighbour: int = 0) -> dict[str, Any]:
        """The specs as this profile runs them: shortened where it is not meaningful.

        With a `neighbour` other than 0, each is the run that starts one rounding away, by that
        number: what differs between them differs between processors too.
        """
        asked = {n: s.neighbours(neighbour) if neighbour else s for n, s in specs.items()}
        return asked if self.meaningful else {name: s.shortened() for name, s in asked.items()}


PROFILES: dict[str, ProfileRules] = {
    rules.name: rules
    for rules in (
        ProfileRules("smoke", False, False, False, "runs cut short, every path, no verdict"),
        ProfileRules("standard", False, True, True, "the paper's first seed, at its scale"),
        ProfileRules("paper", True, True, False, "all of the paper's seeds"),
        ProfileRules(
            "matrix",
            False,
            True,
            False,
            "claims under many conditions, on three of the paper's seeds; no others",
            first=3,
            by_name=True,
        ),
    )
}
DEFAULT_PROFILE = "standard"


def judged_in(named: Sequence[str]) -> tuple[str, ...]:
    """The profiles that judge a claim which names these, or none."""
    return tuple(name for name, rules in PROFILES.items() if rules.judges(named))


_HOW = "write seeds (1,2,3), a range (1-5) or a count (n=3)"


def profile(name: str) -> ProfileRules:
    """The profile of that name.

    Raises:
        ValueError: there is none; the message names the nearest.
    """
    if name not in PROFILES:
        raise ValueError(f"there is no profile {name!r}; {nearest(name, PROFILES)}")
    return PROFILES[name]


def parse_seeds(text: str, paper_seeds: Sequence[int] = DEFAULT_SEEDS) -> tuple[int, ...]:
    """Read seeds as a user writes them.

    Args:
        text: seeds separated by commas (``1,2,3``), ranges with both ends in (``1-5``), or a count
            (``n=3``: the first three of the paper's seeds; where it has fewer, those after its
            largest follow).
        paper_seeds: those of the paper.

    Raises:
        ValueError: with a sentence that says what is wrong and what can be written.
    """
    written = text.strip()
    if written.startswith("n="):
        count = written.removeprefix("n=").strip()
        if not count.isdecimal() or _whole(count) == 0:
            raise ValueError(f"{written!r} does not give a number of seeds; {_HOW}")
        _require_few(_whole(count))
        following = range(max(paper_seeds) + 1, max(paper_seeds) + 1 + _whole(count))
        seeds = [*paper_seeds, *following][: _whole(count)]
    else:
        seeds = [seed for part in written.split(",") for seed in _range(part.strip())]
    _require_few(len(seeds))
    if too_large := [seed for seed in seeds if seed > LARGEST_SEED]:
        raise ValueError(f"seed {too_large[0]} is too large: the largest is {LARGEST_SEED}")
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise ValueError(f"seed {twice[0]} is given twice in {written!r}")
    return tuple(seeds)


def _range(part: str) -> range:
    low, dash, high = (piece.strip() for piece in part.partition("-"))
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise ValueError(f"{part!r} is not a seed; {_HOW}")
    first, last = _whole(low), _whole(high or low)
    if last < first:
        raise ValueError(f"the range {part!r} ends before it starts; {_HOW}")
    _require_few(last - first + 1)
    return range(first, last + 1)


def _whole(digits: str) -> int:
    # Python refuses to read thousands of digits; twelve are too many seeds, and too large, anyway.
    return int(digits.lstrip("0")[:12] or "0")


def _require_few(number: int) -> None:
    if number > MOST_SEEDS:
        raise ValueError(
            f"these are {number:,} seeds, but one session takes {MOST_SEEDS:,} at the most"
        )
