"""Published numbers by themselves: one, one of each head, or points of a figure by head."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np

from claims.comparisons import PerHead
from claims.published import published_data, reported

HEADS = range(8)
"""Of each layer, in the paper's names."""
STRONGEST = 3
"""The strongest head of the main seed (Section 3.1), which is also the quickest alone."""


def value(value_id: str) -> float:
    """A published number."""
    return reported(value_id).value


def by_head(pattern: str, heads: Collection[int] = HEADS) -> PerHead:
    """A published number of each head, whose place is left open in the pattern of its id."""
    return np.array([value(pattern.format(head)) for head in heads])


def points(
    points_id: str, heads: Collection[int] = HEADS, axis: Literal["x", "y"] = "y"
) -> PerHead:
    """Where the points of a figure stand, by head."""
    found = published_data().points[points_id]
    of_head = dict(zip(found.heads, getattr(found, axis), strict=True))
    return np.array([of_head[head] for head in heads])
