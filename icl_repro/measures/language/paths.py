"""Paths of models through training in a plane (Olsson et al., 2022, "per-token loss analysis").

Each snapshot is a vector of losses: of one token of each of many sequences, the same for all
snapshots of all models. The vectors of all models are reduced together to two principal components,
in which a model's snapshots are a path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from icl_repro.optogenetics.arguments import as_shown, whole_number

Path = Float[np.ndarray, "points 2"]
LEGS = 24
"""Pieces of equal length into which a path is cut to see where it turns."""
SPAN = 3
"""Legs before and after a place over which its directions are taken."""


class Plane(NamedTuple):
    """The paths in their common plane, and the share of the variance that each component has."""

    paths: dict[str, Path]
    shares: tuple[float, float]


def in_common_plane(vectors: Mapping[str, Float[np.ndarray, "snapshots sequences"]]) -> Plane:
    """The paths of several models, reduced together.

    Raises:
        ValueError: no model, vectors of different lengths, fewer than two snapshots or losses, or a
            loss that is not finite.
    """
    _require_common(vectors)
    stacked = np.concatenate([np.asarray(one, np.float64) for one in vectors.values()])
    centred = stacked - stacked.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    points = centred @ directions[:2].T
    ends = np.cumsum([len(one) for one in vectors.values()])[:-1]
    total = (sizes**2).sum()
    shares = sizes[:2] ** 2 / (total if total > 0 else math.nan)
    return Plane(
        dict(zip(vectors, np.split(points, ends), strict=True)),
        (float(shares[0]), float(shares[1])),
    )


def _require_common(vectors: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError where vectors have no plane in common."""
    if not vectors:
        raise ValueError("a common plane needs the snapshots of at least one model, but got none")
    for name, one in vectors.items():
        if np.ndim(one) != 2:
            raise ValueError(
                f"the losses of {name!r} have shape {np.shape(one)}, but must have two axes: "
                "snapshots and sequences"
            )
    sizes = {name: one.shape[1] for name, one in vectors.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{size} of {name!r}" for name, size in sizes.items())
        raise ValueError(
            f"a common plane needs losses of the same sequences in every model, but got {told}"
        )
    snapshots, losses = sum(map(len, vectors.values())), next(iter(sizes.values()))
    if min(snapshots, losses) < 2:
        raise ValueError(
            f"a plane needs two snapshots and two sequences or more, but got {snapshots} and "
            f"{losses}"
        )
    for name, one in vectors.items():
        amiss = np.argwhere(~np.isfinite(one))
        if len(amiss):
            snapshot, sequence = amiss[0].tolist()
            raise ValueError(
                f"the loss of {name!r} is {one[snapshot, sequence]} at snapshot {snapshot} and "
                f"sequence {sequence}, but losses must be finite to have a plane in common"
            )


class Turn(NamedTuple):
    """Where a path turns the most: `at`, in the unit of time, and by how many degrees."""

    at: float
    degrees: float


def sharpest_turn(times: Float[np.ndarray, " points"], path: Path, legs: int = LEGS) -> Turn:
    """Where the direction of a path changes most, from one leg to the next.

    Legs have equal length along the path, so that a turn counts alike wherever snapshots are dense;
    both directions at a place are those over three legs, before and after it, so that noise of
    snapshots that hardly move counts little. Not a number for a path that goes nowhere.

    Raises:
        ValueError: fewer legs than are looked at before and after a place, not one point for each
            time, or one that is not finite.
        TypeError: `legs` is no whole number.
    """
    legs = _whole_legs(legs)
    _require_points(times, path)
    along = _along(path)
    if along[-1] <= 0:
        return Turn(math.nan, math.nan)
    marks = np.linspace(0, along[-1], legs + 1)
    places = np.stack([np.interp(marks, along, axis) for axis in path.T], axis=1)
    when = np.interp(marks, along, times)
    inner = np.arange(SPAN, legs + 1 - SPAN)
    before, after = places[inner] - places[inner - SPAN], places[inner + SPAN] - places[inner]
    cosine = (before * after).sum(axis=1) / np.maximum(
        np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1), 1e-12
    )
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    most = int(np.argmax(angles))
    return Turn(float(when[inner[most]]), float(angles[most]))


