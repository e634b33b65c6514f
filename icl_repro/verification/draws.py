"""Evidence over many random draws of one problem: shares, medians and bands, with exact intervals.

Draws are cheap repetitions inside one test, unlike seeds, over which the verdict of a claim counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from icl_repro.statistics.intervals import Interval, share_interval
from icl_repro.verification.pictures import Series
from icl_repro.verification.recorder import Evidence


class Median(NamedTuple):
    """A median and the ends of its exact interval; each may be infinite."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """The interval as evidence, which writes an infinite end as ``None``."""
        return Interval(_finite(self.low), _finite(self.high), method="order statistics over draws")


def median(values: Sequence[float], level: float = 0.95) -> Median:
    """The median over draws with its exact interval, which assumes no distribution.

    The ends are order statistics, so infinite values (a draw that never got there) count as late
    and do no harm. An end is infinite too where there are too few draws for the level.

    Raises:
        ValueError: no values, or one that is not a number.
    """
    from scipy import stats

    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not sample.size or np.isnan(sample).any():
        raise ValueError(f"a median needs one or more numbers, not {values!r}")
    middle = float(np.median(sample))
    # Its default of 0 makes `q` look like a whole number.
    tested = stats.quantile_test(sample, q=middle, p=0.5)  # pyright: ignore[reportArgumentType]
    found = tested.confidence_interval(level)
    low = float(found.low) if not np.isnan(found.low) else -np.inf
    high = float(found.high) if not np.isnan(found.high) else np.inf
    return Median(middle, low, high)


def check_share(evidence: Evidence, name: str, holds: Sequence[bool], *, at_least: float) -> bool:
    """Check the share of draws for which something holds; returns whether it is large enough."""
    held, judged = int(np.sum(holds)), len(holds)
    return evidence.check(
        name,
        held / judged,
        at_least=at_least,
        unit="of draws",
        interval=share_interval(held, judged),
        note=f"{held} of {judged} draws",
    )


def state_median(
    evidence: Evidence,
    name: str,
    values: Sequence[float],
    *,
    unit: str = "",
    note: str = "",
) -> None:
    """State the median over draws, as a quantity that nothing depends on."""
    found = median(values)
    evidence.quantity(name, found.value, unit=unit, interval=found.interval, note=note)


def band(
    label: str,
    curves: Float[np.ndarray, "draws steps"],
    at: Int[np.ndarray, " shown"],
    *,
    group: str = "",
) -> Series:
    """The median over draws of one curve a draw at the steps `at`, between its quartiles."""
    low, middle, high = np.quantile(curves[:, at], [0.25, 0.5, 0.75], axis=0)
    return Series(
        label=label,
        x=at.astype(np.float64).tolist(),
        y=middle.tolist(),
        low=low.tolist(),
        high=high.tolist(),
        group=group or label,
    )


def points(label: str, x: Sequence[float], medians: Sequence[Median], *, group: str = "") -> Series:
    """Medians as points, each with its interval."""
    return Series(
        label=label,
        x=[float(value) for value in x],
        y=[_finite(found.value) for found in medians],
        low=[_finite(found.low) for found in medians],
        high=[_finite(found.high) for found in medians],
        style="points",
        group=group or label,
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
