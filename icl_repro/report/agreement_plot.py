"""The picture of our values beside the published ones: where each mark stands, by family.

It is an SVG without a view box: places across are in per cent of whatever width there is, places
down in pixels, so that it fits a phone as well as a desktop without text or marks being scaled.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icl_repro.report.plain_text import printable
from icl_repro.report.text.published import REACH, PublishedPoint

LANE = 8
"""Pixels between two checks."""

TICKS = (-6, -4, -2, 0, 2, 4, 6)
"""What stands below, in spreads from our mean."""


class Lane(msgspec.Struct, frozen=True):
    """One check: `y` in pixels, the rest in per cent of the width. `beyond` says on which side the
    published value lies outside of the picture: -1, 1, or 0 where it is inside. `seeds` are the
    published seeds that lie inside.
    """

    y: float
    low: float
    width: float
    at: float
    start: float
    end: float
    beyond: int
    agrees: bool
    anchor: str
    title: str
    seeds: list[float]


class Strip(msgspec.Struct, frozen=True):
    """The checks of one family, one below the other, `height` pixels in all."""

    title: str
    anchor: str
    height: int
    lanes: list[Lane]


class PublishedRow(msgspec.Struct, frozen=True):
    """A check with a published value as a row of the table, with the place of its claim."""

    anchor: str
    claim: str
    point: PublishedPoint


def across(value: float) -> float:
    """A place in spreads from our mean as per cent of the width, cut at both ends."""
    return round(50 + 50 * max(-REACH, min(REACH, value)) / REACH, 2)


def strip(title: str, anchor: str, rows: Sequence[PublishedRow]) -> Strip:
    """The picture of one family of claims."""
    lanes = [_lane(index, row) for index, row in enumerate(rows)]
    return Strip(title, anchor, LANE * len(lanes) + 4, lanes)


def ticks() -> list[tuple[float, str]]:
    """Each tick with its place across."""
    return [(across(tick), str(tick).replace("-", "\N{MINUS SIGN}")) for tick in TICKS]


def numbers(rows: Sequence[PublishedRow]) -> str:
    """What is drawn as JSON that may stand in a ``<script>`` of a page: a line for each check."""
    head = ["claim", "check", "unit", "our_mean", "our_standard_deviation", "low", "high"]
    head += ["published", "lowest_published_seed", "highest_published_seed", "agrees"]
    lines = [
        [
            printable(row.claim),
            printable(row.point.name),
            printable(row.point.unit),
            *row.point.numbers,
            "yes" if row.point.agrees else "no",
        ]
        for row in rows
    ]
    return msgspec.json.encode([head, *lines]).decode().replace("<", "\\u003c")


def _lane(index: int, row: PublishedRow) -> Lane:
    point = row.point
    low, high = across(point.low), across(point.high)
    verdict = "agrees" if point.agrees else "does not agree"
    return Lane(
        y=LANE * index + LANE / 2 + 2,
        low=low,
        width=round(high - low, 2),
        at=across(point.at),
        start=across(point.from_),
        end=across(point.to),
        beyond=(point.at > REACH) - (point.at < -REACH),
        agrees=point.agrees,
        anchor=row.anchor,
        title=(
            f"{row.claim}: {point.name}. Ours {point.ours}, published {point.theirs}, "
            f"{point.far}: {verdict}"
        ),
        seeds=[across(seed) for seed in point.seeds if abs(seed) <= REACH],
    )
