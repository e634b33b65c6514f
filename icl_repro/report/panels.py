"""Draws one panel of a figure with matplotlib, as SVG with its text kept as text.

Nothing global is touched but for the time of drawing: no pyplot, and matplotlib's settings are
those of a fresh installation whatever the user's own say. Axis labels and titles are never read as
formulas, so that a ``$`` in a label is a dollar sign.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from icl_repro.report.numbers import axis_numbers
from icl_repro.report.palette import placeholder
from icl_repro.report.plain_text import printable
from icl_repro.verification.evidence import Panel, ReferenceLine, Series

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDE, NARROW = (400, 270), (330, 256)
"""Sizes of a panel in SVG units. With text of 12 units, neither a phone (which shows one panel
across) nor a desktop (two wide or three narrow ones across) shows text of less than 9 px."""

_TEXT = 12
_CHARACTER = 6.6
_PUBLISHED_DASHES = (0, (4.5, 2.6))
_REFERENCE_DASHES = (0, (1.2, 2.4))


class UndrawablePanel(ValueError):
    """A panel whose data cannot be drawn; the message says what is wrong with it."""


def draw_panel(panel: Panel, colours: Mapping[str, str], size: tuple[int, int] = WIDE) -> str:
    """The panel as an SVG document in placeholder colours (see :mod:`palette`).

    Args:
        panel: what to draw. Missing values (``None``, NaN, infinities) are gaps; so is everything
            that is not positive on a logarithmic axis.
        colours: the colour name of each series, by :func:`group_of`.
        size: width and height in SVG units.

    Raises:
        UndrawablePanel: a series has more x than y values (or a band of another length), or
            there is no value at all to draw.
    """
    for series in panel.series:
        _require_equal_lengths(series)
    if not any(_has_points(series, panel) for series in panel.series):
        raise UndrawablePanel("it has no value that can be drawn on its axes")
    with _fresh_matplotlib():
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72)
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        _set_up_axes(axes, panel)
        # Published curves go on top: dashes over a solid line show both, the other way round hides.
        for index, series in enumerate(panel.series):
            drawn = _draw_series(axes, series, placeholder(colours[group_of(series)]))
            for name, artist in drawn.items():
                artist.set_gid(f"series-{index}{name}")
                _shift(axes, artist, _sidestep(panel, index))
        for index, line in enumerate(panel.lines):
            _draw_reference(axes, line, f"reference-{index}")
        _set_limits(axes, panel)
        _place_axes(axes, panel, size)
        stream = io.StringIO()
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    return stream.getvalue()


def group_of(series: Series) -> str:
    """What a series shares its colour with: its group, or itself."""
    return series.group or series.label


@contextmanager
def _fresh_matplotlib() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Labels may hold characters that matplotlib's own font lacks; the browser's font has them.
        # Hard data (overflows, equal limits) also only warns, and is drawn as well as it can be.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "icl-repro",
                "font.size": _TEXT,
                "axes.unicode_minus": True,
                "path.simplify": True,
            }
        )
        yield


def _set_up_axes(axes: Axes, panel: Panel) -> None:
    for axis, scale, name in ((axes.xaxis, panel.x_scale, "x"), (axes.yaxis, panel.y_scale, "y")):
        if scale == "log":
            getattr(axes, f"set_{name}scale")("log", nonpositive="mask")
        _set_ticks(axis, scale, whole=name == "x" and _whole_numbers(panel))
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(placeholder("muted"))
    axes.spines["bottom"].set_linewidth(0.9)
    axes.grid(axis="y", color=placeholder("grid"), linewidth=0.9)
    axes.set_axisbelow(True)
    axes.tick_params(colors=placeholder("muted"), labelsize=_TEXT - 0.5, width=0.9, length=4, pad=4)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(which="minor", length=0)
    points = any(series.style == "points" for series in panel.series)
    axes.margins(x=0.04 if points else 0.01, y=0.06)


def _set_ticks(axis: Axis, scale: str, *, whole: bool) -> None:
    from matplotlib import ticker

    class ShortNumbers(ticker.Formatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return axis_numbers([x])[0]

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return axis_numbers(list(values))

    if scale == "log":
        axis.set_major_locator(ticker.LogLocator(numticks=6))
        axis.set_minor_formatter(ticker.NullFormatter())
    else:
        steps = [1, 2, 2.5, 5, 10]
        axis.set_major_locator(ticker.MaxNLocator(nbins=5, steps=steps, integer=whole))
    axis.set_major_formatter(ShortNumbers())


def _draw_series(axes: Axes, series: Series, colour: str) -> dict[str, Artist]:
    """Draw a series; gives its artists by what their name adds to that of the series."""
    artists: dict[str, Artist] = {}
    x, y = _gaps(series.x), _gaps(series.y)
    published = series.origin == "published"
    if series.low is not None and series.high is not None:
        low, high = _gaps(series.low), _gaps(series.high)
        if series.style == "points":
            spread = axes.vlines(x, low, high, color=colour, linewidth=1.4)
        else:
            spread = axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        artists["-spread"] = spread
    if series.style == "points":
        (line,) = axes.plot(
            x,
            y,
            linestyle="none",
            marker="o",
            markersize=6,
            markerfacecolor="none" if published else colour,
            markeredgecolor=colour,
            markeredgewidth=1.4,
        )
    else:
        (line,) = axes.plot(x, y, color=colour, linewidth=1.5 if published else 2.0)
        if published:
            line.set_linestyle(_PUBLISHED_DASHES)
        elif _has_lone_points(y):
            line.set_marker("o")
            line.set_markersize(3)
    line.set_zorder(3 if published else 2.5)
    if published:
        line.set_alpha(0.8)
    artists[""] = line
    return artists


def _sidestep(panel: Panel, index: int) -> float:
    """How far to move a series of points aside, in units of the drawing.

    Points over the same few places (2, 3, 4 vectors) would otherwise hide one another.
    """
    places = panel.series[index].x
    rivals = [i for i, s in enumerate(panel.series) if s.style == "points" and s.x == places]
    if index not in rivals or len(places) > 12:
        return 0.0
    return 8.0 * (rivals.index(index) - (len(rivals) - 1) / 2)


def _shift(axes: Axes, artist: Artist, distance: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    if distance:
        # Only now, when the limits of the axes know the true places.
        aside = ScaledTranslation(distance / 72, 0, axes.figure.dpi_scale_trans)
        artist.set_transform(axes.transData + aside)


def _draw_reference(axes: Axes, line: ReferenceLine, gid: str) -> None:
    if not math.isfinite(line.value):
        return
    style = {"color": placeholder("muted"), "linewidth": 1.2, "linestyle": _REFERENCE_DASHES}
    # The label is anchored to the line in data units and to the frame along it.
    if line.axis == "y":
        drawn = axes.axhline(line.value, **style)
        position, transform = (1.0, line.value), axes.get_yaxis_transform()
        placing = {"ha": "right", "va": "bottom"}
    else:
        drawn = axes.axvline(line.value, **style)
        position, transform = (line.value, 1.0), axes.get_xaxis_transform()
        placing = {"ha": "left", "va": "top"}
    drawn.set_gid(gid)
    label = axes.annotate(
        _one_line(line.label, 46),
        position,
        xycoords=transform,
        xytext=(0, 3) if line.axis == "y" else (4, 0),
        textcoords="offset points",
        color=placeholder("muted"),
        fontsize=_TEXT - 1,
        parse_math=False,
        annotation_clip=False,
        **placing,
    )
    label.set_gid(f"{gid}-label")


def _set_limits(axes: Axes, panel: Panel) -> None:
    for limits, scale, name in (
        (panel.x_limits, panel.x_scale, "x"),
        (panel.y_limits, panel.y_scale, "y"),
    ):
        if limits is not None and all(_on_axis(end, scale) for end in limits):
            getattr(axes, f"set_{name}lim")(*limits)


def _place_axes(axes: Axes, panel: Panel, size: tuple[int, int]) -> None:
    """Fix the frame by hand: the panels of a figure then line up, and layout costs nothing."""
    width, height = size
    characters = round(width / _CHARACTER) - 8
    low, high = sorted(axes.get_ylim())
    ticks = [tick for tick in axes.yaxis.get_majorticklocs() if low <= tick <= high]
    widest = max((len(label) for label in axis_numbers(ticks)), default=1)
    left = 12 + widest * _CHARACTER
    y_label = textwrap.wrap(printable(panel.y_label), characters, max_lines=2, placeholder=" …")
    x_label = textwrap.wrap(printable(panel.x_label), characters, max_lines=2, placeholder=" …")
    top = 8 + 15 * len(y_label)
    bottom = 26 + 16 * len(x_label)
    axes.set_position(
        (left / width, bottom / height, 1 - (left + 16) / width, 1 - (top + bottom) / height)
    )
    text = {"color": placeholder("ink"), "fontsize": _TEXT, "parse_math": False}
    axes.figure.text(
        2 / width, 1 - 3 / height, "\n".join(y_label), ha="left", va="top", **text
    ).set_gid("y-label")
    middle = (left + width - 16) / 2
    axes.figure.text(
        middle / width, 4 / height, "\n".join(x_label), ha="center", va="bottom", **text
    ).set_gid("x-label")


def _require_equal_lengths(series: Series) -> None:
    lengths = {"x": len(series.x), "y": len(series.y)}
    if series.low is not None and series.high is not None:
        lengths |= {"low": len(series.low), "high": len(series.high)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{amount} {name}" for name, amount in lengths.items())
        raise UndrawablePanel(
            f"the series {series.label!r} has {found} values; it needs as many of each"
        )


def _has_points(series: Series, panel: Panel) -> bool:
    return any(
        _on_axis(x, panel.x_scale) and _on_axis(y, panel.y_scale)
        for x, y in zip(series.x, series.y, strict=True)
    )


def _on_axis(value: float | None, scale: str) -> bool:
    return value is not None and math.isfinite(value) and (scale == "linear" or value > 0)


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [value if value is not None and math.isfinite(value) else math.nan for value in values]


def _whole_numbers(panel: Panel) -> bool:
    """Whether the horizontal axis counts something: between 2 and 3 vectors there is no tick."""
    return all(
        not _on_axis(x, "linear") or x == round(x) for series in panel.series for x in series.x
    )


def _has_lone_points(y: Sequence[float]) -> bool:
    """Whether a point stands between two gaps, where a line alone would not show it."""
    present = [False, *(not math.isnan(value) for value in y), False]
    return any(
        here and not before and not after
        for before, here, after in zip(present, present[1:], present[2:], strict=False)
    )


def _one_line(text: str, width: int) -> str:
    return textwrap.shorten(printable(text), width, placeholder=" …")
