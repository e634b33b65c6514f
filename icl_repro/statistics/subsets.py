"""Whether something is rarer, or more frequent, in a subset than in the rest, by Fisher's exact
test: as often as among subsets of that size that are drawn at random.

SciPy is imported where it is used: a session without claims does not pay for it.
"""

from __future__ import annotations


def rarer(within: int, size: int, held: int, total: int) -> float:
    """The one-sided p value that something holds as rarely in a random subset.

    Args:
        within: how often it holds in the subset.
        size: how large the subset is.
        held: how often it holds in all.
        total: how many there are in all.

    Raises:
        ValueError: no subset can be made of the numbers.
    """
    from scipy import stats

    _require_subset(within, size, held, total)
    return float(stats.hypergeom.cdf(within, total, held, size))


def more_frequent(within: int, size: int, held: int, total: int) -> float:
    """The one-sided p value that something holds as often in a random subset; see :func:`rarer`."""
    from scipy import stats

    _require_subset(within, size, held, total)
    return float(stats.hypergeom.sf(within - 1, total, held, size))


def _require_subset(within: int, size: int, held: int, total: int) -> None:
    if not (0 <= within <= min(size, held) and size - within <= total - held):
        raise ValueError(
            f"{within} of {size} in a subset, and {held} of {total} in all, cannot both be"
        )
