"""What all drawings share: their sizes, their text, and which series share a colour."""

from __future__ import annotations

import textwrap

from icl_repro.report.plain_text import printable
from icl_repro.verification.pictures import Series

WIDE, NARROW, NARROWEST = (400, 270), (330, 256), (264, 236)
"""Sizes of a panel in SVG units. With text of 12 units, neither a phone (which shows one panel
across) nor a desktop (two wide or three narrow ones across) shows text of less than 9 px."""

TEXT = 12
"""Size of the text of a drawing in SVG units; nothing is smaller than one unit less."""

CHARACTER = 6.6
"""Width of a character of that size, generously: the reader's font is not known."""


class UndrawablePanel(ValueError):
    """A panel whose data cannot be drawn; the message says what is wrong with it."""


def group_of(series: Series) -> str:
    """What a series shares its colour with: its group, or itself."""
    return series.group or series.label


def one_line(text: str, width: int) -> str:
    """`text` cut to `width` characters at a space, if it is longer."""
    return textwrap.shorten(printable(text), width, placeholder=" …")
