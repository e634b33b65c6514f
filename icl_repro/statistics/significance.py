"""Tests: of a share against one half, of two samples, of a difference that is none, and of many.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_MOST_SPLITS = 100_000
"""Up to so many ways to split two samples, the test goes through all of them."""


def sign_test(held: int, judged: int) -> float:
    """The one-sided p value of a share against one half, towards the side on which it lies.

    Raises:
        ValueError: no share can be made of the numbers.
    """
    from scipy import stats

    if judged < 1 or not 0 <= held <= judged:
        raise ValueError(f"{held} of {judged} is not a share")
    side = "greater" if 2 * held > judged else "less"
    return float(stats.binomtest(held, judged, 0.5, alternative=side).pvalue)


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


def equivalence(values: Sequence[float], low: float, high: float) -> float:
    """The p value of a mean outside a margin: the larger of two one-sided t tests (TOST).

    Where it is at most 0.05, the mean is shown to lie between `low` and `high`.

    Raises:
        ValueError: fewer than two values, or one that is not finite.
    """
    from scipy import stats

    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError(f"equivalence needs two finite values or more, but got {values!r}")
    centre = float(sample.mean())
    if np.abs(sample - centre).max() <= 1e-14 * abs(centre):
        # Values that are all the same have no spread to test with.
        return 0.0 if low < centre < high else 1.0
    above: Any = stats.ttest_1samp(sample, low, alternative="greater")
    below: Any = stats.ttest_1samp(sample, high, alternative="less")
    return float(max(above.pvalue, below.pvalue))
