"""Tests: of a share against one half, of two samples, of a mean against bounds, and of many.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_MOST_SPLITS = 100_000
"""Up to so many ways to split two samples, the test goes through all of them."""


def sign_test(held: int, judged: int, undecided: int = 0) -> float:
    """The one-sided p value of a share against one half, towards the side on which it lies.

    Args:
        held: how many held.
        judged: how many were judged, undecided ones included.
        undecided: how many neither held nor failed; they count for the other side.

    Raises:
        ValueError: no share can be made of the numbers.
    """
    from scipy import stats

    failed = judged - held - undecided
    if judged < 1 or min(held, failed, undecided) < 0:
        raise ValueError(f"{held} of {judged} is not a share")
    # Against one half, as many that fail are as unlikely as that many that hold.
    more = max(held, failed)
    return float(stats.binomtest(more, judged, 0.5, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values that are corrected for their number by Holm's method, in the order given."""
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, which in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[which])
        corrected[which] = min(largest, 1.0)
    return corrected


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
    above = [] if low is None else [_t_test(values, low, "greater")]
    below = [] if high is None else [_t_test(values, high, "less")]
    return max(above + below)


def mean_beyond(values: Sequence[float], low: float | None, high: float | None) -> float:
    """The p value of a mean within its bounds: small where it is shown to lie beyond one of them.

    It is the smaller of one-sided t tests, and twice that where there are two bounds to pass.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    below = [] if low is None else [_t_test(values, low, "less")]
    above = [] if high is None else [_t_test(values, high, "greater")]
    tested = below + above
    return min(1.0, len(tested) * min(tested))


def _t_test(values: Sequence[float], bound: float, side: str) -> float:
    """The p value of a mean on the other side of a bound than `side`, by Student's t."""
    from scipy import stats

    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError(f"a mean needs two finite values or more, but got {values!r}")
    centre = float(sample.mean())
    if np.abs(sample - centre).max() <= 1e-14 * abs(centre):
        # Without spread t is undefined. What is left is the sign test: all lie on one side.
        beyond = centre > bound if side == "greater" else centre < bound
        return 0.5 ** len(sample) if beyond else 1.0
    tested: Any = stats.ttest_1samp(sample, bound, alternative=side)
    return float(tested.pvalue)
