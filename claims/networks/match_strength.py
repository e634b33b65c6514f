"""The networks of Figure 15: the match of one head of layer 1 clamped at a strength, all heads on.

Unlike in Section 4 no other head of layer 1 (the paper's Layer 2) is ablated, as none is in the
authors' run script; what their figure shows at one half is another matter
(``test_match_strength.py``). They start from the initial weights of the full network of the
same seed. The clamped head is the one that is fastest alone (:mod:`claims.networks.clamped`).
"""

from __future__ import annotations

from claims.networks.clamped import SEQUENCES, SpecOfHead
from icl_repro.optogenetics import ClampMatch, only_heads
from icl_repro.training import RunSpec, Schedule

STRENGTHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)
"""The strengths of Figure 15, from a perfect match to a perfectly wrong one."""
ABOVE_ONE_HALF = tuple(strength for strength in STRENGTHS if strength > 0.5)
BELOW_ONE_HALF = tuple(strength for strength in STRENGTHS if strength < 0.5)

ON_ALL_SETS = Schedule(change=(0.05, 10.0))
"""Evaluates every 2,500 sequences until the train loss is below 0.05, because these curves fall
from the first step on.
"""


def at_strength(strength: float) -> str:
    """What the network of a strength is called."""
    return f"strength {strength:g}"


def of_strength(strength: float) -> SpecOfHead:
    """The network of a strength. It trains to the end, because held-out relabelings are learnt long
    after the training sequences.
    """
    return lambda seed, head: RunSpec(
        init_seed=seed,
        clamps=(ClampMatch((head,), strength=strength),),
        sequences=SEQUENCES,
        schedule=ON_ALL_SETS,
        stop=None,
    )


def alone_at_strength(strength: float) -> SpecOfHead:
    """The same with all other heads of layer 1 off."""
    return lambda seed, head: RunSpec(
        init_seed=seed,
        clamps=(only_heads([head]), ClampMatch((head,), strength=strength)),
        sequences=SEQUENCES,
        schedule=Schedule(),
        stop=None,
    )
