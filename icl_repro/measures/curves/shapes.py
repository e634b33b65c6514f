"""Which of three shapes a falling curve prefers: exponential, two exponentials, or an S.

- *exponential*: c + a exp(-k x); three numbers;
- *two exponentials*: c + a exp(-k x) + b exp(-l x), a and b positive; five numbers. It cannot
  speed up;
- *S-shape*: c + a exp(-k x) + b / (1 + exp((x - m) / w)), a first drop to a plateau, then a change;
  six numbers. The plateau must be there: the first drop is down to 5 % (k x = 3) before the change
  sets in (x = m - 2 w, where it has done 12 % of itself), and that is not before the curve begins.
  Without these bounds the two terms together would serve as two exponentials.

Each is fitted by least squares to all points until 5 % of the range of the curve is left, heights
and floor not below zero, and judged by the Bayesian information criterion (Schwarz, 1978): n ln(sum
of squares / n) + numbers ln n, the lower the better. Loss curves are none of the three exactly, and
their residuals are not independent, so that differences of the criterion order the shapes and say
little as probabilities.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from icl_repro.measures.curves.falling import LEFT, Fall
from icl_repro.measures.curves.noise import noise_interval, noisier
from icl_repro.statistics.intervals import Interval

Shape = Literal["exponential", "two exponentials", "S-shape"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
NUMBERS: dict[Shape, int] = {"exponential": 3, "two exponentials": 5, "S-shape": 6}
"""How many numbers each shape has to fit."""

DRAWS = 20
"""Noisier curves that are fitted to see how firm a preference is."""
SETTLED = 3.0
"""The first drop of an S-shape is down to exp(-3) when the change sets in,"""
ONSET = 2.0
"""this many widths before its middle."""
_SMALLEST, _LARGEST = math.log(1e-3), math.log(1e3)
"""Bounds of the rates and times that are fitted, in logarithms."""
_NO_MISFIT = 1e-12
"""Sums of squares below this (of a curve scaled to a range of 1) are rounding."""

Curve = Float[np.ndarray, " points"]
Fitted = Float[np.ndarray, " fitted"]
"""The points of a curve that shapes are fitted to."""
Parameters = Float[np.ndarray, " parameters"]


class Preference(NamedTuple):
    """What a curve prefers.

    Attributes:
        shape: with the lowest criterion; None where there are too few points to fit any.
        support: share of noisier curves that prefer the same.
        criterion: of each shape, less that of the preferred one.
        against_s: criterion of the S-shape less that of the better sum of exponentials: positive
            where exponentials are preferred. With `against_s_interval`, how far noise moves it.
    """

    shape: Shape | None
    support: float
    criterion: dict[Shape, float]
    against_s: float
    against_s_interval: Interval | None


def preference(x: Curve, y: Curve, draws: int = DRAWS) -> Preference:
    """Which shape the curve `y` over `x` prefers, and how firmly given its noise."""
    frame = _Frame.of(x, y)
    if frame.points <= max(NUMBERS.values()) + 1:
        return Preference(None, math.nan, dict.fromkeys(SHAPES, math.nan), math.nan, None)
    scaled = frame.scaled(x, y)
    fits: dict[Shape, _Fit] = {shape: _fit(shape, *scaled, _starts(shape)) for shape in SHAPES}
    criterion = _criteria(scaled, fits)
    best = min(criterion, key=criterion.__getitem__)
    again = [_again(frame.scaled(x, drawn), fits) for drawn in noisier(x, y, draws)]
    against = np.array([_against_s(one) for one in again])
    return Preference(
        shape=best,
        support=float(np.mean([min(one, key=one.__getitem__) == best for one in again])),
        criterion={shape: criterion[shape] - criterion[best] for shape in SHAPES},
        against_s=_against_s(criterion),
        against_s_interval=noise_interval(_against_s(criterion), against),
    )


def _again(scaled: tuple[Fitted, Fitted], fits: dict[Shape, _Fit]) -> dict[Shape, float]:
    """The criteria of a noisier curve, fitted from where the curve itself was fitted best."""
    refitted: dict[Shape, _Fit] = {
        shape: _fit(shape, *scaled, [fits[shape].parameters]) for shape in SHAPES
    }
    return _criteria(scaled, refitted)


def _against_s(criterion: dict[Shape, float]) -> float:
    return criterion["S-shape"] - min(criterion["exponential"], criterion["two exponentials"])


class _Frame(NamedTuple):
    """How many points of a curve are fitted, and its lowest and its range."""

    points: int
    lowest: float
    range: float

    @classmethod
    def of(cls, x: Curve, y: Curve) -> _Frame:
        """That of a curve until 5 % of its range is left; no points if it does not fall."""
        fall = Fall.of(x, y)
        fallen = int(np.argmax(fall.smooth <= fall.level(LEFT))) + 1 if fall.range > 0 else 0
        return cls(fallen, float(fall.smooth[-1]), fall.range)

    def scaled(self, x: Curve, y: Curve) -> tuple[Fitted, Fitted]:
        """The points that are fitted, both axes from 0 to 1."""
        position = (x[: self.points] - x[0]) / (x[self.points - 1] - x[0])
        height = (y[: self.points] - self.lowest) / self.range
        # Heights are fitted from zero up: the lowest point is the lowest floor.
        return position, height - min(height.min(), 0)


class _Fit(NamedTuple):
    squares: float
    parameters: Parameters


def _criteria(scaled: tuple[Fitted, Fitted], fits: dict[Shape, _Fit]) -> dict[Shape, float]:
    points = len(scaled[0])
    return {
        shape: points * math.log(max(fit.squares, _NO_MISFIT) / points)
        + NUMBERS[shape] * math.log(points)
        for shape, fit in fits.items()
    }


def _fit(shape: Shape, x: Curve, y: Curve, starts: list[Parameters]) -> _Fit:
    """The best fit from several starts. Heights follow from rates and times by least squares."""
    from scipy.optimize import least_squares, nnls  # which takes long to import

    def residuals(parameters: Parameters) -> Curve:
        columns = _columns(shape, parameters, x)
        heights, _ = nnls(columns, y)
        return columns @ heights - y

    bounds = (_SMALLEST, _LARGEST)
    found = [least_squares(residuals, start, bounds=bounds, max_nfev=60) for start in starts]
    best = min(found, key=lambda result: result.cost)
    # The bounds themselves are no place to start from again.
    inside = np.clip(best.x, _SMALLEST + 1e-6, _LARGEST - 1e-6)
    return _Fit(2 * float(best.cost), inside)


def _columns(shape: Shape, parameters: Parameters, x: Curve) -> Float[np.ndarray, "points heights"]:
    """What the heights of a shape multiply: a floor, and each of its terms."""
    if shape == "exponential":
        terms = [np.exp(-np.exp(parameters[0]) * x)]
    elif shape == "two exponentials":
        slow, faster_by = np.exp(parameters)
        terms = [np.exp(-slow * x), np.exp(-(slow + faster_by) * x)]
    else:
        onset, width, faster_by = np.exp(parameters)
        terms = [
            np.exp(-(SETTLED + faster_by) / onset * x),
            expit((onset + ONSET * width - x) / width),
        ]
    return np.stack([np.ones_like(x), *terms], axis=1)


@functools.cache
def _starts(shape: Shape) -> list[Parameters]:
    return [np.log(start) for start in _places(shape)]


def _places(shape: Shape) -> Iterator[tuple[float, ...]]:
    """Where fits start: rates, or onset and width of a change and what its first drop is faster."""
    if shape == "exponential":
        yield from ((rate,) for rate in (0.3, 1.0, 3.0, 10.0))
    elif shape == "two exponentials":
        yield from itertools.product((0.3, 1.0, 3.0), (3.0, 10.0, 40.0))
    else:
        yield from itertools.product((0.05, 0.2, 0.5), (0.03, 0.1, 0.3), (0.3, 10.0))
