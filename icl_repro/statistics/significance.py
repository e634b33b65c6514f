"""Tests: of a share against one half, of two samples, of a mean against bounds, and of many; and
how many values it would take to pass them.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

_MOST_SPLITS = 100_000
"""Up to so many ways to split two samples, the test goes through all of them."""
MOST_VALUES = 1_000_000
"""No test is said to take more values than that."""


def sign_test(held: int, judged: int, undecided: int = 0) -> float:
    """The one-sided p value of a share against one half, towards the side on which it lies.

    Args:
        held: how many held.
        judged: how many were judged, undecided ones included.
        undecided: how many neither held nor failed; they count for the other side.

    Raises:
        ValueError: no share can be made of the numbers.
    """
    from scipy import special  # as for intervals: scipy.stats takes long to import

    failed = judged - held - undecided
    if judged < 1 or min(held, failed, undecided) < 0:
        raise ValueError(f"{held} of {judged} is not a share")
    # Against one half, as many that fail are as unlikely as that many that hold.
    more = max(held, failed)
    return float(special.bdtrc(more - 1, judged, 0.5)) if more else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """P values that are corrected for their number by Holm's method, in the order given."""
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, which in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[which])
        corrected[which] = min(largest, 1.0)
    return corrected


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """P values that are corrected for their number by Benjamini and Hochberg's method, in the order
    given.

    Where all hypotheses hold, the chance that any comes out below a level is at most that level;
    else that is the share of wrong ones to expect among those that do. It holds for tests that are
    independent or go together.
    """
    from scipy import stats

    return [float(one) for one in stats.false_discovery_control(p_values)] if p_values else []


def differ(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p value of a difference of the means of two samples, by permutation.

    It is exact, from all ways to split the values, up to two samples of nine; of more, 100,000 are
    drawn.

    Raises:
        ValueError: fewer than two values in a sample, or one that is not finite.
    """
    from scipy import stats

    for sample in (first, second):
        if len(sample) < 2 or not np.isfinite(sample).all():
            raise ValueError(f"a sample needs two finite values or more, but is {sample!r}")

    def difference(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray | float:
        return one.mean(axis=axis) - other.mean(axis=axis)

    tested = stats.permutation_test(
        (np.asarray(first, np.float64), np.asarray(second, np.float64)),
        difference,
        vectorized=True,
        n_resamples=_MOST_SPLITS,
        rng=np.random.default_rng(0),
    )
    return float(tested.pvalue)


def mean_within(values: Sequence[float], low: float | None, high: float | None) -> float:
    """The p value of a mean beyond a bound: small where it is shown to lie within the bounds.

    It is the larger of one-sided t tests against the bounds that there are, one at least; against
    two, these are the two one-sided tests of equivalence (TOST).

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    return max(_t_p_value(room, len(values)) for room in _sides(values, low, high))


def mean_beyond(values: Sequence[float], low: float | None, high: float | None) -> float:
    """The p value of a mean within its bounds: small where it is shown to lie beyond one of them.

    It is the smaller of one-sided t tests, and twice that where there are two bounds to pass.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    tested = [_t_p_value(-room, len(values)) for room in _sides(values, low, high)]
    return min(1.0, len(tested) * min(tested))


def size_of_sign_test(against: int, level: float) -> int:
    """How many have to be judged for a sign test to reach a level, with so many on the other side.

    Args:
        against: how many lie on the other side, or cannot be told, all others on this one.
        level: the p value to reach, above 0.
    """
    from scipy import special

    def p_value(judged: int) -> float:
        return float(special.bdtr(against, judged, 0.5))

    size = _smallest(p_value, level, first=max(1, against))
    assert size is not None
    return size


def size_within(
    values: Sequence[float], low: float | None, high: float | None, level: float
) -> int | None:
    """How many values it would take :func:`mean_within` to reach a level.

    An extrapolation: with the mean and the spread that these values have.

    Returns:
        The number of values; None where it is above `MOST_VALUES`, or no number is enough, as for
        a mean beyond its bounds.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    sides = _sides(values, low, high)
    return _smallest(lambda size: max(_t_p_value(room, size) for room in sides), level)


def size_beyond(
    values: Sequence[float], low: float | None, high: float | None, level: float
) -> int | None:
    """How many values it would take :func:`mean_beyond` to reach a level; else as `size_within`.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    sides = _sides(values, low, high)
    return _smallest(
        lambda size: len(sides) * min(_t_p_value(-room, size) for room in sides), level
    )


def _sides(values: Sequence[float], low: float | None, high: float | None) -> list[float]:
    """How far the mean lies within each bound, in spreads; without any, infinite, or NaN on it."""
    sample = _sample(values)
    centre, spread = float(sample.mean()), float(sample.std(ddof=1))
    rooms = ([] if low is None else [centre - low]) + ([] if high is None else [high - centre])
    if _is_constant(sample):
        return [math.copysign(math.inf, room) if room else math.nan for room in rooms]
    return [room / spread for room in rooms]


def _t_p_value(room: float, size: int) -> float:
    """Student's one-sided p value of so many values whose mean lies that many spreads within."""
    from scipy import special

    if not math.isfinite(room):
        # Without spread t is undefined. What is left is the sign test: all lie on one side.
        return 0.5**size if room > 0 else 1.0
    return float(special.stdtr(size - 1, -room * math.sqrt(size)))


def _smallest(p_value: Callable[[int], float], level: float, first: int = 2) -> int | None:
    """The smallest size whose p value, which falls with the size, is at most `level`."""
    enough = first
    while p_value(enough) > level:
        if enough >= MOST_VALUES:
            return None
        enough *= 2
    too_few = first - 1
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if p_value(middle) > level:
            too_few = middle
        else:
            enough = middle
    return enough if enough <= MOST_VALUES else None


def _sample(values: Sequence[float]) -> np.ndarray:
    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError(f"a mean needs two finite values or more, but got {values!r}")
    return sample


def _is_constant(sample: np.ndarray) -> bool:
    centre = sample.mean()
    return bool(np.abs(sample - centre).max() <= 1e-14 * abs(centre))
