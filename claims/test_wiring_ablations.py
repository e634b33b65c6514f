"""Ablations are what Section 3 and Appendix E say they are (ours).

An ablation that is off by one head changes every result that rests on it, and shows in none. Here
it would: in the activations of a trained network, in accuracies, and in the weights of a network
that had heads turned off while it was trained.
"""

from __future__ import annotations

import jax
import pytest

from claims.ablations_in_weights import (
    Kept,
    difference_in_weights,
    effects,
    largest_change_by_head,
)
from claims.networks.plain import full, only, untrained
from icl_repro import Evidence, claim, control
from icl_repro.measures.heads.wiring import PRESERVED
from icl_repro.training import Run, RunSpec

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
    episodes = run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), SAMPLED)
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


def one_head(seed: int) -> RunSpec:
    """A network that had head 0 of layer 1 alone while it was trained."""
    return only(seed, [0])


@claim(
    "wiring.heads_off_in_training",
    source="Section 3.2 (ours: that heads turned off throughout training learn nothing)",
    on=one_head,
    fails_on=[
        control("Where all heads are on, all learn", full, only="weights of heads that are off"),
        control("A network that does not learn", untrained, only="weights of the head that is on"),
    ],
)
def test_heads_off_in_training(run: Run, evidence: Evidence) -> None:
    """In a network trained with head 0 of layer 1 alone, the weights of all other heads of that
    layer end as they began, and its own do not.
    """
    changes = largest_change_by_head(run.model(0), run.model(), layer=1)
    note = "largest change from initialisation to the end"
    evidence.check("weights of heads that are off", changes[1:].max(), at_most=0, note=note)
    evidence.check("weights of the head that is on", changes[0], at_least=0.01, note=note)
