"""How curves, heads and times are compared: ours and the published ones by the same functions."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from icl_repro.measures.curves.crossings import longest_stay, time_to

PLATEAU_LOSS = (0.6, 0.85)
"""Training losses of the plateau."""
LEARNED_LOSS = 0.4 * math.log(2)
"""The loss at which a network has learned (Figure 18)."""
NEAR_PERFECT_LOSS = 0.05
"""A loss in the end of at most so much goes with the near-perfect accuracy of Section 3.2."""
EMERGED = 0.1
"""The induction strength at which a head has emerged. In Figure 3b, any level from 0.05 to 0.3 puts
heads 3 and 1 first, as Section 3.2 does; half of a head's own final strength does not.
"""

STRONG = 0.25
"""A head with at least this induction strength is counted as an induction head."""
WELL = 0.6
"""An accuracy above that of a guess between the two labels in context, 0.5."""

SHARE = (0.0, 1.0)
"""The limits of a share, such as an accuracy."""
NOT_NEGATIVE = (0.0, None)
"""Those of a loss, a time, or the ratio of two times."""
CORRELATION = (-1.0, 1.0)
"""Those of a correlation."""
DIFFERENCE_OF_CORRELATIONS = (-2.0, 2.0)
"""Those of one correlation less another."""
DIFFERENCE_OF_SHARES = (-1.0, 1.0)
"""Those of one share less another, such as an accuracy that is lost."""

PerHead = Float[np.ndarray, " heads"]


def on_plateau(loss: Float[np.ndarray, " points"]) -> Bool[np.ndarray, " points"]:
    """Where a loss curve is near ln 2, that of a guess between the two labels in context."""
    return (loss >= PLATEAU_LOSS[0]) & (loss <= PLATEAU_LOSS[1])


def plateau_length(
    sequences: Float[np.ndarray, " points"],
    loss: Float[np.ndarray, " points"],
    accuracy: Float[np.ndarray, " points"] | None = None,
    context_label_probability: Float[np.ndarray, " points"] | None = None,
) -> float:
    """Longest stretch of sequences with a loss on the plateau and, where they are known, an
    accuracy of 0.45 to 0.65 and a probability of at least 0.85 on the two labels in context.
    """
    inside = on_plateau(loss)
    if accuracy is not None:
        inside = inside & (accuracy >= 0.45) & (accuracy <= 0.65)
    if context_label_probability is not None:
        inside = inside & (context_label_probability >= 0.85)
    return longest_stay(sequences, inside)


def loss_of_a_choice(weight: float) -> float:
    """The loss of a network that puts this share of all weight on one of two labels, whichever is
    right, and the rest on the other.
    """
    return -(math.log(weight) + math.log(1 - weight)) / 2


def spread_ratio(without: PerHead, alone: PerHead) -> float:
    """How far apart heads are by what is left without them, over how far apart they are alone; NaN
    where heads are all the same alone.
    """
    return float(np.ptp(without) / np.ptp(alone)) if np.ptp(alone) else math.nan


def emergence_times(
    sequences: Float[np.ndarray, " points"],
    strengths: Float[np.ndarray, "points heads"],
    level: float | PerHead = EMERGED,
) -> PerHead:
    """Sequences until the induction strength of each head first rises to a level, the same for all
    or its own; infinite for one that does not.
    """
    levels = np.broadcast_to(level, strengths.shape[1:])
    pairs = zip(strengths.T, levels, strict=True)
    return np.array([time_to(sequences, -strength, -float(own)) for strength, own in pairs])


def place_of(head: int, strengths: PerHead) -> int:
    """The place of a head by strength, 1 for the strongest."""
    return 1 + int(np.sum(strengths > strengths[head]))


def place_in_time(head: int, times: PerHead) -> int:
    """The place of a head by when something happens to it, 1 for the first; heads to which it never
    does (infinite) come last.
    """
    return place_of(head, -times)


def strength_and_earliness(strengths: PerHead, times: PerHead) -> tuple[PerHead, PerHead]:
    """Of the induction heads, from the strongest on: their strength, and how early each is."""
    order = [head for head in np.argsort(-strengths) if strengths[head] >= STRONG]
    return strengths[order], -times[order]


def all_but_the_first(times: PerHead) -> list[int]:
    """All heads but the one that comes first."""
    return np.delete(np.arange(len(times)), times.argmin()).tolist()


def place_of_second(emerged: PerHead, times: PerHead) -> int:
    """The place by speed alone, 1 for the fastest, of the second head to emerge."""
    second = int(np.argsort(emerged, kind="stable")[1])
    return place_of(second, -times)


def share_closed(pairs: PerHead, one: float, all_heads: float) -> float:
    """Share of the delay of one head against all heads that pairs close, in the median; NaN where
    one head has no delay or never gets there.
    """
    if not all_heads < one < math.inf:
        return math.nan
    return float(np.median((one - pairs) / (one - all_heads)))
