"""The paper's own curves and values, to set beside what is measured.

``published.json`` holds only what the claims use, with where each number comes from: printed in
the text (ids ``paper.*``) or read off a figure, with the uncertainty of the reading (curves, and
ids ``dig.*``). Its ``provenance`` says what the fields mean. Ids keep the names of the paper: "L2
head 3" is layer 1, head 3 in this package.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources

import msgspec

from icl_repro.verification.evidence import Reported, Series


class PublishedCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A curve read off a figure of the paper.

    `uncertainty` (of `y`) and `x_uncertainty` are one pixel of the figure, in the units of the
    axes. `covered_fraction` is the share of the curve that lies under another line, where its
    position is only bounded by that line. `low_confidence_points` counts points in the first,
    nearly vertical part. `source` names the notebook cell whose figure was read.
    """

    figure: str
    panel: str
    label: str
    quantity: str
    seed: int | None
    source: str
    uncertainty: float
    x_uncertainty: float
    covered_fraction: float
    low_confidence_points: int
    x: list[float]
    y: list[float]


class PublishedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number that the paper prints, or (`approximate`) rounds or shows in a figure.

    `location` is the section or figure, `source` the document that the number was taken from,
    `uncertainty` that of reading the figure, in the unit of `value`.
    """

    value: float
    quantity: str
    location: str
    seed: int | None
    source: str
    approximate: bool
    uncertainty: float | None = None
    note: str = ""


class PublishedData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``published.json``."""

    paper: str
    provenance: list[str]
    curves: dict[str, PublishedCurve]
    values: dict[str, PublishedValue]


class UnknownPublishedId(KeyError):
    """An id that ``published.json`` does not have; the message names the nearest that it has."""

    def __init__(self, kind: str, wanted: str, known: list[str]) -> None:
        nearest = difflib.get_close_matches(wanted, known, n=3, cutoff=0.0)
        self.message = f"no published {kind} has the id {wanted!r}; the nearest are " + ", ".join(
            repr(name) for name in nearest
        )
        super().__init__(self.message)

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which would quote the whole sentence.
        return self.message


@cache
def published_data() -> PublishedData:
    """The curves and values with their provenance, read once on first use."""
    content = resources.files("icl_repro.verification").joinpath("published.json").read_bytes()
    return msgspec.json.decode(content, type=PublishedData)


def published_series(curve_id: str, *, group: str = "") -> Series:
    """A curve of the paper as a series to draw over the measured one.

    Args:
        curve_id: for example ``fig3a.main.train``; x is in training sequences seen.
        group: the group of the measured series that this curve belongs to (same colour).

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such curve.
    """
    curves = published_data().curves
    if curve_id not in curves:
        raise UnknownPublishedId("curve", curve_id, list(curves))
    curve = curves[curve_id]
    return Series(
        label=curve.label, x=list(curve.x), y=list(curve.y), origin="published", group=group
    )


def reported(value_id: str) -> Reported:
    """A value of the paper, with where the paper gives it.

    Args:
        value_id: for example ``paper.final_accuracy`` or ``dig.fig3a.main.train.half_time``.

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such value.
    """
    values = published_data().values
    if value_id not in values:
        raise UnknownPublishedId("value", value_id, list(values))
    value = values[value_id]
    return Reported(value=value.value, source=value.location, approximate=value.approximate)
