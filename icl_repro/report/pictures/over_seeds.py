"""One figure over several seeds: every seed thin, their mean thick, what was published once.

A claim records a figure for each seed. Panels with axes that stand at the same place in the
figures of all seeds, and show the same groups on the same axes, become one. What cannot be put on
common axes (heat maps, graphs, bars) stays a picture of one seed; those of the other seeds follow,
without what is the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from icl_repro.report.pictures.canvas import group_of
from icl_repro.verification.pictures import AnyPanel, Figure, Panel, ReferenceLine, Series

MOST_POINTS = 250
"""Of how many points at most the mean of curves consists; the page shows no more."""

_Array = npt.NDArray[np.float64]


class OverSeeds(Series, frozen=True):
    """A series of one `seed` among several or, if that is ``None``, their mean."""

    seed: int | None = None

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean over the seeds."""
        return self.seed is None


class Merged(msgspec.Struct, frozen=True):
    """Figures of several seeds: the one over all of them, and what is left of each.

    `first` is the seed whose panels stand in `figure` where they could not be merged; ``None``
    where all of them are merged or alike.
    """

    figure: Figure
    first: int | None
    rest: list[tuple[int, Figure]]

    @property
    def over(self) -> bool:
        """Whether any panel is over several seeds."""
        return any(
            isinstance(series, OverSeeds)
            for panel in self.figure.panels
            if isinstance(panel, Panel)
            for series in panel.series
        )


def merge(figures: Sequence[tuple[int, Figure]]) -> Merged:
    """The figures of two or more seeds as one, as far as they can be."""
    seeds = [seed for seed, _ in figures]
    columns = list(zip(*(figure.panels for _, figure in figures), strict=False))
    even = len({len(figure.panels) for _, figure in figures}) == 1
    panels: list[AnyPanel] = []
    left: list[int] = []
    for place, column in enumerate(columns):
        curves = [panel for panel in column if isinstance(panel, Panel)]
        if even and len(curves) == len(column) and _are_alike(curves):
            panels.append(_merge_panels(seeds, curves))
        else:
            panels.append(column[0])
            if any(panel != column[0] for panel in column):
                left.append(place)
    first = figures[0][1]
    if not even:
        return Merged(first, seeds[0], list(figures[1:]))
    caption = in_common([figure.caption for _, figure in figures])
    return Merged(
        figure=msgspec.structs.replace(first, caption=caption, panels=panels),
        first=seeds[0] if left else None,
        rest=[
            (seed, msgspec.structs.replace(one, panels=[one.panels[place] for place in left]))
            for seed, one in figures[1:]
            if left
        ],
    )


def in_common(texts: Sequence[str]) -> str:
    """What all texts say, word by word from both ends, with ``…`` for what differs between."""
    if len(set(texts)) == 1:
        return texts[0]
    words = [text.split() for text in texts]
    shortest = min(map(len, words))
    start = _shared(words, shortest)
    end = _shared([list(reversed(each)) for each in words], shortest - start)
    first = words[0]
    return " ".join([*first[:start], "…", *first[len(first) - end :]])


def mean_of(series: Sequence[Series]) -> tuple[list[float | None], list[float | None]] | None:
    """The mean of several series, where each of them has a value.

    Curves are taken as straight between their points; the mean stands at the points of all, or at
    :data:`MOST_POINTS` of them, up to where the shortest ends. A gap of one is a gap of the mean.
    Points have a mean only where all series have the same places.

    Returns:
        x and y, or ``None`` where there is nothing in common.
    """
    if any(one.style != "line" for one in series):
        x = series[0].x
        if any(one.x != x for one in series):
            return None
        columns = zip(*map(_with_gaps, series), strict=True)
        return x, _without_gaps(np.mean(list(columns), axis=1))
    curves = [_sorted(one) for one in series]
    if any(len(x) == 0 for x, _ in curves):
        return None
    places = np.unique(np.concatenate([x for x, _ in curves]))
    start, end = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    places = places[(places >= start) & (places <= end)]
    if len(places) == 0:
        return None
    if len(places) > MOST_POINTS:
        places = places[np.linspace(0, len(places) - 1, MOST_POINTS).round().astype(int)]
    values = np.mean([np.interp(places, x, y) for x, y in curves], axis=0)
    return places.tolist(), _without_gaps(values)


