"""Induction heads emerge with the phase change, in the order of their strength (Sections 3 and 3.2;
Figure 3b).

Trained: the network of Section 3, for 1,000,000 sequences of the few-shot task. Measured: the
induction strength of the heads of layer 1 (the paper's Layer 2) on 1,000 sequences while it trains,
and on all 78,400 training sequences in the end.
"""

from __future__ import annotations

import math

import numpy as np

from claims.comparisons import (
    CORRELATION,
    EMERGED,
    NOT_NEGATIVE,
    STRONG,
    emergence_times,
    place_in_time,
    strength_and_earliness,
)
from claims.figures.emergence import order_figure, strength_figure
from claims.networks.plain import WEAK, full, shuffled_labels, untrained
from claims.networks.race import final_strengths
from claims.published import reported
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.crossings import first_rise, time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.strengths import induction_strengths
from icl_repro.statistics.ranks import rank_correlation, spearman
from icl_repro.training import Run

# Induction heads: they rise when the loss falls, and there are several of them.

FIRST_FALL = (math.log(5) + math.log(2)) / 2
"""Halfway from a guess between all five labels to one between the two in context."""
NEVER = "the loss never falls so far"


@claim(
    "emergence.induction_heads_rise",
    source="Section 3, Figure 3b",
    on=full,
    fails_on=[
        control(
            "When the loss first falls, to the plateau, no induction head rises",
            id="first_fall",
            given={"level": FIRST_FALL},
        ),
        control("A network that does not learn has no phase change", untrained, undefined=NEVER),
        control(
            "With labels that have nothing to do with the classes there is no phase change",
            shuffled_labels,
            undefined=NEVER,
        ),
    ],
)
def test_induction_heads_rise(run: Run, evidence: Evidence, *, level: float = HALF_LOSS) -> None:
    """Induction heads emerge at the same time as the phase change in the loss."""
    strengths = induction_strengths(run)
    strongest = int(strengths[-1].argmax())
    rise = first_rise(run.sequences, strengths[:, strongest], strengths[-1, strongest] / 2)
    fall = time_to(run.sequences, run.curves["train.loss"], level)
    evidence.check(
        "half-rise of the strongest head over half-fall of the loss",
        rise / fall if math.isfinite(fall) else math.nan,
        between=(0.8, 1.2),
        unit="ratio of sequences",
        published="calc.rise_over_fall",
        limits=NOT_NEGATIVE,
        note=f"layer {run.spec.model.layers - 1} head {strongest}",
    )
    evidence.quantity(
        "half-rise of the strongest head",
        rise,
        unit="sequences",
        published="dig.fig3b.main.l2_head_3.half_rise",
    )
    evidence.quantity(
        "half-fall of the loss",
        fall,
        unit="sequences",
        published="dig.fig3a.main.train.half_time",
        note=f"train loss {level:.2f}",
    )
    evidence.figure(strength_figure(run))
    evidence.curve_snapshot("strongest head", run.sequences, strengths.max(axis=1))


@claim(
    "emergence.several_induction_heads",
    source="Sections 3 and 3.1, Figure 3b",
    on=full,
    fails_on=WEAK,
)
def test_several_induction_heads(run: Run, evidence: Evidence) -> None:
    """Many heads become strong induction heads, not one."""
    strengths = final_strengths(run)
    evidence.check(
        "heads with induction strength of at least 0.25",
        np.sum(strengths >= STRONG),
        at_least=3,
        unit="heads",
        published="calc.induction_heads",
        limits=(0, len(strengths)),
    )
    paper = [reported(f"dig.fig3b.main.l2_head_{head}.final_strength") for head in range(8)]
    paper.sort(key=lambda strength: -strength.value)
    for rank, (ours, theirs) in enumerate(zip(-np.sort(-strengths), paper, strict=True), start=1):
        evidence.quantity(f"induction strength, rank {rank}", ours, published=theirs)


# The order in which they emerge is that of their strength in the end.

PLACE = "place of the strongest head in the order in which heads emerge"
ORDER = "rank correlation of strength in the end and earliness, induction heads"
FEWEST = 3
"""Fewer induction heads than this have no order to speak of."""


@claim(
    "emergence.order",
    source="Section 3.2, Appendix H, Figure 3b",
    on=full,
    fails_on=[
        control(
            "The weakest head of all is not among the first to emerge",
            id="weakest",
            given={"place": -1},
            only=PLACE,
        ),
        control(
            "With each induction head set beside the strength of another, half of them on, the "
            "stronger do not emerge earlier",
            id="mismatched",
            given={"mismatched": True},
            only=ORDER,
        ),
    ],
)
def test_order(run: Run, evidence: Evidence, *, place: int = 0, mismatched: bool = False) -> None:
    """Induction heads emerge in the order of their strength in the end, the strongest first."""
    strengths, rising = final_strengths(run), induction_strengths(run)
    emerged = emergence_times(run.sequences, rising)
    by_strength, early = strength_and_earliness(strengths, emerged)
    head = order_of_strength(strengths)[place]
    evidence.check(
        PLACE,
        place_in_time(head, emerged),
        at_most=2,
        published="calc.emergence_of_the_strongest",
        limits=(1, len(strengths)),
        note=f"layer 1 head {head}; a head has emerged when its strength is {EMERGED}",
    )
    if mismatched:
        by_strength = np.roll(by_strength, by_strength.size // 2)
    enough = by_strength.size >= FEWEST
    order = rank_correlation(by_strength, early) if enough else None
    evidence.check(
        ORDER,
        order.value if order else math.nan,
        at_least=0.5,
        published="calc.strength_and_emergence",
        interval=order.interval if order else None,
        limits=CORRELATION,
        note=f"{by_strength.size} heads"
        + (f"; of all their pairings, {order.chance:.2g} correlate as much" if order else ""),
    )
    half_risen = emergence_times(run.sequences, rising, rising[-1] / 2)
    evidence.quantity(
        "the same by when a head has half of its own strength in the end",
        spearman(*strength_and_earliness(strengths, half_risen)) if enough else math.nan,
        published="calc.strength_and_half_rise",
        note="by this the published head 1, the second of the text, comes before head 3, the first",
    )
    evidence.figure(order_figure(strengths, emerged))
