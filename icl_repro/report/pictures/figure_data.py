"""The numbers behind a figure, once in the page: its script answers from them and writes the CSV.

Numbers carry five significant digits, whole ones all of theirs. Lists that occur more than once
(the places of curves that were measured together) are kept once, as whole numbers and the
differences between them, which pack to two thirds of what the numbers themselves do.
"""

from __future__ import annotations

import base64
import math
import re
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from icl_repro.report.pictures.canvas import group_of
from icl_repro.report.pictures.over_seeds import OverSeeds
from icl_repro.report.pictures.panels import sidestep
from icl_repro.report.plain_text import printable
from icl_repro.verification.diagram import Diagram
from icl_repro.verification.pictures import AnyPanel, Bars, Figure, Heatmap, Panel, Series, Wiring

DIGITS = 5
"""How many significant digits a number in the page has that is not whole."""

_MOST_DECIMALS = 22
"""Up to which power of ten a float is exact, so that a quotient by it is the nearest there is."""

_SEED = re.compile(r"\bseed (\d+)$")

_Numbers = list[float | int | None]


class _Lists:
    """Lists of numbers, each kept once, in the form of :func:`differences`."""

    def __init__(self) -> None:
        self.all: list[_Numbers] = []
        self._places: dict[tuple[float | int | None, ...], int] = {}

    def place(self, values: Sequence[float | None]) -> int:
        """Where these numbers are kept."""
        short = tuple(map(_short, values))
        place = self._places.setdefault(short, len(self.all))
        if place == len(self.all):
            self.all.append(differences(short))
        return place


def figure_data(figure: Figure) -> str:
    """The numbers of `figure` as JSON, packed (zlib, Base64) to stand in a ``<script>``."""
    lists = _Lists()
    panels = [_panel(panel, lists) for panel in figure.panels]
    whole = {"name": printable(figure.name), "lists": lists.all, "panels": panels}
    return base64.b64encode(zlib.compress(msgspec.json.encode(whole), 9)).decode()


def differences(values: Sequence[float | int | None]) -> _Numbers:
    """How many decimals `values` have, and then, times that power of ten, the first of them and the
    differences from one to the next.

    Gaps stay ``None``. Values that are too large for that, or too small, follow as they are after a
    ``None``. ``figures.4-figure.js`` reads it.
    """
    decimals = max((_decimals(value) for value in values if value is not None), default=0)
    largest = max((abs(value) for value in values if value is not None), default=0)
    if decimals > _MOST_DECIMALS or largest * 10.0**decimals > 2**50:
        return [None, *values]
    told: _Numbers = [decimals]
    before = 0
    for value in values:
        if value is None:
            told.append(None)
            continue
        whole = round(value * 10**decimals)
        told.append(whole - before)
        before = whole
    return told


def _decimals(value: float) -> int:
    """How many decimals are needed to write `value`."""
    if isinstance(value, int):
        return 0
    return max(0, -int(Decimal(repr(value)).as_tuple().exponent))


def _panel(panel: AnyPanel, lists: _Lists) -> dict[str, Any]:
    match panel:
        case Panel():
            of_front = _seed_in_front(panel)
            series = [
                _series(one, lists, of_front)
                | ({"aside": aside} if (aside := sidestep(panel, index)) else {})
                for index, one in enumerate(panel.series)
            ]
            return _texts(kind="curves", title=panel.title, x=panel.x_label, y=panel.y_label) | {
                "series": series
            }
        case Bars():
            return _texts(kind="bars", title=panel.title, x=panel.x_label, y=panel.y_label) | {
                "categories": list(map(printable, panel.categories)),
                "series": [_series(one, lists) for one in panel.series],
            }
        case Heatmap():
            return _texts(
                kind="grid", title=panel.title, x=panel.x_label, y=panel.y_label,
                unit=panel.unit, origin=panel.origin,
            ) | {
                "columns": list(map(printable, panel.columns)),
                "rows": list(map(printable, panel.rows)),
                "values": [lists.place(row) for row in panel.values],
            }  # fmt: skip
        case Wiring():
            return _texts(kind="graph", title=panel.title, origin=panel.origin) | {
                "senders": list(map(printable, panel.senders)),
                "receivers": list(map(printable, panel.receivers)),
                "edges": [[a, b, _short(weight)] for a, b, weight in panel.edges],
            }
        case Diagram():
            return _texts(kind="diagram", title=panel.title)


def _seed_in_front(panel: Panel) -> int | None:
    """The seed of published series that name none: where others behind them name theirs, the one of
    our seeds that these leave.
    """
    named = {_named_seed(one) for one in panel.series if one.origin == "published"} - {None}
    ours = {one.seed for one in panel.series if isinstance(one, OverSeeds)} - {None}
    left = ours - named
    return left.pop() if named and len(left) == 1 else None


def _named_seed(series: Series) -> int | None:
    """The seed that a published series has in its name, as in ``train, seed 6``."""
    found = _SEED.search(series.label)
    return int(found[1]) if found else None


def _seed(series: Series, of_front: int | None) -> int | None:
    """Of which seed a series is, as far as that is known."""
    if isinstance(series, OverSeeds):
        return series.seed
    if series.origin != "published":
        return None
    named = _named_seed(series)
    return of_front if named is None and not series.background else named


def _series(series: Series, lists: _Lists, of_front: int | None = None) -> dict[str, Any]:
    over = isinstance(series, OverSeeds)
    return {
        **_texts(label=series.label, group=group_of(series)),
        **_if(
            {
                "published": series.origin == "published",
                "style": series.style if series.style != "line" else "",
                "behind": printable(series.background),
                "mean": over and series.is_mean,
                "seed": _seed(series, of_front),
            }
        ),
        "x": lists.place(series.x),
        "y": lists.place(series.y),
        **(
            {"low": lists.place(series.low), "high": lists.place(series.high)}
            if series.low is not None and series.high is not None
            else {}
        ),
    }


def _texts(**texts: str) -> dict[str, Any]:
    return {name: printable(text) for name, text in texts.items()}


def _if(values: dict[str, Any]) -> dict[str, Any]:
    """Those of `values` that say something."""
    return {name: value for name, value in values.items() if value not in (False, "", None)}


def _short(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    if value == round(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{DIGITS}g}")