def legs_between(
    times: Float[np.ndarray, " points"], path: Path, start: float, end: float, legs: int = LEGS
) -> float:
    """How many legs of a path lie between two times, below 0 where `end` is the earlier: a turn is
    found to within :data:`SPAN` of them. Not a number for a path that goes nowhere.

    Raises:
        ValueError: fewer legs than :func:`sharpest_turn` takes, not one point for each time, or one
            that is not finite.
        TypeError: `legs` is no whole number.
    """
    legs = _whole_legs(legs)
    _require_points(times, path)
    along = _along(path)
    if along[-1] <= 0:
        return math.nan
    at_start, at_end = np.interp([start, end], times, along)
    return float((at_end - at_start) / along[-1] * legs)


def _along(path: Path) -> Float[np.ndarray, " points"]:
    """The way along a path to each of its points."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _whole_legs(legs: object) -> int:
    """A number of legs as one of Python's."""
    least = 2 * SPAN
    try:
        number = whole_number(legs, "legs")
    except TypeError:
        near = f", such as {LEGS}"
        if isinstance(legs, float | np.floating) and math.isfinite(legs):
            near = f" (nearest: {max(least, round(float(legs)))})"
        raise TypeError(f"legs is {as_shown(legs)}, but must be a whole number{near}") from None
    if number < least:
        raise ValueError(
            f"legs is {number}, but must be at least {least}, {SPAN} before a turn and {SPAN} "
            f"after it (nearest: {least})"
        )
    return number


def _require_points(times: np.ndarray, path: np.ndarray, what: str = "the path") -> None:
    """Raise ValueError unless a path has a point for each time."""
    if np.ndim(times) != 1:
        raise ValueError(
            f"the times of {what} have shape {np.shape(times)}, but must have one axis: a "
            "time for each point of it"
        )
    if np.shape(path) != (len(times), 2):
        raise ValueError(
            f"{what} has shape {np.shape(path)}, but must have {(len(times), 2)}: a point "
            "for each time"
        )
    if (amiss := ~np.isfinite(np.column_stack([times, path])).all(axis=1)).any():
        raise ValueError(
            f"{what} has numbers at point {np.argmax(amiss)} that are not finite, but must be "
            "finite throughout"
        )
    if (back := np.diff(times) <= 0).any():
        raise ValueError(
            f"the times of {what} do not rise after point {np.argmax(back)}, but each must be "
            "later than the one before"
        )


def apart_at(
    times: tuple[Float[np.ndarray, " one"], Float[np.ndarray, " other"]],
    paths: tuple[Float[np.ndarray, "one 2"], Float[np.ndarray, "other 2"]],
    at: float,
) -> float:
    """Distance of two paths at a time, over the length of the first path's way from end to end.

    Raises:
        ValueError: not two paths, not one point for each time, one that is not finite, or a path
            without points.
    """
    if not len(times) == len(paths) == 2:
        raise ValueError(
            f"two paths are apart, each with times of its own, but got {len(paths)} with the times "
            f"of {len(times)}"
        )
    for when, path, what in zip(times, paths, ("the first path", "the second path"), strict=True):
        _require_points(when, path, what)
        if not len(when):
            raise ValueError(f"{what} has no points, but must have one or more")
    one, other = (
        np.array([np.interp(at, when, axis) for axis in path.T])
        for when, path in zip(times, paths, strict=True)
    )
    way = float(np.linalg.norm(paths[0][-1] - paths[0][0]))
    return float(np.linalg.norm(one - other)) / way if way > 0 else math.nan
