"""Ablations are what Appendix E says they are (ours).

An ablation that is off by one head changes all wiring and need not show in any of its claims. Here
it does, in the activations of a trained network and in accuracies.
"""

from __future__ import annotations

import pytest

from claims.ablations_in_weights import Kept, difference_in_weights, effects
from claims.networks.plain import full
from claims.sequences import some_sequences
from icl_repro import Evidence, claim, control
from icl_repro.measures.heads.wiring import PRESERVED
from icl_repro.training import Run

SAMPLED = 1_000
"""Training sequences on which ablations are made in two ways."""
ROUNDING = 1e-5
"""How far activations, which are about 1, may differ by rounding."""

OFF = "what a head that is off writes, {}s preserved"
ON = "change of what the other heads write, {}s preserved"
SAME = "change of {}s that are preserved"
IN_WEIGHTS = "difference from accuracies without the heads' weights, {}s preserved"


def of_both(*names: str) -> list[str]:
    """The names of checks for patterns and for values."""
    return [name.format(kept) for name in names for kept in PRESERVED]


@claim(
    "wiring.ablations",
    source="Appendix E (ours: that the ablations are those described there)",
    on=full,
    fails_on=[
        control(
            "The next head is not off, and without it accuracies are others",
            id="next_head",
            given={"shift": 1},
            only=of_both(OFF, ON, IN_WEIGHTS),
        ),
        control(
            "Of patterns and values, what is not preserved changes",
            id="not_preserved",
            given={"exchanged": True},
            only=of_both(SAME),
        ),
    ],
)
@pytest.mark.parametrize("kept", PRESERVED)
def test_ablations(
    run: Run, evidence: Evidence, kept: Kept, shift: int = 0, exchanged: bool = False
) -> None:
    """Heads of layer 0 that are off write nothing, other heads and what is preserved stay as they
    were, and accuracies are those of networks without the weights of those heads.
    """
    model = run.model()
    episodes = some_sequences(run, SAMPLED)
    seen = PRESERVED[PRESERVED.index(kept) - 1] if exchanged else kept
    found = effects(model, episodes, kept, seen, shift)
    evidence.check(OFF.format(kept), found.off, at_most=0, note="largest entry, all heads in turn")
    evidence.check(ON.format(kept), found.on, at_most=ROUNDING)
    evidence.check(SAME.format(kept), found.kept, at_most=ROUNDING)
    evidence.check(
        IN_WEIGHTS.format(kept),
        difference_in_weights(model, episodes, kept, shift),
        at_most=0.002,
        note="largest over all pairs of heads of Figure 11 and over sets of one and of seven heads "
        f"of layer 0, on {SAMPLED:,} sequences; in the weights, the heads' columns of the output "
        "matrix are zero, and what is preserved is put in as numbers",
    )
