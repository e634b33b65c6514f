"""The published curves of the authors' other initialisations, to draw behind those of the paper.

``published_seeds.json`` holds the curves of seeds 6 to 9 in the figures of which the paper shows
seed 5, thinned as far as no eye can tell. They are there to be seen: what is measured on published
curves is in ``published.json``, as lists over all seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from claims.published import MAIN_SEED, SEEDS, UnknownPublishedId, published_series
from icl_repro.nearest import nearest
from icl_repro.verification.pictures import Series

OTHER_SEEDS = tuple(seed for seed in SEEDS if seed != MAIN_SEED)
"""All published seeds but that of the paper's own figures."""
AS_PUBLISHED = "as published, four more seeds"
"""What the legend calls their curves."""


class Drawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A curve, or a row of points for the heads 0 to 7."""

    x: list[float]
    y: list[float]


class OfFigure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Curves or points of a figure, by id; `within` is how far the thinned ones may be off."""

    figure: str
    quantity: str
    source: str
    style: Literal["line", "circles", "triangles"]
    within: float
    drawn: dict[str, Drawn]


class OtherSeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``published_seeds.json``."""

    provenance: list[str]
    groups: list[OfFigure]


@cache
def other_seeds() -> OtherSeeds:
    """Everything that is drawn of the other seeds, read once on first use."""
    content = Path(__file__).with_name("published_seeds.json").read_bytes()
    return msgspec.json.decode(content, type=OtherSeeds)


@cache
def _by_id() -> dict[str, tuple[OfFigure, Drawn]]:
    return {id_: (group, one) for group in other_seeds().groups for id_, one in group.drawn.items()}


def of_other_seed(curve_id: str, seed: int, *, group: str = "") -> Series:
    """A curve or a row of points of another published seed, as a series of the background.

    Args:
        curve_id: the id of that of the main seed, such as ``fig3a.main.train``.
        seed: one of :data:`OTHER_SEEDS`.
        group: the group of the measured series that this one belongs to (same colour).

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such curve.
    """
    wanted, known = f"{curve_id}.seed{seed}", _by_id()
    if wanted not in known:
        raise UnknownPublishedId(
            f"no published curve has the id {wanted!r}; {nearest(wanted, known)}"
        )
    of_figure, found = known[wanted]
    return Series(
        label=f"{published_series(curve_id).label}, seed {seed}",
        x=list(found.x),
        y=list(found.y),
        origin="published",
        style=of_figure.style,
        group=group,
        background=AS_PUBLISHED,
    )


def of_other_seeds(
    curve_id: str, *, group: str = "", seeds: Iterable[int] = OTHER_SEEDS
) -> list[Series]:
    """The same curve of all other published seeds."""
    return [of_other_seed(curve_id, seed, group=group) for seed in seeds]
