"""Where a series of values changes its level: by segmentation, and for the newest value by a test.

**Steps that have values on both sides** are found by exact segmentation (ruptures): segments are
chosen so that the squared distances of values to the mean of their segment, and a penalty for each
step, are least together. The penalty is such that noise seldom pays it. Under noise alone, what a
step at a given place gains is the squared noise times a chi-squared variable of one degree of
freedom, and the best of n - 1 places gains more than x with a probability of at most
(n - 1) P(chi2 > x). `FALSE_ALARM` is that probability, and with an estimated noise F takes the
place of chi2. The noise is estimated from differences of neighbours, which a step enters only once:
the mean square of the smaller three quarters of them, corrected for those left out. It has about
0.4 degrees of freedom a difference (by simulation, for normal values). What is measured again on
the same run is the same to the bit, so that the estimate may be 0. It is at least `floor`. Few
values find large steps alone: of ten standard deviations in the middle of 10 values nine of ten, of
four in the middle of 20. An outlier is a step up and one down: of noise with heavy tails (Student's
t, 4 degrees), 2 % of series of 20 values have one, 10 % of those of 50.

**The newest value** is held against the earlier ones at its level by the t test that a prediction
interval is made by, and the p values of all quantities of a run are corrected together
(Benjamini and Hochberg). Measured on normal noise, by the number of sessions: of how many runs of
300 quantities any is said to be at a new level though none is (in either direction; at a worse one,
half as many), and how many newest values are found that are off by 3, 5 and 10 standard deviations,
where it is the one quantity of the run, one of 300, or one of 30 of 300 that change at once.

    sessions  false runs      the only one       one of 300      30 of 300
           5       3.7 %    41   79  100 %     0    1    5 %    0    2   51 %
           8       3.4 %    60   96  100 %     1    9   72 %    2   42  100 %
          10       4.5 %    66   98  100 %     3   17   93 %    5   67  100 %
          20       3.2 %    76   99  100 %     7   53  100 %   21   92  100 %

A small step of one quantity among many shows only later, by segmentation.

**Counts** (:func:`on_few_levels`) step only where `PERSISTS` values are at either level, and their
noise is estimated from all differences: of binomial series (0.05 to 0.5) and Poisson ones (0.3 to
3) of 8 to 50 values, at most 4 % have a false step, and with three values on each side a single
thing more or less is seen from about ten values before it on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

FALSE_ALARM = 0.01
"""Of how many series of noise at most one step is found, as the bound above has it."""

FEWEST = 3
"""With fewer values nothing tells a step from noise."""

FALSE_RUN = 0.04
"""Of how many runs without a change at most one newest value is said to be at a new level."""

PERSISTS = 3
"""So many counts there have to be at a level, before a step and after it."""

_BARELY = 0.1
_KEPT = 0.75
_MEAN_OF_KEPT = 0.36852405098356217
"""The mean of a chi-squared variable of one degree of freedom below its upper quartile."""
_FREEDOM = 0.4


def steps(values: Sequence[float], floor: float, *, counts: bool = False) -> list[int]:
    """The places at which the level of `values` changes, each that of the first value after it.

    Whether the last value is at a new level :func:`newest` tells, as there is but one after it.

    Args:
        values: finite numbers, in their order.
        floor: the least standard deviation that they differ by without a reason, above 0.
        counts: whether they are numbers of things, see :func:`on_few_levels`.
    """
    persists = PERSISTS if counts else 1
    if len(values) < max(FEWEST, 2 * persists):
        return []
    series = np.asarray(values, np.float64)
    series = series - np.median(series)
    differences = np.abs(np.diff(series))
    # What varies by less than the floor has no step, and then nothing has to be loaded.
    if differences.max() < floor and np.ptp(series) < floor:
        return []
    import ruptures
    from scipy import stats

    if counts:  # most neighbours are the same, which tells nothing of the others
        estimated = math.sqrt(float(np.mean(differences**2)) / 2)
    else:
        kept = np.sort(differences)[: max(1, int(_KEPT * differences.size))]
        estimated = math.sqrt(float(np.mean(kept**2)) / (2 * _MEAN_OF_KEPT))
    each = FALSE_ALARM / differences.size
    if estimated > floor:
        penalty = float(stats.f.isf(each, 1, _FREEDOM * differences.size))
    else:
        penalty = float(stats.chi2.isf(each, 1))
    in_noise = (series / max(estimated, floor)).reshape(-1, 1)
    search = ruptures.KernelCPD(kernel="linear", min_size=persists, jump=1).fit(in_noise)
    ends = search.predict(pen=penalty) or []
    return [int(end) for end in ends[:-1] if end < len(values) - 1]


def newest(values: Sequence[float], floor: float) -> float:
    """How likely it is that the last of `values` lies as far from the others by chance: the p value
    of the t test that its prediction interval is made by, 1 where there is nothing to tell it.

    Args:
        values: finite numbers of one level, but maybe for the last, in their order.
        floor: the least standard deviation that they differ by without a reason, above 0.
    """
    *earlier, last = values
    if len(earlier) < FEWEST - 1:
        return 1.0
    series = np.asarray(earlier, np.float64)
    off = abs(last - float(np.mean(series)))
    if off < floor:
        return 1.0
    from scipy import stats

    measured = float(np.std(series, ddof=1))
    off /= max(measured, floor) * math.sqrt(1 + 1 / series.size)
    # Noise seldom looks like that of what is measured again to the bit.
    same = np.ptp(series) == 0 or (series.size >= FEWEST and measured < _BARELY * floor)
    if same:
        return float(2 * stats.norm.sf(off))
    return float(2 * stats.t.sf(off, series.size - 1))


def shown(p_values: Sequence[float]) -> list[bool]:
    """Which of the newest values of a run are at a new level, by their p values (Benjamini and
    Hochberg, 1995): of all runs in which nothing changed, at most `FALSE_RUN` show any.
    """
    if min(p_values, default=1.0) > FALSE_RUN:  # and then nothing has to be loaded
        return [False] * len(p_values)
    from scipy import stats

    return [bool(one <= FALSE_RUN) for one in stats.false_discovery_control(p_values)]


def on_few_levels(values: Sequence[float]) -> bool:
    """Whether a series leaves a level and comes back to it, to the last digit: noise on few levels,
    as of counts, where a single other value says nothing.
    """
    left: set[float] = set()
    for before, after in pairwise(values):
        if before != after:
            left.add(before)
        if after in left:
            return True
    return False
