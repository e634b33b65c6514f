"""Each check of a claim over its seeds: margins, agreement with the paper, equivalence.

Filled in next; the names and signatures stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from icl_repro.verification.ledger import Ledger
from icl_repro.verification.record import CheckOverSeeds, ControlRecord, Trial


def over_seeds(
    claim_id: str, trials: Sequence[Trial], controls: Sequence[ControlRecord], ledger: Ledger
) -> list[CheckOverSeeds]:
    """Each check of a claim over all its seeds and rows, in the order in which they are stated."""
    raise NotImplementedError
