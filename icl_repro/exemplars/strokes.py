"""Characters as cubic Bezier strokes, and the way a hand redraws them.

A stroke is four control points (x, y). Lengths are in sides of the canvas; y grows downwards.

Every random number comes straight from the bits of a Philox generator keyed by the seed and by what
is drawn: NumPy promises that these bits never change, and nothing depends on what else is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Bool, Float

MOST_STROKES = 4
_FEWEST_STROKES = 2
_DRAWS_PER_CHARACTER = 3
_DRAWS_PER_STROKE = 12
_DRAWS_PER_REDRAW = 6

# What a stream of random numbers is for: the first entry of its key.
_CHARACTER, _REDRAW = 0, 1


class Hand(msgspec.Struct, frozen=True):
    """How characters are made up and how much a redraw differs. Lengths: sides of the canvas.

    Chosen by eye and by comparison with Omniglot images: the share of the canvas that a character
    spans, its ink, and how far features of two drawings of one character lie apart.

    Args:
        joining: probability that a stroke starts on an earlier one.
        shortest: smallest distance between the ends of a stroke, before the character is scaled.
        longest: the largest.
        leaning: strokes lean towards the eight compass directions; 1 is not at all, 0 fully.
        curl: how far inner control points stray sideways, in distances between the ends.
        slip: how far they stray along the stroke; makes hooks and loops.
        smallest: smallest size of a character (the longer side of its box).
        largest: the largest.
        jitter: how far a redraw moves each control point.
        turning: how far it turns the character, in radians.
        stretching: how far it stretches width and height, in units of log scale.
        slanting: how far it slants.
        straying: how far it moves the character.
    """

    joining: float = 0.7
    shortest: float = 0.35
    longest: float = 1.0
    leaning: float = 0.6
    curl: float = 1.6
    slip: float = 0.8
    smallest: float = 0.5
    largest: float = 0.7
    jitter: float = 0.045
    turning: float = 0.12
    stretching: float = 0.12
    slanting: float = 0.12
    straying: float = 0.05


class Characters(NamedTuple):
    """Characters around the origin. `drawn` tells which strokes there are; the others are padding.

    Shapes: `strokes` classes x strokes x 4 control points x (x, y); `drawn` classes x strokes.
    """

    strokes: Float[np.ndarray, "classes strokes 4 2"]
    drawn: Bool[np.ndarray, "classes strokes"]


def characters(seed: int, classes: Sequence[int], hand: Hand) -> Characters:
    """The character that each class stands for: two to four strokes, many of them joined."""
    draws = np.stack(
        [
            _uniform(seed, _DRAWS_PER_CHARACTER + MOST_STROKES * _DRAWS_PER_STROKE, _CHARACTER, c)
            for c in classes
        ]
    )
    whole, each = draws[:, :_DRAWS_PER_CHARACTER], draws[:, _DRAWS_PER_CHARACTER:]
    each = each.reshape(len(draws), MOST_STROKES, _DRAWS_PER_STROKE)
    strokes: list[Float[np.ndarray, "classes 4 2"]] = []
    for index in range(MOST_STROKES):
        strokes.append(_stroke(each[:, index], strokes, hand))
    kinds = MOST_STROKES - _FEWEST_STROKES + 1
    count = _FEWEST_STROKES + np.floor(kinds * whole[:, 0])
    drawn = np.arange(MOST_STROKES) < count[:, None]
    size = hand.smallest + (hand.largest - hand.smallest) * whole[:, 1]
    return Characters(_fitted(np.stack(strokes, axis=1), drawn, size), drawn)


def redraws(
    seed: int,
    character: Float[np.ndarray, "strokes 4 2"],
    class_: int,
    exemplars: Sequence[int],
    hand: Hand,
) -> Float[np.ndarray, "exemplars strokes 4 2"]:
    """`character` of `class_` drawn anew for each exemplar, on a canvas from (0, 0) to (1, 1).

    Each control point moves a little by itself; then the whole is slanted, stretched, turned and
    moved a little.
    """
    number = _DRAWS_PER_REDRAW + character.size
    draws = np.stack([2 * _uniform(seed, number, _REDRAW, class_, e) - 1 for e in exemplars])
    turn, width, height, slant, across, down = draws[:, :_DRAWS_PER_REDRAW].T
    moved = character + hand.jitter * draws[:, _DRAWS_PER_REDRAW:].reshape(-1, *character.shape)
    cos, sin = np.cos(hand.turning * turn), np.sin(hand.turning * turn)
    turned = _matrices([[cos, -sin], [sin, cos]])
    wide, high = np.exp(hand.stretching * width), np.exp(hand.stretching * height)
    slanted = _matrices([[wide, hand.slanting * slant * high], [np.zeros_like(wide), high]])
    shift = hand.straying * np.stack([across, down], axis=-1) + 0.5
    return np.einsum("eij,eskj->eski", turned @ slanted, moved) + shift[:, None, None]


def bernstein(at: Float[np.ndarray, "*points"]) -> Float[np.ndarray, "*points 4"]:
    """Weights of the four control points at the places `at` (0 start, 1 end) of a cubic curve."""
    on, back = at, 1 - at
    return np.stack([back**3, 3 * on * back**2, 3 * on**2 * back, on**3], axis=-1)


def _uniform(seed: int, number: int, *key: int) -> Float[np.ndarray, " number"]:
    """`number` values in [0, 1) from the stream of `key`: the top 53 of every 64 random bits."""
    bits = np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)).random_raw(number)
    return (bits >> np.uint64(11)) * 2.0**-53


def _stroke(
    draws: Float[np.ndarray, "classes draws"],
    earlier: list[Float[np.ndarray, "classes 4 2"]],
    hand: Hand,
) -> Float[np.ndarray, "classes 4 2"]:
    """One more stroke for every class, given its `earlier` ones."""
    x, y, join, onto, along, direction, length, curl, side_1, side_2, slip_1, slip_2 = draws.T
    start = np.stack([x, y], axis=-1)
    if earlier:
        chosen = np.stack(earlier)[np.floor(onto * len(earlier)).astype(int), np.arange(len(draws))]
        # Joins lie at the ends, the middle or the quarters of the earlier stroke.
        joint = np.einsum("cp,cpd->cd", bernstein(np.floor(5 * along) / 4), chosen)
        start = np.where((join < hand.joining)[:, None], joint, start)
    angle = 2 * np.pi * direction
    compass = np.round(angle / (np.pi / 4)) * (np.pi / 4)
    angle = compass + hand.leaning * (angle - compass)
    reach = hand.shortest + (hand.longest - hand.shortest) * length
    chord = reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    normal = np.stack([-chord[:, 1], chord[:, 0]], axis=-1)

    def inner(place: float, side: np.ndarray, slip: np.ndarray) -> np.ndarray:
        forward = place + hand.slip * curl * (2 * slip - 1)
        sideways = hand.curl * curl * (2 * side - 1)
        return start + chord * forward[:, None] + normal * sideways[:, None]

    first, second = inner(1 / 3, side_1, slip_1), inner(2 / 3, side_2, slip_2)
    return np.stack([start, first, second, start + chord], axis=1)


def _fitted(
    strokes: Float[np.ndarray, "classes strokes 4 2"],
    drawn: Bool[np.ndarray, "classes strokes"],
    size: Float[np.ndarray, " classes"],
) -> Float[np.ndarray, "classes strokes 4 2"]:
    """The strokes centred on the origin, in a box whose longer side is `size`.

    The shorter side is stretched half of the way (in log scale) to the longer one: real letters are
    seldom as flat as random strokes.
    """
    curve = np.einsum("pk,cskd->cspd", bernstein(np.linspace(0, 1, 33)), strokes)
    there = drawn[:, :, None, None]
    low = np.where(there, curve, math.inf).min(axis=(1, 2))
    high = np.where(there, curve, -math.inf).max(axis=(1, 2))
    extent = high - low
    scale = size[:, None] / np.sqrt(extent * extent.max(axis=1, keepdims=True))
    return (strokes - ((low + high) / 2)[:, None, None]) * scale[:, None, None]


def _matrices(rows: list[list[np.ndarray]]) -> Float[np.ndarray, "exemplars 2 2"]:
    return np.moveaxis(np.array(rows), -1, 0)
