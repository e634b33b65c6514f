"""The paper's own curves and values, to set beside what is measured.

``published.json`` holds only what the claims use, with where each number comes from: printed in the
text (ids ``paper.*``) or by the authors' notebooks (``nb.*``), or read off a figure, with the
uncertainty of the reading (curves, points, heat maps, and ids ``dig.*``). Of the authors' other
initialisations it holds what is measured on their curves, as lists over all seeds; the curves
themselves, where figures show them, are in :mod:`claims.published.other_seeds`. Its ``provenance``
says what the fields mean. Ids keep the names of the paper: "L2 head 3" is layer 1,
head 3 in this package; only those of ``nb.seed5.wiring.*`` count layers from 0, as the notebook
does. Values that are computed from these (``calc.*``) are in :mod:`claims.published.computed`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, SupportsFloat, TypeVar

import msgspec
import numpy as np
from jaxtyping import Float

from icl_repro.nearest import nearest
from icl_repro.verification.pictures import Heatmap, Series
from icl_repro.verification.reported import Reported

_Published = TypeVar("_Published")

SEEDS = range(5, 10)
"""The seeds of which something is published, the main one first."""
MAIN_SEED = SEEDS[0]
"""The seed of the paper's own figures."""


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


class PublishedPoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of points of a figure, one for each of `heads` (of Layer 2, in the paper's names).

    `x_quantity` and `quantity` say what `x` and `y` are. The uncertainties are those of reading
    the figure, in the units of the axes, and 0 where the authors printed the numbers.
    """

    figure: str
    panel: str
    label: str
    x_quantity: str
    quantity: str
    seed: int
    source: str
    style: Literal["points", "circles", "triangles"]
    uncertainty: float
    x_uncertainty: float
    heads: list[int]
    x: list[float]
    y: list[float]


class PublishedHeatmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A heat map over pairs of heads: a row for each head of Layer 2, a column for one of Layer 1.

    `limits` are the ends of the colour scale where values beyond them could not be read.
    """

    figure: str
    panel: str
    quantity: str
    seed: int
    source: str
    uncertainty: float
    limits: tuple[float, float] | None
    note: str
    values: list[list[float]]


class PublishedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number that the authors print, or (`approximate`) round or show in a figure.

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


class PublishedSeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of each of `SEEDS`, in order; None where the figure does not show it.

    The other fields are those of :class:`PublishedValue`.
    """

    values: list[float | None]
    quantity: str
    location: str
    source: str
    note: str = ""


class PublishedData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``published.json``."""

    paper: str
    provenance: list[str]
    curves: dict[str, PublishedCurve]
    points: dict[str, PublishedPoints]
    heatmaps: dict[str, PublishedHeatmap]
    values: dict[str, PublishedValue]
    over_seeds: dict[str, PublishedSeeds]


class _Values(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that share where they come from. Each is a number, or that and its uncertainty."""

    location: str
    quantity: str
    seed: int | None
    source: str
    approximate: bool
    values: dict[str, float | tuple[float, float]]
    note: str = ""


class _OverSeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lists over seeds that share where they come from."""

    location: str
    quantity: str
    source: str
    values: dict[str, list[float | None]]
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``published.json`` as it is stored: values in groups, which keeps it small."""

    paper: str
    provenance: list[str]
    curves: dict[str, PublishedCurve]
    points: dict[str, PublishedPoints]
    heatmaps: dict[str, PublishedHeatmap]
    values: list[_Values]
    over_seeds: list[_OverSeeds]


class UnknownPublishedId(LookupError):
    """An id that nothing published has; the message names the nearest."""


@cache
def published_data() -> PublishedData:
    """All that was published, with its provenance; read once on first use."""
    content = Path(__file__).with_name("published.json").read_bytes()
    stored = msgspec.json.decode(content, type=_File)
    fields = msgspec.structs.asdict(stored)
    fields["values"] = dict(_single_values(stored.values))
    fields["over_seeds"] = {
        value_id: PublishedSeeds(values, group.quantity, group.location, group.source, group.note)
        for group in stored.over_seeds
        for value_id, values in group.values.items()
    }
    return PublishedData(**fields)


def published_series(curve_id: str, *, group: str = "") -> Series:
    """A curve or a row of points of the paper as a series to draw over the measured one.

    Args:
        curve_id: for example ``fig3a.main.train`` (x is in training sequences seen), or
            ``fig4a.only_head`` (x is the final induction strength; points in the order of `heads`
            in :class:`PublishedPoints`).
        group: the group of the measured series that this one belongs to (same colour).

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such curve.
    """
    data = published_data()
    found = _look_up("curve", curve_id, {**data.curves, **data.points})
    return Series(
        label=found.label,
        x=list(found.x),
        y=list(found.y),
        origin="published",
        style=found.style if isinstance(found, PublishedPoints) else "line",
        group=group,
    )


def published_heatmap(heatmap_id: str) -> Heatmap:
    """A heat map of the paper over pairs of heads, to draw beside the measured one.

    Args:
        heatmap_id: ``fig11a.pp`` or ``fig11a.pv`` (change of accuracy without one head of layer 0,
            patterns or values preserved; one head of layer 1 active), ``fig11b.pp`` or
            ``fig11b.pv`` (accuracy with one head of each layer), ``fig11c.key`` or ``fig11c.value``
            (composition scores; with ``_init`` before training).

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such heat map.
    """
    found = _look_up("heat map", heatmap_id, published_data().heatmaps)
    return Heatmap(
        title=found.panel,
        x_label="head of layer 0",
        y_label="head of layer 1",
        columns=[str(head) for head in range(len(found.values[0]))],
        rows=[str(head) for head in range(len(found.values))],
        values=[list(row) for row in found.values],
        unit=found.quantity,
        limits=found.limits,
        origin="published",
    )


def reported(value_id: str) -> Reported:
    """A value of the paper, with where the paper gives it.

    Args:
        value_id: for example ``paper.final_accuracy``, ``dig.fig3a.main.train.half_time`` or
            ``calc.plateau_length``.

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such value.
    """
    # Computed from the values here, which are defined by then.
    from claims.published.computed import COMPUTED, OVER_SEEDS

    if value_id in COMPUTED:
        return msgspec.structs.replace(COMPUTED[value_id](), id=value_id)
    data = published_data()
    value = _look_up("value", value_id, data.values, COMPUTED)
    if value_id in OVER_SEEDS:
        over_seeds = OVER_SEEDS[value_id]()
    else:
        over_seeds = of_seeds(value_id) if value_id in data.over_seeds else ()
    found = as_reported(value.value, value.location, over_seeds)
    return msgspec.structs.replace(
        found,
        approximate=value.approximate,
        id=value_id,
        uncertainty=_half_a_unit(value_id, value)
        if value.uncertainty is None
        else value.uncertainty,
    )


def _half_a_unit(value_id: str, value: PublishedValue) -> float:
    """Half a unit in the last place of what the text prints: of 0.9999, 0.00005.

    Tables print four decimals, zeros at the end too. 0 for whole numbers, and where the authors'
    notebooks print more digits than are stored.
    """
    decimals = 4 if value_id.startswith("paper.table") else len(repr(value.value).partition(".")[2])
    printed = value_id.startswith("paper.") and value.value != round(value.value)
    return 0.5 * 10.0**-decimals if printed else 0.0


def of_seeds(value_id: str) -> Float[np.ndarray, " seeds"]:
    """A number of each of `SEEDS`, in order; NaN where the figure does not show it.

    Raises:
        UnknownPublishedId: with the nearest ids, if there is no such list.
    """
    found = _look_up("list over seeds", value_id, published_data().over_seeds)
    return np.array(found.values, float)


def as_reported(value: SupportsFloat, where: str, over_seeds: Iterable[float] = ()) -> Reported:
    """A number that was read off a figure, or computed from such ones.

    Args:
        value: that of the main seed.
        where: the figure.
        over_seeds: those of all `SEEDS`; not stated where one of them is not known.
    """
    values = [float(one) for one in over_seeds]
    known = all(map(math.isfinite, values))
    return Reported(float(value), where, True, values if known else [])


def _look_up(
    kind: str, wanted: str, known: Mapping[str, _Published], others: Collection[str] = ()
) -> _Published:
    if wanted not in known:
        alike = nearest(wanted, [*known, *others])
        raise UnknownPublishedId(f"no published {kind} has the id {wanted!r}; {alike}")
    return known[wanted]


def _single_values(groups: list[_Values]) -> Iterator[tuple[str, PublishedValue]]:
    for group in groups:
        shared = msgspec.structs.asdict(group)
        values = shared.pop("values")
        for value_id, entry in values.items():
            value, uncertainty = entry if isinstance(entry, tuple) else (entry, None)
            yield value_id, PublishedValue(value=value, uncertainty=uncertainty, **shared)
