"""What heads do, over training: induction strength."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from icl_repro.training import Run


def induction_strengths(run: Run) -> Float[np.ndarray, "evaluations heads"]:
    """Induction strength of each head of the last layer at each evaluation (Section 3, Figure 3b).

    Attention from the query to the label of its class, less that to the other label: 1 for a
    perfect induction head, 0 for one that cannot tell the two apart.
    """
    return run.curves["attention.correct"][:, -1] - run.curves["attention.incorrect"][:, -1]
