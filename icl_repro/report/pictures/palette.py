"""Colours of the figures: CSS variables of the page.

A page that follows the reader's light or dark setting has no definite colours. The fallback beside
each variable of ``style.css`` serves whoever copies one figure out of the page.
"""

from __future__ import annotations

SERIES_COLOURS = (
    "#1f6fb4",
    "#c4500c",
    "#1a8058",
    "#95489a",
    "#8a6a00",
    "#0f7f9c",
    "#bf2f55",
    "#6b6f76",
    "#5f7a1c",
    "#8a5a3b",
)
"""The fallbacks of the series colours, which are also those of the light page."""

_FALLBACKS = {
    "ink": "#1c2126",
    "muted": "#59626d",
    "grid": "#dfe3e8",
    "surface": "#ffffff",
    "heat-none": "#f5f7f9",
    "heat-more": "#06305f",
    "heat-less": "#5f1a02",
    "heat-none-text": "#000000",
    "heat-full-text": "#ffffff",
    **{f"series-{index}": colour for index, colour in enumerate(SERIES_COLOURS)},
}

COLOUR_NAMES = tuple(_FALLBACKS)
"""Every colour of the page that a figure may be drawn in."""

SCALE_STEPS = 40
"""Into how many steps the scale between two series colours is divided."""

_SCALE = {f"scale-{step}": step / SCALE_STEPS for step in range(SCALE_STEPS + 1)}
"""How far along the scale each of its colours lies."""


def series_name(index: int) -> str:
    """The colour of the `index`-th group of a figure; they repeat after the last."""
    return f"series-{index % len(SERIES_COLOURS)}"


def scale_name(index: int, count: int) -> str:
    """The colour of the `index`-th of `count` steps of one quantity: from blue over grey to orange.

    More than :data:`SCALE_STEPS` + 1 steps share colours with their neighbours.
    """
    return f"scale-{round(SCALE_STEPS * index / max(count - 1, 1))}"


def css_variable(name: str) -> str:
    """The CSS value for a colour name."""
    if name in _SCALE:
        return css_mix("series-0", "series-1", _SCALE[name])
    return f"var(--{name}, {_FALLBACKS[name]})"


def css_mix(start: str, end: str, share: float) -> str:
    """The CSS colour at `share` (0 to 1) of the way between two colour names.

    The way is straight in OKLab, where equal steps look equal.
    """
    return f"color-mix(in oklab, {css_variable(end)} {100 * share:.1f}%, {css_variable(start)})"
