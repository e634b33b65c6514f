"""When a run is evaluated and when its weights are kept.

Evaluations are dense early, where the loss falls fast, and while the loss goes through its phase
change; each run decides from its own loss, so that it does not matter with which others it trains.
"""

from __future__ import annotations

import math
from typing import get_args

import msgspec

from icl_repro.episodes import SetName

SETS: tuple[SetName, ...] = get_args(SetName)
"""All evaluation sets."""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counted in sequences seen.

    Attributes:
        every: between evaluations (the paper evaluates every 5,000).
        every_in_change: between evaluations while the training loss is in `change`.
        first: the first evaluation after that at 0; each later one comes at twice the number of
            sequences until they are `every` apart.
        change: the training losses between which the phase change is under way.
        episodes: episodes of each evaluation set (the paper: 1,000).
        sets: the evaluation sets that are measured, as far as the task has them; ``train`` is one
            of them. Each takes about a tenth of the time of a run that is evaluated densely.
        keep_every: weights are kept at an evaluation at least this often;
        keep_change: and whenever the training loss has moved by this much since. None keeps the
            first and the last weights only.
    """

    every: int = 5_000
    every_in_change: int = 2_500
    first: int = 320
    change: tuple[float, float] = (0.05, 0.65)
    episodes: int = 1_000
    sets: tuple[SetName, ...] = SETS
    keep_every: int = 50_000
    keep_change: float | None = None

    def __post_init__(self) -> None:
        for name in ("every", "every_in_change", "first", "episodes", "keep_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be at least 1")
        if self.every_in_change > self.every:
            raise ValueError(
                f"every_in_change is {self.every_in_change}, but must be at most every={self.every}"
            )
        if "train" not in self.sets or not set(self.sets) <= set(SETS):
            raise ValueError(
                f"sets is {self.sets}, but must have 'train', whose loss decides when to evaluate, "
                f"and no others than {', '.join(SETS)}"
            )
        # One order, so that equal meaning is equal data.
        msgspec.structs.force_setattr(self, "sets", tuple(n for n in SETS if n in self.sets))
        low, high = self.change
        if not -math.inf < low < high < math.inf:
            raise ValueError(
                f"change is {self.change}, but must be a lower and a higher loss, both finite"
            )
        if self.keep_change is not None and not 0 <= self.keep_change < math.inf:
            raise ValueError(
                f"keep_change is {self.keep_change}, but must be at least 0 and finite, or None to "
                "keep the first and the last weights only"
            )

    def next_evaluation(self, sequences: int, loss: float) -> int:
        """Sequences at which to evaluate next, after an evaluation that found `loss`."""
        in_change = self.change[0] < loss < self.change[1]
        gap = self.every_in_change if in_change else self.every
        return sequences + min(gap, max(sequences, self.first))

    def keeps(self, sequences: int, loss: float, kept_at: int, kept_loss: float) -> bool:
        """Whether to keep the weights of an evaluation, given when they were kept last."""
        if self.keep_change is None:
            return False
        return sequences - kept_at >= self.keep_every or abs(loss - kept_loss) >= self.keep_change
