"""Whose statement a claim judges: the paper's, the lecture's, ours, or that printed numbers agree.

They are counted apart, because a refuted one says another thing of each: that a result of the paper
does not hold, or one that the slides of the lecture tell, that we went beyond them in vain, or that
two numbers which the paper prints differ.
"""

from __future__ import annotations

import re
from typing import Literal

About = Literal["results", "printed numbers"]
"""What a claim is about: results, which are measured anew, or numbers that the paper prints, which
are held against one another.
"""

Standing = Literal["the paper", "the lecture", "ours", "printed numbers"]
"""Whose statement it is. Ours is what the source of a claim calls so, in whole or in part."""

_LECTURE = re.compile(r"\blecture slides\b", re.IGNORECASE)
_OURS = re.compile(r"\bours\b", re.IGNORECASE)


def says_ours(source: str) -> bool:
    """Whether the source of a claim says that it is ours, in whole or in part."""
    return _OURS.search(source) is not None


def standing(source: str, about: About) -> Standing:
    """Whose statement a claim judges, by its source and what it is about."""
    if about == "printed numbers":
        return about
    if says_ours(source):
        return "ours"
    return "the lecture" if _LECTURE.search(source) else "the paper"
