"""The in-context-learning score (Olsson et al., 2022): how much better a model predicts late in the
context than early.

Theirs is the loss of the 500th token of 512 less that of the 50th. Here it is measured at the same
fractions of a shorter context. There is less text to average over, so each of both is the mean of
an eighth of the context: the one around the fraction of the 50th token, and the last, which has
that of the 500th.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from icl_repro.optogenetics.arguments import whole_number

WINDOWS = 8
"""Parts of a context of which one is averaged over."""
EARLY = 50 / 512
"""The fraction of the context that the early part lies around."""


def early_and_late(n_positions: int) -> tuple[slice, slice]:
    """The positions of both parts: of 64, 2 to 9 and 56 to 63.

    Raises:
        ValueError: fewer than two positions.
        TypeError: no whole number of them.
    """
    n_positions = whole_number(n_positions, "n_positions")
    if n_positions < 2:
        raise ValueError(
            "an in-context-learning score needs two positions or more, one early and one late, but "
            f"got {n_positions} (nearest: 2)"
        )
    width = max(1, n_positions // WINDOWS)
    first = max(0, round(EARLY * n_positions - width / 2))
    return slice(first, first + width), slice(n_positions - width, n_positions)


def in_context_score(losses: Float[np.ndarray, "*evaluations positions"]) -> np.ndarray:
    """Loss late less loss early, in nats: negative where the context helps.

    Args:
        losses: mean loss at each position.

    Raises:
        ValueError: no axis of positions, or fewer than two of them.
    """
    if not losses.ndim:
        raise ValueError(
            "losses have no axes, but must have one of positions as the last: a single number is "
            "neither late nor early"
        )
    early, late = early_and_late(losses.shape[-1])
    return np.asarray(losses[..., late].mean(axis=-1) - losses[..., early].mean(axis=-1))
