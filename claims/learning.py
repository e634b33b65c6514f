"""When networks learn, and how far apart their loss curves lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from claims.comparisons import LEARNED_LOSS
from icl_repro.measures.curves.apart import area_between
from icl_repro.measures.curves.crossings import time_to
from icl_repro.training import Run

PerRun = Float[np.ndarray, " runs"]


def learning_time(run: Run, level: float = LEARNED_LOSS) -> float:
    """Sequences until the train loss falls to a level; infinite if it does not."""
    return time_to(run.sequences, run.curves["train.loss"], level)


def learning_times(runs: Sequence[Run], level: float = LEARNED_LOSS) -> PerRun:
    """The learning time of each run."""
    return np.array([learning_time(run, level) for run in runs])


def distances(runs: Sequence[Run], other: Run) -> PerRun:
    """The area between the train loss of each run and that of another, in nats times sequences."""
    one, *curves = ((run.sequences, run.curves["train.loss"]) for run in (other, *runs))
    return np.array([area_between(curve, one) for curve in curves])