def _sorted(series: Series) -> tuple[_Array, _Array]:
    """The points of a curve from left to right, with NaN for gaps."""
    known = [
        (x, y)
        for x, y in zip(series.x, _with_gaps(series), strict=True)
        if x is not None and math.isfinite(x)
    ]
    known.sort(key=lambda point: point[0])
    return np.array([x for x, _ in known]), np.array([y for _, y in known])


def _with_gaps(series: Series) -> list[float]:
    return [y if y is not None and math.isfinite(y) else math.nan for y in series.y]


def _without_gaps(values: _Array) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _are_alike(panels: Sequence[Panel]) -> bool:
    """Whether the panels have the same axes and the same groups of measured series."""
    return all(_signature(panel) == _signature(panels[0]) for panel in panels)


def _signature(panel: Panel) -> object:
    axes = panel.x_label, panel.y_label, panel.x_scale, panel.y_scale
    return axes, {place: one.style for place, one in _measured(panel).items()}


def _measured(panel: Panel) -> dict[tuple[str, int], Series]:
    """The measured series by their group and their place in it."""
    found: dict[tuple[str, int], Series] = {}
    for one in panel.series:
        if one.origin == "measured":
            group = group_of(one)
            found[group, sum(other == group for other, _ in found)] = one
    return found


def _merge_panels(seeds: Sequence[int], panels: Sequence[Panel]) -> Panel:
    first = panels[0]
    if all(panel == first for panel in panels):
        return first
    series: list[Series] = []
    by_seed = [_measured(panel) for panel in panels]
    for place in by_seed[0]:
        series += _over_seeds(place[0], seeds, [one[place] for one in by_seed])
    for panel in panels:
        series += [s for s in panel.series if s.origin == "published" and s not in series]
    return msgspec.structs.replace(
        first,
        title=in_common([panel.title for panel in panels]),
        series=series,
        lines=_mean_lines(panels),
        x_limits=_around([panel.x_limits for panel in panels]),
        y_limits=_around([panel.y_limits for panel in panels]),
    )


def _over_seeds(group: str, seeds: Sequence[int], same: Sequence[Series]) -> list[OverSeeds]:
    """The mean of what is measured on each seed, and that of each seed, which has no band then."""
    label = in_common([one.label for one in same])
    style, background = same[0].style, same[0].background
    series = [
        OverSeeds(
            one.label, one.x, one.y, style=style, group=group, background=background, seed=seed
        )
        for seed, one in zip(seeds, same, strict=True)
    ]
    if (mean := mean_of(same)) is None:
        return series
    # Labels that differ (numbers of heads, say) say nothing of all seeds; the group does.
    label = group if "…" in label else label
    return [
        OverSeeds(label, *mean, style=style, group=group, background=background),
        *series,
    ]


def _mean_lines(panels: Sequence[Panel]) -> list[ReferenceLine]:
    """Lines that all panels have by their labels, each at the mean of its values."""
    values: dict[tuple[str, Literal["x", "y"]], list[float]] = {}
    for panel in panels:
        for line in panel.lines:
            values.setdefault((line.label, line.axis), []).append(line.value)
    return [
        ReferenceLine(label, float(np.mean(at)), axis)
        for (label, axis), at in values.items()
        if len(at) == len(panels)
    ]


def _around(limits: Sequence[tuple[float, float] | None]) -> tuple[float, float] | None:
    """Limits that hold all others, if all are given."""
    given = [one for one in limits if one is not None]
    if len(given) < len(limits):
        return None
    return min(low for low, _ in given), max(high for _, high in given)


def _shared(words: Sequence[Sequence[str]], most: int) -> int:
    shared = 0
    while shared < most and len({each[shared] for each in words}) == 1:
        shared += 1
    return shared
