"""What all drawings with matplotlib share: a clean start, a frame, and how they look.

Nothing global is touched but for the time of drawing: no pyplot, and matplotlib's settings are
those of a fresh installation whatever the user's own say. Axis labels and titles are never read as
formulas, so that a ``$`` in a label is a dollar sign.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from icl_repro.numbers import axis_numbers
from icl_repro.report.pictures.palette import placeholder
from icl_repro.report.plain_text import printable
from icl_repro.verification.pictures import ReferenceLine, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDE, NARROW, NARROWEST = (400, 270), (330, 256), (264, 236)
"""Sizes of a panel in SVG units. With text of 12 units, neither a phone (which shows one panel
across) nor a desktop (two wide or three narrow ones across) shows text of less than 9 px."""

TEXT = 12
"""Size of the text of a drawing in SVG units; nothing is smaller than one unit less."""

CHARACTER = 6.6
"""Width of a character of that size, generously: the reader's font is not known."""

_REFERENCE_DASHES = (0, (1.2, 2.4))


class UndrawablePanel(ValueError):
    """A panel whose data cannot be drawn; the message says what is wrong with it."""


def draw_axes(draw: Callable[[Axes], None], size: tuple[int, int]) -> str:
    """What `draw` draws into empty axes, as an SVG document of `size` SVG units."""
    with _fresh_matplotlib():
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72)
        figure.patch.set_visible(False)
        draw(figure.add_subplot())
        stream = io.StringIO()
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    return stream.getvalue()


def group_of(series: Series) -> str:
    """What a series shares its colour with: its group, or itself."""
    return series.group or series.label


def style_axes(axes: Axes) -> None:
    """A frame that stays behind the data: a line below, faint lines across."""
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(placeholder("muted"))
    axes.spines["bottom"].set_linewidth(0.9)
    axes.grid(axis="y", color=placeholder("grid"), linewidth=0.9)
    axes.set_axisbelow(True)
    axes.tick_params(colors=placeholder("muted"), labelsize=TEXT - 0.5, width=0.9, length=4, pad=4)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(which="minor", length=0)


def set_ticks(axis: Axis, scale: str = "linear", *, whole: bool = False) -> None:
    """Few ticks with short labels; only at whole numbers where the axis counts something."""
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


def draw_reference(axes: Axes, line: ReferenceLine, gid: str) -> None:
    """A dotted line across the axes with its label."""
    if not math.isfinite(line.value):
        return
    style = {"color": placeholder("muted"), "linewidth": 1.2, "linestyle": _REFERENCE_DASHES}
    # The label is anchored to the line in data units and to the frame along it.
    across = line.axis == "y"
    if across:
        drawn = axes.axhline(line.value, **style)
        position, transform = (1.0, line.value), axes.get_yaxis_transform()
    else:
        drawn = axes.axvline(line.value, **style)
        position, transform = (line.value, 1.0), axes.get_xaxis_transform()
    drawn.set_gid(gid)
    label = axes.annotate(
        one_line(line.label, 46),
        position,
        xycoords=transform,
        xytext=(0, 3) if across else (4, 0),
        textcoords="offset points",
        color=placeholder("muted"),
        fontsize=TEXT - 1,
        parse_math=False,
        annotation_clip=False,
        ha="right" if across else "left",
        va="bottom" if across else "top",
    )
    label.set_gid(f"{gid}-label")


def place_axes(
    axes: Axes, size: tuple[int, int], x_label: str, y_label: str, tick_lines: int = 1
) -> None:
    """Label the axes and fix the frame by hand: panels then line up, and layout costs nothing.

    `tick_lines` is the number of lines that the labels below the axes take.
    """
    width, height = size
    characters = round(width / CHARACTER) - 8
    low, high = sorted(axes.get_ylim())
    ticks = [tick for tick in axes.yaxis.get_majorticklocs() if low <= tick <= high]
    widest = max((len(label) for label in axis_numbers(ticks)), default=1)
    left = 12 + widest * CHARACTER
    above = textwrap.wrap(printable(y_label), characters, max_lines=2, placeholder=" …")
    below = textwrap.wrap(printable(x_label), characters, max_lines=2, placeholder=" …")
    top = 8 + 15 * len(above)
    bottom = 11 + 15 * tick_lines + 16 * len(below)
    axes.set_position(
        (left / width, bottom / height, 1 - (left + 16) / width, 1 - (top + bottom) / height)
    )
    text = {"color": placeholder("ink"), "fontsize": TEXT, "parse_math": False}
    axes.figure.text(
        2 / width, 1 - 3 / height, "\n".join(above), ha="left", va="top", **text
    ).set_gid("y-label")
    middle = (left + width - 16) / 2
    axes.figure.text(
        middle / width, 4 / height, "\n".join(below), ha="center", va="bottom", **text
    ).set_gid("x-label")


def one_line(text: str, width: int) -> str:
    """`text` cut to `width` characters at a space, if it is longer."""
    return textwrap.shorten(printable(text), width, placeholder=" …")


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
                "font.size": TEXT,
                "axes.unicode_minus": True,
                "path.simplify": True,
            }
        )
        yield
