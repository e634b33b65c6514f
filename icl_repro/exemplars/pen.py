"""Strokes put on paper: cubic curves drawn with a soft round pen.

An isotropic Gaussian is a product of one in x and one in y, so the ink of all points of a curve is
one product of two small matrices (pixels x points): fast, smooth and anti-aliased.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from jaxtyping import Bool, Float

from icl_repro.exemplars.strokes import bernstein


class Pen(msgspec.Struct, frozen=True):
    """A soft round pen.

    Args:
        radius: standard deviation of the ink around its middle, in pixels.
        flow: ink along the middle of a straight line; paper takes up 1 - exp(-ink) of it, so that a
            line is black for about 4 pixels and crossings are no blacker than lines.
        points: places along each stroke where ink is put. Less than two radii lie between them for
            any but the fastest part of the longest stroke, so that a line shows no beads.
    """

    radius: float = 1.1
    flow: float = 4.0
    points: int = 128


def ink(
    strokes: Float[np.ndarray, "images strokes 4 2"],
    drawn: Bool[np.ndarray, "images strokes"],
    side: int,
    pen: Pen,
) -> Float[np.ndarray, "images side side"]:
    """Images of strokes on a canvas from (0, 0) to (1, 1): float32, 0 for paper to 1 for ink.

    Args:
        strokes: control points (x to the right, y down) in sides of the canvas.
        drawn: which of the strokes there are.
        side: pixels a side; pixel (row, column) has its middle at (column + 0.5, row + 0.5) / side.
        pen: what they are drawn with.
    """
    at = (np.arange(pen.points) + 0.5) / pen.points
    place = side * np.einsum("pk,iskd->ispd", bernstein(at), strokes) - 0.5
    velocity = side * np.einsum("pk,iskd->ispd", _bernstein_slopes(at), strokes)
    # Ink in proportion to length: a point stands for its share of the curve.
    length = np.sqrt((velocity**2).sum(-1)) / pen.points
    amount = pen.flow * length * drawn[..., None] / (pen.radius * math.sqrt(2 * math.pi))
    place = place.reshape(len(strokes), -1, 2).astype(np.float32)
    amount = amount.reshape(len(strokes), -1, 1).astype(np.float32)
    across = _pen_profile(place[..., 0], side, pen)
    down = _pen_profile(place[..., 1], side, pen)
    return 1 - np.exp(-np.matmul((amount * down).swapaxes(1, 2), across))


def _pen_profile(
    place: Float[np.ndarray, "images points"], side: int, pen: Pen
) -> Float[np.ndarray, "images points side"]:
    distance = np.arange(side, dtype=np.float32) - place[..., None]
    return np.exp(np.float32(-0.5 / pen.radius**2) * distance**2)


def _bernstein_slopes(at: Float[np.ndarray, " points"]) -> Float[np.ndarray, "points 4"]:
    """Derivatives of :func:`bernstein` by place."""
    on, back = at, 1 - at
    return 3 * np.stack(
        [-(back**2), back**2 - 2 * on * back, 2 * on * back - on**2, on**2], axis=-1
    )
